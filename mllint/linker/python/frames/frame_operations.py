"""The extension point `frame:` of library models: what an operation does to the columns and rows of a frame.

Each takes the invocation; which parameter means what stands in the docstring, in the names that the model must give
its parameters (other names are mapped by listing them in `parameters` in the library's order, with these names)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import FULL, without_traces
from mllint.linker.python.abstract.values import (
    Bound,
    Choice,
    Column,
    Constant,
    Function,
    Partial,
    Tuple,
    Unknown,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import (
    combining,
    frame_expressions,
    frame_groups,
    frames,
    in_pandas,
    indexes,
    levels,
    limits,
    listed,
    named_parts,
    renaming,
    updating,
    usage,
)
from mllint.linker.python.frames.frame_construction import construct, series
from mllint.linker.python.frames.frame_parts import is_inner, like_receiver, result, same, subject, table_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.columns import expression_of
from mllint.linker.python.library.invocation import Invocation


def filtered(call: Invocation) -> Any:
    """Fewer rows, decided by the arguments, of which `subset` names columns: `df.nlargest(5, "score")`."""
    value = call.receiver if call.receiver is not None else call.get("0")
    if isinstance(value, Column):
        return value
    names = frames.names_of(call.get("subset")) or []
    table, deciding = table_of(value).expecting(names), set[str]()
    for argument in call.arguments.values() if call.receiver is not None else ():
        deciding |= origins_of(argument)
    for name in names:
        column = table.column(name)
        deciding |= column.origins if column is not None else frozenset()
    return result(call, table.filtered(frozenset(deciding)))


def without_missing(call: Invocation) -> Any:
    """No row in which a value is missing: `df.dropna()`; with `subset` and the like, fewer rows."""
    value = call.receiver
    if call.arguments.args or call.arguments.keywords.keys() - {"inplace"} or isinstance(value, Column):
        return filtered(call)
    table = table_of(value)
    columns = {n: msgspec.structs.replace(c, origins=c.origins | {FULL}) for n, c in table.columns.items()}
    return result(call, msgspec.structs.replace(table, columns=columns, origins=table.origins | {FULL}))


def select(call: Invocation) -> Any:
    """`items`: the columns to keep, or all positional arguments; or those whose names have `like` in them, or match
    `regex`."""
    table, items = subject(call), call.get("items")
    tests = {part: text_of(call.get(part)) for part in ("like", "regex") if call.get(part) is not None}
    if tests:
        return result(call, _named_so(table, **tests))
    names = frames.names_of(items) if items is not None else None
    if names is None and call.arguments.args:
        names = frames.names_of(Tuple(tuple(call.arguments.args)))
    return result(call, table.select(names) if names is not None else listed.selected(table, items))


def _named_so(table: Table, like: str | None = None, regex: str | None = None) -> Table:
    """The columns whose names say something: of an open frame, others may do so too."""
    pattern = re.compile(re.escape(like)) if like is not None else listed.pattern(regex) if regex is not None else None
    if pattern is None:
        return table.some_of()
    held = [name for name in table.listed if pattern.search(name)]
    if not table.open and not table.unsure:
        return table.select(held)
    gone = [name for name in table.columns if "{" not in name and not pattern.search(name)]
    return table.some_of(held).drop(gone)


def projected(call: Invocation) -> Any:
    """`items`: the columns to keep; all, where none are given."""
    given = call.get("items")
    return same(call) if given is None or given == Constant(None) else select(call)


def drop(call: Invocation) -> Any:
    """`columns`, or `labels` with `axis` 1; rows otherwise."""
    table = subject(call)
    chosen = call.get("columns")
    if chosen is None and call.get("labels") is not None and call.constant("axis", 0) in (1, "columns"):
        chosen = call.get("labels")
    if chosen is None:
        return result(call, table)
    names = frames.names_of(chosen)
    if names is None:
        return result(call, msgspec.structs.replace(table, open=True, partial=True))
    return result(call, table.drop(names))


def assign(call: Invocation) -> Any:
    """New columns by keyword; a function is called with the frame."""
    table = subject(call)
    for name, value in call.arguments.keywords.items():
        if isinstance(value, Function | Bound | Partial):
            frame = like_receiver(call, table)
            value = call.m.call(value, Arguments((frame,)), call.at)
        column = usage.made(call.m, table, value, frames.as_column(call.m, value, name, call.at), name, call.at)
        table = table.with_columns({name: column})
    return result(call, table)


def with_column(call: Invocation) -> Any:
    """`name`, `value`: one new column (`withColumn`, `insert`)."""
    table, name = subject(call), text_of(call.get("name"))
    if name is None:
        return result(call, msgspec.structs.replace(table, open=True, partial=True))
    column = frames.as_column(call.m, call.get("value"), name, call.at)
    column = usage.made(call.m, table, call.get("value"), column, name, call.at)
    return result(call, table.with_columns({name: column}))


def dummies(call: Invocation) -> Any:
    """`columns`, or a column alone: each is replaced by one for each of its values, known by its `prefix`: `day_{day}`.
    Where none are named, all columns of texts are: which, is not known. One alone has no prefix of its own."""
    given = call.receiver if call.receiver is not None else call.get("data")
    table = table_of(given)
    is_alone = isinstance(given, Column)
    names = list(table.columns) if is_alone else frames.names_of(call.get("columns"))
    kept = table.drop(names) if names else msgspec.structs.replace(table, columns={})
    kept = msgspec.structs.replace(kept, open=True, base=frozenset(), tail=0, origins=table.whole)
    has_prefix = not is_alone or text_of(call.get("prefix")) is not None
    return result(call, kept.with_columns(_of_each_value(call, table, names or [] if has_prefix else [])))


def _of_each_value(call: Invocation, table: Table, names: list[str]) -> dict[str, Column]:
    prefixes, sign = call.get("prefix"), text_of(call.get("prefix_sep", Constant("_")))
    told = frames.names_of(prefixes) or [] if isinstance(prefixes, Cell) and prefixes.kind != "dict" else []
    found: dict[str, Column] = {}
    for place, name in enumerate(names):
        column = table.column(name)
        prefix = told[place] if place < len(told) else text_of(prefixes) or name
        if column is None or "{" in name or sign is None or (isinstance(prefixes, Cell) and not told):
            continue
        full = f"{prefix}{sign}{{{name}}}"
        expression = ex.apply("CALL", ex.Constant("one of its values"), column.expression)
        found[full] = msgspec.structs.replace(column, name=full, expression=expression, span=call.span)
    return found


def reshape(call: Invocation) -> Any:
    """Rows become columns or the reverse: columns are no longer known. Where `values` names what stands in them, each
    comes from that, and from `columns`, whose values name it: `df.pivot_table(columns="kind", values="price")`."""
    table = subject(call)
    named = [name for key in ("values", "columns") for name in frames.names_of(call.get(key)) or ()]
    values = (table.column(name) for name in named)
    origins = table.whole.union(*(column.origins for column in values if column is not None))
    levels = {name: column for name in frames.names_of(call.get("index")) or () if (column := table.column(name))}
    return result(call, Table(open=True, origins=origins, indirect=table.indirect, index=levels))


def melt(call: Invocation) -> Any:
    """`id_vars` stay; `value_vars`, or all others, become a column of their names, `var_name`, and one of their values,
    `value_name`."""
    table = subject(call)
    given = call.get("value_vars")
    kept = frames.names_of(call.get("id_vars")) if call.get("id_vars") is not None else []
    values = frames.names_of(given) if given is not None else None
    if values is None and not table.open and given is None:
        values = [name for name in table.columns if name not in (kept or [])]
    titles = [text_of(call.get(name, Constant(usual))) for name, usual in _MELTED]
    if kept is None or None in titles:
        return reshape(call)
    melted = [c for name in values or [] if (c := table.column(name)) is not None]
    origins = frozenset().union(*(c.origins for c in melted)) if melted else table.whole
    made = {name: Column(ex.Unresolved("melted"), origins, str(name), call.span, rows=table.rows) for name in titles}
    made[titles[0]] = msgspec.structs.replace(made[titles[0]], origins=table.origins)
    columns = {name: column for name in kept if (column := table.column(name)) is not None}
    fresh = {str(name): column for name, column in made.items()}
    return result(call, Table({**columns, **fresh}, False, origins=table.origins, indirect=table.indirect))


_MELTED = (("var_name", "variable"), ("value_name", "value"))


def mapped(call: Invocation) -> Any:
    """`func` is applied to rows, columns or values: a function of the repository is followed."""
    value = call.receiver
    func = call.get("func")
    if isinstance(value, Column):
        return _mapped_column(call, value, func)
    table = table_of(value)
    if isinstance(func, Function | Bound | Partial) and call.constant("axis", 0) in (1, "columns"):
        frame = like_receiver(call, table)
        frame.slots["row"] = True
        made = call.m.call(func, Arguments((frame,)), call.at)
        if isinstance(made, Column):
            return made
        return Column(ex.Unresolved("applied to rows"), origins_of(made) or table.origins, "", call.span)
    if isinstance(func, Function | Bound | Partial):
        extra = call.arguments.args[1:]
        frame = like_receiver(call, msgspec.structs.replace(table, keys=()))
        made = call.m.call(func, Arguments((frame, *extra)), call.at)
        if isinstance(made, Cell) and made.kind == "frame":
            return made
        if isinstance(made, Choice) and all(isinstance(o, Cell) and o.kind == "frame" for o in made.options):
            return result(call, table_of(made))
    return result(call, msgspec.structs.replace(table, keys=()))


def _mapped_column(call: Invocation, column: Column, func: Any) -> Any:
    match func:
        case Function() | Bound() | Partial():
            plain = msgspec.structs.replace(column, kind="")
            made = call.m.call(func, Arguments((plain, *call.arguments.args[1:])), call.at)
            made = frames.as_column(call.m, made, column.name, call.at)
            return msgspec.structs.replace(made, kind=column.kind, origins=made.origins | column.origins)
        case Cell(kind="dict"):
            pairs = [(k, v) for k, v in func.slots.items() if not is_inner(k)]
            if "<rest>" not in func.slots and all(isinstance(v, Constant) for _, v in pairs):
                flat = [ex.Constant(x) for k, v in pairs for x in (k, v.value)]
                expression = ex.apply("MAP", column.expression, *flat, ex.Constant(None))
                function = call.m.now.function.qualified if call.m.now.function else ""
                return msgspec.structs.replace(column, expression=expression, span=call.span, function=function)
    expression = ex.Unresolved("mapped by what is not known")
    return msgspec.structs.replace(column, expression=expression, origins=column.origins | origins_of(func))


def pipe(call: Invocation) -> Any:
    """`func` is called with the frame first."""
    func, args = call.get("func"), call.arguments.args[1:]
    keywords = {k: v for k, v in call.arguments.keywords.items() if k != "func"}
    return call.m.call(func, Arguments((call.receiver, *args), keywords), call.at)


def names(call: Invocation) -> Any:
    """The names of the columns, as a list; of an open frame those that are known, and others."""
    return listed.of_frame(call.m, subject(call), call.at)


def typed_names(call: Invocation) -> Any:
    """The names of the columns, each with its type, which is not known: `df.dtypes` of Spark."""
    table = subject(call)
    if table.open:
        return Unknown()
    pairs = tuple(Tuple((levels.label(name), Unknown())) for name in table.columns)
    return call.m.heap.new("list", {"items": pairs}, (call.m.now.path, call.at))


def indexer(call: Invocation) -> Any:
    """`loc`, `iloc`: subscripts of rows and columns."""
    frame = call.receiver
    if not (isinstance(frame, Cell) and frame.kind == "frame"):
        return frame
    return call.m.heap.new("indexer", {"frame": frame}, (call.m.now.path, call.at))


def column(call: Invocation) -> Any:
    """`name`: one column (`get`, `col`; `pop` takes it away); what is missing becomes `default`."""
    name, default = call.get("name"), call.get("default")
    if isinstance(call.receiver, Cell) and call.receiver.kind == "frame" and name is not None:
        found = frames.item(call.m, call.receiver, name, call.at, default is not None)
        if call.name.endswith(".pop") and (taken := frames.names_of(name)) is not None:
            call.m.heap.set(call.receiver, "table", call.receiver.slots["table"].drop(taken))
        if isinstance(found, Column) and isinstance(default, Constant) and default.value is not None:
            filled = ex.apply("COALESCE", found.expression, ex.Constant(default.value))
            return msgspec.structs.replace(found, expression=filled)
        return found
    return Column(ex.Unresolved("a column of no frame"), call.origins(), text_of(name) or "", call.span)


def several(call: Invocation) -> Any:
    """One of several values of the receiver: `df.iterrows()` yields rows."""
    value = call.receiver
    return call.m.heap.new("list", {"items": (), "<rest>": Tuple((Unknown(), value))}, (call.m.now.path, call.at))


def records(call: Invocation) -> Any:
    """Rows as dictionaries or tuples: each row is a frame of one row."""
    value = call.made if call.made is not None else call.receiver
    return call.m.heap.new("list", {"items": (), "<rest>": value}, (call.m.now.path, call.at))


def tuples(call: Invocation) -> Any:
    """`index`: rows as tuples, whose fields have names and, where the index is not among them, known places."""
    m, made = call.m, same(call)
    if isinstance(made, Cell) and call.constant("index", True) is False:
        m.heap.put(made, "type", call.entry.rows)
    return m.heap.new("list", {"items": (), "<rest>": made}, (m.now.path, call.at))


def dictionary(call: Invocation) -> Any:
    """`orient`: whoever goes through `df.to_dict("records")` meets its rows, of the type that the model names; one of
    `df.to_dict("index")` is found by its index."""
    made = same(call)
    if isinstance(made, Cell) and call.constant("orient") in ("index", "i"):
        return call.m.heap.new("dict", {"<rest>": made}, (call.m.now.path, call.at))
    if isinstance(made, Cell) and call.constant("orient") in ("records", "r"):
        call.m.heap.put(made, "type", call.entry.rows)
    return made


def parsed(call: Invocation) -> Any:
    """The fields of a text that was read from a dataset: `ET.fromstring(line)`."""
    text = call.get("0")
    origins = without_traces(origins_of(text))
    base = (
        origins if len(origins) == 1 and not next(iter(origins)).startswith(("column:", "model")) else frozenset[str]()
    )
    return result(call, Table(open=True, base=base, origins=origins_of(text)))


def choose(call: Invocation) -> Any:
    """`test`, `then`, `otherwise`: `np.where(test, a, b)`."""
    parts = [call.get(name) for name in ("test", "then", "otherwise")]
    subjects = [p for p in parts if isinstance(p, Column)]
    if not subjects or any(p is None for p in parts):
        return Unknown(call.origins())
    expression = ex.apply("CASE", *(expression_of(call, part) for part in parts))
    function = call.m.now.function.qualified if call.m.now.function else ""
    return Column(expression, call.origins(), subjects[0].name, call.span, function, subjects[0].rows)


def cases(call: Invocation) -> Any:
    """`tests`, `values`, `default`: lists of conditions and of what holds under each: `np.select(tests, values, 0)`."""
    tests, values = (items_of(call.m, call.get(name), call.at).known for name in ("tests", "values"))
    everything = [*(tests or ()), *(values or ())]
    first = next((v for v in everything if isinstance(v, Column)), None)
    if first is None or tests is None or values is None or len(tests) != len(values):
        return Unknown(call.origins(), "conditions are not known", call.span)
    pairs = [expression_of(call, part) for pair in zip(tests, values, strict=True) for part in pair]
    otherwise = expression_of(call, call.get("default", Constant(0)))
    function = call.m.now.function.qualified if call.m.now.function else ""
    return Column(ex.apply("CASE", *pairs, otherwise), call.origins(), first.name, call.span, function, first.rows)


def some(call: Invocation) -> Any:
    """Some of the columns, not known which: `df.select_dtypes("number")`."""
    value = call.receiver if call.receiver is not None else call.get("0")
    return value if isinstance(value, Column) else result(call, table_of(value).some_of())


def queried(call: Invocation) -> Any:
    """`expr`: a condition in text, whose columns decide which rows stay: `df.query("age > 30")`."""
    table, text = subject(call), text_of(call.get("expr"))
    names = dict.fromkeys(re.findall(r"(?<![\w@.'\"])[A-Za-z_]\w*", text or ""))
    known = [table.columns[name] for name in names if name in table.columns]
    limits.queried(call.m, table, text or "", call.at)
    if not known and len(table.base) == 1:
        known = [c for name in names if name not in _WORDS and (c := table.column(name)) is not None]
    return result(call, table.filtered(frozenset().union(*(column.origins for column in known))))


_WORDS = {"and", "or", "not", "in", "is", "None", "True", "False", "between", "like", "null", "AND", "OR", "NOT", "IN"}


def framed(call: Invocation) -> Any:
    """A column as a frame: `name` is its new name, if given. What comes beside it (an index) is one of its columns,
    where the call keeps it: `s.reset_index()`; mostly it is not known."""
    value = call.receiver
    if not isinstance(value, Column) or call.is_true("drop"):
        return same(call)
    name = text_of(call.get("name")) or value.name
    table = table_of(msgspec.structs.replace(value, name=name, index=()))
    beside, is_kept = {column.name: column for column in value.index}, "drop" in call.entry.parameters
    if is_kept and beside and call.get("level") is None:
        return result(call, msgspec.structs.replace(table, columns={**beside, **table.columns}, open=False))
    return result(call, msgspec.structs.replace(table, open=is_kept, index={} if is_kept else beside))


def data_and_target(call: Invocation) -> Any:
    """What a data set that comes with a library yields: with `return_X_y`, rows and target as two values."""
    if not call.is_true("return_X_y"):
        return call.made
    target = _target(call, call.made)
    rows_alone = msgspec.structs.replace(table_of(call.made).drop(["target"]), partial=True)
    return Tuple((frames.new(call.m, rows_alone, call.made.slots["type"], call.at), target))


def _target(call: Invocation, frame: Any) -> Column:
    column = table_of(frame).column("target")
    return column if column is not None else Column(ex.Unresolved("no target"), origins_of(frame), "", call.span)


def pass_through(call: Invocation) -> Any:
    """The arguments again, with other rows: `X, y = SMOTE().fit_resample(X, y)`."""
    parts = [call.get(name) for name in call.entry.parameters if call.get(name) is not None]
    return Tuple(tuple(parts)) if len(parts) != 1 else parts[0]


TABLE: dict[str, Callable[[Invocation], Any]] = combining.TABLE | renaming.TABLE | in_pandas.TABLE | {
    function.__name__: function
    for function in (
        same, filtered, without_missing, select, projected, drop, assign, with_column,
        construct, dummies, reshape, melt, mapped, pipe, names, typed_names, indexer, column, series, several, records,
        tuples, dictionary, parsed, choose, cases, some, queried, framed,
        data_and_target, pass_through, updating.updated,
        indexes.set_index, indexes.reset_index,
        named_parts.by_split, named_parts.parts_named, named_parts.halves, named_parts.extended,
        frame_groups.group, frame_groups.aggregate, frame_groups.grouped_column,
        frame_expressions.expressions, frame_expressions.with_expressions, frame_expressions.with_expression,
        frame_expressions.with_each,
        frame_expressions.free_column, frame_expressions.named, frame_expressions.renamed, frame_expressions.writer_of,
        frame_expressions.literal, frame_expressions.case, frame_expressions.otherwise, frame_expressions.kept,
        frame_expressions.without, frame_expressions.grouped, frame_expressions.aggregated,
        frame_expressions.scored,
    )
}  # fmt: skip
