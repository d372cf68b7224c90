"""Which files are prototypes, and how production comes to a file."""

from __future__ import annotations

from mllint.rule import Chain, Context, Label, Start, is_test

_WORDS = {
    "container": "a container starts it here",
    "stage": "a stage starts it here",
    "service": "it serves requests here",
    "installed": "it is installed as a command here",
    "dag": "a scheduler runs this pipeline",
    "process": "it is started from here",
}


def is_prototype(path: str, context: Context) -> bool:
    """Whether a file lies in a folder for prototypes: `experiments/`, `notebooks/`."""
    folders = {name.lower() for name in path.split("/")[:-1]}
    return not folders.isdisjoint(context.options["prototype-folders"]) and not is_test(path)


def how(chain: Chain) -> list[Label]:
    """The way from what starts production to a file."""
    labels = [Label(chain.start.span, f"production: {_WORDS.get(chain.start.by, 'it is started here')}")]
    for step in chain.steps:
        if isinstance(step, Start):
            labels.append(Label(step.span, f"starts `{step.path}`"))
        else:
            labels.append(Label(step.span, f"imports `{step.target}`"))
    return labels
