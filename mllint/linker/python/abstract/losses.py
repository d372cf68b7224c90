"""Why a value is not known, and where its trail was lost: the first cause, not the last consequence.

def load(path): return pd.read_csv(path + ".csv")     # nothing calls `load`
# `path + ".csv"` is unknown since the argument `path` is"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound, Choice, Constant, Hole, Loss, Text, Tuple, Unknown
from mllint.source import Span

DEEPEST = 4
NOTHING_TOLD = "the name is not known"


def loss_of(value: Any, depth: int = DEEPEST) -> Loss:
    """The first cause in a value that is not wholly known; empty if none is told."""
    match value:
        case Unknown(why=why, span=span, given=given) if why:
            return Loss(why, span, given)
        case Text(parts=parts):
            return _chief(part.loss for part in parts if isinstance(part, Hole))
        case Choice(options=inner) | Tuple(items=inner):
            return _first(inner, depth)
        case Bound(receiver=receiver):  # an attribute of something unknown
            return _first((receiver,), depth)
        case Cell(kind="list"):
            return _first((*value.slots["items"], value.slots.get("<rest>")), depth)
        case Cell(kind="object") if value.slots.get("path") is not None:
            return _first((value.slots["path"],), depth)
        case Cell(kind="object") if isinstance(value.slots.get("arguments"), dict):  # `text(query)`
            return _first(value.slots["arguments"].values(), depth)
    return Loss()


def told_loss(value: Any) -> Loss:
    """Why a value names nothing: its first cause or, where nothing is unknown in it, what it is instead of a name."""
    found = loss_of(value)
    if found.why:
        return found
    match value:
        case None:
            return Loss("no name is given")
        case Choice(options=options):
            unknown = [option for option in options if not isinstance(option, Constant)]
            return told_loss((unknown or list(options))[0])
        case Text(parts=parts):
            names = [part.name for part in parts if isinstance(part, Hole) and part.name != "unknown"]
            return Loss(f"`{names[0]}` is not known" if names else "a part of the name is not known")
        case Constant(value=constant):
            return Loss(f"the name is `{constant!r:.40}`")
        case Cell(kind="object") if "path" in value.slots:
            return told_loss(value.slots["path"])
        case Cell(kind="object"):
            made = value.slots.get("class")
            return Loss(f"an object of `{made}` stands for the name" if made else "an object of a library")
        case Cell(kind=kind):
            return Loss(f"a {kind} stands for the name")
    return Loss(f"an attribute `{value.function}` stands for the name" if isinstance(value, Bound) else NOTHING_TOLD)


def _first(values: Iterable[Any], depth: int) -> Loss:
    return _chief(loss_of(value, depth - 1) for value in values) if depth else Loss()


def _chief(losses: Iterable[Loss]) -> Loss:
    """The first cause that could be removed; what each run has of its own is one only where there is no other."""
    told = [loss for loss in losses if loss.why]
    return next((loss for loss in told if not loss.given), told[0] if told else Loss())


def because(value: Unknown, causes: Iterable[Any], why: str, span: Span | None) -> Unknown:
    """An unknown value with what made it unknown: the first of its `causes` that is unknown, else `why` at `span`."""
    cause = _first(causes, DEEPEST)
    if cause.why:
        return Unknown(value.origins, cause.why, cause.span, cause.given)
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
