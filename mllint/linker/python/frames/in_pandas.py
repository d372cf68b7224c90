"""Functions of the repository that are given parts of a frame of another library as frames of pandas, or its columns:

rides.groupBy("city").applyInPandas(scored, schema="city string, minutes double")
rides.mapInPandas(predict, schema="minutes double")           # an iterator of frames, to one of frames
@pandas_udf("double")
def minutes(km, hour): return pd.Series(model.predict(pd.concat([km, hour], axis=1)))
rides.withColumn("minutes", minutes("km", "hour"))"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mllint.facts.python import At
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import (
    Bound,
    Column,
    External,
    Function,
    Partial,
    Tuple,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_expressions import FREE
from mllint.linker.python.frames.frame_parts import result, table_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

Follow = Callable[[Machine, Function, Arguments, At], Any]
_NAME = re.compile(r"\s*`?(\w+)`?\s*:?\s+\w")


def in_groups(call: Invocation) -> Any:
    """`func` makes a frame of each group."""
    return _mapped(call, is_iterator=False)


def in_batches(call: Invocation) -> Any:
    """`func` makes frames of an iterator of frames."""
    return _mapped(call, is_iterator=True)


def _mapped(call: Invocation, is_iterator: bool) -> Any:
    m, func, table = call.m, call.get("func"), msgspec.structs.replace(table_of(call.receiver), keys=())
    whole = msgspec.structs.replace(table, open=True, partial=True)
    if not isinstance(func, Function | Bound | Partial):
        return result(call, _as_declared(call, whole))
    frame = frames.new(m, table, m.library.usual.get("frame", ""), call.at)
    made = m.call(func, Arguments((Tuple((frame,)) if is_iterator else frame,)), call.at)
    parts = [made]
    if is_iterator:
        given = items_of(m, made, call.at)
        parts = list(given.known) if given.known is not None else [given.any]
    tables = [
        table_of(each) for part in parts for each in options_of(part) if isinstance(each, Cell) and each.kind == "frame"
    ]
    if tables:
        return result(call, _as_declared(call, frames.merge_all(tables)))
    held = origins_of(made)
    return result(call, _as_declared(call, msgspec.structs.replace(whole, origins=whole.origins | held)))


def _as_declared(call: Invocation, table: Table) -> Table:
    """With the columns of `schema="city string, minutes double"` alone, where it is a text."""
    schema = text_of(call.get("schema"))
    names = [found[1] for part in re.split(r",(?![^(<]*[)>])", schema or "") if (found := _NAME.match(part))]
    return table.select([name for name in names if table.column(name) is not None]) if names else table


def of_columns(m: Machine, function: Function, by: Any, arguments: Arguments, at: At, follow: Follow) -> Any:
    """A function that is called with columns, or their names, for an expression: what it makes of each row."""
    entry = m.library.call(by.name if isinstance(by, External) else by.slots["class"])
    kind = entry.returns if entry is not None else ""
    args = tuple(_column(m, arg, kind, at) for arg in arguments.args)
    made = follow(m, function, Arguments(args), at)
    operands = [arg.expression if isinstance(arg, Column) else ex.Unresolved("not a column") for arg in args]
    origins = frozenset().union(*map(origins_of, args), origins_of(made))
    return Column(ex.apply("CALL", ex.Constant("udf"), *operands), origins, "udf", m.span(at), kind=kind)


def _column(m: Machine, value: Any, kind: str, at: At) -> Any:
    name = text_of(value)
    return value if name is None else Column(ex.Column(FREE, name), frozenset(), name, m.span(at), kind=kind)


TABLE: dict[str, Callable[[Invocation], Any]] = {function.__name__: function for function in (in_groups, in_batches)}
