"""Filters that compare a column of a dataset with a fixed date: which stretch of time the rows are from.

trips = trips[(trips["day"] >= "2023-09-01") & (trips["day"] < config["until"])]"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.observations import Limit
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import DATE, marked
from mllint.linker.python.abstract.values import Column, Constant, Tuple
from mllint.linker.python.machine import Machine
from mllint.source import Span

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ]\d)")
_OPERATORS = {"LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "EQ": "=="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_SAME_TIME = ("CAST", "CALL")  # `pd.to_datetime(x)`, `x.dt.date`
_IN_TEXT = re.compile(r"\b([A-Za-z_]\w*)\s*(<=|>=|==|<|>)\s*(['\"])(\d{4}-\d{2}-\d{2})[T \d:]*\3")


def compared(made: Column, left: Any, right: Any) -> Column:
    """A comparison keeps in mind where the date is written that it compares with, if that is a configuration."""
    marks = {
        f"{DATE}{side.value[:10]}:{place.path}:{place.line}:{place.column}:{place.end_line}:{place.end_column}"
        for side in (left, right)
        if isinstance(side, Constant) and isinstance(side.value, str) and _DATE.match(side.value)
        for place in side.settings[:1]
    }
    return msgspec.structs.replace(made, origins=made.origins | marks) if marks else made


def filtered(m: Machine, test: Any, at: facts.At) -> None:
    """Rows stay for which `test` holds."""
    if isinstance(test, Tuple):
        test = test.items[0] if test.items else None
    if not isinstance(test, Column):
        return
    places = dict(_place(mark) for mark in marked(test.origins, DATE))
    for column, operator, value in _limits(test.expression):
        setting = places.get(value)
        m.effects.limited(Limit(column.dataset, column.name, operator, value, m.span(at), m.job, setting))


def queried(m: Machine, table: Table, text: str, at: facts.At) -> None:
    """`df.query("day >= '2023-09-01'")`: unless it is one of several ways in which a row can stay."""
    if re.search(r"\bor\b|\bnot\b|[|~]", text):
        return
    for name, operator, _, value in _IN_TEXT.findall(text):
        column = table.column(name)
        of = column.expression if column is not None else None
        if isinstance(of, ex.Column):
            m.effects.limited(Limit(of.dataset, of.name, operator, value, m.span(at), m.job))


def _limits(test: ex.Expression) -> Iterator[tuple[ex.Column, str, str]]:
    """Each comparison that holds for every row that stays."""
    if not isinstance(test, ex.Apply):
        return
    if test.operator == "AND":
        for part in test.arguments:
            yield from _limits(part)
    elif test.operator in ("NOT", "OR"):
        yield from _left_out(test)
    elif test.operator == "BETWEEN" and len(test.arguments) == 3:
        yield from _limits(ex.apply("GE", *test.arguments[:2]))
        yield from _limits(ex.apply("LE", test.arguments[0], test.arguments[2]))
    elif test.operator in _OPERATORS and len(test.arguments) == 2:
        left, right = (_bare(side) for side in test.arguments)
        operator = _OPERATORS[test.operator]
        if isinstance(left, ex.Constant):
            left, right, operator = right, left, _TURNED[operator]
        if isinstance(left, ex.Column) and isinstance(right, ex.Constant):
            found = _DATE.match(str(right.value))
            if found:
                yield left, operator, found.group()


def _left_out(test: ex.Apply) -> Iterator[tuple[ex.Column, str, str]]:
    """`~x.between(a, b)`, `(x < a) | (x > b)`: a stretch of time that the rows are not from."""
    parts = [part for argument in test.arguments for part in _limits(argument)]
    if len(parts) != 2 or parts[0][0] != parts[1][0]:
        return
    (column, first, start), (_, second, end) = sorted(parts, key=lambda part: part[2])
    inside = test.operator == "NOT" and first in (">", ">=") and second in ("<", "<=")
    if inside or (test.operator == "OR" and first in ("<", "<=") and second in (">", ">=")):
        yield column, "outside", f"{start}/{end}"


def _bare(side: ex.Expression) -> ex.Expression:
    """The column or the date in a cast."""
    while isinstance(side, ex.Apply) and side.operator in _SAME_TIME:
        inner = [a for a in side.arguments if not isinstance(a, ex.Constant) or _DATE.match(str(a.value))]
        if len(inner) != 1:
            return side
        side = inner[0]
    return side


def _place(mark: str) -> tuple[str, Span]:
    value, rest = mark.removeprefix(DATE).split(":", 1)
    path, *numbers = rest.rsplit(":", 4)
    line, column, end_line, end_column = map(int, numbers)
    return value, Span(path, line, column, end_line, end_column)
