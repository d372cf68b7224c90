"""Schemas that a connection puts in the place of those that tables are declared with.

engine.execution_options(schema_translate_map={None: "acme", "tenant": "acme_zones"})

Text of SQL is sent as it is. A schema of which nothing is known leaves the table the name that it is declared with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mllint.lineage.ids import table_id
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, text_of
from mllint.linker.python.library.invocation import Invocation

SLOT = "<schemas>"
Pairs = tuple[tuple[str, str], ...]


def enter(call: Invocation, told: Any, holder: Cell) -> None:
    """`holder` is told which schema stands for which."""
    found = pairs(told)
    if found is not None:
        call.m.heap.set(holder, SLOT, found)


def pairs(told: Any) -> Pairs | None:
    """The schemas that a dictionary gives, by those in whose place they are; the empty text stands for none."""
    if not isinstance(told, Cell) or told.kind != "dict":
        return None
    found = []
    for key, value in told.slots.items():
        name = "" if isinstance(value, Constant) and value.value is None else text_of(value)
        if (key is None or isinstance(key, str)) and not str(key).startswith("<") and name is not None:
            found.append((key or "", name))
    return tuple(found)


def translated(table: str, told: Iterable[Pairs | None]) -> str:
    """The id of a table in the schema that the first of `told` puts in the place of its own.

    >>> translated("table:tenant.zones", [None, (("tenant", "acme"),)]), translated("table:zones", [(("", "acme"),)])
    ('table:acme.zones', 'table:acme.zones')
    """
    known = next((each for each in told if each is not None), ())
    schema, _, name = table.removeprefix("table:").rpartition(".")
    new = dict(known).get(schema)
    return table if new is None or "{" in new else table_id(f"{new}.{name}" if new else name)
