"""Tables that a repository calls by several names: `orders`, `public.orders`, `shop.public.orders`.

They are one only where that is known: a script or a connection has said in which schema a bare name lies (marked by
`sql.namespaces`), dbt's settings tell where it puts a model, or the schema is the one in which every database of the
product looks first. Two schemas may well have tables of one name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mllint.lineage.ids import dataset_of
from mllint.linker.project import Project
from mllint.linker.python.results.effects import Effects
from mllint.linker.sql.dbt import projects
from mllint.linker.sql.namespaces import MARK

_DEFAULTS = ("public", "dbo", "main", "default")  # of Postgres, Redshift; SQL Server; DuckDB, SQLite; Spark, Hive
_PREFIX = "table:"
_SOME_CATALOG = re.compile(r"\{[^{}]*\}\.([\w$*-]+\.[\w$*-]+)")  # BigQuery: f"{project}.raw.orders"


def join_tables(project: Project, effects: Effects) -> dict[str, str]:
    """Give each table one id, in all that SQL and Python said; returns the new ids by the old ones."""
    ids, flows = _named(project, effects)
    names = {id.removeprefix(_PREFIX) for id in ids if id.startswith(_PREFIX)}
    names = {name for name in names if "{" not in name or _SOME_CATALOG.fullmatch(name)}
    if not any("." in name or MARK in name for name in names):
        return {}
    homes = {table: found for dbt in projects(project) for table, found in dbt.homes.items()}
    own = {r.table for dbt in projects(project) for r in dbt.resources}
    own |= {name.lower() for dbt in projects(project) for name in dbt.names.sources.values()}
    found = one_name(names, own, homes, {(a.removeprefix(_PREFIX), b.removeprefix(_PREFIX)) for a, b in flows})
    entries = project.declarations.entries
    declared = {name.removeprefix(_PREFIX) for entry in entries for name in (entry.name, *entry.reads, *entry.writes)}
    new_ids = {_PREFIX + old: _PREFIX + new for old, new in _as_declared(found, declared).items()}
    rename(project, new_ids)
    if new_ids:
        effects.records = {entry: _renamed(record, new_ids) for entry, record in effects.records.items()}
    return new_ids


def rename(project: Project, ids: Mapping[str, str]) -> None:
    """Call tables and their columns, or models, by other ids, in all that is known of the project so far."""
    if not ids:
        return
    project.graph.rename(lambda id: _renamed(id, ids))
    project.definitions = _renamed(project.definitions, ids)
    project.in_sql = _renamed(project.in_sql, ids)
    project.rejoined = {_renamed(id, ids) for id in project.rejoined}
    project.flows = _renamed(project.flows, ids)
    project.observations = _renamed(project.observations, ids)
    project.coverage.gaps = _renamed(project.coverage.gaps, ids)


def _named(project: Project, effects: Effects) -> tuple[set[str], set[tuple[str, str]]]:
    """All ids of datasets, and which of them flow into which."""
    records = effects.records.values()
    ids = set(project.graph.nodes)
    ids |= {mark.id for record in records for mark in record.marks}
    ids |= {access.id for record in records for access in record.accesses}
    flows = {(dataset_of(edge.source), dataset_of(edge.target)) for edge in project.graph.edges()}
    flows |= {(dataset_of(link.source), dataset_of(link.target)) for record in records for link in record.links}
    flows |= {(source, passing.target) for r in records for passing in r.passings for source in passing.sources}
    return ids, flows


def one_name(
    names: Iterable[str], own: set[str], homes: Mapping[str, set[str]], flows: set[tuple[str, str]]
) -> dict[str, str]:
    """The name by which each table is called from now on, where that is another one.

    `own` are names that dbt gives; `homes` are the places where it puts what it makes; what flows from one name into
    the other is a copy, and so another table.
    """
    names = set(names)
    somewhere = {name: hit[1] for name in names if (hit := _SOME_CATALOG.fullmatch(name)) is not None}
    names -= somewhere.keys()
    written = {name for name in names if MARK not in name}
    same: dict[str, str] = {}
    whole: dict[str, set[str]] = defaultdict(set)  # the last word -> all names, marked ones with their schema
    marked: dict[str, set[str]] = defaultdict(set)  # a name as written -> those with their schema
    for name in names:
        whole[_last(name)].add(name.replace(MARK, "."))
        if MARK in name:
            marked[name.partition(MARK)[2]].add(name)

    def is_copy(one: str, other: str) -> bool:
        return (one, other) in flows or (other, one) in flows

    for short, those in marked.items():
        for name in those:
            same[name] = _of_marked(name, short, those, written)
        found = {same[name] for name in those}
        if short in written and len(found) == 1 and short not in own:
            [one] = found
            if all(_agree(one, other) for other in whole[_last(short)]) and not is_copy(short, one):
                same[short] = one
    for table, places in homes.items():  # what dbt makes keeps the name that its project gives it
        for other in whole[_last(next(iter(places), ""))] & written - own:
            if "." in other and any(_agree(other, place) for place in places) and not is_copy(table, other):
                same[other] = table
    for name in written - own - same.keys() - marked.keys():
        default = _by_default(name, whole[_last(name)] & written) if "." not in name else ""
        if default and not is_copy(name, default):
            same[name] = default
    for name, rest in somewhere.items():
        longer = [other for other in written if other.endswith("." + rest)]
        alike = [other for other, its in somewhere.items() if its == rest]
        is_shared = rest in written or len(alike) > 1
        found_name = longer[0] if len(longer) == 1 else rest if is_shared and not longer else ""
        if found_name and not any(is_copy(one, other) for one in alike for other in (found_name, *alike)):
            same[name] = found_name
    return {old: _end(old, same) for old in same if _end(old, same) != old}


def _of_marked(name: str, short: str, those: set[str], written: set[str]) -> str:
    """Who says both `analytics::orders` and `analytics.orders` means one table. Where nobody does, it is called as the
    repository calls it, unless that would be the name of two tables."""
    full = name.replace(MARK, ".")
    if full in written:
        return full
    longer = [other for other in written if _agree(other, full) and other.count(".") > short.count(".")]
    if len(longer) == 1:
        return longer[0]
    is_only = all(_agree(other.replace(MARK, "."), full) for other in those)
    return short if is_only and not longer else full


def _by_default(name: str, others: set[str]) -> str:
    if name.startswith("pg_") and f"pg_catalog.{name}" in others:
        return f"pg_catalog.{name}"
    found = [other for other in others if other.rpartition(".")[0].rpartition(".")[2] in _DEFAULTS]
    fewest = min((other.count(".") for other in found), default=0)
    nearest = [other for other in found if other.count(".") == fewest]
    return nearest[0] if len(nearest) == 1 and len({other.split(".")[-2] for other in found}) == 1 else ""


def _agree(one: str, other: str) -> bool:
    """Whether two names may be of one table: one leaves out what the other says.

    >>> _agree("raw.orders", "shop.raw.orders"), _agree("raw.orders", "mart.orders"), _agree("x.orders", "x.orders")
    (True, False, True)
    """
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _end(name: str, same: Mapping[str, str]) -> str:
    seen = {name}
    while name in same and same[name] not in seen:
        name = same[name]
        seen.add(name)
    return name


def _as_declared(found: dict[str, str], declared: set[str]) -> dict[str, str]:
    """A name that people declared stays."""
    better = {new: old for old, new in sorted(found.items()) if old in declared and new not in declared}
    every = {**found, **{new: new for new in better}}
    turned = {old: better.get(new, new) for old, new in every.items()}
    return {old: new for old, new in turned.items() if old != new}


def _last(name: str) -> str:
    return name.replace(MARK, ".").rpartition(".")[2]


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """The same value with other ids, however deep they stand in it."""
    made = value
    match value:
        case str():
            if value in ids:
                made = ids[value]
            elif value.startswith("column:table:"):
                dataset, sign, column = value.removeprefix("column:").rpartition("#")
                made = f"column:{ids[dataset]}{sign}{column}" if dataset in ids else value
        case dict():
            made = {_renamed(key, ids): _renamed(inner, ids) for key, inner in value.items()}
        case list() | set() | frozenset():
            made = type(value)(_renamed(inner, ids) for inner in value)
        case tuple():
            made = tuple(_renamed(inner, ids) for inner in value)
        case msgspec.Struct():
            old = {name: getattr(value, name) for name in value.__struct_fields__}
            new = {name: _renamed(inner, ids) for name, inner in old.items()}
            changed = {name: inner for name, inner in new.items() if inner != old[name]}
            made = msgspec.structs.replace(value, **changed) if changed else value
    return made
