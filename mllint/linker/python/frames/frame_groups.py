"""Grouping and aggregating frames."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column, Constant, External, Function, Tuple, is_text, text_of
from mllint.linker.python.frames import frames, levels
from mllint.linker.python.frames.frame_parts import is_inner, result, subject, table_of
from mllint.linker.python.library.invocation import Invocation


def group(call: Invocation) -> Any:
    """`by`: group keys, kept for the aggregate that follows."""
    table = subject(call)
    named = _keys(call.get("by"))
    table = table.with_columns({key: column for key, column in (named or {}).items() if column is not None})
    keys = tuple(named or ())
    decided = frozenset().union(*(c.origins for key in keys if (c := table.column(key))))
    is_index = "as_index" in call.entry.parameters and call.constant("as_index", True) is not False
    grouped = msgspec.structs.replace(table.filtered(decided), keys=keys, keys_are_index=is_index)
    frame = frames.new(call.m, grouped, call.entry.returns or call.m.library.usual.get("frame", ""), call.at)
    frame.slots["grouped"] = True
    if named is None:
        frame.slots["more keys"] = True
    return frame


def _keys(by: Any) -> dict[str, Column | None] | None:
    """The names of the keys, with the column where that is computed here: `by=df["month"].astype(str)`. None if they
    are not all known."""
    names = frames.names_of(by) if by is not None else []
    if names is not None:
        return dict.fromkeys(names)
    given = by.slots["items"] if isinstance(by, Cell) and by.kind == "list" and "<rest>" not in by.slots else (by,)
    found: dict[str, Column | None] = {}
    for one in given:
        name = one.name if isinstance(one, Column) else text_of(one)
        if not name:
            return None
        found[name] = one if isinstance(one, Column) else None
    return found


_AGGREGATES = {
    **{name: name.upper() for name in ("sum", "mean", "min", "max", "count", "std", "median", "first", "last")},
    "avg": "MEAN", "amax": "MAX", "amin": "MIN", "len": "COUNT",
}  # fmt: skip


_NAMELESS = "<lambda>"


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
    many = _listed(how)
    if isinstance(value, Column) and many:
        return result(call, Table({name: _made(call, value, one, name) for name, one in _labelled(how)}, True))
    if isinstance(value, Column):
        kind = call.entry.returns if call.m.library.holds(call.entry.returns) == "column" else value.kind
        is_one = not call.arguments.args and "axis" not in call.arguments.keywords and kind == value.kind
        name = "" if is_one and value.name == "prediction" else value.name  # a mean of predictions is none
        expression = _aggregate_of(own, value)
        plain = msgspec.structs.replace(value, expression=expression, name=name, span=call.span, kind=kind)
        return msgspec.structs.replace(plain, keys=(), index=value.keys)
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
        is_open = isinstance(value, Cell) and "more keys" in value.slots
        made = Table({**keys, **chosen}, is_open, origins=table.origins, indirect=table.indirect)
    if table.keys_are_index and keys:
        made = msgspec.structs.replace(made.drop(keys), index=keys)
    return result(call, made)


def _aggregates(call: Invocation, table: Table) -> dict[str, Column] | None:
    pairs: list[tuple[str, Any, Any]] = []
    func = call.get("func")
    if _listed(func) and not table.open:
        pairs = [(name, Constant(name), func) for name in table.columns if name not in table.keys]
    if isinstance(func, Cell) and func.kind == "dict" and "<rest>" not in func.slots:
        pairs = [(k, Constant(k), v) for k, v in func.slots.items() if isinstance(k, str) and not is_inner(k)]
        if any(_listed(how) for _, _, how in pairs):  # then all have two levels
            pairs = [(name, source, how if _listed(how) else Tuple((how,))) for name, source, how in pairs]
    for name, value in call.arguments.keywords.items():
        pair = _pair(value)
        if pair is not None:
            pairs.append((name, *pair))
    if not pairs:
        return None
    columns: dict[str, Column] = {}
    for name, source, how in pairs:
        column = table.column(text_of(source) or "")
        if column is None:
            continue
        for label, one in _labelled(how):
            full = levels.joined(name, label)
            columns[full] = _made(call, column, one, full)
        if not _listed(how):
            columns[name] = _made(call, column, how, name)
    return columns


def _made(call: Invocation, column: Column, how: Any, name: str) -> Column:
    return msgspec.structs.replace(column, expression=_aggregate_of(how, column), name=name, span=call.span)


def _listed(how: Any) -> list[Any]:
    """The aggregates of `["min", "max"]`; none of what is no list of which all is known."""
    match how:
        case Cell(kind="list") if how.slots.get("<rest>") is None:
            return list(how.slots["items"])
        case Tuple(items=items):
            return list(items)
    return []


def _name_of(how: Any) -> str:
    """What an aggregate calls its column: `min` for `"min"` and `np.min`, the name of a function."""
    match how:
        case External(name=name):
            return name.rpartition(".")[2]
        case Function(facts=known):
            return known.name or _NAMELESS
    return text_of(how) or "aggregate"


def _labelled(how: Any) -> list[tuple[str, Any]]:
    """Listed aggregates with the names of their columns. Several without a name are numbered: `<lambda_0>`."""
    named = [(_name_of(one), one) for one in _listed(how)]
    nameless = [index for index, (name, _) in enumerate(named) if name == _NAMELESS]
    for number, index in enumerate(nameless if len(nameless) > 1 else ()):
        named[index] = (f"<lambda_{number}>", named[index][1])
    return named


def _pair(value: Any) -> tuple[Any, Any] | None:
    """A column and its aggregate: `("x", "min")`, `pd.NamedAgg("x", "min")`."""
    if isinstance(value, Tuple) and len(value.items) == 2:
        return value.items[0], value.items[1]
    given = value.slots["arguments"] if isinstance(value, Cell) and value.kind == "object" else {}
    column, how = given.get("column", given.get("0")), given.get("aggfunc", given.get("1"))
    return (column, how) if column is not None and how is not None else None


def grouped_column(call: Invocation) -> Any:
    """`name`: columns of a grouped frame, or of its windows: `GROUPED(x, key, ...)` of a grouped one."""
    table = table_of(call.receiver)
    keys = [msgspec.structs.replace(c, name=key) for key in table.keys if (c := table.column(key)) is not None]
    names = frames.names_of(call.get("name"))
    if names is not None and is_text(call.get("name")):
        one = table.column(names[0]) or frames.missing(call.m, table, names[0], call.at)
        grouped = ex.apply("GROUPED", one.expression, *(key.expression for key in keys))
        expression = grouped if keys else one.expression
        origins = one.origins.union(*(key.origins for key in keys))
        own = tuple(keys) if table.keys_are_index else ()
        return msgspec.structs.replace(one, expression=expression, origins=origins, span=call.span, keys=own)
    chosen = (
        table.select([*table.keys, *names])
        if names is not None
        else msgspec.structs.replace(table, open=True, partial=True)
    )
    frame = frames.like(call.m, call.receiver, chosen, call.at)
    frame.slots["grouped"] = True
    if "more keys" in call.receiver.slots:
        frame.slots["more keys"] = True
    return frame
