"""The dbt projects of a repository: what their models, seeds, snapshots and sources are called in the warehouse.

Nothing is run: see `template` for what the names in Jinja stand for, `dbt_resources` for how tables are called.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mllint.facts.file import FileFacts, encode
from mllint.linker.project import Project
from mllint.linker.sql.dbt_artifacts import add_macros
from mllint.linker.sql.dbt_metrics import metrics
from mllint.linker.sql.dbt_project import Dbt, Property, is_below, lies_in, outputs, word
from mllint.linker.sql.dbt_resources import add_resources, tell_apart
from mllint.linker.sql.dbt_yaml import entries, items, plain, text
from mllint.linker.sql.names import Names

FILE = "dbt_project.yml"


def projects(project: Project) -> list[Dbt]:
    """The dbt projects of the repository, read once."""
    if project.dbt is None:
        named = sorted((facts.path for facts in project.named(FILE)), key=lambda path: (-path.count("/"), path))
        taken: set[str] = set()  # files of a project within another are the inner one's
        found = [_read(project, path, taken) for path in named if project.config(path) is not None]
        for dbt in found:
            dbt.names.others = {other.names.project: other.names for other in found if other is not dbt}
        for dbt in found:
            add_macros(project, dbt, {other.names.project for other in found})
            add_resources(project, dbt)
        tell_apart(found)
        for dbt in found:
            dbt.names.metrics = metrics(dbt)
        project.dbt = found
    known: list[Dbt] = project.dbt
    return known


def of_path(project: Project, path: str) -> Dbt | None:
    """The innermost dbt project around a file."""
    return next((dbt for dbt in projects(project) if is_below(path, dbt.folder)), None)


def _read(project: Project, path: str, taken: set[str]) -> Dbt:
    from mllint.linker.sql.template import macros_in

    settings = project.config(path)
    assert settings is not None
    folder, name = posixpath.dirname(path), text(settings, "name")
    files = [f for f in project.files.values() if is_below(f.path, folder) and f.path not in taken]
    taken.update(facts.path for facts in files)
    variables = {e.key: plain(e.value) for e in entries(settings, "vars")}
    variables |= {e.key: plain(e.value) for e in entries(settings, "vars", name)}
    dbt = Dbt(path, folder, settings, Names(variables, project=name))
    for facts in files:
        if facts.kind == "yaml" and any(lies_in(facts.path, dbt, kind) for kind in ("models", "seeds", "snapshots")):
            dbt.properties += _properties(facts)
        elif facts.sql is not None and facts.sql.jinja and lies_in(facts.path, dbt, "macros"):
            dbt.names.macros.update(macros_in(facts.sql.text, name))
    for each in dbt.properties:
        dbt.by_name.setdefault((each.section, text(each.value, "name")), []).append(each)
    models = [facts for facts in files if lies_in(facts.path, dbt, "models")]
    kinds = (text(output, "type") for output in outputs(project, dbt))
    dbt.names.warehouse = next(filter(None, kinds), "") or _imported(models)
    # Where nothing tells the warehouse, it is none of those that a macro asks for: the common case stays.
    dbt.names.target = {"type": dbt.names.warehouse}
    _add_sources(dbt)
    return dbt


def _properties(facts: FileFacts) -> Iterator[Property]:
    """`models: [{name: rides, columns: [...]}]`, `sources:`, `exposures:`, `groups:` of a file such as schema.yml."""
    for document in facts.config.documents if facts.config is not None else ():
        for section in document.entries:
            for value in section.value.items:
                if value.kind == "mapping" and text(value, "name"):
                    yield Property(section.key, value, facts.path)


def _add_sources(dbt: Dbt) -> None:
    """`source('f1', 'laps')` is the table that its YAML names: database.schema.identifier."""
    for each in dbt.properties:
        if each.section != "sources":
            continue
        name = text(each.value, "name")
        schema = word(dbt, text(each.value, "schema")) or name
        database = word(dbt, text(each.value, "database") or text(each.value, "catalog"))
        for table in items(each.value, "tables"):
            own = text(table, "name")
            last = word(dbt, text(table, "identifier")) or own
            parts = [part for part in (database, schema, last) if part]
            dbt.names.sources[name.lower(), own.lower()] = ".".join(parts)


def _imported(models: list[FileFacts]) -> str:
    """Python models that import Snowpark run in Snowflake."""
    return "snowflake" if any(f.python and re.search(rb"snowflake", encode(f)) for f in models) else ""
