"""dbt projects: what their models, seeds, snapshots and sources are called in the warehouse, and what their Jinja says.

Nothing is run: `ref`, `source`, `var`, `env_var` and the project's own macros are looked up, the rest stays a hole.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, encode
from mllint.linker.project import Project
from mllint.linker.sql.template import Names, config_of, macros_in, rendered

FILE = "dbt_project.yml"
_PATHS = {  # key of dbt_project.yml, the older key, the default
    "models": ("model-paths", "source-paths", "models"),
    "seeds": ("seed-paths", "data-paths", "seeds"),
    "snapshots": ("snapshot-paths", "snapshot-paths", "snapshots"),
    "macros": ("macro-paths", "macro-paths", "macros"),
}
_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")


class Resource(msgspec.Struct, frozen=True):
    """A model, seed or snapshot: the file that makes it, and the table's name. `settings` are those of its
    properties file, innermost last; `name` is what `ref` calls it."""

    kind: str  # models, seeds, snapshots
    name: str
    path: str
    table: str


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
    warehouse: str = ""  # sqlglot's name of its dialect, empty if nothing tells

    def of_file(self, path: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.path == path]


def projects(project: Project) -> list[Dbt]:
    """The dbt projects of the repository, read once."""
    if project.dbt is None:
        named = sorted((facts.path for facts in project.named(FILE)), key=lambda path: (-path.count("/"), path))
        taken: set[str] = set()  # files of a project within another are the inner one's
        project.dbt = [_read(project, path, taken) for path in named if project.config(path) is not None]
    found: list[Dbt] = project.dbt
    return found


def of_path(project: Project, path: str) -> Dbt | None:
    """The innermost dbt project around a file."""
    return next((dbt for dbt in projects(project) if _is_below(path, dbt.folder)), None)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _read(project: Project, path: str, taken: set[str]) -> Dbt:
    settings = project.config(path)
    assert settings is not None
    folder = posixpath.dirname(path)
    files = [f for f in project.files.values() if _is_below(f.path, folder) and f.path not in taken]
    taken.update(facts.path for facts in files)
    variables = {e.key: _plain(e.value) for e in entries(settings, "vars")}
    variables |= {e.key: _plain(e.value) for e in entries(settings, "vars", text(settings, "name"))}
    dbt = Dbt(path, folder, settings, Names(variables))
    by_kind = {kind: [f for f in files if _lies_in(f.path, dbt, kind)] for kind in _PATHS}
    for kind in ("models", "seeds", "snapshots"):
        dbt.properties += [each for facts in by_kind[kind] for each in _properties(facts)]
    for facts in by_kind["macros"]:
        if facts.sql is not None:
            dbt.names.macros.update(macros_in(facts.sql.text))
    outputs = _outputs(project, dbt)
    types = (text(output, "type") for output in outputs)
    dbt.warehouse = next(filter(None, types), "") or _imported(by_kind["models"])
    _add_sources(dbt)
    targets = [_word(dbt, text(output, "schema") or text(output, "dataset")) for output in outputs]
    _add_resources(project, dbt, by_kind, targets)
    return dbt


def _lies_in(path: str, dbt: Dbt, kind: str) -> bool:
    key, older, default = _PATHS[kind]
    listed = items(dbt.settings, key) or items(dbt.settings, older)
    roots = [str(value.value) for value in listed] or [default]
    return any(_is_below(path, posixpath.normpath(posixpath.join(dbt.folder, root))) for root in roots)


def _properties(facts: FileFacts) -> Iterator[Property]:
    """`models: [{name: rides, columns: [...]}]`, `sources:`, `exposures:`, `groups:` of a file such as schema.yml."""
    if facts.kind != "yaml" or facts.config is None:
        return
    for document in facts.config.documents:
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
        schema = _word(dbt, text(each.value, "schema")) or name
        database = _word(dbt, text(each.value, "database") or text(each.value, "catalog"))
        for table in items(each.value, "tables"):
            own = text(table, "name")
            last = _word(dbt, text(table, "identifier")) or own
            parts = [part for part in (database, schema, last) if part]
            dbt.names.sources[name.lower(), own.lower()] = ".".join(parts)


def _word(dbt: Dbt, written: str) -> str:
    """A part of a table's name with its Jinja looked up; empty where it is not known, or is no plain word."""
    found = rendered(written, dbt.names) if "{" in written else written
    return found if found and re.fullmatch(r"\w+", found) else ""


def _outputs(project: Project, dbt: Dbt) -> list[Value]:
    """What profiles.yml says of the databases that the project may run in, its default first."""
    found = []
    for facts in project.named("profiles.yml", "profiles.yaml"):
        profile = get(project.config(facts.path), text(dbt.settings, "profile"))
        default = rendered(text(profile, "target"), dbt.names)
        listed = sorted(entries(profile, "outputs"), key=lambda entry: entry.key != default)
        found += [entry.value for entry in listed]
    return found


def _imported(models: list[FileFacts]) -> str:
    """Python models that import Snowpark run in Snowflake."""
    return "snowflake" if any(f.python and re.search(rb"snowflake", encode(f)) for f in models) else ""


def _add_resources(project: Project, dbt: Dbt, by_kind: dict[str, list[FileFacts]], targets: list[str]) -> None:
    wanted: list[tuple[str, str, str, str, str]] = []
    for kind in ("models", "seeds", "snapshots"):
        for facts in by_kind[kind]:
            for name in _made_by(facts, kind):
                config = _config_of(dbt, facts, kind, name)
                wanted.append((kind, name, facts.path, config.get("alias") or name, config.get("schema", "")))
    used = _used_schemas(project, dbt, by_kind["models"], [t for t in targets if t], wanted)
    for kind, name, path, last, schema in wanted:
        table = f"{used[schema]}.{last}".lower() if used.get(schema) else last.lower()
        if table in dbt.names.sources.values():  # `stg_rides` on top of the source `public.stg_rides`
            table = last.lower()
        dbt.resources.append(Resource(kind, name, path, table))
        dbt.names.tables[name.lower()] = table


def _used_schemas(
    project: Project,
    dbt: Dbt,
    models: list[FileFacts],
    targets: list[str],
    wanted: list[tuple[str, str, str, str, str]],
) -> dict[str, str]:
    """For each schema that the project gives its tables (empty: none), the schema by which the rest of the repository
    calls them. dbt writes to `mart`, `dev_mart` or `dev`: which, its project does not tell, but what reads it does."""
    lasts: dict[str, set[str]] = {}
    for *_, last, schema in wanted:
        lasts.setdefault(schema, set()).add(last.lower())
    if not targets and set(lasts) <= {""}:
        return {}
    elsewhere = _texts(project, models)
    found: dict[str, str] = {}
    for schema, names in sorted(lasts.items()):
        candidates = [schema, *(f"{target}_{schema}" for target in targets)] if schema else targets
        own = names - {source.rpartition(".")[2] for source in dbt.names.sources.values()}
        for each in candidates:
            called = re.compile(rb"(?<![a-z_.])" + re.escape(each.lower()).encode() + rb"\.(\w+)")
            if any(hit.decode() in own for text in elsewhere for hit in called.findall(text)):
                found[schema] = each
                break
    return found


def _texts(project: Project, models: list[FileFacts]) -> list[bytes]:
    inside = {facts.path for facts in models}
    return [encode(f).lower() for f in project.files.values() if f.path not in inside and (f.python or f.sql)]


def _made_by(facts: FileFacts, kind: str) -> list[str]:
    """The names under which a file's tables are known to `ref`."""
    if kind == "seeds":
        return [_stem(facts.path)] if facts.path.endswith((".csv", ".tsv")) else []
    if facts.sql is not None and facts.path.endswith(".sql"):
        found = _SNAPSHOT.findall(facts.sql.text)
        return found if found or kind == "snapshots" else [_stem(facts.path)]
    is_python = kind == "models" and facts.path.endswith(".py") and facts.python is not None
    return [_stem(facts.path)] if is_python else []


def _config_of(dbt: Dbt, facts: FileFacts, kind: str, name: str) -> dict[str, str]:
    """`schema` and `alias` of a resource: of folders in dbt_project.yml, of its properties, of the file itself."""
    found = {key.lstrip("+"): text(value) for key, value in folder_settings(dbt, facts.path, kind).items()}
    for each in dbt.properties:
        if each.section == kind and text(each.value, "name") == name:
            found |= {e.key: text(e.value) for e in entries(each.value, "config")}
    if facts.sql is not None:  # {{ config(schema="mart", alias="rides") }}
        given = config_of(facts.sql.text, dbt.names)
        found |= {key: value for key, value in given.items() if isinstance(value, str)}
    return {key: _word(dbt, found.get(key, "")) for key in ("schema", "alias")}


def folder_settings(dbt: Dbt, path: str, kind: str) -> dict[str, Value]:
    """`models: {shop: {staging: {+schema: raw}}}` of dbt_project.yml, as it holds for a file."""
    level = get(dbt.settings, kind)
    found: dict[str, Value] = {}
    folders = posixpath.relpath(path, dbt.folder or ".").split("/")[1:]
    for step in ("", text(dbt.settings, "name"), *folders[:-1], _stem(path)):
        inner = get(level, step) if step else level
        if inner is None:
            if step == text(dbt.settings, "name"):
                continue
            break
        level = inner
        found |= {e.key: e.value for e in inner.entries if e.key.startswith("+") or e.value.kind == "scalar"}
    return found


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


# --------------------------------------------------------------------------------------------- ways through YAML


def get(value: Value | None, *path: str) -> Value | None:
    for key in path:
        value = next((e.value for e in value.entries if e.key == key), None) if value is not None else None
    return value


def text(value: Value | None, *path: str) -> str:
    found = get(value, *path)
    return str(found.value) if found is not None and found.kind == "scalar" and found.value is not None else ""


def entries(value: Value | None, *path: str) -> Any:
    found = get(value, *path)
    return found.entries if found is not None else ()


def items(value: Value | None, *path: str) -> tuple[Value, ...]:
    found = get(value, *path)
    return found.items if found is not None else ()


def _plain(value: Value) -> Any:
    return [_plain(item) for item in value.items] if value.kind == "sequence" else value.value
