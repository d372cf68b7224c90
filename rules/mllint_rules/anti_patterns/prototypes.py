"""Which files are prototypes, and how production comes to a file."""

from __future__ import annotations

import re
from collections.abc import Callable

from mllint.rule import Chain, Context, Label, Lineage, Start, is_test

_WORDS_OF_TRACKING = {"tracker", "trackers", "tracking", "assignment", "assignments", "variants"}
_WORDS = {
    "container": "a container starts it here",
    "stage": "a stage starts it here",
    "service": "it serves requests here",
    "installed": "it is installed as a command here",
    "dag": "a scheduler runs this pipeline",
    "process": "it is started from here",
}


def prototypes(lineage: Lineage, context: Context) -> Callable[[str], bool]:
    """Tells of a file whether it lies in a folder for prototypes: `experiments/`, `notebooks/`.

    A package that keeps track of experiments, or assigns users to them, is called like that too, and is no prototype;
    nor is one whose commands are installed: it is what the repository makes.
    """
    names = {name.lower() for name in context.options["prototype-folders"]}
    scripts, starts = lineage.observations.scripts, lineage.observations.starts
    products = [s.path for s in scripts if not _WORDS_OF_TRACKING.isdisjoint(re.split(r"[_/.]", s.path.lower()))]
    products += [start.path for start in starts if start.by == "installed"]
    exempt = {_folder(path, names) for path in products}

    def is_prototype(path: str) -> bool:
        folder = _folder(path, names)
        return bool(folder) and folder not in exempt and not is_test(path)

    return is_prototype


def _folder(path: str, names: set[str]) -> str:
    """The outermost folder for prototypes in which a file lies, empty if there is none."""
    parts = path.split("/")[:-1]
    return next(("/".join(parts[: n + 1]) for n, part in enumerate(parts) if part.lower() in names), "")


def how(chain: Chain) -> list[Label]:
    """The way from what starts production to a file."""
    labels = [Label(chain.start.span, f"production: {_WORDS.get(chain.start.by, 'it is started here')}")]
    for step in chain.steps:
        if isinstance(step, Start):
            labels.append(Label(step.span, f"starts `{step.path}`"))
        else:
            labels.append(Label(step.span, f"imports `{step.target}`"))
    return labels
