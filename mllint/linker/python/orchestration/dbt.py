"""Models of dbt that are written in Python: what `model` returns is the table of the file's name.

def model(dbt, session):
    rides = dbt.ref("stg_rides").to_pandas()
    return rides[rides["KM"] > 0]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mllint.facts.file import encode
from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id, table_id
from mllint.linker.project import Project
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column, Function, Unknown, options_of, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.library import storage
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import passing
from mllint.linker.python.orchestration.job import Job
from mllint.linker.sql.dbt import of_path, projects
from mllint.linker.sql.dbt_project import Dbt, Resource


def needed(project: Project) -> set[str]:
    """The libraries whose models Python models of dbt need, though they import none of them."""
    return {"dbt"} if any(True for _ in _models(project)) else set()


def _models(project: Project) -> Iterator[tuple[Dbt, Resource]]:
    for dbt in projects(project):
        for resource in dbt.resources:
            if resource.kind == "models" and resource.path.endswith(".py"):
                yield dbt, resource


def jobs(m: Machine) -> list[Job]:
    """One for each Python model, those that others refer to first."""
    models = {resource.name: resource for _, resource in _models(m.project)}
    ordered: dict[str, Resource] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in ordered or name in above:
            return
        for other in _mentioned(m.project, models[name], models):
            visit(other, above | {name})
        ordered[name] = models[name]

    for name in sorted(models):
        visit(name, frozenset())
    return [Job(f"dbt {resource.path}", resource.path, _runner(resource)) for resource in ordered.values()]


def _mentioned(project: Project, resource: Resource, names: Iterable[str]) -> list[str]:
    """The other Python models whose names stand in a model's file."""
    text = encode(project.files[resource.path])
    return sorted(name for name in names if name != resource.name and name.encode() in text)


def _runner(resource: Resource) -> Any:
    return lambda m: run(m, resource)


def run(m: Machine, resource: Resource) -> None:
    module = m.modules.get(resource.path) or m.script(resource.path)
    model = module.slots.get("model") if module is not None else None
    for function in options_of(model) if model is not None else ():
        if isinstance(function, Function):
            at = function.facts.at
            result = m.call(function, Arguments((_object(m, "dbt.Dbt", at), _object(m, "dbt.Session", at))), at)
            with m.activation(function.scope, m.module_scope_of(function.scope), resource.path, None):
                for option in options_of(result):
                    passing.put(m, table_id(resource.table), _in_lower_case(m, option, at), at)


def _object(m: Machine, kind: str, at: Any) -> Cell:
    slots = {"type": kind, "class": kind, "arguments": {}, "origins": frozenset()}
    return m.heap.new("object", slots, (m.now.path, at))


def _in_lower_case(m: Machine, value: Any, at: Any) -> Any:
    """A frame with the column names that SQL knows its columns by: `RACE_YEAR` of pandas is `race_year` there."""
    if not (isinstance(value, Cell) and value.kind == "frame"):
        return value
    table: Table = value.slots["table"]
    columns = {name.lower(): column for name, column in table.columns.items()}
    return frames.like(m, value, msgspec.structs.replace(table, columns=columns), at)


# ------------------------------------------------------------------------------------- what `dbt` can do


def ref(call: Invocation) -> Any:
    """`dbt.ref("rides")`, `dbt.ref("package", "rides")`, `dbt.ref("rides", v=2)`"""
    dbt = of_path(call.m.project, call.m.now.path)
    name = text_of(call.get("second")) or text_of(call.get("name"))
    if dbt is None or not name:
        return _unknown(call)
    return _frame(call, dbt, dbt.names.ref(name, str(call.constant("v|version", ""))))


def source(call: Invocation) -> Any:
    """`dbt.source("raw", "rides")`"""
    dbt = of_path(call.m.project, call.m.now.path)
    name, table = text_of(call.get("source")), text_of(call.get("table"))
    return _frame(call, dbt, dbt.names.source(name, table)) if dbt and name and table else _unknown(call)


def _unknown(call: Invocation) -> Any:
    storage.note_unknown(call, call.get("name|source"), is_read=True)
    return Unknown(call.origins(), "the name of the table is not known", call.span)


def _frame(call: Invocation, dbt: Dbt, name: str) -> Cell:
    m, node = call.m, table_id(name)
    m.tracker.everything()
    dbt.python_reads.setdefault((m.now.path, name), call.span)
    m.effects.mark(node, "dataset", call.span)
    m.effects.access(node, call.span, m.now.path, True)
    stored = m.recall(node)
    known = m.columns_of_table(name)
    if isinstance(stored, Cell) and stored.kind == "frame":
        table: Table = stored.slots["table"]
        known = None if table.open else list(table.columns)
    upper = dbt.warehouse == "snowflake"  # pandas gets the names of columns as Snowflake holds them
    columns = {}
    for each in known or ():
        shown = each.upper() if upper else each
        columns[shown] = Column(ex.Column(node, each), frozenset({column_id(node, each)}), shown, rows=node)
    base = frozenset({node})
    made = Table(columns, known is None, frozenset() if known else base, origins=base, rows=node, folds=True)
    return frames.new(m, made, "dbt.DataFrame", call.at)
