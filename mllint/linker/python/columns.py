"""Computations on columns: the expression templates of library models, and calls that have none."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python.arguments import Arguments
from mllint.linker.python.heap import Cell
from mllint.linker.python.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.values import Column, Constant, External, Unknown, is_text, origins_of, text_of


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
    if all(isinstance(value, Constant) for value in call.arguments.values()) or not call.origins():
        return Unknown(call.origins(), f"a result of `{call.name}`", call.span)
    return Unknown(call.origins(), f"a result of `{call.name}`", call.span)


def _column(call: Invocation, subject: Column) -> Column:
    m = call.m
    expression = instantiate(call, call.entry.column, subject)
    function = m.now.function.qualified if m.now.function else ""
    return Column(expression, call.origins(), subject.name, call.span, function, subject.rows, subject.kind)


def _each_column(call: Invocation, frame: Cell) -> Cell:
    m = call.m
    table = frame.slots["table"]
    new = {name: _column(call, column) for name, column in table.columns.items()}
    import msgspec

    mapped = msgspec.structs.replace(table, columns=new)
    return m.heap.new("frame", {"table": mapped, "type": frame.slots["type"]}, (m.now.path, call.at))


def instantiate(call: Invocation, template: str, subject: Column) -> ex.Expression:
    return _build(_parse(template), call, subject)


@cache
def _parse(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


def _build(node: ast.expr, call: Invocation, subject: Column) -> ex.Expression:
    """A template is `OPERATOR(argument, ...)`, a parameter's name, `self`, or a constant."""
    match node:
        case ast.Call(func=ast.Name(id=operator), args=args):
            return ex.apply(operator, *(_build(arg, call, subject) for arg in args))
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return ex.Constant(value)
        case ast.Name(id="self"):
            return subject.expression
        case ast.BoolOp(op=ast.Or(), values=[ast.Name(id=name), default]):  # `decimals or 0`
            return expression_of(call, call.get(name)) if call.get(name) is not None else _build(default, call, subject)
        case ast.Name(id=name):
            return expression_of(call, call.get(name))
    raise ValueError(f"not an expression template: {ast.unparse(node)}")


_TYPES = {
    "int": "int", "int32": "int", "int64": "int", "int8": "int", "int16": "int", "Int64": "int", "float": "float",
    "float32": "float", "float64": "float", "str": "text", "string": "text", "object": "text", "bool": "bool",
    "category": "category", "datetime64[ns]": "timestamp", "uint8": "int", "double": "float", "i8": "int",
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
    return ex.Unresolved("an argument that is not known")


def _mapping(call: Invocation, cell: Cell) -> ex.Expression:
    pairs = [(k, v) for k, v in cell.slots.items() if not (isinstance(k, str) and k.startswith("<"))]
    if "<rest>" in cell.slots or len(pairs) > 40:
        return ex.Unresolved("a mapping that is not wholly known")
    parts: list[ex.Expression] = []
    for key, value in pairs:
        parts += [ex.Constant(key), expression_of(call, value)]
    return ex.apply("PAIRS", *parts)


def looked_up(m: Machine, table: Any, key: Any, otherwise: Any, at: facts.At) -> Column | None:
    """`CODES[lead["channel"]]`, `CODES.get(channel, 0)`: what a dictionary of constants gives for a column.

    A key that is missing raises, or gives `otherwise`; the expression says null for the first, as `map` does."""
    if not (
        isinstance(table, Cell) and table.kind == "dict" and isinstance(key, Column) and "<rest>" not in table.slots
    ):
        return None
    pairs = [(k, v) for k, v in table.slots.items() if not (isinstance(k, str) and k.startswith("<"))]
    if not pairs or len(pairs) > 40 or not all(isinstance(v, Constant) for _, v in (*pairs, ("", otherwise))):
        return None
    flat = [ex.Constant(x) for k, v in pairs for x in (k, v.value)]
    expression = ex.apply("MAP", key.expression, *flat, ex.Constant(otherwise.value))
    function = m.now.function.qualified if m.now.function else ""
    return Column(expression, key.origins, key.name, m.span(at), function, key.rows, key.kind)


def of_origins(call: Invocation, kind: str) -> Column:
    """A column of which only the origins are known."""
    name = next((v.name for v in (call.receiver, *call.arguments.values()) if isinstance(v, Column)), "")
    expression = ex.Unresolved(f"`{call.name}` has no expression")
    function = call.m.now.function.qualified if call.m.now.function else ""
    return Column(expression, call.origins(), name, call.span, function, kind=kind)


def unmodelled(m: Machine, receiver: Column, name: str, arguments: Arguments, at: facts.At) -> Column:
    """A method of a column that no model knows: equal only to the same call on the same column."""
    origins = receiver.origins.union(*(origins_of(value) for value in arguments.values()))
    parts = [_plain(value) for value in arguments.args]
    keywords = [p for key, value in sorted(arguments.keywords.items()) for p in (ex.Constant(key), _plain(value))]
    expression = ex.apply("CALL", ex.Constant(name), receiver.expression, *parts, *keywords)
    function = m.now.function.qualified if m.now.function else ""
    return Column(expression, origins, receiver.name, m.span(at), function, receiver.rows, receiver.kind)


def _plain(value: Any) -> ex.Expression:
    match value:
        case Column(expression=expression):
            return expression
        case Constant(value=constant):
            return ex.Constant(constant)
    return ex.Constant(text_of(value)) if is_text(value) else ex.Unresolved("an argument that is not known")
