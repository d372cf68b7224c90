"""Which computed columns are used: a mark is put on a column where code gives it a name, and travels with it.

    df["margin"] = df["price"] - df["cost"]     # made here
    model.fit(df[["price", "cost"]], df["y"])   # left behind here, and used nowhere

The mark is a trace among the column's origins. Whoever asks for a column by its name uses it, and so does every call
that is not known to give the frame back: what is not understood counts as a use. A selection that leaves the column
out, or a `drop`, does not."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table, dataset_origins
from mllint.linker.python.abstract.traces import MADE, PREDICTION, marked, without_traces
from mllint.linker.python.abstract.values import Choice, Column, Constant, Function, Partial, Tuple, origins_of, text_of
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.records import Making
from mllint.source import Span

_NAMES_COLUMNS = {"drop", "without", "rename", "rename_one", "assign", "with_column", "with_expression", "select"}
_LEAVES_OUT = {"select", "drop", "without", "expressions", "aggregate", "aggregated", "grouped_column"}
_GIVES_BACK = _LEAVES_OUT | {
    "same", "filtered", "without_missing", "rename", "rename_one", "assign", "with_column", "merge", "concat", "beside",
    "some", "queried",
    "with_expressions", "with_expression", "with_each", "kept", "group", "grouped", "framed", "affixed",
    "pass_through", "dummies", "data_and_target",
}  # fmt: skip
_GIVES_VIEW = {"indexer", "names", "several", "records", "tuples", "pipe", "column", "free_column", "case", "otherwise"}
_LOOKS_AT_ROWS = {"names", "several", "records", "tuples", "column"}
_LOOKS = {"builtins.print", "builtins.len", "builtins.isinstance", "builtins.type", "builtins.id", "builtins.hasattr"}
_KEEPS = {
    "builtins.list", "builtins.tuple", "builtins.zip", "builtins.enumerate", "builtins.dict", "builtins.iter",
    "builtins.reversed", "builtins.next", "builtins.getattr", "builtins.setattr", "builtins.map", "builtins.super",
}  # fmt: skip
_MOST_TEXTS = 400
_LONGEST_NAME = 60
_ROWS = "="  # in place of a name, of a mark of rows that were read


# ------------------------------------------------------------------------------------------------- making


def made(m: Machine, table: Table, value: Any, column: Column, name: str, at: facts.At) -> Column:
    """`column`, which `value` became, with the mark of its definition; not of an older column put right, nor a copy,
    nor what tells of predictions: that is for people."""
    origins = without_traces(column.origins)
    if not origins or isinstance(column.expression, ex.Column) or marked(column.origins, PREDICTION):
        return column
    if "{" in name:  # whoever uses it may know it by its full name
        return column
    if getattr(value, "name", "") == name or _is_rewritten(table, column, name):
        return column
    span = m.span(at)
    mark = _mark(span, name)
    function = m.now.function.qualified if m.now.function else ""
    m.effects.made(Making(mark, name, span, m.job, function))
    return msgspec.structs.replace(column, origins=column.origins | {mark})


def _is_rewritten(table: Table, column: Column, name: str) -> bool:
    """`df["age"] = df["age"].fillna(0)`: the name had a column before."""
    return name in table.columns or any(origin.endswith("#" + name) for origin in column.origins)


def read(m: Machine, rows: Any, at: facts.At) -> Any:
    """The rows that a call has read, with the mark of that call."""
    if not (isinstance(rows, Cell) and rows.kind == "frame"):
        return rows
    kind = m.library.types.get(rows.slots["type"])
    if kind is None or kind.yields or kind.row or kind.nameless:
        return rows  # a cursor is gone through, not asked for columns
    table: Table = rows.slots["table"]
    nodes = sorted(dataset_origins(without_traces(table.origins)))
    if len(nodes) == 1:
        span = m.span(at)
        m.effects.made(Making(_mark(span, _ROWS), _target(m), span, m.job, "", nodes[0]))
        table = msgspec.structs.replace(table, origins=table.origins | {_mark(span, _ROWS)})
        m.heap.put(rows, "table", table)
    return rows


def _target(m: Machine) -> str:
    """The global name that the present statement binds: functions that nothing in sight calls may use it."""
    match m.statement:
        case facts.Assign(targets=(facts.Name(id=name),)) if m.now.function is None:
            return name
    return ""


def _mark(span: Span, name: str) -> str:
    return f"{MADE}{span.path}:{span.cell or 0}:{span.line}:{span.column}:{name}"


# -------------------------------------------------------------------------------------------------- using


def used(m: Machine, *values: Any) -> None:
    """Whatever these values hold goes where nobody follows it."""
    if m.effects.has_made:
        for value in values:
            m.effects.used(marked(origins_of(value), MADE))


def gone(m: Machine, origins: frozenset[str]) -> None:
    """What has these origins goes where nobody follows it."""
    if m.effects.has_made:
        m.effects.used(marked(origins, MADE))


def looked(m: Machine, value: Any) -> None:
    """Somebody looks at a frame as a whole, its names or its size: that uses the rows, and none of its columns."""
    if m.effects.has_made and (type(value) is Tuple or (type(value) is Cell and value.kind == "frame")):
        m.effects.used(mark for mark in marked(origins_of(value), MADE) if mark.endswith(f":{_ROWS}"))


def gone_through(m: Machine, frame: Cell) -> None:
    """`for row in matrix`: which columns of a row are used, nobody sees. A frame of names gives its names."""
    kind = m.library.types.get(frame.slots["type"])
    if kind is None or kind.nameless or kind.yields:
        used(m, frame)
    looked(m, frame)


def taken(m: Machine, column: Column, table: Table | None = None) -> Column:
    """A column that code asks for by its name; what is made of it is a column of its own."""
    if table is not None:
        m.effects.used(marked(table.origins, MADE))
    marks = marked(column.origins, MADE)
    if not marks:
        return column
    m.effects.used(marks)
    return msgspec.structs.replace(column, origins=column.origins - marks)


def chosen(m: Machine, table: Table, kept: Table, at: facts.At) -> None:
    """`df[["a", "b"]]`: the others are left behind."""
    if m.effects.has_made:
        m.effects.left(_marks(table) - _marks(kept), m.span(at))


def _marks(table: Table) -> frozenset[str]:
    return marked(table.origins.union(*(column.origins for column in table.columns.values())), MADE)


def asked_of(m: Machine, table: Table, names: list[str]) -> None:
    """Names that code asks for of a frame which is not known to have them: they may have come on a way nobody sees."""
    m.effects.asked(name for name in names if name not in table.columns and len(name) <= _LONGEST_NAME)


def asked(m: Machine, arguments: Arguments) -> None:
    """Names that are given to a call which has no frame: `Window.orderBy("day")`, `Encoder(cols=["day"])`."""
    texts = [text for value in arguments.values() for text in _texts(value)]
    m.effects.asked(text for text in texts if len(text) <= _LONGEST_NAME and text.isidentifier())


# -------------------------------------------------------------------------------------------------- calls


def builtin(m: Machine, name: str, arguments: Arguments) -> None:
    """A call of what Python itself has: looking at a whole frame uses no column of it."""
    if name not in _LOOKS and name not in _KEEPS:
        used(m, *arguments.values())
    for value in arguments.values() if name in _LOOKS else ():
        looked(m, value)


def before(m: Machine, subject: Any, arguments: Arguments) -> frozenset[str]:
    """The marks that go into a call."""
    if not m.effects.has_made:
        return frozenset()
    marks = marked(origins_of(subject), MADE) if subject is not None else frozenset()
    return marks.union(*(marked(origins_of(value), MADE) for value in arguments.values()))


def after(call: Any, marks: frozenset[str], result: Any) -> None:
    """A modelled call is over: what of its arguments was used, what is in its result, what it left behind."""
    entry, effects = call.entry, call.m.effects
    does = entry.writes or entry.saves or entry.fits or entry.predicts or entry.evaluates or entry.transforms
    gives = entry.frame in _GIVES_BACK or (entry.column and not entry.frame) or entry.splits or entry.returns == "same"
    if does or not (gives or entry.frame in _GIVES_VIEW or _is_followed(call)):
        effects.used(marks)
        return
    if entry.frame not in _NAMES_COLUMNS:
        _use_named(call)
    if entry.frame in _GIVES_VIEW or _is_followed(call):
        if entry.frame in _LOOKS_AT_ROWS:
            looked(call.m, call.receiver)
        return
    if isinstance(result, Column):
        effects.used(marked(result.origins, MADE))
    now = marked(origins_of(result), MADE)
    if entry.mutates and (entry.mutates == "always" or call.is_true(entry.mutates)):  # the receiver is the result
        now |= marked(origins_of(call.receiver), MADE)
    if entry.frame in _LEAVES_OUT:
        effects.left(marks - now, call.span, entry.frame in ("drop", "without"))
    else:
        effects.used(marks - now)


def _is_followed(call: Any) -> bool:
    """`df.apply(f, axis=1)`: the function says itself what it uses of a row."""
    is_function = isinstance(call.get("func"), Function | Partial)
    return call.entry.frame == "mapped" and is_function and call.constant("axis", 0) in (1, "columns")


def _use_named(call: Any) -> None:
    """Columns that the arguments name: keys, `subset`, `by`, words of a condition in text."""
    columns: dict[str, Column] = {}
    for value in (call.receiver, *call.arguments.values()):
        for option in value.options if isinstance(value, Choice) else (value,):
            if isinstance(option, Cell) and option.kind == "frame":
                table: Table = option.slots["table"]
                columns.update({n: c for n, c in table.columns.items() if marked(c.origins, MADE)})
    if not columns:
        return
    texts = {text for value in call.arguments.values() for text in _texts(value)}
    for name, column in columns.items():
        around = [text for text in texts if name in text]  # also in `df.query("day > 3")`
        if name in texts or (around and any(map(re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search, around))):
            call.m.effects.used(marked(column.origins, MADE))


def _texts(value: Any, depth: int = 3) -> list[str]:
    """The texts in a value, those of lists and dictionaries among them."""
    if type(value) is Constant:
        return [value.value] if isinstance(value.value, str) else []
    text = text_of(value)
    if text is not None:
        return [text]
    if isinstance(value, Tuple | Choice):
        parts: Any = value.items if isinstance(value, Tuple) else value.options
    elif isinstance(value, Cell) and value.kind == "list":
        parts = value.slots["items"]
    elif isinstance(value, Cell) and value.kind == "dict":
        parts = [Constant(key) for key in value.slots if isinstance(key, str)] + [*value.slots.values()]
    else:
        return []
    return [text for part in parts[:_MOST_TEXTS] if depth for text in _texts(part, depth - 1)]


__all__ = ["after", "before", "builtin", "chosen", "made", "taken", "used"]
