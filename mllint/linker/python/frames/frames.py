"""Operations on frames: subscripts, assignments, and the extension point `frame:` of library models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.lineage.observations import Absent
from mllint.lineage.trials import WHOLE_FRAMES
from mllint.linker.python.abstract.arguments import Arguments, Slice
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table, besides_columns, join_columns
from mllint.linker.python.abstract.traces import CUT, FIT, MADE, ROWS, marked, without_traces
from mllint.linker.python.abstract.values import (
    Choice,
    Column,
    Constant,
    Text,
    Tuple,
    Unknown,
    is_text,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import answers, levels, limits, listed, usage
from mllint.linker.python.frames.listed import listed_names, names_of
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

_IN_BRACKETS = re.compile(r"<[^>]*>|\([^)]*\)")


def new(m: Machine, table: Table, kind: str, at: facts.At) -> Cell:
    return m.heap.new("frame", {"table": table, "type": kind}, (m.now.path, at))


def like(m: Machine, frame: Cell, table: Table, at: facts.At) -> Cell:
    made = new(m, table, frame.slots["type"], at)
    if frame.slots.get("row"):  # what a function that goes over rows is given, and its parts
        made.slots["row"] = True
    return made


def copy(call: Invocation) -> Any:
    if isinstance(call.receiver, Cell) and call.receiver.kind == "frame":
        return like(call.m, call.receiver, call.receiver.slots["table"], call.at)
    return call.receiver if isinstance(call.receiver, Column) else Unknown(call.origins())


def schema_names(value: Any) -> list[str] | None:
    """The names of a schema: a list, a dictionary by name, or a text as `id INT, sizes ARRAY<INT>`."""
    if not (isinstance(value, Constant) and isinstance(value.value, str)):
        return names_of(value)
    flat = _IN_BRACKETS.sub("", value.value)
    return [name for field in flat.split(",") if (name := re.split(r"[\s:]", field.strip())[0].strip("`"))]


# ----------------------------------------------------------------------------------------- subscripts


def item(m: Machine, frame: Cell, index: Any, at: facts.At, may_miss: bool = False, is_attribute: bool = False) -> Any:
    """`df["a"]`, `df[["a", "b"]]`, `df[mask]`, `matrix[:, 1]`. `may_miss`: there is a default for a missing column."""
    index = listed.picked(index)
    table: Table = frame.slots["table"]
    found = m.library.method(frame.slots["type"], "__getitem__")
    if found is not None:  # `df.groupby("k")["x"]`, `df.rolling(7)["x"]`
        return m.apply(Invocation(m, *found, frame, Arguments((index,)), at))
    kind = m.library.types.get(frame.slots["type"])
    if kind is not None and text_of(index) in kind.envelope:  # `event["body"]`
        return frame
    match index:
        case Choice(options=options):
            return join_all([item(m, frame, option, at, True) for option in options])
        case Constant(value=str() as name):
            usage.asked_of(m, table, [name])
            if not may_miss and not is_attribute:  # `df.empty` is none
                expect(m, frame, [name])
            column = table.column(name)
            if column is None and (part := levels.below(table, name)) is not None:
                return like(m, frame, part, at)
            if not is_attribute:  # `request.method` is no field
                _field_of_request(m, table.base, name, at)
            return (
                own_kind(m, frame, usage.taken(m, column, table))
                if column is not None
                else missing(m, table, name, at, may_miss)
            )
        case Text() if (named := _named_in_part(m, frame, index)) is not None:
            return named
        case Column() | Unknown() if isinstance(index, Column):
            limits.filtered(m, index, at)
            by = without_traces(index.origins) | marked(index.origins, CUT)
            return rows.some(m, like(m, frame, table.filtered(by), at), at, index)
        case Unknown() if _picks_rows(m, frame, index):
            return rows.some(m, like(m, frame, table.filtered(without_traces(index.origins)), at), at, index)
        case Unknown() if not index.origins and kind is not None and kind.yields not in ("", frame.slots["type"]):
            return row(m, frame, at)  # `records[i]` of a list of rows
        case Slice():
            return rows.some(m, like(m, frame, table, at), at, index)
        case Tuple(items=items) if any(isinstance(i, Slice) for i in items) or _positional(items):
            return _cut(m, frame, items, at)
        case Cell(kind="frame"):  # a boolean frame, or an array of columns
            by = index.slots["table"].origins
            return rows.some(m, like(m, frame, table.filtered(without_traces(by)), at), at, index)
        case Constant(value=int() as place):
            kind = m.library.types.get(frame.slots["type"])
            column = table.at_place(place) if kind is not None and kind.row else None
            return usage.taken(m, column, table) if column is not None else row(m, frame, at)
    if (full := levels.full_name(table, index)) is not None:
        return own_kind(m, frame, usage.taken(m, table.columns[full], table))
    names = names_of(index)
    if names is not None:
        chosen = table.select(names)
        if listed.is_asked(index):
            chosen = msgspec.structs.replace(chosen, partial=True)
        else:
            usage.asked_of(m, table, names)
            expect(m, frame, names)
        usage.chosen(m, table, chosen, at)
        return like(m, frame, chosen, at)
    if isinstance(index, Cell | Tuple):
        return like(m, frame, _selected(m, frame, index, at), at)
    usage.used(m, frame)
    expression = ex.Unresolved("which column is taken is not known")
    origins = table.whole | frozenset(o for o in origins_of(index) if not o.startswith(ROWS))
    taken = Column(expression, origins, "", m.span(at), rows=table.rows)
    kind = m.library.types.get(frame.slots["type"])
    by_name = kind is None or not kind.nameless
    if isinstance(index, Unknown) and (index.origins or not by_name):
        return rows.some(m, taken, at)  # a mask, or places of rows; else it is the name of a column
    return taken


def expect(m: Machine, frame: Cell, names: Iterable[str]) -> None:
    """Code asks for these columns of a frame: from then on they are known to be there."""
    table: Table = frame.slots["table"]
    kind = m.library.types.get(frame.slots["type"])
    if frame.slots.get("row") or kind is None or kind.nameless or kind.yields or kind.row or m.endpoint in table.base:
        return
    if (known := table.expecting(names)) is not table:
        m.heap.set(frame, "table", known)


def field_of_record(m: Machine, record: Any, key: Any, at: facts.At) -> Column | None:
    """`row["price"]` of a row that was read from one dataset in a way that is not followed: a field of that dataset."""
    if answers.is_field(record):
        return answers.within(record, key, m.span(at))
    if not isinstance(record, Unknown) or not is_text(key):
        return None
    found, asked_with = answers.sources(without_traces(record.origins))
    if len(found) != 1:
        return None
    (dataset,) = found
    name = text_of(key) or ""
    if dataset.startswith("endpoint:") and dataset != m.endpoint:
        return None  # of what an endpoint has answered, not of a request that it is given
    if "{" in name or not dataset.startswith(("file:", "table:", "endpoint:", "topic:", "collection:", *answers.URLS)):
        return None
    function = m.now.function.qualified if m.now.function else ""
    origins = frozenset({column_id(dataset, name)}) | asked_with
    _field_of_request(m, frozenset({dataset}), name, at)
    return Column(ex.Column(dataset, name), origins, name, m.span(at), function, kind="")


def _field_of_request(m: Machine, datasets: frozenset[str], name: str, at: facts.At) -> None:
    """A field that a handler takes from its request is one of the endpoint's, whatever becomes of it."""
    if m.endpoint and m.endpoint in datasets:
        m.effects.mark(column_id(m.endpoint, name), "column", m.span(at))


def _named_in_part(m: Machine, frame: Cell, index: Text) -> Column | None:
    """`df[f"close_{ticker}"]`: one column, which stands for each that has such a name."""
    table: Table = frame.slots["table"]
    name = listed.template(index)
    column = table.column(name) if name is not None and (table.base or name in table.columns) else None
    if column is None:
        return None
    usage.used(m, frame)  # any column with such a name
    return own_kind(m, frame, usage.taken(m, column, table))


def _selected(m: Machine, frame: Cell, index: Cell | Tuple, at: facts.At) -> Table:
    """The columns that a list of names chooses, of which not all are known."""
    table: Table = frame.slots["table"]
    chosen = listed.selected(table, index)
    if listed.left_out(index) is not None and not chosen.some:
        usage.chosen(m, table, chosen, at)
    else:
        usage.used(m, frame)
    return chosen


def _positional(items: tuple[Any, ...]) -> bool:
    return len(items) == 2 and all(isinstance(i, Constant) and isinstance(i.value, int) for i in items)


def row(m: Machine, frame: Cell, at: facts.At) -> Cell:
    kind = m.library.types.get(frame.slots["type"])
    own = kind.yields if kind is not None and kind.yields else frame.slots["type"]
    return new(m, frame.slots["table"], own, at)


def missing(m: Machine, table: Table, name: str, at: facts.At, is_expected: bool = False) -> Any:
    """A column that the frame does not have, as far as is known: an unknown one, with the frame's origins."""
    if len(table.base) == 1 and not is_expected and not table.partial and name not in table.dropped:
        m.effects.absent(Absent(min(table.base), name, m.span(at), m.job))
    m.effects.used(marked(table.origins, MADE))
    return Column(ex.Unresolved(f"no column `{name}`"), table.origins, name, m.span(at), rows=table.rows)


def _cut(m: Machine, frame: Cell, items: tuple[Any, ...], at: facts.At) -> Any:
    """`matrix[rows, columns]` by position, `df.loc[rows, names]`."""
    if not _is_everything(items[0]):
        frame = rows.some(m, frame, at, items[0])
    table: Table = frame.slots["table"]
    if isinstance(items[0], Column):
        limits.filtered(m, items[0], at)
        table = table.filtered(without_traces(items[0].origins))
    which = items[1] if len(items) > 1 else Slice(Constant(None), Constant(None), Constant(None))
    match which:
        case Constant(value=int() as place):
            column = table.at_place(place)
            if column is not None:
                return usage.taken(m, column, table)
            usage.used(m, frame)
            return Column(ex.Unresolved("a column by position"), table.origins, "", m.span(at), rows=table.rows)
        case Constant(value=str()):
            return item(m, like(m, frame, table, at), which, at)
        case Slice(lower=Constant(value=int() | None as lower), upper=Constant(value=int() | None as upper)):
            return like(m, frame, table if lower is None and upper is None else table.between(lower, upper), at)
        case Slice():
            return like(m, frame, table.some_of(), at)
    return item(m, like(m, frame, table, at), which, at)


def indexed(m: Machine, indexer: Cell, index: Any, at: facts.At) -> Any:
    """`df.loc[...]`, `df.iloc[...]`: rows, or rows and columns."""
    frame = indexer.slots["frame"]
    if isinstance(index, Tuple):
        return _cut(m, frame, index.items, at)
    by = without_traces(origins_of(index))
    limits.filtered(m, index, at)
    return rows.some(m, like(m, frame, frame.slots["table"].filtered(by), at), at, index)


def _is_everything(index: Any) -> bool:
    """Whether a subscript of rows is `:`."""
    return isinstance(index, Slice) and index.is_everything


def _picks_rows(m: Machine, frame: Cell, index: Any) -> bool:
    """Whether an index of which little is known picks rows: one that a split gave."""
    known = [m.effects.row_set_of(mark) for mark in marked(origins_of(index), ROWS)]
    return bool(known) and all(side is not None and side.how == "part" for side in known)


def assign_indexed(m: Machine, indexer: Cell, index: Any, value: Any, at: facts.At) -> None:
    """`df.loc[mask, "x"] = v`: the column is `v` where the mask holds, else what it was."""
    frame = indexer.slots["frame"]
    if not (isinstance(index, Tuple) and len(index.items) == 2):
        return
    where, which = index.items
    names = names_of(which)
    table: Table = frame.slots["table"]
    if names is None:
        fits = marked(origins_of(value), FIT)
        m.heap.set(frame, "table", msgspec.structs.replace(table, origins=table.origins | fits))
        return
    for name in names:
        old = table.column(name)
        new_column = as_column(m, value, name, at)
        if old is not None and not isinstance(where, Slice):
            test = where.expression if isinstance(where, Column) else ex.Unresolved("which rows is not known")
            expression = ex.apply("CASE", test, new_column.expression, old.expression)
            origins = new_column.origins | old.origins | without_traces(origins_of(where))
            new_column = msgspec.structs.replace(new_column, expression=expression, origins=origins)
        table = table.with_columns({name: new_column})
    m.heap.set(frame, "table", table)


def column_item(m: Machine, column: Column, index: Any, at: facts.At) -> Any:
    """`series[mask]`, `series[0]`, `predictions[:, 1]`, `request_value["key"]`, `names.str[:3]`."""
    if answers.is_field(column) and isinstance(index, Constant):
        return answers.within(column, index, m.span(at)) or column
    found = m.library.method(column.kind, "__getitem__")
    if found is not None:
        bounds = {"start": index.lower, "stop": index.upper, "step": index.step} if isinstance(index, Slice) else {}
        return m.apply(Invocation(m, *found, column, Arguments(() if bounds else (index,), bounds), at))
    if isinstance(index, Slice | Column | Unknown) and column.kind not in _ONE_VALUE:
        return rows.some(m, column, at, index)
    if isinstance(index, Tuple) and column.kind not in _ONE_VALUE and not _is_everything(index.items[0]):
        column = rows.some(m, column, at, index.items[0])  # `matrix[train, :]`
    if not column.kind and isinstance(index, Slice | Constant):  # of one value: `body["zip"][:2]`, `body["sizes"][0]`
        return msgspec.structs.replace(column, expression=_part(column, index), span=m.span(at))
    if isinstance(column.expression, ex.Column) and is_text(index) and not column.kind.startswith("pandas."):
        key = text_of(index) or ""
        expression = ex.apply("ITEM", column.expression, ex.Constant(key))
        return msgspec.structs.replace(column, expression=expression, name=key)
    return column


_ONE_VALUE = ("", "python.value", "datetime.Moment")  # kinds of columns that stand for one value of a row


def _part(column: Column, index: Slice | Constant) -> ex.Expression:
    if isinstance(index, Constant):
        return ex.apply("ITEM", column.expression, ex.Constant(index.value))
    bounds = [part.value if isinstance(part, Constant) else ... for part in (index.lower, index.upper, index.step)]
    lower, upper, step = bounds
    if step is not None or not isinstance(lower, int | None) or not isinstance(upper, int | None):
        return ex.Unresolved("a slice that is not known")
    return ex.apply("SUBSTRING", column.expression, ex.Constant(lower or 0), ex.Constant(upper))


def column_attribute(m: Machine, frame: Cell, name: str, at: facts.At) -> Column | None:
    """`df.price` is `df["price"]`. Not for the nameless columns of arrays."""
    kind = m.library.types.get(frame.slots["type"])
    if name.startswith("_") or (kind is not None and (kind.nameless or name in kind.besides)):
        return None
    table: Table = frame.slots["table"]
    known = table.columns.get(name)
    if known is None and table.base:
        known = table.column(name)
    if known is None:
        return None
    by_name = item(m, frame, Constant(name), at, is_attribute=True)  # of a grouped frame too
    return by_name if isinstance(by_name, Column) else None


def own_kind(m: Machine, frame: Cell, column: Column) -> Column:
    """A column as a frame of this library gives it: with the methods of that library's columns."""
    kind = m.library.types.get(frame.slots["type"])
    return msgspec.structs.replace(column, kind=kind.columns) if kind is not None and kind.columns else column


# ---------------------------------------------------------------------------------------- assignments


def as_column(m: Machine, value: Any, name: str, at: facts.At) -> Column:
    """A value as the column `name` of a frame."""
    function = m.now.function.qualified if m.now.function else ""
    match value:
        case Column():
            span = value.span or m.span(at)
            return msgspec.structs.replace(value, name=name, span=span, function=value.function or function)
        case Constant(value=constant):
            return Column(ex.Constant(constant), value.origins, name, m.span(at), function)
        case Cell(kind="frame"):
            table = value.slots["table"]
            if len(table.columns) == 1 and not table.open:
                only: Column = next(iter(table.columns.values()))
                return msgspec.structs.replace(only, name=name)
        case Cell(kind="list") | Tuple():
            items = value.items if isinstance(value, Tuple) else value.slots["items"]
            if len(items) == 1 and (isinstance(value, Tuple) or value.slots.get("<rest>") is None):
                return as_column(m, items[0], name, at)
    return Column(ex.Unresolved("computed by what is not modelled"), origins_of(value), name, m.span(at), function)


def assign_item(m: Machine, frame: Cell, index: Any, value: Any, at: facts.At) -> None:
    """`df["x"] = value`, `df[["x", "y"]] = frame`, `df[mask] = value`."""
    table: Table = frame.slots["table"]
    names = names_of(index) if not isinstance(index, Column) else None
    if names is None:
        more = origins_of(value) | (index.origins if isinstance(index, Column) else frozenset())
        given = value.slots["table"].columns if isinstance(value, Cell) and value.kind == "frame" else {}
        table = table.with_columns({name: given[name] for name in listed_names(index) if name in given})
        is_open = table.open or not isinstance(index, Column)  # a name that is not known may be a new column's
        m.heap.set(
            frame, "table", msgspec.structs.replace(table, origins=table.origins | _datasets(more), open=is_open)
        )
        return
    parts: list[Any] = [value] * len(names)
    if len(names) > 1 and isinstance(value, Cell) and value.kind == "frame":
        inner = value.slots["table"]
        known = list(inner.columns.values())
        if len(known) == len(names) and not inner.open:
            parts = list(known)
    named = zip(names, parts, strict=True)
    new_columns = {name: usage.made(m, table, part, as_column(m, part, name, at), name, at) for name, part in named}
    made = table.with_columns(new_columns)
    if any("{" in name for name in names):  # there may be several such
        made = msgspec.structs.replace(made, open=True)
    m.heap.set(frame, "table", made)


def _datasets(origins: frozenset[str]) -> frozenset[str]:
    """Without columns; nor do values that are assigned bring rows with them."""
    return frozenset(o for o in besides_columns(origins) if not o.startswith(ROWS))


def assign_attribute(m: Machine, frame: Cell, name: str, value: Any, at: facts.At) -> None:
    """`df.columns = [...]` renames by position; `df.x = value` sets a column that is there."""
    table: Table = frame.slots["table"]
    if name == "columns":
        if listed.left_out(value) is not None and listed_names(value) == list(table.listed):
            return  # as many names, and none is another: `df.columns = [str(c) for c in df.columns]`
        usage.used(m, frame)  # renamed by position
        names = names_of(value)
        if names is None:
            m.heap.set(
                frame, "table", Table(open=True, origins=table.origins, indirect=table.indirect, rows=table.rows)
            )
            return
        if not table.open and len(names) == len(table.columns):
            m.heap.set(frame, "table", table.rename(dict(zip(table.columns, names, strict=True))))
            return
        renamed = {n: Column(ex.Unresolved("renamed by position"), table.origins, n, m.span(at)) for n in names}
        fixed = Table(renamed, False, origins=table.origins, indirect=table.indirect, rows=table.rows)
        m.heap.set(frame, "table", fixed)
    elif name in table.columns:
        m.heap.set(frame, "table", table.with_columns({name: as_column(m, value, name, at)}))


def arithmetic(m: Machine, left: Any, right: Any) -> Cell:
    """An operator on frames: the same columns, whose values are not followed."""
    tables = [v.slots["table"] for v in (left, right) if isinstance(v, Cell) and v.kind == "frame"]
    frame = left if isinstance(left, Cell) and left.kind == "frame" else right
    origins = origins_of(left) | origins_of(right)
    fits = marked(origins, FIT)
    columns = {
        name: Column(ex.Unresolved(WHOLE_FRAMES), column.origins | fits, name, column.span, column.function)
        for name, column in tables[0].columns.items()
    }
    own = marked(frame.slots["table"].origins, ROWS)
    table = msgspec.structs.replace(tables[0], columns=columns, origins=_datasets(origins) | own)
    return like(m, frame, table, 0)


def merge_all(tables: list[Table]) -> Table:
    result = tables[0]
    for table in tables[1:]:
        result = result.below(table)
    return result


__all__ = [
    "Table", "arithmetic", "as_column", "assign_item", "copy", "item", "join_columns", "like", "listed_names",
    "names_of", "new",
]  # fmt: skip
