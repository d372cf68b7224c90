"""Values of a SQL text's parameters: `execute("insert into t (km) values (:km)", {"km": km})`."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Column, Tuple, expression_of_value, join, origins_of


def spelt_out(text: str) -> str:
    """`insert into t (a, b) values %s`, which psycopg2 gives whole rows to, with a parameter for each column."""
    return _WHOLE_ROWS.sub(lambda hit: f"{hit[1]}({', '.join('%s' for _ in hit[2].split(','))})", text)


_WHOLE_ROWS = re.compile(r"(\binto\s[^()]{1,200}\(([^()]*)\)\s*values\s+)%s(?!\w)", re.IGNORECASE)


def bound(values: list[Any]) -> dict[str, Any]:
    """Values by the name of their parameter, or its number counted from 1. A list may be one row, or many: what is
    known of a parameter is then what all rows give it."""
    found: dict[str, Any] = {}
    for value in values:
        for row in _rows(value):
            for key, part in row.items():
                found[key] = join(found[key], part) if key in found else part
    return found


def _rows(value: Any) -> list[dict[str, Any]]:
    match value:
        case Choice(options=options):
            return [row for option in options for row in _rows(option)]
        case Cell(kind="dict"):
            return [{key: part for key, part in value.slots.items() if isinstance(key, str) and key != "<span>"}]
        case Cell(kind="frame") if not value.slots["table"].open:  # rows of a frame: `list(df.itertuples(index=False))`
            columns = value.slots["table"].columns.values()
            return [{str(number): column for number, column in enumerate(columns, 1)}]
        case Cell(kind="list"):
            items = [part for part in (*value.slots["items"], value.slots.get("<rest>")) if part is not None]
        case Tuple(items=given):
            items = list(given)
        case _:
            return []
    inner = [row for item in items for row in _rows(item)]
    if inner:
        return inner
    if isinstance(value, Cell) and value.slots.get("<rest>") is not None:
        return []  # how many there are is not known, and so neither which is which
    return [{str(number): item for number, item in enumerate(items, 1)}]


def filled(column: Column, parameters: dict[str, Any]) -> Column:
    """A column of a statement with the values of its parameters in their place."""
    origins = set(column.origins)

    def fill(expression: ex.Expression) -> ex.Expression:
        match expression:
            case ex.Unresolved(parameter=name) if name in parameters:
                origins.update(origins_of(parameters[name]))
                return expression_of_value(parameters[name])
            case ex.Apply(operator=operator, arguments=arguments):
                return ex.apply(operator, *[fill(argument) for argument in arguments])
        return expression

    expression = fill(column.expression)
    return msgspec.structs.replace(column, expression=expression, origins=frozenset(origins))


def asked(expression: ex.Expression) -> set[str]:
    """The parameters that an expression asks for."""
    match expression:
        case ex.Unresolved(parameter=name) if name:
            return {name}
        case ex.Apply(arguments=arguments):
            return set().union(*(asked(argument) for argument in arguments))
    return set()
