"""Model classes that nothing builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from mllint.rule import Definition, Finding, Label, is_test

_MODEL_BASES = (
    "torch.nn.", "pytorch_lightning.", "lightning.", "keras.", "tensorflow.keras.", "tf.keras.", "sklearn.base.",
    "flax.linen.", "haiku.", "gluon.", "transformers.", "xgboost.", "lightgbm.", "catboost.",
)  # fmt: skip
_FITS = {"fit", "train", "partial_fit", "fit_transform"}
_PREDICTS = {"predict", "predict_proba", "transform", "score", "forward"}


def dead_models(definitions: list[Definition], dead_scripts: set[str]) -> Iterator[Definition]:
    methods: dict[str, set[str]] = {}
    for definition in definitions:
        if definition.kind == "method":
            owner, _, method = definition.qualified.rpartition(".")
            methods.setdefault(owner, set()).add(method)
    by_name = {definition.qualified: definition for definition in definitions if definition.kind == "class"}
    for definition in by_name.values():
        unused = not (definition.references or definition.decorated or definition.dynamic)
        elsewhere = definition.span.path in dead_scripts or is_test(definition.span.path)
        if unused and not elsewhere and _is_model(definition, by_name, methods):
            yield definition


def _is_model(definition: Definition, by_name: dict[str, Definition], methods: dict[str, set[str]]) -> bool:
    """By a library's base class, its own or inherited, or by what it can do: fit and predict."""
    todo, seen = [definition.qualified], set[str]()
    while todo:
        name = todo.pop()
        if name.startswith(_MODEL_BASES):
            return True
        if name not in seen and name in by_name:
            todo.extend(by_name[name].bases)
        seen.add(name)
    has = methods.get(definition.qualified, set())
    return bool(has & _FITS and has & _PREDICTS)


def of_classes(definitions: Iterable[Definition]) -> Iterator[Finding]:
    """One finding for each file."""
    for _, group in groupby(sorted(definitions, key=lambda definition: definition.span), _path):
        first, *others = group
        yield _finding(first, others)


def _path(definition: Definition) -> str:
    return definition.span.path


def _finding(first: Definition, others: list[Definition]) -> Finding:
    bases = f" ({', '.join(first.bases)})" if first.bases else ""
    more = f" and {', '.join(f'`{other.name}`' for other in others[:5])}{' …' if len(others) > 5 else ''}"
    lines = sum(definition.lines for definition in (first, *others))
    classes, what, them = ("model classes", "are", "them") if others else ("model class", "is", "it")
    return Finding(
        message=f"{classes} `{first.name}`{bases}{more if others else ''} {what} built by nothing: no code, config or "
        f"test of the repository refers to {'their' if others else 'its'} {lines} lines",
        help=f"delete {them}, which git remembers, or add the config or test that builds {them}",
        span=first.span,
        label="nothing refers to this class",
        deletes=[definition.span for definition in (first, *others)],
        related=[Label(other.span, "nor to this one") for other in others[:20]],
    )
