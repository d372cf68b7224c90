"""Dates that a query compares columns with: which stretch of time the rows are from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from mllint.linker.sql.relations import Source
from mllint.linker.sql.text import named

Limited = tuple[str, str, str, str]  # table, column, operator, ISO date

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ]\d)")
_OPERATORS = ((exp.LT, "<"), (exp.LTE, "<="), (exp.GT, ">"), (exp.GTE, ">="), (exp.EQ, "=="))
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def limits_of(tree: exp.Expr | None, chosen: dict[Source, None]) -> tuple[Limited, ...]:
    """Every comparison of WHERE that holds for all rows that stay. `chosen` are the columns that choose rows: of these,
    the only one of that name is meant."""
    if tree is None:
        return ()
    found: dict[Limited, None] = {}
    for where in tree.find_all(exp.Where):
        for name, operator, value in _conjuncts(where.this):
            tables = {table for table, column in chosen if column == name}
            if len(tables) == 1:
                found[tables.pop(), name, operator, value] = None
    return tuple(found)


def _conjuncts(test: exp.Expr) -> Iterator[tuple[str, str, str]]:
    while isinstance(test, exp.Paren):
        test = test.this
    if isinstance(test, exp.And):
        for side in test.flatten():
            yield from _conjuncts(side)
    elif isinstance(test, exp.Or | exp.Not):
        yield from _left_out(test)
    elif isinstance(test, exp.Between):
        yield from _compared(test.this, ">=", test.args.get("low"))
        yield from _compared(test.this, "<=", test.args.get("high"))
    else:
        operator = next((word for kind, word in _OPERATORS if type(test) is kind), "")
        if operator:
            yield from _compared(test.this, operator, test.expression)
            yield from _compared(test.expression, _TURNED[operator], test.this)


def _left_out(test: exp.Expr) -> Iterator[tuple[str, str, str]]:
    """`ts NOT BETWEEN a AND b`, `ts < a OR ts > b`: a stretch of time that the rows are not from."""
    sides = [test.this] if isinstance(test, exp.Not) else list(test.flatten())
    parts = [part for side in sides for part in _conjuncts(side)]
    if len(parts) != 2 or parts[0][0] != parts[1][0]:
        return
    (column, first, start), (_, second, end) = sorted(parts, key=lambda part: part[2])
    inside = isinstance(test, exp.Not) and first in (">", ">=") and second in ("<", "<=")
    if inside or (isinstance(test, exp.Or) and first in ("<", "<=") and second in (">", ">=")):
        yield column, "outside", f"{start}/{end}"


def _compared(column: exp.Expr | None, operator: str, value: exp.Expr | None) -> Iterator[tuple[str, str, str]]:
    while isinstance(column, exp.Cast | exp.Date | exp.TsOrDsToDate | exp.Paren):
        column = column.this
    while isinstance(value, exp.Cast | exp.Date | exp.TsOrDsToDate | exp.Paren | exp.Timestamp):
        value = value.this
    if isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string:
        found = _DATE.match(value.this)
        if found:
            yield named(column.name), operator, found.group()
