"""The index of a frame: columns that stand beside the others. They are written with them, and are no features."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column, Constant, Tuple
from mllint.linker.python.frames import frames, levels
from mllint.linker.python.frames.frame_parts import result, subject
from mllint.linker.python.library.invocation import Invocation


def set_index(call: Invocation) -> Any:
    """`keys`: columns, by name, place or as they are, become the index; `drop` is false where they stay, too; `append`
    true where the index so far stays. What names none that is known leaves the frame as it is."""
    table = subject(call)
    new: dict[str, Column] = {}
    for key in _keys(call.get("keys")):
        column = _column(table, key)
        if column is not None and column.name:
            new[column.name] = column
    if not new:
        return result(call, table)
    old = table.index if call.is_true("append") else {}
    if call.constant("drop", True) is not False:
        table = table.drop(new)
    return result(call, msgspec.structs.replace(table, index={**old, **new}))


def reset_index(call: Invocation) -> Any:
    """The index, or its `level`, becomes columns again, the first ones; with `drop` it is gone."""
    table = subject(call)
    names = frames.names_of(call.get("level")) if call.get("level") is not None else None
    gone = [name for name in table.index if names is None or name in names]
    if call.is_true("drop"):
        index = {name: column for name, column in table.index.items() if name not in gone}
        return result(call, msgspec.structs.replace(table, index=index))
    return result(call, levels.with_index(table, gone))


def _keys(given: Any) -> list[Any]:
    match given:
        case Tuple(items=items):
            return list(items)
        case Cell(kind="list"):
            return list(given.slots["items"])
        case None:
            return []
    return [given]


def _column(table: Table, key: Any) -> Column | None:
    match key:
        case Constant(value=str() as name):
            column = table.column(name)
            return msgspec.structs.replace(column, name=name) if column is not None else None
        case Constant(value=bool() | None):  # `index_col=False`
            return None
        case Constant(value=int() as place):
            column = table.at_place(place)
            known = [name for name, other in table.columns.items() if other is column]
            return msgspec.structs.replace(column, name=known[0]) if column is not None and known else None
        case Column():
            return key
    return None
