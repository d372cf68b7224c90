"""Frames that a query names as if they were tables: `duckdb.sql("select km from trips")` of a variable `trips`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.lineage.ids import split_column
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column
from mllint.linker.python.frames.frame_parts import table_of
from mllint.linker.python.iteration import entries_of
from mllint.linker.python.machine import Machine
from mllint.linker.sql.statements import Statement, dataset_id

_MOST_SCOPES = 8


def named_in(m: Machine, statement: Statement, given: Mapping[str, Any]) -> dict[str, Table]:
    """The frames among what a statement reads, by the id that its table would have."""
    found: dict[str, Table] = {}
    for read in statement.reads:
        value = given.get(read.name, _variable(m, read.name)) if read.name.isidentifier() else None
        if isinstance(value, Cell) and value.kind == "frame":
            found[dataset_id(read.name)] = table_of(value)
    return found


def given_names(*values: Any) -> dict[str, Any]:
    """Frames by name, as a call is given them: `SQLContext({"trips": trips})`."""
    found: dict[str, Any] = {}
    for value in values:
        found.update(entries_of(value)[0] if isinstance(value, Cell) and value.kind == "dict" else {})
    return found


def _variable(m: Machine, name: str) -> Any:
    scope: Any = m.now.scope
    for _ in range(_MOST_SCOPES):
        if not isinstance(scope, Cell):
            return None
        if name in scope.slots:
            return scope.slots[name]
        same = [key for key in scope.slots if isinstance(key, str) and key.lower() == name]  # SQL knows no case
        if same:
            return scope.slots[same[0]]
        scope = scope.slots.get("<parent>")
    return None


def in_place(table: Table, frames: Mapping[str, Table]) -> Table:
    """What a query gives, with the columns of frames in the place of those of tables that are none."""
    columns = {name: _placed(column, frames) for name, column in table.columns.items()}
    origins, indirect = _of_frames(table.origins, frames), _of_frames(table.indirect, frames)
    only = next(iter(frames.values())) if table.open and table.base and table.base <= frames.keys() else None
    if only is not None:
        merged = {name: only.column(name) or column for name, column in columns.items()} if only.open else columns
        base = msgspec.structs.replace(only, keys=(), index={})
        return msgspec.structs.replace(base.with_columns(merged), indirect=base.indirect | indirect)
    base_ids = frozenset(id for id in table.base if id not in frames)
    return msgspec.structs.replace(table, columns=columns, origins=origins, indirect=indirect, base=base_ids)


def _of_frames(origins: frozenset[str], frames: Mapping[str, Table]) -> frozenset[str]:
    """Origins with those of the frames, and of their columns, in the place of the names."""
    found: set[str] = set()
    for origin in origins:
        dataset, name = split_column(origin) if origin.startswith("column:") else (origin, "")
        table = frames.get(dataset)
        if table is None:
            found.add(origin)
        elif not name:
            found |= table.origins | table.indirect
        else:
            column = _column_of(table, name)
            found |= column.origins if column is not None else table.origins
    return frozenset(found)


def _column_of(table: Table, name: str) -> Column | None:
    known = next((key for key in table.columns if key.lower() == name), name)
    return table.column(known)


def _placed(column: Column, frames: Mapping[str, Table]) -> Column:
    def place(expression: ex.Expression) -> ex.Expression:
        match expression:
            case ex.Column(dataset=dataset, name=name) if dataset in frames:
                own = _column_of(frames[dataset], name)
                return own.expression if own is not None else ex.Unresolved(f"no column `{name}`")
            case ex.Apply(operator=operator, arguments=arguments):
                return ex.apply(operator, *[place(argument) for argument in arguments])
        return expression

    return msgspec.structs.replace(
        column, expression=place(column.expression), origins=_of_frames(column.origins, frames)
    )
