"""Grouping and aggregating frames."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column, Constant, External, Tuple, is_text, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import is_inner, result, subject, table_of
from mllint.linker.python.library.invocation import Invocation


def group(call: Invocation) -> Any:
    """`by`: group keys, kept for the aggregate that follows."""
    table = subject(call)
    keys = tuple(frames.names_of(call.get("by")) or ())
    decided = frozenset().union(*(c.origins for key in keys if (c := table.column(key))))
    is_index = "as_index" in call.entry.parameters and call.constant("as_index", True) is not False
    grouped = msgspec.structs.replace(table.filtered(decided), keys=keys, keys_are_index=is_index)
    frame = frames.new(call.m, grouped, call.entry.returns or call.m.library.usual.get("frame", ""), call.at)
    frame.slots["grouped"] = True
    return frame


_AGGREGATES = {
    **{name: name.upper() for name in ("sum", "mean", "min", "max", "count", "std", "median", "first", "last")},
    "avg": "MEAN", "amax": "MAX", "amin": "MIN", "len": "COUNT",
}  # fmt: skip


def _aggregate_of(how: Any, column: Column) -> ex.Expression:
    """`"mean"`, `np.mean`, `len`: the aggregate of a column that is named so."""
    name = how.name.rpartition(".")[2] if isinstance(how, External) else text_of(how)
    if isinstance(column.expression, ex.Apply) and column.expression.operator == "GROUPED":
        column = msgspec.structs.replace(column, expression=column.expression.arguments[0])
    if name is None:
        return ex.Unresolved("an aggregate that is not known")
    operator = _AGGREGATES.get(name)
    if operator is None:
        return ex.apply("CALL", ex.Constant(name), column.expression)
    return ex.apply(operator, column.expression)


def aggregate(call: Invocation) -> Any:
    """Aggregates of a frame or group: `func` as a name, a dictionary, or named pairs by keyword. Without it, the
    method's own name is the aggregate."""
    value = call.receiver if call.receiver is not None else call.get("0")
    how = call.get("func")
    own = how if how is not None and not isinstance(how, Cell) else Constant(call.name.rpartition(".")[2])
    if isinstance(value, Column):
        kind = call.entry.returns if call.m.library.holds(call.entry.returns) == "column" else value.kind
        is_one = not call.arguments.args and "axis" not in call.arguments.keywords and kind == value.kind
        name = "" if is_one and value.name == "prediction" else value.name  # a mean of predictions is none
        expression = _aggregate_of(own, value)
        return msgspec.structs.replace(value, expression=expression, name=name, span=call.span, kind=kind)
    table = table_of(value)
    keys = {key: column for key in table.keys if (column := table.column(key)) is not None}
    chosen = _aggregates(call, table)
    if chosen is None:
        columns = {
            n: msgspec.structs.replace(c, expression=_aggregate_of(own, c), span=call.span)
            for n, c in table.columns.items()
            if n not in keys
        }
        made = msgspec.structs.replace(table, columns={**keys, **columns}, keys=(), keys_are_index=False)
    else:
        made = Table({**keys, **chosen}, False, origins=table.origins, indirect=table.indirect)
    if table.keys_are_index and keys:
        made = msgspec.structs.replace(made.drop(keys), index=keys)
    return result(call, made)


def _aggregates(call: Invocation, table: Table) -> dict[str, Column] | None:
    pairs: list[tuple[str, Any, Any]] = []
    func = call.get("func")
    if isinstance(func, Cell) and func.kind == "dict" and "<rest>" not in func.slots:
        pairs = [(k, Constant(k), v) for k, v in func.slots.items() if isinstance(k, str) and not is_inner(k)]
    for name, value in call.arguments.keywords.items():
        if isinstance(value, Tuple) and len(value.items) == 2:
            pairs.append((name, value.items[0], value.items[1]))
    if not pairs:
        return None
    columns: dict[str, Column] = {}
    for name, source, how in pairs:
        column = table.column(text_of(source) or "")
        if column is None:
            continue
        expression = _aggregate_of(how, column)
        columns[name] = msgspec.structs.replace(column, expression=expression, name=name, span=call.span)
    return columns


def grouped_column(call: Invocation) -> Any:
    """`name`: columns of a grouped frame, or of its windows: `GROUPED(x, key, ...)` of a grouped one."""
    table = table_of(call.receiver)
    keys = [column for key in table.keys if (column := table.column(key)) is not None]
    names = frames.names_of(call.get("name"))
    if names is not None and is_text(call.get("name")):
        one = table.column(names[0]) or frames.missing(call.m, table, names[0], call.at)
        grouped = ex.apply("GROUPED", one.expression, *(key.expression for key in keys))
        expression = grouped if keys else one.expression
        origins = one.origins.union(*(key.origins for key in keys))
        return msgspec.structs.replace(one, expression=expression, origins=origins, span=call.span)
    chosen = (
        table.select([*table.keys, *names])
        if names is not None
        else msgspec.structs.replace(table, open=True, partial=True)
    )
    frame = frames.like(call.m, call.receiver, chosen, call.at)
    frame.slots["grouped"] = True
    return frame
