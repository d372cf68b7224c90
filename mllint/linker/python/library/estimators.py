"""Estimators: objects that are fitted, and those that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import KEYS, Choice, Tuple, Unknown
from mllint.linker.python.machine import Machine


def is_estimator(value: Any) -> bool:
    return isinstance(value, Cell) and value.kind == "object" and "token" in value.slots


def models_in(value: Any, depth: int = 5) -> list[Cell]:
    """Fitted (or at least made) estimators that a value is or holds, in order."""
    found: dict[str, Cell] = {}
    _gather(value, depth, {}, found)
    return list(found.values())


def _gather(value: Any, depth: int, seen: dict[int, int], found: dict[str, Cell]) -> None:
    """`seen` tells how deep was looked into which cells: many hold the same ones."""
    if depth == 0 or value is None:
        return
    parts: list[Any]
    match value:
        case Tuple(items=items) | Choice(options=items):
            parts = list(items)
        case Cell(kind="object") if is_estimator(value):
            found.setdefault(value.slots["token"], value)
            return
        case Cell() if seen.get(id(value), 0) >= depth:
            return
        case Cell(kind="object") if value.slots["type"] == "python.buffer":  # joblib.dump(model, buffer)
            parts = [value.slots.get("held")]
        case Cell(kind="list"):
            parts = [*value.slots["items"], value.slots.get("<rest>")]
        case Cell(kind="dict"):
            parts = [v for k, v in value.slots.items() if k not in ("<span>", KEYS)]
        case Cell(kind="instance"):
            parts = [v for k, v in value.slots.items() if k != "<class>"]
        case _:
            return
    seen[id(value)] = depth
    for part in parts:
        _gather(part, depth - 1, seen, found)


def inner_estimators(estimator: Cell) -> list[Cell]:
    """Estimators among the arguments an estimator was made from, in order."""
    found: list[Cell] = []
    for key, value in estimator.slots["arguments"].items():
        if key.isdigit() or value is None:
            found += [model for model in models_in(value) if model is not estimator]
    named = [m for k, v in estimator.slots["arguments"].items() if not k.isdigit() for m in models_in(v)]
    for model in named:
        if all(model is not other for other in found) and model is not estimator:
            found.append(model)
    return found


def principal(m: Machine, inner: list[Cell]) -> Cell:
    """Of what an estimator is made of, that which it is known by: the last one that is no transformer, if any is."""
    models = [part for part in inner if m.library.holds(part.slots["type"]) != "transformer"]
    return (models or inner)[-1]


def alternatives(estimator: Cell, part: Cell) -> list[Cell]:
    """The part of an estimator with those that may stand in its place: `Pipeline([scaler, a if fast else b])`."""
    waiting = list(estimator.slots["arguments"].values())
    while waiting:
        match waiting.pop():
            case Choice() as choice if part in (options := models_in(choice)):
                return options
            case Tuple(items=items):
                waiting += items
            case Cell(kind="list") as cell:
                waiting += cell.slots["items"]
    return [part]


def only_transforms(m: Machine, estimator: Cell, depth: int = 5) -> bool:
    """Whether what it makes of rows are no predictions: a transformer, or a pipeline of nothing else."""
    kind = m.library.types.get(estimator.slots["type"])
    if kind is None or kind.holds == "transformer" or not kind.wraps or not depth or ends_unknown(estimator):
        return kind is not None and kind.holds == "transformer"
    inner = inner_estimators(estimator)
    return bool(inner) and all(only_transforms(m, part, depth - 1) for part in inner)


def ends_unknown(estimator: Cell) -> bool:
    """Whether the last thing that it is made of is not known: `Pipeline([("scale", scaler), ("model", given)])`."""
    for value in estimator.slots["arguments"].values():
        items = value.slots["items"] if isinstance(value, Cell) and value.kind == "list" else ()
        last = items[-1] if items else None
        if isinstance(last, Tuple):
            last = last.items[-1] if last.items else None
        if isinstance(last, Unknown):
            return True
    return False


def parts(value: Any, depth: int = 5) -> Iterator[Cell]:
    """The object and all that it was made of: steps of a pipeline, the splitter of a search."""
    if depth == 0:
        return
    match value:
        case Tuple(items=items):
            for item in items:
                yield from parts(item, depth - 1)
        case Cell(kind="list"):
            for item in value.slots["items"]:
                yield from parts(item, depth - 1)
        case Cell(kind="object") if "arguments" in value.slots:
            yield value
            for item in value.slots["arguments"].values():
                yield from parts(item, depth - 1)
