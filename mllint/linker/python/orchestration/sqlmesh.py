"""Models of SQLMesh that are written in Python.

@model("shop.far", columns={"id": "int"})
def execute(context, start, end, execution_time, **kwargs):
    rides = context.fetchdf(f"SELECT id, km FROM {context.resolve_table('shop.rides')}")
    return rides[rides["km"] > 10]
"""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.libraries.models import Entry, Place
from mllint.lineage.ids import table_id
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Function, options_of, text_of
from mllint.linker.python.library import queries
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import passing
from mllint.linker.python.orchestration.job import Job


class Model(msgspec.Struct, frozen=True, eq=False):
    table: str
    function: Function
    is_sql: bool  # what the function returns is a query


def register(m: Machine, decorator: Any, function: Function) -> None:
    """Note a function under `@model("shop.rides")`."""
    given = decorator.slots.get("arguments", {}) if isinstance(decorator, Cell) else {}
    table = text_of(given.get("name"))
    if table and not m.in_test:
        is_sql = given.get("is_sql") == Constant(True)
        m.plans.setdefault("sqlmesh", {})[function.path, function.facts.at] = Model(table.lower(), function, is_sql)


def jobs(m: Machine) -> list[Job]:
    found = sorted(m.plans.get("sqlmesh", {}).items())
    return [Job(f"sqlmesh {path} {model.table}", path, _runner(model)) for (path, _), model in found]


def _runner(model: Model) -> Any:
    return lambda m: run(m, model)


def run(m: Machine, model: Model) -> None:
    at = model.function.facts.at
    slots = {"type": "sqlmesh.Context", "class": "sqlmesh.Context", "arguments": {}, "origins": frozenset()}
    context = m.heap.new("object", slots, (m.now.path, at))
    result = m.call(model.function, Arguments((context,), {}), at)
    with m.activation(model.function.scope, m.module_scope_of(model.function.scope), model.function.path, None):
        for option in options_of(result):
            if model.is_sql:
                query = Invocation(m, "sql", Entry(), None, Arguments((), {"sql": option}), at)
                option = queries.execute(query, Place(query="sql"))
            passing.put(m, table_id(model.table), option, at)
