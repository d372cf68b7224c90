"""dbt: what its properties files declare (exposures, owners, groups, deprecations), and the seeds behind its tables."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.lineage.declarations import Declared, Deprecation
from mllint.lineage.graph import Edge
from mllint.lineage.ids import column_id, file_id, table_id
from mllint.linker.project import Project
from mllint.linker.sql.dbt import Dbt, Property, projects
from mllint.linker.sql.dbt_resources import folder_settings
from mllint.linker.systems import tree
from mllint.source import Span

_TABLES = ("models", "seeds", "snapshots")


def link(project: Project) -> None:
    for dbt in projects(project):
        _seeds(project, dbt)
        _settings(project, dbt)
        _python_reads(project, dbt)
        for each in dbt.properties:
            project.observations.declared += _declared(dbt, each)


def _seeds(project: Project, dbt: Dbt) -> None:
    """`dbt seed` loads each CSV file into the table of its name."""
    graph = project.graph
    for seed in (resource for resource in dbt.resources if resource.kind == "seeds"):
        file, table, span = file_id(seed.path), table_id(seed.table), Span(seed.path, 1)
        graph.add_node(file, "dataset", span)
        graph.add_node(table, "dataset", span)
        graph.add_edge(Edge(file, table, "derives", "direct", dbt.path, "", span))
        for name in project.header(file) or ():
            source = graph.add_node(column_id(file, name), "column", span, name=name).id
            target = graph.add_node(column_id(table, name.lower()), "column", span, name=name.lower()).id
            graph.add_edge(Edge(source, target, "derives", "direct", dbt.path, "", span))


def _python_reads(project: Project, dbt: Dbt) -> None:
    """A Python model depends on all that it asks for, also where nothing of it reaches what it returns."""
    graph = project.graph
    for (path, table), span in sorted(dbt.python_reads.items()):
        for resource in dbt.of_file(path):
            source, target = table_id(table), table_id(resource.table)
            if {source, target} <= graph.nodes.keys() and source not in {e.source for e in graph.in_edges(target)}:
                graph.add_edge(Edge(source, target, "derives", "indirect", path, "python", span, resolved=False))


def _settings(project: Project, dbt: Dbt) -> None:
    """On the table: `group: finance` of a model, of its config, or of its folder in dbt_project.yml, and whether the
    settings in sight leave it out."""
    for resource in dbt.resources:
        node = project.graph.nodes.get(table_id(resource.table))
        if node is not None and not resource.enabled:
            node.attributes["enabled"] = False
        inherited = folder_settings(dbt, resource.path, resource.kind)
        name = tree.text(inherited.get("+group", inherited.get("group")))
        for each in dbt.said_of(resource.kind, resource.name):
            name = tree.text(each.value, "group") or tree.text(each.value, "config", "group") or name
        if node is not None and name:
            node.attributes["group"] = name


# ------------------------------------------------------------------------------------------- declarations


def _declared(dbt: Dbt, each: Property) -> Iterator[Declared]:
    value = each.value
    if each.section == "exposures":
        yield _exposure(dbt, each)
    elif each.section in _TABLES:
        yield from _table(dbt, each, value, table_id(dbt.names.ref(tree.text(value, "name"))), _group_owner(dbt, value))
    elif each.section == "sources":
        source = tree.text(value, "name")
        for table in tree.items(value, "tables"):
            id = table_id(dbt.names.source(source, tree.text(table, "name")))
            yield from _table(dbt, each, table, id, _owner(value))


def _exposure(dbt: Dbt, each: Property) -> Declared:
    """`exposures: [{name: board, type: dashboard, owner: {name: Growth}, depends_on: [ref('rides')]}]`"""
    from mllint.linker.sql.template import references

    value, names = each.value, dbt.names
    listed = [tree.text(item) for item in tree.items(value, "depends_on")]
    reads = dict.fromkeys(table_id(name) for text in listed for name in references(text, names))
    owner = tree.text(value, "owner", "name") or tree.text(value, "owner", "email")
    return Declared(
        "consumer", tree.text(value, "name"), tree.span(each.path, value), each.path, owner,
        tree.text(value, "description"), _tags(value), reads=tuple(reads),
    )  # fmt: skip


def _table(dbt: Dbt, each: Property, value: Value, id: str, owner: str) -> Iterator[Declared]:
    yield from _entry(each, value, id, owner)
    for column in tree.items(value, "columns"):
        name = tree.text(column, "name").strip('"`').lower()
        yield from _entry(each, column, column_id(id, name), "")
    for version in tree.items(value, "versions"):  # models: [{name: rides, versions: [{v: 1, deprecation_date: ...}]}]
        yield from _entry(each, version, table_id(dbt.names.ref(tree.text(value, "name"), tree.text(version, "v"))), "")


def _entry(each: Property, value: Value, id: str, owner: str) -> Iterator[Declared]:
    """What people say of a table or column, if it is more than what it is called and holds."""
    owner, tags, deprecated = _owner(value) or owner, _tags(value), _deprecation(value)
    if owner or tags or deprecated:
        span = tree.span(each.path, _place(value))
        about = tree.text(value, "description")
        yield Declared("source", id, span, each.path, owner, about, tags, deprecated)


def _place(value: Value) -> Value:
    """Where a thing is said to be deprecated, else where its name stands."""
    return tree.get(value, "deprecation_date") or tree.get(value, "name") or value


def _deprecation(value: Value) -> Deprecation | None:
    """`deprecation_date: 2024-01-31`; `meta: {deprecated: true}`, or with since, sunset and replacement; a tag."""
    sunset = tree.text(value, "deprecation_date")[:10]
    marks = [tree.get(meta, "deprecated") for meta in _metas(value)]
    mark = next((found for found in marks if found is not None and found.value is not False), None)
    if mark is not None and mark.kind == "mapping":
        words = {key: tree.text(mark, key) for key in ("since", "sunset", "replacement")}
        return Deprecation(words["since"], words["sunset"] or sunset, words["replacement"])
    is_marked = sunset or (mark is not None and mark.value is not None) or "deprecated" in _tags(value)
    replacements = (tree.text(meta, "replacement") for meta in _metas(value))
    return Deprecation(sunset=sunset, replacement=next(filter(None, replacements), "")) if is_marked else None


def _owner(value: Value) -> str:
    """`meta: {owner: "@ana"}`, `owner: {name: Ana}` of a group or source."""
    found = (tree.text(meta, "owner") or tree.text(meta, "owner", "name") for meta in _metas(value))
    return next(filter(None, found), "") or tree.text(value, "owner", "name") or tree.text(value, "owner", "email")


def _group_owner(dbt: Dbt, value: Value) -> str:
    name = tree.text(value, "group") or tree.text(value, "config", "group")
    groups = [p.value for p in dbt.properties if p.section == "groups" and tree.text(p.value, "name") == name]
    return _owner(groups[0]) if groups and name else ""


def _metas(value: Value) -> list[Value]:
    found = (tree.get(value, "meta"), tree.get(value, "config", "meta"))
    return [meta for meta in found if meta is not None]


def _tags(value: Value) -> tuple[str, ...]:
    listed = (*tree.items(value, "tags"), *tree.items(value, "config", "tags"))
    return tuple(tree.text(tag) for tag in listed if tree.text(tag))
