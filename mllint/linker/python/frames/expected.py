"""Columns that code makes sure of: it raises where a frame lacks one, so what comes after has a frame with them.

missing = [c for c in REQUIRED if c not in df.columns]        if not {"km", "fare"}.issubset(df.columns):
if missing:                                                       raise ValueError("no trips")
    raise ValueError(missing)                                 assert "km" in df.columns
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.listed import names_of
from mllint.linker.python.machine import Machine

LACKS = "<lacks>"  # of a list: it holds those of some names that a frame does not have
Found = Iterator[tuple[Cell, list[str]]]
_SETS = ("set", "frozenset", "list", "tuple", "sorted")


def made_sure(m: Machine, test: facts.Expr, holds: bool) -> None:
    """The program goes on only where a test holds, or does not."""
    for frame, names in _there(m, test, holds):
        frames.expect(m, frame, names)


def noted(m: Machine, e: facts.Expr, made: Any) -> Any:
    """A list that was made, with the frame that lacks what it holds."""
    if isinstance(made, Cell) and made.kind == "list" and (found := _lacking(m, e)) is not None:
        frame, names = found
        made.slots[LACKS] = Tuple((frame, Tuple(tuple(map(Constant, names)))))
    return made


def _there(m: Machine, test: facts.Expr, holds: bool) -> Found:
    match test:
        case facts.Unary(operator="not", operand=operand):
            yield from _there(m, operand, not holds)
        case facts.Logical(operator=operator, values=values) if (operator == "and") is holds:
            for value in values:
                yield from _there(m, value, holds)
        case facts.Compare(left=left, operators=("in" | "not in" as operator,), rights=(right,)) if (
            operator == "in"
        ) is holds:
            yield from _pair(m, left, right)
        case facts.Compare(left=left, operators=(">" | "!=",), rights=(facts.Literal(value=0),)) if not holds:
            yield from _there(m, left, holds)
        case facts.Call(function=facts.Name(id="len"), args=(value,)) if not holds:
            yield from _there(m, value, holds)
        case facts.Call(function=facts.Attribute(value=names, name="issubset"), args=(right,)) if holds:
            yield from _pair(m, names, right)
        case facts.Call(function=facts.Name(id="all"), args=(facts.Comprehension() as each,)) if holds:
            match each:
                case facts.Comprehension(
                    element=facts.Compare(left=facts.Name(id=name), operators=("in",), rights=(right,)),
                    generators=(facts.Generator(target=facts.Name(id=target), iterable=names, conditions=()),),
                ) if name == target:
                    yield from _pair(m, names, right)
        case facts.Name() if not holds:
            value = m.evaluate(test)
            if isinstance(value, Cell) and LACKS in value.slots:
                frame, names = value.slots[LACKS].items
                yield frame, names_of(names) or []


def _lacking(m: Machine, e: facts.Expr) -> tuple[Cell, list[str]] | None:
    match e:
        case facts.Comprehension(
            element=facts.Name(id=element),
            generators=(
                facts.Generator(
                    target=facts.Name(id=target),
                    iterable=names,
                    conditions=(facts.Compare(left=facts.Name(id=asked), operators=("not in",), rights=(right,)),),
                ),
            ),
        ) if element == target == asked:
            pass
        case facts.Binary(operator="-", left=names, right=right):
            pass
        case _:
            return None
    return next(_pair(m, names, right), None)


def _pair(m: Machine, names: facts.Expr, columns: facts.Expr) -> Found:
    """The names, and the frame whose columns an expression gives: `df.columns`, `set(df.columns)`, `df`."""
    frame = _frame(m, columns)
    wanted = names_of(_value(m, names)) if frame is not None else None
    if frame is not None and wanted:
        yield frame, wanted


def _frame(m: Machine, e: facts.Expr) -> Cell | None:
    match e:
        case facts.Call(function=facts.Name(id=name), args=(inner,)) if name in _SETS:
            return _frame(m, inner)
        case facts.Call(function=facts.Attribute(value=inner, name="tolist" | "to_list"), args=()):
            return _frame(m, inner)
        case facts.Attribute(value=inner, name="columns"):
            e = inner
    value = _value(m, e)
    return value if isinstance(value, Cell) and value.kind == "frame" else None


def _value(m: Machine, e: facts.Expr) -> Any:
    """What a name, or what is written out, is; evaluating anything else once more could do something."""
    match e:
        case facts.Call(function=facts.Name(id=name), args=(inner,)) if name in _SETS:
            return _value(m, inner)
    return m.evaluate(e) if _is_plain(e) else None


def _is_plain(e: facts.Expr) -> bool:
    match e:
        case facts.Name() | facts.Literal():
            return True
        case facts.Attribute(value=inner):
            return _is_plain(inner)
        case facts.Collection(items=items):
            return all(map(_is_plain, items))
    return False


def always_raises(body: tuple[facts.Stmt, ...]) -> bool:
    return bool(body) and isinstance(body[-1], facts.Raise)
