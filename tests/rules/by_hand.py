"""Lineage built by hand: `lineage(step("file:a.csv", "model:m", "trains", "train.py:3"), ...)`."""

from __future__ import annotations

from typing import Any

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.lineage import Coverage
from mllint.lineage.observations import Output
from mllint.rule import Context, Declarations, Declared, Finding, Lineage, Observations, Rule, Span

LANGUAGES = {
    "py": "python",
    "ipynb": "python",
    "sql": "sql",
    "R": "r",
    "scala": "scala",
    "java": "java",
    "js": "javascript",
    "sh": "shell",
}
KINDS = {"model": "model", "endpoint": "endpoint", "consumer": "consumer", "column": "column", "feature": "feature"}


def at(place: str) -> Span:
    """`train.py:3` as a span."""
    path, _, line = place.rpartition(":")
    return Span(path, int(line), 1, int(line), 9)


def step(source: str, target: str, kind: str, place: str, read: str = "", **more: Any) -> Edge:
    span = at(place)
    language = LANGUAGES[span.path.rpartition(".")[2]]
    more = {"job": span.path, "language": language, "read": at(read) if read else None, **more}
    return Edge(source, target, kind, span=span, **more)  # type: ignore[arg-type]


def lineage(
    *steps: Edge, declared: list[Declared] | None = None, owners: list[tuple[str, str]] | None = None, **seen: Any
) -> Lineage:
    graph = Graph()
    for edge in steps:
        for id in (edge.source, edge.target):
            graph.add_node(id, KINDS.get(id.partition(":")[0], "dataset"))  # type: ignore[arg-type]
        if edge.kind == "saves":
            graph.add_node(edge.target, "artifact")
    for edge in steps:
        graph.add_edge(edge)
    graph.freeze()
    # where predictions go is observed too, unless a test tells otherwise
    filled = [
        Output(edge.source, edge.target, edge.span, edge.job)
        for edge in steps
        if edge.kind in ("predicts", "serves") and edge.span is not None
    ]
    seen.setdefault("outputs", filled)
    return Lineage(graph, Observations(**seen), Declarations(declared or [], owners or []), Coverage())


def run(rule: Rule, tree: Lineage, today: str = "2024-06-15", **options: Any) -> list[Finding]:
    return list(rule.check(tree, Context({**rule.options, **options}, today)))


def places(findings: list[Finding]) -> list[str]:
    return [f"{finding.span.path}:{finding.span.line}" for finding in findings]
