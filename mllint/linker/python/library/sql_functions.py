"""Functions of Python that SQL calls by a name: `spark.udf.register("eta", f)`, `con.create_function("eta", f)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import NOTHING, Function, Unknown, origins_of, text_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.sql.statements import OutputColumn


def register_function(call: Invocation) -> Any:
    """From now on, statements of SQL may call it: what it gives comes from what it holds, a model for example."""
    name, function = text_of(call.get("name")), call.get("f")
    if name and function is not None:
        call.m.store(_place(name), function)
    return function if function is not None else Unknown()


def held_by(m: Machine, column: OutputColumn, at: int) -> frozenset[str]:
    """What the functions of Python in a column's expression bring into it."""
    found: frozenset[str] = frozenset()
    for name in _called(column.expression):
        function = m.recall(_place(name)) if m.knows(_place(name)) else None
        found |= origins_of(function) if function is not None else NOTHING
        if isinstance(function, Function):
            given = tuple(Unknown() for _ in function.facts.parameters)
            found |= origins_of(m.call(function, Arguments(given), at))
    return frozenset(origin for origin in found if not origin.startswith("@"))


def _place(name: str) -> str:
    return f"function:{name.lower()}"


def _called(expression: ex.Expression) -> list[str]:
    """The names of functions that are none of SQL's own."""
    if not isinstance(expression, ex.Apply):
        return []
    own = expression.arguments[:1] if expression.operator == "CALL" else ()
    named = [str(each.value) for each in own if isinstance(each, ex.Constant)]
    return named + [name for argument in expression.arguments for name in _called(argument)]


TABLE: dict[str, Callable[[Invocation], Any]] = {"register_function": register_function}
