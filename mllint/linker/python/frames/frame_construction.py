"""Frames and columns made of what a program holds: dictionaries, records, lists, arrays."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table, dataset_origins, of_dataset
from mllint.linker.python.abstract.values import (
    Choice,
    Column,
    Tuple,
    origins_of,
    text_of,
)
from mllint.linker.python.classes import instance_fields
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import is_inner, result, table_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation


def construct(call: Invocation) -> Any:
    """`data`, `columns`: a frame of a dictionary, a list of records or columns, an array, another frame."""
    data, columns = call.get("data"), frames.schema_names(call.get("columns"))
    table = _constructed(call, data)
    if columns is not None and isinstance(data, Cell) and data.kind == "frame" and table.open and not table.columns:
        named = {n: Column(ex.Unresolved("named by position"), table.origins, n, call.span) for n in columns}
        table = Table(named, False, origins=table.origins, indirect=table.indirect, rows=table.rows)
    elif columns is not None:
        table = _named(call, table, data, columns)
    if not table.origins:  # rows of which nobody knows where they come from
        table = msgspec.structs.replace(table, origins=rows.drawn(call))
    return result(call, table)


def _constructed(call: Invocation, data: Any) -> Table:
    m, at = call.m, call.at
    match data:
        case Cell(kind="dict"):
            known = {str(k): frames.as_column(m, v, str(k), at) for k, v in data.slots.items() if not is_inner(k)}
            rest = data.slots.get("<rest>")
            origins = frozenset().union(*(c.origins for c in known.values()), origins_of(rest))
            return (
                Table({}, rest is not None, origins=frozenset()).with_columns(known)
                if rest is None
                else Table(known, True, origins=dataset_origins(origins))
            )
        case Cell(kind="list") | Tuple():
            items = items_of(m, data, at)
            rows = items.known if items.known is not None else [items.any]
            if rows and all(isinstance(row, Cell) and row.kind in ("dict", "frame") for row in rows):
                return frames.merge_all([_constructed(call, row) for row in rows])
        case Cell(kind="instance"):
            fields = instance_fields(data)
            return Table({}, False).with_columns({k: frames.as_column(m, v, k, at) for k, v in fields.items()})
        case Cell(kind="frame") | Column():
            return table_of(data)
        case Cell(kind="object") if data.slots.get("reference"):  # `pd.DataFrame(json.load(file))`
            return of_dataset(data.slots["reference"])
        case Choice(options=options):
            return frames.merge_all([_constructed(call, option) for option in options])
    return Table(open=True, origins=dataset_origins(origins_of(data)))


def _named(call: Invocation, table: Table, data: Any, names: list[str]) -> Table:
    """Columns named by position: of a row `[[a, b, c]]`, or of what is already known by name."""
    if set(names) <= set(table.columns) or (table.open and table.base):
        return table.select(names)
    values = first_row(call, data)
    if values is not None and len(values) == len(names):
        columns = {n: frames.as_column(call.m, v, n, call.at) for n, v in zip(names, values, strict=True)}
        return Table({}, False).with_columns(columns)
    known = list(table.columns.values())
    if not table.open and len(known) == len(names):
        return table.rename(dict(zip(table.columns, names, strict=True)))
    origins = known[0].origins if len(known) == 1 else table.origins  # several predictions, of the same features
    unknown = {n: Column(ex.Unresolved("named by position"), origins, n, call.span) for n in names}
    return Table(unknown, False, origins=table.origins, indirect=table.indirect, rows=table.rows)


def first_row(call: Invocation, data: Any) -> list[Any] | None:
    for _ in range(2):
        if not isinstance(data, Cell | Tuple) or getattr(data, "kind", "list") != "list":
            return None
        items = items_of(call.m, data, call.at).known
        if items is None:
            return None
        if len(items) == 1 and isinstance(items[0], Cell | Tuple) and getattr(items[0], "kind", "list") == "list":
            data = items[0]
            continue
        return items
    return None


def series(call: Invocation) -> Any:
    """`data` as a column (`pd.Series`, `np.array` of one dimension), called `name` where one is given; a frame stays
    one."""
    made, name = _series(call), text_of(call.get("name"))
    return msgspec.structs.replace(made, name=name) if name and isinstance(made, Column) else made


def _series(call: Invocation) -> Any:
    data = call.get("data")
    match data:
        case Column():
            return data
        case Choice(options=options) if all(isinstance(option, Column) for option in options):
            return data
        case Cell(kind="frame"):
            return result(call, data.slots["table"])
        case Cell(kind="list") | Tuple():
            row = first_row(call, data)
            parts = row if row is not None else []
            if len(parts) > 1:
                columns = {str(i): frames.as_column(call.m, v, str(i), call.at) for i, v in enumerate(parts)}
                return result(call, Table({}, False).with_columns(columns))
            if len(parts) == 1:
                return frames.as_column(call.m, parts[0], "", call.at)
    return Column(ex.Unresolved("an array of what is not known"), origins_of(data), "", call.span)
