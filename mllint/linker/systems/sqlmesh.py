"""SQLMesh: seeds, which are CSV files under a table's name; owners of models; audits, which check data."""

from __future__ import annotations

import posixpath

from mllint.lineage.declarations import Declared
from mllint.lineage.graph import Edge
from mllint.lineage.ids import column_id, file_id, table_id
from mllint.lineage.observations import Evaluation
from mllint.linker.project import Project
from mllint.linker.sql.sqlmesh import Head, heads
from mllint.source import Span


def link(project: Project) -> None:
    for path, head in heads(project).items():
        span = Span(path, 1)
        if head.kind == "audit":
            project.observations.evaluations.append(Evaluation(path, span, "check"))
        elif head.seed:
            _seed(project, path, head)
        if head.owner and head.table:
            project.observations.declared.append(Declared("source", table_id(head.table), span, path, head.owner))


def _seed(project: Project, path: str, head: Head) -> None:
    """`kind SEED (path '../seeds/zones.csv')`"""
    graph, span = project.graph, Span(path, 1)
    file = file_id(posixpath.normpath(posixpath.join(posixpath.dirname(path), head.seed)))
    table = table_id(head.table)
    graph.add_node(file, "dataset", span)
    graph.add_node(table, "dataset", span)
    graph.add_edge(Edge(file, table, "derives", "direct", path, "sql", span))
    for name in project.header(file) or ():
        source = graph.add_node(column_id(file, name), "column", span, name=name).id
        target = graph.add_node(column_id(table, name.lower()), "column", span, name=name.lower()).id
        graph.add_edge(Edge(source, target, "derives", "direct", path, "sql", span))
