"""dbt projects: what their models, seeds, snapshots and sources are called in the warehouse, and what their Jinja says.

Nothing is run: see `template` for what the names in Jinja stand for, `dbt_resources` for how tables are called.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, encode
from mllint.linker.project import Project
from mllint.linker.sql.dbt_yaml import entries, get, items, plain, text
from mllint.linker.sql.names import Names
from mllint.source import Span

FILE = "dbt_project.yml"
_PATHS = {  # key of dbt_project.yml, the older key, the default
    "models": ("model-paths", "source-paths", "models"),
    "seeds": ("seed-paths", "data-paths", "seeds"),
    "snapshots": ("snapshot-paths", "snapshot-paths", "snapshots"),
    "macros": ("macro-paths", "macro-paths", "macros"),
    "tests": ("test-paths", "test-paths", "tests"),
}


class Resource(msgspec.Struct, frozen=True):
    """A model, seed or snapshot: the file that makes it, and the table's name. `name` is what `ref` calls it.

    `query` is given where a YAML file makes the table: `snapshots: [{name: old, relation: ref('rides')}]`, and `line`
    where it stands there. A resource that is not `enabled` is one that dbt, with the settings in sight, leaves out."""

    kind: str  # models, seeds, snapshots
    name: str
    path: str
    table: str
    enabled: bool = True
    query: str = ""
    line: int = 1


class Property(msgspec.Struct, frozen=True):
    """One entry of a properties file: `value` is the mapping that has a `name`, of a section such as `models`."""

    section: str
    value: Value
    path: str


class Dbt(msgspec.Struct):
    path: str  # of dbt_project.yml
    folder: str
    settings: Value
    names: Names
    resources: list[Resource] = []
    properties: list[Property] = []
    python_reads: dict[tuple[str, str], Span] = {}  # file of a Python model and the table it asks for: where
    by_name: dict[tuple[str, str], list[Property]] = {}  # properties of a (section, name)

    @property
    def warehouse(self) -> str:
        """sqlglot's name of its dialect, empty if nothing tells."""
        return self.names.warehouse

    def of_file(self, path: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.path == path]

    def said_of(self, section: str, name: str) -> list[Property]:
        return self.by_name.get((section, name), [])

    def is_test(self, path: str) -> bool:
        """Whether a file is a test of data: a query for rows that should not be."""
        return _lies_in(path, self, "tests")


def projects(project: Project) -> list[Dbt]:
    """The dbt projects of the repository, read once."""
    if project.dbt is None:
        from mllint.linker.sql.dbt_artifacts import add_macros
        from mllint.linker.sql.dbt_metrics import metrics
        from mllint.linker.sql.dbt_resources import add_resources, tell_apart

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
    return next((dbt for dbt in projects(project) if _is_below(path, dbt.folder)), None)


def of_kind(project: Project, dbt: Dbt, kind: str) -> list[FileFacts]:
    """The project's files in the folders of a kind."""
    inner = {other.folder for other in project.dbt or () if other is not dbt and _is_below(other.folder, dbt.folder)}
    return [
        facts
        for facts in project.files.values()
        if _lies_in(facts.path, dbt, kind) and not any(_is_below(facts.path, folder) for folder in inner)
    ]


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _lies_in(path: str, dbt: Dbt, kind: str) -> bool:
    key, older, default = _PATHS[kind]
    if not _is_below(path, dbt.folder):
        return False
    listed = items(dbt.settings, key) or items(dbt.settings, older)
    roots = [str(value.value) for value in listed] or [default]
    return any(_is_below(path, posixpath.normpath(posixpath.join(dbt.folder, root))) for root in roots)


def _read(project: Project, path: str, taken: set[str]) -> Dbt:
    from mllint.linker.sql.template import macros_in

    settings = project.config(path)
    assert settings is not None
    folder, name = posixpath.dirname(path), text(settings, "name")
    files = [f for f in project.files.values() if _is_below(f.path, folder) and f.path not in taken]
    taken.update(facts.path for facts in files)
    variables = {e.key: plain(e.value) for e in entries(settings, "vars")}
    variables |= {e.key: plain(e.value) for e in entries(settings, "vars", name)}
    dbt = Dbt(path, folder, settings, Names(variables, project=name))
    for facts in files:
        if facts.kind == "yaml" and any(_lies_in(facts.path, dbt, kind) for kind in ("models", "seeds", "snapshots")):
            dbt.properties += _properties(facts)
        elif facts.sql is not None and facts.sql.jinja and _lies_in(facts.path, dbt, "macros"):
            dbt.names.macros.update(macros_in(facts.sql.text, name))
    for each in dbt.properties:
        dbt.by_name.setdefault((each.section, text(each.value, "name")), []).append(each)
    models = [facts for facts in files if _lies_in(facts.path, dbt, "models")]
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


def word(dbt: Dbt, written: str) -> str:
    """A part of a table's name with its Jinja looked up; empty where it is not known, or is no plain word."""
    from mllint.linker.sql.template import rendered

    found = rendered(written, dbt.names) if "{" in written else written
    return found if found and re.fullmatch(r"\w+", found) else ""


def outputs(project: Project, dbt: Dbt) -> list[Value]:
    """What profiles.yml says of the databases that the project may run in, its default first."""
    found = []
    for facts in project.named("profiles.yml", "profiles.yaml"):
        profile = get(project.config(facts.path), text(dbt.settings, "profile"))
        default = _default_target(dbt, text(profile, "target"))
        listed = sorted(entries(profile, "outputs"), key=lambda entry: entry.key != default)
        found += [entry.value for entry in listed]
    return found


def _default_target(dbt: Dbt, written: str) -> str:
    from mllint.linker.sql.template import rendered

    return rendered(written, dbt.names)


def _imported(models: list[FileFacts]) -> str:
    """Python models that import Snowpark run in Snowflake."""
    return "snowflake" if any(f.python and re.search(rb"snowflake", encode(f)) for f in models) else ""


def stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]
