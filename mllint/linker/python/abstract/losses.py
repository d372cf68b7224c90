"""Why a value is not known, and where its trail was lost: the first cause, not the last consequence.

def load(path): return pd.read_csv(path + ".csv")     # nothing calls `load`
# `path + ".csv"` is unknown since the argument `path` is"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Hole, Loss, Text, Tuple, Unknown

_DEEPEST = 4


def loss_of(value: Any, depth: int = _DEEPEST) -> Loss:
    """The first cause in a value that is not wholly known; empty if none is told."""
    match value:
        case Unknown(why=why, span=span) if why:
            return Loss(why, span)
        case Text(parts=parts):
            holes = [part for part in parts if isinstance(part, Hole)]
            return next((hole.loss for hole in holes if hole.loss.why), Loss())
        case Choice(options=inner) | Tuple(items=inner):
            return _first(inner, depth)
        case Cell(kind="list"):
            return _first((*value.slots["items"], value.slots.get("<rest>")), depth)
        case Cell(kind="object") if value.slots.get("path") is not None:
            return loss_of(value.slots["path"], depth - 1) if depth else Loss()
    return Loss()


def told_loss(value: Any) -> Loss:
    """Why a value names nothing: its first cause or, where nothing is unknown in it, what it is instead of a name."""
    found = loss_of(value)
    if found.why:
        return found
    match value:
        case None:
            return Loss("no name is given")
        case Text(parts=parts):
            names = [part.name for part in parts if isinstance(part, Hole) and part.name != "unknown"]
            return Loss(f"`{names[0]}` is not known" if names else "a part of the name is not known")
        case Constant(value=constant):
            return Loss(f"the name is `{constant!r:.40}`")
        case Cell(kind="object"):
            made = value.slots.get("class")
            return Loss(f"an object of `{made}` stands for the name" if made else "an object of a library")
        case Cell(kind=kind):
            return Loss(f"a {kind} stands for the name")
    return Loss("the name is not known")


def _first(values: Any, depth: int) -> Loss:
    if depth == 0:
        return Loss()
    return next((loss for value in values if (loss := loss_of(value, depth - 1)).why), Loss())


def because(value: Unknown, causes: Any, why: str, span: Any) -> Unknown:
    """An unknown value with what made it unknown: the first of its `causes` that is unknown, else `why` at `span`."""
    cause = _first(causes, _DEEPEST)
    if cause.why:
        return Unknown(value.origins, cause.why, cause.span)
    return Unknown(value.origins, why, span)


def written(e: facts.Expr) -> str:
    """An expression as people write it, for messages; what is long is left out."""
    match e:
        case facts.Name(id=name):
            return name
        case facts.Attribute(value=value, name=name):
            return f"{written(value)}.{name}"
        case facts.Literal(value=value):
            return repr(value)
        case facts.Subscript(value=value, index=index):
            return f"{written(value)}[{written(index)}]"
        case facts.Compare(left=left, operators=operators, rights=rights):
            rest = " ".join(f"{o} {written(r)}" for o, r in zip(operators, rights, strict=True))
            return f"{written(left)} {rest}"
        case facts.Unary(operator="not", operand=operand):
            return f"not {written(operand)}"
        case facts.Logical(operator=operator, values=values):
            return f" {operator} ".join(map(written, values))
        case facts.Call(function=function):
            return f"{written(function)}(…)"
    return "…"
