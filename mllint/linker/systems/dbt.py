"""dbt: what its properties files declare (exposures, owners, groups, deprecations), and the seeds behind its tables."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.lineage.declarations import Declared, Deprecation
from mllint.lineage.graph import Edge
from mllint.lineage.ids import column_id, file_id, table_id
from mllint.lineage.observations import Evaluation
from mllint.linker.project import Project
from mllint.linker.sql.dbt import of_path, projects
from mllint.linker.sql.dbt_artifacts import depend
from mllint.linker.sql.dbt_metrics import semantic_models
from mllint.linker.sql.dbt_project import Dbt, Property
from mllint.linker.sql.dbt_resources import folder_settings
from mllint.linker.systems import tree
from mllint.source import Span

_KINDS = {"metrics": "metric", "semantic_models": "semantic_model", "saved_queries": "saved_query"}
_TABLES = ("models", "seeds", "snapshots")


def link(project: Project) -> None:
    for dbt in projects(project):
        _seeds(project, dbt)
        _settings(project, dbt)
        _python_reads(project, dbt)
        _tests(project, dbt)
    for dbt in projects(project):
        depend(project, dbt)
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


# -------------------------------------------------------------------------------------------------- tests


def _tests(project: Project, dbt: Dbt) -> None:
    """Tests of data: queries of their own, and what properties files ask of tables and columns. Each is a check that
    runs with the pipeline; what is asked stands on the node."""
    for facts in project.of_kind("sql"):
        if dbt.is_test(facts.path) and of_path(project, facts.path) is dbt:
            project.observations.evaluations.append(Evaluation(facts.path, Span(facts.path, 1), "check"))
    for each in dbt.properties:
        for id, value in _tested(dbt, each):
            asked = [*tree.items(value, "tests"), *tree.items(value, "data_tests")]
            names = [tree.text(test) or tree.text(test, "test_name") or _first_key(test) for test in asked]
            spans = {tree.span(each.path, test) for test in asked}
            project.observations.evaluations += [Evaluation(each.path, span, "check") for span in sorted(spans)]
            node = project.graph.nodes.get(id)
            if node is not None and names:
                known = node.attributes.setdefault("tests", [])
                known += [name for name in dict.fromkeys(names) if name and name not in known]


def _first_key(value: Value) -> str:
    return next((entry.key for entry in value.entries if entry.key not in ("name", "config", "description")), "")


def _tested(dbt: Dbt, each: Property) -> Iterator[tuple[str, Value]]:
    """The tables and columns of a properties file."""
    name = tree.text(each.value, "name")
    tables: list[tuple[str, Value]] = []
    if each.section in _TABLES:
        tables = [(table_id(dbt.names.ref(name)), each.value)]
    elif each.section == "sources":
        listed = tree.items(each.value, "tables")
        tables = [(table_id(dbt.names.source(name, tree.text(table, "name"))), table) for table in listed]
    for id, value in tables:
        yield id, value
        for column in tree.items(value, "columns"):
            yield column_id(id, tree.text(column, "name").strip('"`').lower()), column


# ------------------------------------------------------------------------------------------- declarations


def _declared(dbt: Dbt, each: Property) -> Iterator[Declared]:
    value = each.value
    if each.section == "exposures":
        yield _exposure(dbt, each)
    elif each.section in ("metrics", "semantic_models", "saved_queries"):
        yield _metric(dbt, each)
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


def _metric(dbt: Dbt, each: Property) -> Declared:
    """Whoever asks the semantic layer for a metric uses the tables behind it."""
    name, kind = tree.text(each.value, "name"), _KINDS[each.section]
    known, metrics = dbt.names.metrics, tree.items(each.value, "query_params", "metrics")
    tables = known.get(name, ()) if kind == "metric" else semantic_models(dbt).get(name, ())
    if kind == "saved_query":
        tables = tuple({table: None for each in metrics for table in known.get(tree.text(each), ())})
    return Declared(
        "consumer", f"{kind}.{name}", tree.span(each.path, each.value), each.path, _owner(each.value),
        tree.text(each.value, "description"), _tags(each.value), reads=tuple(table_id(table) for table in tables),
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
