"""Computations on columns: the expression templates of library models, and calls that have none."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import because
from mllint.linker.python.abstract.tables import Pending, Table
from mllint.linker.python.abstract.traces import FULL, learned_of
from mllint.linker.python.abstract.values import (
    Bound,
    Column,
    Constant,
    External,
    Tuple,
    Unknown,
    is_text,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def apply(call: Invocation) -> Any:
    """The column that a template such as `COALESCE(self, value)` makes of the arguments. A frame is mapped column
    by column (`df.fillna(0)`, `np.log1p(df)`)."""
    subject = call.receiver if call.receiver is not None else _first(call)
    if isinstance(subject, Cell) and subject.kind == "frame":
        return _each_column(call, subject)
    if not isinstance(subject, Column):
        subject = next((v for v in call.arguments.values() if isinstance(v, Column)), subject)
    if not isinstance(subject, Column):
        if isinstance(subject, Cell) and subject.kind == "object":
            return Unknown(call.origins())
        return _scalar(call)
    return _column(call, subject)


def _first(call: Invocation) -> Any:
    return call.arguments.args[0] if call.arguments.args else None


def _scalar(call: Invocation) -> Any:
    """The same computation on what is no column: still an expression, of constants and unknown parts."""
    if call.receiver is None and not call.given and call.m.library.holds(call.entry.returns) == "column":
        why = f"what `{call.name}` gives each row"  # a column of no other: `row_number()`
        return Column(ex.Unresolved(why), frozenset(), "", call.span, kind=call.entry.returns)
    why = f"what `{call.name}` returns is not modelled"
    return because(Unknown(call.origins()), (call.receiver, *call.arguments.values()), why, call.span)


_STATISTICS = {"SUM", "MEAN", "MIN", "MAX", "COUNT", "STD", "MEDIAN", "QUANTILE"}


def _column(call: Invocation, subject: Column, origins: frozenset[str] | None = None) -> Column:
    m = call.m
    expression = instantiate(call, call.entry.column, subject)
    if isinstance(expression, ex.Apply) and expression.operator == "COALESCE" and _is_full(subject):
        return subject  # `x.fillna(0).fillna(x.mean())`: the mean fills nothing
    function = m.now.function.qualified if m.now.function else ""
    made_of = call.origins() if origins is None else origins
    made = Column(expression, made_of, subject.name, call.span, function, subject.rows, subject.kind)
    is_number = is_statistic(made) or call.entry.statistic == "value"
    return msgspec.structs.replace(made, name="") if is_number and made.name == "prediction" else made


def _is_full(column: Column) -> bool:
    """Whether no value of it can be missing: it was filled before, or rows without a value were dropped."""
    match column.expression:
        case ex.Apply(operator="COALESCE", arguments=(*_, ex.Constant(value=value))):
            return value is not None
        case ex.Apply(
            operator="CALL", arguments=(ex.Constant(value=last), ex.Apply(operator="CALL", arguments=before))
        ):
            ways = {last, before[0].value if isinstance(before[0], ex.Constant) else ""}
            return ways == {"ffill", "bfill"}
        case ex.Column():
            return FULL in column.origins
    return False


def is_statistic(column: Column) -> bool:
    """Whether it is one number about a column: a mean of predictions is no prediction."""
    return isinstance(column.expression, ex.Apply) and column.expression.operator in _STATISTICS


def is_about_all(call: Invocation, result: Any) -> bool:
    """Whether a call computes one number for each column, over all its rows: not `df.mean(axis=1)`."""
    if call.constant("axis", 0) in (1, "columns", "index1", -1):
        return False
    if isinstance(result, Cell) and result.kind == "frame":
        table = result.slots["table"]
        known = list(table.columns.values())
        if call.entry.frame == "aggregate":
            return True
        return bool(call.entry.column) and call.entry.column.partition("(")[0] in _STATISTICS and not known[200:]
    if isinstance(result, Column) and (call.entry.column or call.entry.frame == "aggregate"):
        by_template = call.entry.column.partition("(")[0] in _STATISTICS or call.entry.frame == "aggregate"
        return is_statistic(result) or by_template
    return False


def _each_column(call: Invocation, frame: Cell) -> Any:
    """A frame column by column. An argument that is a dictionary or a frame gives each column the value under its
    name: `df.fillna({"age": 0})` leaves the others as they are, `df.fillna(df.median())` fills each with its own.
    Columns that are not known yet are computed when they are asked for."""
    m, table = call.m, frame.slots["table"]
    compute = _of_each(call, frame)
    mapped = msgspec.structs.replace(table, columns={name: compute(column) for name, column in table.columns.items()})
    if table.open:
        learned = frozenset().union(*(learned_of(value) for value in call.given.values() if value is not frame))
        pending = (*table.pending, Pending((call.name, call.span), compute))
        mapped = msgspec.structs.replace(mapped, pending=pending, origins=mapped.origins | learned)
    if is_changed_in_place(call):
        m.heap.set(frame, "table", mapped)
        return Constant(None)
    return m.heap.new("frame", {"table": mapped, "type": frame.slots["type"]}, (m.now.path, call.at))


def _of_each(call: Invocation, frame: Cell) -> Callable[[Column], Column]:
    """What the call makes of one column of the frame."""
    others = {name: value for name, value in call.given.items() if value is not frame and not name.isdigit()}
    by_name = {name: of for name, value in others.items() if (of := _by_column(call, name, value)) is not None}
    span, function = call.span, call.m.now.function.qualified if call.m.now.function else ""
    shared = frozenset().union(*(origins_of(value) for name, value in others.items() if name not in by_name))

    def compute(column: Column) -> Column:
        own = {name: value for name, of in by_name.items() if (value := of(column.name)) is not None}
        if by_name and not own:
            return column
        made_of = shared.union(column.origins, *(origins_of(value) for value in own.values()))
        made = _column(call.with_given({**call.given, **own}), column, made_of)
        return msgspec.structs.replace(made, span=span, function=function)

    return compute


def _by_column(call: Invocation, name: str, value: Any) -> Callable[[str], Any] | None:
    """What an argument holds for the column of a name, if it gives each column its own. In `df.replace({"?": "none"})`
    the dictionary itself is the argument (the template spreads it), unless it holds one for each column."""
    match value:
        case Cell(kind="dict") if "<rest>" not in value.slots:
            entries = {k: v for k, v in value.slots.items() if isinstance(k, str)}
            is_nested = all(isinstance(v, Cell) and v.kind == "dict" for v in entries.values()) and bool(entries)
            return entries.get if is_nested or f"*{name}" not in call.entry.column else None
        case Cell(kind="frame"):
            table: Table = value.slots["table"]
            return table.column
    return None


def is_changed_in_place(call: Invocation) -> bool:
    """Whether the receiver itself changes: `df.dropna(inplace=True)`."""
    mutates = call.entry.mutates
    return bool(mutates) and (mutates == "always" or call.is_true(mutates))


def is_column_changed(m: Machine, function: Any, arguments: Arguments, at: facts.At) -> bool:
    """Whether a method changes the values of the column that it is called on: `df["x"].fillna(0, inplace=True)`."""
    if not (isinstance(function, Bound) and isinstance(function.receiver, Column)):
        return False
    name = function.function
    entry = m.library.calls.get(name) if isinstance(name, str) else None
    if entry is None or not (entry.column and entry.mutates):
        return False
    return is_changed_in_place(Invocation(m, name, entry, function.receiver, arguments, at))


# ---------------------------------------------------------------------------------------------- templates


def instantiate(call: Invocation, template: str, subject: Column) -> ex.Expression:
    if template == "CALL":
        return _as_call(call.name.rpartition(".")[2], subject, call.arguments)
    return _build(parse_template(template), call, subject)


@cache
def parse_template(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


def _build(node: ast.expr, call: Invocation, subject: Column) -> ex.Expression:
    """A template is `OPERATOR(argument, ...)`, a parameter's name, `self`, a constant, or one of

    `digits or 0`               the parameter, or what follows where it is not given
    `IF(given(upper), a, b)`    one of two templates; tests: `given(p)`, `plain(p)` (a text without signs that mean
                                something in a regular expression), `p == "s"`, `not`, `and`, `or`
    `*all`                      every positional argument: `F.greatest(a, b, c)`
    `*values`                   each item of a parameter that is a list, each key and value of a dictionary
    `self[0]`, `*self`          an operand, or all, of the operator that the receiver was computed by

    A parameter that is not given, outside of a test, makes the whole unresolved: it never becomes a constant."""
    match node:
        case ast.Call(func=ast.Name(id="IF"), args=[test, then, otherwise]):
            outcome = _test(test, call)
            if outcome is None:
                return ex.Unresolved("an argument that decides the computation is not known")
            return _build(then if outcome else otherwise, call, subject)
        case ast.Call(func=ast.Name(id=operator), args=args):
            return ex.apply(operator, *(part for arg in args for part in _parts(arg, call, subject)))
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return ex.Constant(value)
        case ast.Name(id="self"):
            return subject.expression
        case ast.Subscript(value=ast.Name(id="self"), slice=ast.Constant(value=int(place))):
            operands = _operands(subject.expression)
            return operands[place] if place < len(operands) else ex.Unresolved("an operand that is not there")
        case ast.BoolOp(op=ast.Or(), values=[ast.Name(id=name), default]):
            return expression_of(call, call.get(name)) if is_given(call, name) else _build(default, call, subject)
        case ast.Name(id=name):
            if call.get(name) is None:
                return ex.Unresolved(f"`{name}` is not given")
            return expression_of(call, call.get(name))
    raise ValueError(f"not an expression template: {ast.unparse(node)}")


def _parts(node: ast.expr, call: Invocation, subject: Column) -> list[ex.Expression]:
    match node:
        case ast.Starred(value=ast.Name(id="self")):
            return list(_operands(subject.expression))
        case ast.Starred(value=ast.Name(id="all")):  # every positional argument
            return [expression_of(call, value) for value in call.arguments.args]
        case ast.Starred(value=ast.Name(id=name)):
            return _spread(call, call.get(name))
    return [_build(node, call, subject)]


def _operands(expression: ex.Expression) -> tuple[ex.Expression, ...]:
    return expression.arguments if isinstance(expression, ex.Apply) else (expression,)


def _spread(call: Invocation, value: Any) -> list[ex.Expression]:
    match value:
        case Cell(kind="dict"):
            mapping = _mapping(call, value)
            return list(mapping.arguments) if isinstance(mapping, ex.Apply) else [mapping]
        case Tuple(items=items):
            return [expression_of(call, item) for item in items]
        case Cell(kind="list") if value.slots.get("<rest>") is None and len(value.slots["items"]) <= 40:
            return [expression_of(call, item) for item in value.slots["items"]]
    return [ex.Unresolved("a collection that is not wholly known")]


def is_given(call: Invocation, name: str) -> bool:
    """Whether a parameter is given, other than as None."""
    value = call.get(name)
    return value is not None and not (isinstance(value, Constant) and value.value is None)


def _test(node: ast.expr, call: Invocation) -> bool | None:
    """The outcome of a test in a template; None where it depends on what is not known."""
    match node:
        case ast.Call(func=ast.Name(id="given"), args=[ast.Name(id=name)]):
            return is_given(call, name)
        case ast.Call(func=ast.Name(id="plain"), args=[ast.Name(id=name)]):
            text = call.constant(name)
            return not re.search(r"[\\^$.|?*+()\[\]{}]", text) if isinstance(text, str) else None
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=wanted)]):
            value = call.get(name)
            return value.value == wanted if isinstance(value, Constant) else False if value is None else None
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            outcome = _test(operand, call)
            return None if outcome is None else not outcome
        case ast.BoolOp(op=op, values=values):
            outcomes = [_test(value, call) for value in values]
            decisive = isinstance(op, ast.Or)
            return decisive if decisive in outcomes else None if None in outcomes else not decisive
    raise ValueError(f"not a test of a template: {ast.unparse(node)}")


_TYPES = {
    "int": "int", "int32": "int", "int64": "int", "int8": "int", "int16": "int", "Int64": "int", "float": "float",
    "float32": "float", "float64": "float", "str": "text", "string": "text", "object": "text", "bool": "bool",
    "integer": "int", "long": "int", "bigint": "int", "boolean": "bool", "Integer": "int", "Long": "int",
    "Double": "float", "Float": "float", "String": "text", "Boolean": "bool", "Timestamp": "timestamp",
    "Date": "date", "Float64": "float", "Float32": "float", "Int32": "int", "Utf8": "text", "Datetime": "timestamp",
    "Int8": "int", "Int16": "int", "UInt8": "int", "category": "category", "datetime64[ns]": "timestamp",
    "uint8": "int", "double": "float", "i8": "int",
}  # fmt: skip


def expression_of(call: Invocation, value: Any) -> ex.Expression:
    match value:
        case Column(expression=expression):
            return expression
        case Constant(value=constant):
            return ex.Constant(_TYPES.get(constant, constant) if isinstance(constant, str) else constant)
        case External(name=name):  # a type: `astype(int)`, `np.float32`
            last = name.rpartition(".")[2]
            return ex.Constant(_TYPES.get(last, last))
        case None:
            return ex.Constant(None)
        case Cell(kind="dict"):
            return _mapping(call, value)
        case Cell(kind="object") if str(value.slots["class"]).endswith("Type"):  # Spark's `IntegerType()`
            last = str(value.slots["class"]).rpartition(".")[2].removesuffix("Type")
            return ex.Constant(_TYPES.get(last, last))
    return ex.Unresolved("an argument that is not known")


def _mapping(call: Invocation, cell: Cell) -> ex.Expression:
    pairs = [(k, v) for k, v in cell.slots.items() if not (isinstance(k, str) and k.startswith("<"))]
    if "<rest>" in cell.slots or len(pairs) > 40:
        return ex.Unresolved("a mapping that is not wholly known")
    parts: list[ex.Expression] = []
    for key, value in pairs:
        parts += [ex.Constant(key), expression_of(call, value)]
    return ex.apply("PAIRS", *parts)


def looked_up(m: Machine, table: Any, key: Any, otherwise: Any, at: facts.At) -> Any:
    """`CODES[lead["channel"]]`, `CODES.get(channel, 0)`: what a dictionary of constants gives for a column. Of files,
    for one value of a request, that is each of them: `joblib.load(PATHS[request.size])`.

    A key that is missing raises, or gives `otherwise`; the expression says null for the first, as `map` does."""
    if not (
        isinstance(table, Cell) and table.kind == "dict" and isinstance(key, Column) and "<rest>" not in table.slots
    ):
        return None
    pairs = [(k, v) for k, v in table.slots.items() if not (isinstance(k, str) and k.startswith("<"))]
    if not pairs or len(pairs) > 40 or not all(isinstance(v, Constant) for _, v in (*pairs, ("", otherwise))):
        return None
    if not key.kind and all(isinstance(v.value, str) and _IS_FILE.search(v.value) for _, v in pairs):
        known = [v for _, v in pairs] + ([] if otherwise.value is None else [otherwise])
        return join_all([msgspec.structs.replace(v, origins=v.origins | key.origins) for v in known])
    flat = [ex.Constant(x) for k, v in pairs for x in (k, v.value)]
    expression = ex.apply("MAP", key.expression, *flat, ex.Constant(otherwise.value))
    function = m.now.function.qualified if m.now.function else ""
    return Column(expression, key.origins, key.name, m.span(at), function, key.rows, key.kind)


_IS_FILE = re.compile(r"[\w.}]/[\w.{]|\w\.[a-z]\w{1,7}$")


def of_origins(call: Invocation, kind: str) -> Column:
    """A column of which only the origins are known."""
    name = next((v.name for v in (call.receiver, *call.arguments.values()) if isinstance(v, Column)), "")
    expression = ex.Unresolved(f"`{call.name}` has no expression")
    function = call.m.now.function.qualified if call.m.now.function else ""
    return Column(expression, call.origins(), name, call.span, function, kind=kind)


def unmodelled(m: Machine, receiver: Column, name: str, arguments: Arguments, at: facts.At) -> Column:
    """A method of a column that no model knows: equal only to the same call on the same column."""
    origins = receiver.origins.union(*(origins_of(value) for value in arguments.values()))
    expression = _as_call(f".{name}", receiver, arguments)
    function = m.now.function.qualified if m.now.function else ""
    return Column(expression, origins, receiver.name, m.span(at), function, receiver.rows, receiver.kind)


def _as_call(name: str, receiver: Column, arguments: Arguments) -> ex.Expression:
    positional = arguments.args[1:] if arguments.args and arguments.args[0] is receiver else arguments.args
    parts = [_plain(value) for value in positional]
    keywords = [p for key, value in sorted(arguments.keywords.items()) for p in (ex.Constant(key), _plain(value))]
    return ex.apply("CALL", ex.Constant(name), receiver.expression, *parts, *keywords)


def _plain(value: Any) -> ex.Expression:
    match value:
        case Column(expression=expression):
            return expression
        case Constant(value=constant):
            return ex.Constant(constant)
    return ex.Constant(text_of(value)) if is_text(value) else ex.Unresolved("an argument that is not known")
