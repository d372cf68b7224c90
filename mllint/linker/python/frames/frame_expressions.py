"""Operations whose arguments are expressions over the columns of whatever frame they meet: Spark, polars."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import PREDICTION
from mllint.linker.python.abstract.values import Column, Constant, Tuple, Unknown, origins_of, text_of
from mllint.linker.python.frames import frames, limits, usage
from mllint.linker.python.frames.frame_parts import result, subject, table_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import intakes, stages, trials
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learning import model_origins, note_serving
from mllint.linker.python.machine import Machine


def expressions(call: Invocation) -> Any:
    """Expressions over the columns, or names; what they yield is the new frame: `df.select("a", col("b") + 1)`."""
    table = subject(call)
    made, is_all = _expressed(call, table)
    if not is_all:
        return result(call, msgspec.structs.replace(table.with_columns(made), open=True, partial=True))
    chosen = msgspec.structs.replace(table.select([]), columns=made)
    return result(call, chosen)


def with_expressions(call: Invocation) -> Any:
    """Expressions over the frame's columns, added to it: `df.with_columns((pl.col("a") + 1).alias("b"))`."""
    table = subject(call)
    made, is_all = _expressed(call, table)
    made = {n: usage.made(call.m, table, None, column, n, call.at) for n, column in made.items()}
    with_all = table.with_columns(made)
    return result(call, with_all if is_all else msgspec.structs.replace(with_all, open=True, partial=True))


def with_expression(call: Invocation) -> Any:
    """`name`, `value`: an expression over the frame's columns, as one new column: Spark's `withColumn`."""
    table, name, value = subject(call), text_of(call.get("name")), call.get("value")
    if name is None:
        return result(call, msgspec.structs.replace(table, open=True, partial=True))
    column = placed(call.m, value, table) if isinstance(value, Column) else value
    made = usage.made(call.m, table, None, frames.as_column(call.m, column, name, call.at), name, call.at)
    return result(call, table.with_columns({name: made}))


def with_each(call: Invocation) -> Any:
    """`names`, `values`: lists of names and of expressions over the frame's columns: Snowpark's `with_columns`."""
    table = subject(call)
    names, values = (items_of(call.m, call.get(part, Unknown()), call.at).known for part in ("names", "values"))
    known = [text_of(name) for name in names or ()]
    if not values or len(known) != len(values) or None in known:
        return result(call, msgspec.structs.replace(table, open=True, partial=True))
    made = {}
    for name, value in zip(known, values, strict=True):
        column = placed(call.m, value, table) if isinstance(value, Column) else value
        made[str(name)] = usage.made(
            call.m, table, None, frames.as_column(call.m, column, str(name), call.at), str(name), call.at
        )
    return result(call, table.with_columns(made))


def _expressed(call: Invocation, table: Table) -> tuple[dict[str, Column], bool]:
    """The columns that the arguments are, and whether these are all."""
    found: dict[str, Column] = {}
    is_all = True
    for argument in call.arguments.args:
        if isinstance(argument, Cell) and argument.kind == "dict":  # `df.withColumns({"b": col("a") + 1})`
            entries = {k: v for k, v in argument.slots.items() if isinstance(k, str) and not k.startswith("<")}
            if not all(isinstance(value, Column) for value in entries.values()) or "<rest>" in argument.slots:
                is_all = False
                continue
            found.update(
                {k: frames.as_column(call.m, placed(call.m, v, table), k, call.at) for k, v in entries.items()}
            )
            continue
        items = items_of(call.m, argument, call.at).known if isinstance(argument, Cell | Tuple) else [argument]
        for item in items if items is not None else [None]:
            name = item.name if isinstance(item, Column) else text_of(item)
            column = placed(call.m, item, table) if isinstance(item, Column) else table.column(name or "")
            if name == "*" and not table.open:
                found.update(table.columns)
                continue
            if not name or column is None or name == "*":
                is_all = False
                continue
            found[name] = frames.as_column(call.m, column, name, call.at)
    for name, value in call.arguments.keywords.items():
        column = placed(call.m, value, table) if isinstance(value, Column) else value
        found[name] = frames.as_column(call.m, column, name, call.at)
    return found, is_all


FREE = "column of the frame it meets"  # the dataset of `col("a")`, before a frame is known


def free_column(call: Invocation) -> Any:
    """`name`: a column of whatever frame the expression meets: `pl.col("a")`, `F.col("a")`."""
    name = text_of(call.get("name"))
    if name is None:
        return Column(ex.Unresolved("which column is meant is not known"), call.origins(), "", call.span)
    kind = call.entry.returns if call.m.library.holds(call.entry.returns) == "column" else ""
    return Column(ex.Column(FREE, name), frozenset(), name, call.span, kind=kind)


def free_arguments(call: Invocation) -> None:
    """Texts become the columns that they name: `F.log("fare")`, `F.greatest("a", "b")`."""
    kind = call.entry.returns if call.m.library.holds(call.entry.returns) == "column" else ""
    names = [*call.given] if call.entry.free == "*" else call.entry.free.split("|")

    def freed(value: Any) -> Any:
        text = value.value if isinstance(value, Constant) else None
        return (
            Column(ex.Column(FREE, text), frozenset(), text, call.span, kind=kind) if isinstance(text, str) else value
        )

    call.given.update({name: freed(call.given[name]) for name in names if name in call.given})
    places = [str(i) in names or _parameter(call, i) in names for i in range(len(call.arguments.args))]
    args = tuple(freed(a) if is_free else a for a, is_free in zip(call.arguments.args, places, strict=True))
    call.arguments = msgspec.structs.replace(call.arguments, args=args)


def _parameter(call: Invocation, place: int) -> str:
    return call.entry.parameters[place] if place < len(call.entry.parameters) else ""


def literal(call: Invocation) -> Any:
    """`value`: a constant as a column: `F.lit(0)`."""
    value = call.get("value")
    expression = ex.Constant(value.value) if isinstance(value, Constant) else ex.Unresolved("a literal not known")
    if isinstance(value, Column):
        return value
    return Column(expression, origins_of(value), "literal", call.span, kind=call.entry.returns)


def case(call: Invocation) -> Any:
    """`test`, `value`: one more case, after those of the receiver: `F.when(test, value)`, `pl.when(test).then(value)`.
    What holds in no case stands last, and is null until `otherwise` says it."""
    before = _cases(call.receiver)
    test, value = call.get("test"), call.get("value")
    if test is None:  # `.then(value)` completes what `.when(test)` began
        parts = [*before[:-2], _operand(value), before[-1]] if len(before) > 2 else [*before]
    else:
        parts = [*before[:-1], _operand(test), _operand(value), ex.Constant(None)]
    return _of_cases(call, parts)


def otherwise(call: Invocation) -> Any:
    """`value`: what holds in no case."""
    return _of_cases(call, [*_cases(call.receiver)[:-1], _operand(call.get("value"))])


def _cases(value: Any) -> tuple[ex.Expression, ...]:
    is_case = (
        isinstance(value, Column) and isinstance(value.expression, ex.Apply) and value.expression.operator == "CASE"
    )
    return value.expression.arguments if is_case else (ex.Constant(None),)


def _operand(value: Any) -> ex.Expression:
    match value:
        case Column(expression=expression):
            return expression
        case Constant(value=constant):
            return ex.Constant(constant)
        case None:
            return ex.Constant(None)
    return ex.Unresolved("a value that is not known")


def _of_cases(call: Invocation, parts: list[ex.Expression]) -> Column:
    return Column(ex.apply("CASE", *parts), call.origins(), "case", call.span, kind=call.entry.returns)


def kept(call: Invocation) -> Any:
    """Fewer rows: those for which expressions over the columns hold; a text is a condition in SQL."""
    table = subject(call)
    decided: set[str] = set()
    for value in call.arguments.values():
        if isinstance(value, Column):
            kept_by = placed(call.m, value, table)
            limits.filtered(call.m, kept_by, call.at)
            decided |= kept_by.origins
        elif (text := text_of(value)) is not None:
            names = dict.fromkeys(re.findall(r"(?<![\w'\"])[A-Za-z_]\w*", text))
            decided |= {o for name in names if name in table.columns for o in table.columns[name].origins}
    return result(call, table.filtered(frozenset(decided)))


def without(call: Invocation) -> Any:
    """All positional arguments: names of columns, or columns, to leave out."""
    table = subject(call)
    names = [name for value in call.arguments.args for name in _names(value)]
    return result(call, table.drop(names))


def _names(value: Any) -> list[str]:
    if isinstance(value, Column):
        return [value.name]
    return frames.names_of(value) or []


def grouped(call: Invocation) -> Any:
    """All positional arguments: group keys, as names or columns, for the aggregates that follow."""
    table = subject(call)
    keys = tuple(name for value in call.arguments.args for name in _names(value))
    decided = frozenset().union(*(c.origins for key in keys if (c := table.column(key)) is not None))
    frame = frames.new(call.m, msgspec.structs.replace(table.filtered(decided), keys=keys), call.entry.returns, call.at)
    frame.slots["grouped"] = True
    return frame


def aggregated(call: Invocation) -> Any:
    """Expressions over the groups: the keys, and one column for each: `df.groupBy("k").agg(F.avg("x").alias("m"))`."""
    table = subject(call)
    keys = {key: column for key in table.keys if (column := table.column(key)) is not None}
    made, is_all = _expressed(call, table)
    if not is_all:
        known = {**keys, **made}
        return result(call, msgspec.structs.replace(table, open=True, columns=known, base=frozenset(), keys=()))
    return result(call, msgspec.structs.replace(table.select([]), columns={**keys, **made}, keys=()))


def named(call: Invocation) -> Any:
    """`name`: the same column under another name."""
    name = text_of(call.get("name"))
    value = call.receiver
    return msgspec.structs.replace(value, name=name) if name and isinstance(value, Column) else value


def renamed(call: Invocation) -> Any:
    """`prefix`, `suffix`: the same column, with more of a name: `pl.col("a").name.suffix("_old")`."""
    value = call.receiver
    before, after = (text_of(call.get(part, Constant(""))) for part in ("prefix", "suffix"))
    is_known = isinstance(value, Column) and value.name and before is not None and after is not None
    return msgspec.structs.replace(value, name=f"{before}{value.name}{after}") if is_known else value


def placed(m: Machine, column: Column, table: Table) -> Column:
    """An expression over free columns, with those of the table in their place."""
    origins = set(column.origins)

    def place(expression: ex.Expression) -> ex.Expression:
        match expression:
            case ex.Column(dataset=dataset, name=name) if dataset == FREE:
                usage.asked_of(m, table, [name])
                own = table.column(name)
                if own is None:
                    return ex.Unresolved(f"no column `{name}`")
                origins.update(usage.taken(m, own, table).origins)
                return own.expression
            case ex.Apply(operator=operator, arguments=arguments):
                return ex.apply(operator, *[place(argument) for argument in arguments])
        return expression

    expression = place(column.expression)
    return msgspec.structs.replace(column, expression=expression, origins=frozenset(origins), rows=table.rows)


def scored(call: Invocation) -> Any:
    """`X`: the rows with the columns that a fitted stage, or all stages of a pipeline, add: see `library/stages.py`."""
    m, receiver, rows = call.m, call.receiver, call.get("X")
    table, own = table_of(rows), model_origins(receiver)
    if not (isinstance(receiver, Cell) and "arguments" in receiver.slots):  # what it is, is not known
        return result(call, msgspec.structs.replace(table, open=True, partial=True, origins=table.origins | own))
    made = Column(ex.Unresolved("a prediction"), own | table.origins, "", call.span)
    if trials.what_it_learns(m, receiver) == "model":
        frame = rows if isinstance(rows, Cell) and rows.kind == "frame" else None
        given = stages.given_to(m, receiver, frame, call.at)[0] if frame is not None else rows
        m.predictors |= own
        note_serving(m, call, receiver, own, given)
        intakes.predicted(call, receiver, own, given)
        data = frozenset(origin for origin in origins_of(given) if not origin.startswith(PREDICTION))
        made = msgspec.structs.replace(
            made, origins=own | data | trials.predicted(call, receiver, given, own, labels=None)
        )
        m.effects.predicted(own, rows, call.span)
    else:
        own |= trials.fits_of(receiver)
    return result(call, stages.applied(m, receiver, table, own, made, call.span))


def writer_of(call: Invocation) -> Any:
    """An object that writes the frame: `df.write.parquet(path)`; models speak of the frame as `self.frame`."""
    return call.m.new_object(call.entry.returns, call.entry.returns, {"frame": call.receiver}, call.at)
