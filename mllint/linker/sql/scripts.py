"""The SQL files of a repository: parsed, and in the order in which their tables are made."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mllint.facts.file import FileFacts
from mllint.facts.sql import SqlText
from mllint.linker.project import Project
from mllint.linker.sql import psql
from mllint.linker.sql.dbt import of_path, projects
from mllint.linker.sql.dbt_project import Dbt, Resource
from mllint.linker.sql.schema import Schema, table_name
from mllint.linker.sql.sqlmesh import default_dialect, head_of, query_of

if TYPE_CHECKING:
    from mllint.linker.sql.template import Reading


class Script(msgspec.Struct):
    """One SQL file while it is linked: its parsed statements, and the tables that it names as made and as used."""

    path: str
    facts: FileFacts
    parsed: list  # type: ignore[type-arg]  # of `parse.Parsed`, which is imported late
    makes: set[str]
    uses: set[str]
    models: tuple[str, ...]  # of dbt: the table of each SELECT
    dialect: str = ""
    reading: Any = None  # of its Jinja: a `template.Reading`
    says: set[tuple[str, str]] = set()  # columns that it says tables have
    variables: dict[str, str] = {}  # that psql is given


def all_scripts(project: Project, schema: Schema) -> list[Script]:
    ran: dict[str, list[dict[str, str]]] = {}
    for run in project.runs:
        if run.language == "sql":
            ran.setdefault(run.path, []).append(psql.given(run.arguments))
    every = project.files.values()
    found = [s for facts in every if (s := _script(project, facts, schema, ran.get(facts.path, ()))) is not None]
    return found + list(_in_yaml(project, schema))


def _script(project: Project, facts: FileFacts, schema: Schema, ran: Collection[Mapping[str, str]]) -> Script | None:
    """`ran` are the variables that each command gives that runs the file."""
    from mllint.linker.sql.dialects import configured

    if facts.sql is None:
        return None
    head = head_of(facts.sql.text)
    if head is not None:
        query = msgspec.structs.replace(facts, sql=SqlText(query_of(facts.sql.text, head), jinja=facts.sql.jinja))
        dialect = head.dialect or configured(project.settings, facts.path) or default_dialect(project, facts.path)
        script = Script(facts.path, query, [], set(), set(), (head.table,) if head.table else (), dialect)
        parse_script(script)
        return script
    dbt = of_path(project, facts.path)
    dialect = configured(project.settings, facts.path) or (dbt.warehouse if dbt is not None else "")
    models = _models(project, facts)
    reading = _reading(dbt, models, schema) if dbt is not None and facts.sql.jinja else None
    script = Script(facts.path, facts, [], set(), set(), models, dialect, reading, variables=psql.agreed(ran))
    parse_script(script)
    return script


def _reading(dbt: Dbt, models: tuple[str, ...], schema: Schema) -> Reading:
    from mllint.linker.sql.template import Reading

    return Reading(dbt.names, models[0] if len(models) == 1 else "", schema.columns)


def _in_yaml(project: Project, schema: Schema) -> Iterator[Script]:
    """Snapshots that are said in YAML: everything of another table."""
    for dbt in projects(project):
        for resource in dbt.resources:
            if resource.query:
                facts = FileFacts(resource.path, "sql", sql=SqlText(resource.query, resource.line, jinja=True))
                models = (resource.table,)
                script = Script(resource.path, facts, [], set(), set(), models, dbt.warehouse,
                                _reading(dbt, models, schema))  # fmt: skip
                parse_script(script)
                yield script


def parse_script(script: Script) -> None:
    from mllint.linker.sql.parse import parse

    assert script.facts.sql is not None
    script.parsed = parse(script.facts.sql.text, script.dialect, script.reading, script.variables)
    for statement in script.parsed:
        _names(statement, script)
    _place(script)
    script.makes.update(script.models)
    if script.reading is not None:  # `with products as (select * from {{ ref('stg_products') }})` names no table
        script.uses -= {name for statement in script.parsed for name in _common(statement)}
        script.uses.update(script.reading.refs)
    script.uses -= script.makes


def _place(script: Script) -> None:
    """What `USE analytics` makes of the names: another script may call the table `analytics.orders`."""
    from mllint.linker.sql.namespaces import NOWHERE, within

    for namespace in {parsed.namespace for parsed in script.parsed} - {NOWHERE}:
        script.makes |= {table_name(within(name, namespace)) for name in script.makes}
        script.uses |= {table_name(within(name, namespace)) for name in script.uses}


def _common(statement) -> Iterator[str]:  # type: ignore[no-untyped-def]
    from sqlglot import exp

    for each in statement.tree.find_all(exp.CTE) if statement.tree is not None else ():
        yield each.alias.lower()


def _models(project: Project, facts: FileFacts) -> tuple[str, ...]:
    """The tables that dbt makes of a file's SELECTs: those of its project, or, where a template lies below `models/`
    and no project is there to tell, the one of the file's name."""
    if of_path(project, facts.path) is not None:
        return tuple(resource.table for resource in resources(project, facts.path))
    is_template = facts.sql is not None and facts.sql.jinja and "models" in facts.path.split("/")[:-1]
    return (_stem(facts.path),) if is_template else ()


def resources(project: Project, path: str) -> list[Resource]:
    dbt = of_path(project, path)
    return dbt.of_file(path) if dbt is not None else []


def _names(statement, script: Script) -> None:  # type: ignore[no-untyped-def]
    """The tables that a statement makes and uses, and the columns that it says they have: `r.fare` of `rides AS r`."""
    from sqlglot import exp

    from mllint.linker.sql.fallback import called_in_insert
    from mllint.linker.sql.tables import table_name_of

    tree = statement.tree
    if statement.routine is not None:
        script.makes.add(_of_routine(statement.routine.name))
    if tree is None:
        script.uses.update(_of_routine(name) for name in called_in_insert(statement))
        return
    script.uses.update(_of_routine(node.name) for node in tree.find_all(exp.Anonymous))
    if isinstance(tree, exp.Create | exp.Insert | exp.Merge) and isinstance(tree.this, exp.Expr):
        script.makes.add(table_name_of(tree.this))
    called: dict[str, set[str]] = {}  # alias -> the tables, or the derived ones, that have it
    qualified: set[tuple[str, str]] = set()
    for node in tree.find_all(exp.Table, exp.Column, exp.CTE, exp.Subquery):
        if isinstance(node, exp.Column):
            qualified.add((node.table.lower(), node.name.lower()))
            continue
        name = table_name_of(node) if isinstance(node, exp.Table) else ""
        called.setdefault((node.alias or node.name).lower(), set()).add(name)
        if name:
            script.uses.add(name)
    for alias, column in qualified:
        tables = called.get(alias, set())
        if len(tables) == 1 and column not in ("", "*"):
            script.says.update((table, column) for table in tables if table and "" not in called.get(table, ()))


def _of_routine(name: str) -> str:
    """A routine among the names that scripts make and use: with or without its schema."""
    return f"routine {name.rpartition('.')[2].lower()}"


def in_order(scripts: list[Script]) -> list[Script]:
    """Makers before users, else by path. Circles are entered at the smallest path."""
    makers: dict[str, list[Script]] = {}
    for script in scripts:
        for name in script.makes:
            makers.setdefault(name, []).append(script)
    done: dict[str, Script] = {}
    entered: set[str] = set()
    for script in scripts:
        todo = [script]
        while todo:
            top = todo[-1]
            entered.add(top.path)
            needed = {maker.path: maker for name in top.uses for maker in makers.get(name, ())}
            waiting = [needed[path] for path in sorted(needed, reverse=True) if path not in entered]
            todo += waiting
            if not waiting:  # a script that several wait for stands here more than once
                done.setdefault(todo.pop().path, top)
    return list(done.values())


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0].lower()
