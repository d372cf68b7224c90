"""Operations whose arguments are expressions over the columns of whatever frame they meet: Spark, polars."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.linker.python import frames
from mllint.linker.python.frame_parts import result, subject
from mllint.linker.python.heap import Cell
from mllint.linker.python.invocation import Invocation
from mllint.linker.python.iteration import items_of
from mllint.linker.python.tables import Table
from mllint.linker.python.values import Column, Tuple, text_of


def expressions(call: Invocation) -> Any:
    """Expressions over the columns, or names; what they yield is the new frame: `df.select("a", col("b") + 1)`."""
    table = subject(call)
    made = _expressed(call, table)
    if made is None:
        return result(call, msgspec.structs.replace(table, open=True))
    chosen = msgspec.structs.replace(table.select([]), columns=made)
    return result(call, chosen)


def with_expressions(call: Invocation) -> Any:
    """Expressions over the frame's columns, added to it: `df.with_columns((pl.col("a") + 1).alias("b"))`."""
    table = subject(call)
    made = _expressed(call, table)
    return result(call, msgspec.structs.replace(table, open=True) if made is None else table.with_columns(made))


def with_expression(call: Invocation) -> Any:
    """`name`, `value`: an expression over the frame's columns, as one new column: Spark's `withColumn`."""
    table, name, value = subject(call), text_of(call.get("name")), call.get("value")
    if name is None:
        return result(call, msgspec.structs.replace(table, open=True))
    column = placed(value, table) if isinstance(value, Column) else value
    return result(call, table.with_columns({name: frames.as_column(call.m, column, name, call.at)}))


def _expressed(call: Invocation, table: Table) -> dict[str, Column] | None:
    found: dict[str, Column] = {}
    for argument in call.arguments.args:
        items = items_of(call.m, argument, call.at).known if isinstance(argument, Cell | Tuple) else [argument]
        for item in items if items is not None else [None]:
            name = item.name if isinstance(item, Column) else text_of(item)
            column = placed(item, table) if isinstance(item, Column) else table.column(name or "")
            if name is None or column is None or name == "*":
                return None
            found[name] = frames.as_column(call.m, column, name, call.at)
    for name, value in call.arguments.keywords.items():
        column = placed(value, table) if isinstance(value, Column) else value
        found[name] = frames.as_column(call.m, column, name, call.at)
    return found


FREE = "column of the frame it meets"  # the dataset of `col("a")`, before a frame is known


def free_column(call: Invocation) -> Any:
    """`name`: a column of whatever frame the expression meets: `pl.col("a")`, `F.col("a")`."""
    name = text_of(call.get("name"))
    if name is None:
        return Column(ex.Unresolved("which column is meant is not known"), call.origins(), "", call.span)
    kind = call.entry.returns if call.m.library.holds(call.entry.returns) == "column" else ""
    return Column(ex.Column(FREE, name), frozenset(), name, call.span, kind=kind)


def named(call: Invocation) -> Any:
    """`name`: the same column under another name."""
    name = text_of(call.get("name"))
    value = call.receiver
    return msgspec.structs.replace(value, name=name) if name and isinstance(value, Column) else value


def placed(column: Column, table: Table) -> Column:
    """An expression over free columns, with those of the table in their place."""
    origins = set(column.origins)

    def place(expression: ex.Expression) -> ex.Expression:
        match expression:
            case ex.Column(dataset=dataset, name=name) if dataset == FREE:
                own = table.column(name)
                if own is None:
                    return ex.Unresolved(f"no column `{name}`")
                origins.update(own.origins)
                return own.expression
            case ex.Apply(operator=operator, arguments=arguments):
                return ex.apply(operator, *[place(argument) for argument in arguments])
        return expression

    expression = place(column.expression)
    return msgspec.structs.replace(column, expression=expression, origins=frozenset(origins), rows=table.rows)


def writer_of(call: Invocation) -> Any:
    """An object that writes the frame: `df.write.parquet(path)`; models speak of the frame as `self.frame`."""
    from mllint.linker.python.library import new_object

    return new_object(call.m, call.entry.returns, call.entry.returns, {"frame": call.receiver}, call.at)
