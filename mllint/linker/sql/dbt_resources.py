"""The models, seeds and snapshots of a dbt project: from which file each comes, and what its table is called."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, encode
from mllint.linker.project import Project
from mllint.linker.sql.dbt_homes import Homes
from mllint.linker.sql.dbt_project import Dbt, Resource, of_kind, outputs, stem, word
from mllint.linker.sql.dbt_yaml import entries, get, items, plain, text

_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")
_KINDS = ("models", "seeds", "snapshots")


class _Wanted(msgspec.Struct, frozen=True):
    resource: Resource  # whose table is its alias
    schema: str
    database: str


def add_resources(project: Project, dbt: Dbt) -> None:
    by_kind = {kind: of_kind(project, dbt, kind) for kind in _KINDS}
    wanted = [_of_file(dbt, facts, kind, name) for kind in _KINDS for facts in by_kind[kind]
              for name in _made_by(facts, kind)]  # fmt: skip
    wanted += _of_yaml(dbt)
    enabled = {each.resource.name.lower() for each in wanted if each.resource.enabled}
    wanted = [each for each in wanted if each.resource.enabled or each.resource.name.lower() not in enabled]
    targets = [word(dbt, text(output, "schema") or text(output, "dataset")) for output in outputs(project, dbt)]
    used = _used_schemas(project, dbt, by_kind["models"], [t for t in targets if t], wanted)
    tables = [_table(dbt, each, used) for each in wanted]
    times, homes = Counter(tables), Homes(project, dbt)
    for each, table in zip(wanted, tables, strict=True):
        if times[table] > 1:  # in other schemas, of which nothing is known
            table = each.resource.name.lower()
        dbt.resources.append(msgspec.structs.replace(each.resource, table=table))
        dbt.names.tables[each.resource.name.lower()] = table
        dbt.homes.setdefault(table, set()).update(homes.of(each.schema, each.database, each.resource.table))
    for source in dbt.names.sources.values():
        if source.count(".") == 1:
            dbt.homes.setdefault(source.lower(), set()).update(homes.of_source(source))
    _add_latest(dbt)


def _table(dbt: Dbt, wanted: _Wanted, used: dict[str, str]) -> str:
    """An alias is rarely a name of its own: `condition` of the schema `core`, and of others."""
    name, last = wanted.resource.name.lower(), wanted.resource.table.lower()
    schema = used.get(wanted.schema) or (wanted.schema if last != name else "")
    table = f"{schema}.{last}".lower() if schema else last
    is_source = table in dbt.names.sources.values()  # `stg_rides` on top of the source `public.stg_rides`
    return last if is_source else table


def tell_apart(projects: list[Dbt]) -> None:
    """Tables of two projects that would be called the same are called after their projects."""
    owners: dict[str, set[str]] = {}
    for dbt in projects:
        for resource in dbt.resources:
            owners.setdefault(resource.table, set()).add(dbt.path)
    for dbt in projects:
        shared = {r.table for r in dbt.resources if len(owners[r.table]) > 1}
        renamed = {table: f"{dbt.names.project}.{table}".lower() for table in shared if dbt.names.project}
        dbt.resources = [
            msgspec.structs.replace(each, table=renamed.get(each.table, each.table)) for each in dbt.resources
        ]
        dbt.names.tables.update({name: renamed[table] for name, table in dbt.names.tables.items() if table in renamed})
        dbt.homes = {renamed.get(table, table): places for table, places in dbt.homes.items()}


def _made_by(facts: FileFacts, kind: str) -> list[str]:
    """The names under which a file's tables are known to `ref`."""
    if kind == "seeds":
        return [stem(facts.path)] if facts.path.endswith((".csv", ".tsv")) else []
    if facts.sql is not None and facts.path.endswith(".sql"):
        found = _SNAPSHOT.findall(facts.sql.text)
        return found if found or kind == "snapshots" else [stem(facts.path)]
    is_python = kind == "models" and facts.path.endswith(".py") and facts.python is not None
    return [stem(facts.path)] if is_python else []


def _of_file(dbt: Dbt, facts: FileFacts, kind: str, name: str) -> _Wanted:
    model, version = _versions(dbt).get(name, (name, "")) if kind == "models" else (name, "")
    name = f"{model}_v{version}" if version else name
    config = _config_of(dbt, facts, kind, model)
    resource = Resource(kind, name, facts.path, _word(dbt, config.get("alias")) or name, _is_on(dbt, config))
    return _Wanted(resource, _word(dbt, config.get("schema")), _database(dbt, config))


def _of_yaml(dbt: Dbt) -> Iterator[_Wanted]:
    """`snapshots: [{name: old_rides, relation: ref('rides')}]`"""
    for each in dbt.properties:
        relation = text(each.value, "relation")
        if each.section == "snapshots" and relation:
            name = text(each.value, "name")
            config = {e.key: plain(e.value) for e in entries(each.value, "config")}
            query = "select * from {{ " + relation.strip().removeprefix("{{").removesuffix("}}") + " }}"
            alias, line = _word(dbt, config.get("alias")) or name, each.value.line
            yield _Wanted(Resource("snapshots", name, each.path, alias, _is_on(dbt, config), query, line),
                          _word(dbt, config.get("schema")), _database(dbt, config))  # fmt: skip


# ----------------------------------------------------------------------------------------------- versions


def _versions(dbt: Dbt) -> dict[str, tuple[str, str]]:
    """The files of models that have versions: by stem, the model's name and the version that the file defines."""
    found: dict[str, tuple[str, str]] = {}
    for each in dbt.properties:
        if each.section == "models":
            name = text(each.value, "name")
            for version in items(each.value, "versions"):
                number = text(version, "v")
                found[text(version, "defined_in") or f"{name}_v{number}"] = (name, number)
    return found


def _add_latest(dbt: Dbt) -> None:
    """`ref('rides')` without a version is the latest one."""
    for each in dbt.properties:
        numbers = [text(version, "v") for version in items(each.value, "versions")]
        if each.section == "models" and numbers:
            name = text(each.value, "name").lower()
            highest = max(numbers, key=lambda number: (not number.isdigit(), number.zfill(9)))
            latest = text(each.value, "latest_version") or highest
            table = dbt.names.tables.get(f"{name}_v{latest}".lower())
            if table:
                dbt.names.tables[name] = table


# ------------------------------------------------------------------------------------------------ settings


def _config_of(dbt: Dbt, facts: FileFacts, kind: str, name: str) -> dict[str, Any]:
    """The settings of a resource: of folders in dbt_project.yml, of its properties, of the file itself."""
    from mllint.linker.sql.template import config_of

    found = {key.lstrip("+"): plain(value) for key, value in folder_settings(dbt, facts.path, kind).items()}
    for each in dbt.said_of(kind, name):
        found |= {e.key: plain(e.value) for e in entries(each.value, "config")}
    if facts.sql is not None and facts.sql.jinja:  # {{ config(schema="mart", alias="rides") }}
        given = config_of(facts.sql.text, dbt.names)
        found |= {key: value for key, value in given.items() if value is not None}
    return found


def _word(dbt: Dbt, value: Any) -> str:
    return word(dbt, value) if isinstance(value, str) else ""


def _database(dbt: Dbt, config: dict[str, Any]) -> str:
    return _word(dbt, config.get("database") or config.get("catalog") or config.get("project"))


def _is_on(dbt: Dbt, config: dict[str, Any]) -> bool:
    """`enabled: false`, also as `"{{ var('with_rides', false) }}"`"""
    from mllint.linker.sql.template import rendered

    value = config.get("enabled", True)
    written = rendered(value, dbt.names) if isinstance(value, str) else str(value)
    return written.strip().lower() not in ("false", "0", "no", "")


def folder_settings(dbt: Dbt, path: str, kind: str) -> dict[str, Value]:
    """`models: {shop: {staging: {+schema: raw}}}` of dbt_project.yml, as it holds for a file."""
    level = get(dbt.settings, kind)
    found: dict[str, Value] = {}
    folders = posixpath.relpath(path, dbt.folder or ".").split("/")[1:]
    for step in ("", text(dbt.settings, "name"), *folders[:-1], stem(path)):
        inner = get(level, step) if step else level
        if inner is None:
            if step == text(dbt.settings, "name"):
                continue
            break
        level = inner
        found |= {e.key: e.value for e in inner.entries if e.key.startswith("+") or e.value.kind == "scalar"}
    return found


# ------------------------------------------------------------------------------------------------- schemas


def _used_schemas(
    project: Project, dbt: Dbt, models: list[FileFacts], targets: list[str], wanted: list[_Wanted]
) -> dict[str, str]:
    """For each schema that the project gives its tables (empty: none), the schema by which the rest of the repository
    calls them. dbt writes to `mart`, `dev_mart` or `dev`: which, its project does not tell, but what reads it does."""
    lasts: dict[str, set[str]] = {}
    for each in wanted:
        lasts.setdefault(each.schema, set()).add(each.resource.table.lower())
    if not targets and set(lasts) <= {""}:
        return {}
    elsewhere = _texts(project, models)
    found: dict[str, str] = {}
    outside = {source.rpartition(".")[2] for source in dbt.names.sources.values()}
    for schema, names in sorted(lasts.items()):
        candidates = [schema, *(f"{target}_{schema}" for target in targets)] if schema else targets
        own = names - outside
        for each_name in candidates:
            called = re.compile(rb"(?<![a-z_.])" + re.escape(each_name.lower()).encode() + rb"\.(\w+)")
            if any(hit.decode() in own for text_ in elsewhere for hit in called.findall(text_)):
                found[schema] = each_name
                break
    return found


def _texts(project: Project, models: list[FileFacts]) -> list[bytes]:
    inside = {facts.path for facts in models}
    return [encode(f).lower() for f in project.files.values() if f.path not in inside and (f.python or f.sql)]
