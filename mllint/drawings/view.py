"""Which part of the graph is drawn: around a node, up or down, with columns or without."""

from __future__ import annotations

from collections import deque
from typing import Literal

import msgspec

from mllint.errors import UsageError
from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.ids import split_column
from mllint.lineage.lineage import Coverage
from mllint.lineage.names import unknown

NEAR = 100
Level = Literal["dataset", "column"]


class View(msgspec.Struct, frozen=True):
    """What is drawn: nodes by id, and edges between them, both in an order that the graph's making does not shape."""

    nodes: list[Node]
    edges: list[Edge]
    coverage: Coverage


def view(
    graph: Graph,
    coverage: Coverage,
    *,
    level: Level = "column",
    focus: str | None = None,
    upstream: bool = False,
    downstream: bool = False,
) -> View:
    """The nodes that lead to `focus` (`upstream`), that it reaches (`downstream`), or both if neither is asked for;
    without a focus, all of them. Raises UsageError if there is no such node."""
    kept = set(graph.nodes) if focus is None else _around(graph, focus, upstream, downstream)
    edges = [edge for edge in graph.edges() if edge.source in kept and edge.target in kept]
    nodes = [graph.nodes[id] for id in sorted(kept)]
    if level == "dataset":
        edges = _without_columns(graph, edges)
        ends = {end for edge in edges for end in (edge.source, edge.target)}
        nodes = [graph.nodes[id] for id in sorted(kept | ends) if not _is_column(graph, id)]
    return View(nodes, edges, coverage)


def _around(graph: Graph, focus: str, upstream: bool, downstream: bool) -> set[str]:
    if focus not in graph.nodes:
        raise UsageError(unknown(graph, focus))
    start = {focus, *(id for id in graph.nodes if _is_column(graph, id) and split_column(id)[0] == focus)}
    kept = set(start)
    if upstream or not downstream:
        kept |= graph.upstream(start)
    if downstream or not upstream:
        kept |= graph.downstream(start)
    return kept


# -------------------------------------------------------------------------------------------- without columns


def _is_column(graph: Graph, id: str) -> bool:
    return graph.nodes[id].kind == "column"


def _without_columns(graph: Graph, edges: list[Edge]) -> list[Edge]:
    """Edges between columns are told as edges between their datasets, where no other path tells the same."""
    plain = [edge for edge in edges if not _is_column(graph, edge.source) and not _is_column(graph, edge.target)]
    reached = _Reach(plain)
    lifted: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        source, target = _lift(graph, edge.source), _lift(graph, edge.target)
        if source is None or target is None or source == target or (source, target) in lifted:
            continue
        if (source, target) != (edge.source, edge.target) and not reached(source, target):
            lifted[source, target] = msgspec.structs.replace(edge, source=source, target=target, expression="")
    return sorted(
        [*plain, *lifted.values()], key=lambda e: (e.source, e.target, e.kind, e.span is not None, e.span or ())
    )


def _lift(graph: Graph, id: str) -> str | None:
    """The node that stands for a column: its dataset, endpoint or model, if the graph has it."""
    if not _is_column(graph, id):
        return id
    owner = split_column(id)[0]
    return owner if owner in graph.nodes else None


class _Reach:
    """Whether one node leads to another within `NEAR` nodes; each start is walked once. Beyond, an edge is drawn though
    a long way round may tell the same: it is true, and looking for all ways takes the square of the graph's size."""

    def __init__(self, edges: list[Edge]) -> None:
        self._following: dict[str, list[str]] = {}
        for edge in edges:
            self._following.setdefault(edge.source, []).append(edge.target)
        self._known: dict[str, dict[str, None]] = {}

    def __call__(self, source: str, target: str) -> bool:
        if source not in self._known:
            self._known[source] = self._walk(source)
        return target in self._known[source]

    def _walk(self, source: str) -> dict[str, None]:
        seen: dict[str, None] = {}
        todo = deque([source])
        while todo and len(seen) < NEAR:
            for target in self._following.get(todo.popleft(), ()):
                if target not in seen:
                    seen[target] = None
                    todo.append(target)
        return seen
