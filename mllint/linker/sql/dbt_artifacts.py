"""What dbt's own artifacts say of a project, where they lie in the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mllint.facts.dbt import Artifact, Node
from mllint.lineage.graph import Edge
from mllint.lineage.ids import table_id
from mllint.linker.project import Project
from mllint.linker.sql.dbt_project import Dbt
from mllint.linker.sql.dbt_yaml import text
from mllint.linker.sql.names import Names
from mllint.linker.sql.schema import Schema
from mllint.source import Span

_MADE = ("model.", "snapshot.")


def _artifacts(project: Project, dbt: Dbt) -> Iterator[tuple[str, Artifact]]:
    folder = posixpath.join(dbt.folder, text(dbt.settings, "target-path") or "target")
    for name in ("manifest.json", "catalog.json"):
        facts = project.files.get(posixpath.join(folder, name))
        if facts is not None and facts.dbt is not None:
            yield facts.path, facts.dbt


def add_columns(project: Project, dbt: Dbt, schema: Schema) -> None:
    """The columns of tables as the warehouse has them."""
    for _, artifact in _artifacts(project, dbt):
        for node in artifact.nodes:
            table = _table(dbt, node.id)
            if table and node.columns:
                schema.add(table, [name for name, _ in node.columns], [type_ for _, type_ in node.columns])


def add_macros(project: Project, dbt: Dbt, own: set[str]) -> None:
    """Macros of installed packages, which are rarely in the repository itself."""
    from mllint.linker.sql.template import macros_in

    for _, artifact in _artifacts(project, dbt):
        for package, written in artifact.macros:
            if package not in own:
                other = dbt.names.others.setdefault(package, Names(project=package))
                other.macros.update(macros_in(written, package))


def depend(project: Project, dbt: Dbt) -> None:
    """What the manifest says that a model depends on, where nothing else shows it."""
    graph = project.graph
    for path, artifact in _artifacts(project, dbt):
        for node in artifact.nodes:
            target = _id(dbt, node)
            if target not in graph.nodes or not node.id.startswith(_MADE):
                continue
            seen = {edge.source for edge in graph.in_edges(target)}
            for parent in node.after:
                source, span = table_id(_table(dbt, parent)), Span(path, 1)
                if source in graph.nodes and source not in seen and source != target:
                    graph.add_edge(Edge(source, target, "derives", "declared", path, "", span))


def _id(dbt: Dbt, node: Node) -> str:
    return table_id(_table(dbt, node.id))


def _table(dbt: Dbt, id: str) -> str:
    """`model.shop.rides.v2`, `source.shop.raw.stops`"""
    kind, *parts = id.split(".")
    match kind, parts:
        case "source", [_, source, table]:
            return dbt.names.sources.get((source.lower(), table.lower()), "")
        case (("model" | "seed" | "snapshot"), [package, name]):
            return _known_table(dbt, package, name.lower())
        case "model", [package, name, version]:
            return _known_table(dbt, package, f"{name}_{version}".lower())
    return ""


def _known_table(dbt: Dbt, package: str, name: str) -> str:
    names = dbt.names if package == dbt.names.project else dbt.names.others.get(package)
    return names.tables.get(name, "") if names is not None else ""
