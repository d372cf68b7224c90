"""How findings tell a path: labelled places, what it reaches, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import is_resolved
from mllint.source import Span

_VERBS = {
    "reads": "{target} reads {source}",
    "writes": "{target} is written from {source}",
    "derives": "{target} is derived from {source}",
    "trains": "{target} is trained on {source}",
    "saves": "{source} is saved as {target}",
    "loads": "{source} is loaded for {target}",
    "predicts": "{target} holds predictions of {source}",
    "serves": "{source} is served at {target}",
    "consumes": "{target} reads {source}",
    "declares": "{target} is declared to read {source}",
}


def told(graph: Graph, path: Iterable[Edge]) -> list[tuple[Span, str]]:
    """Each step of a path that has a place, with a sentence that says what happens there."""
    steps: list[tuple[Span, str]] = []
    for edge in path:
        words = _VERBS[edge.kind].format(source=name(graph, edge.source), target=name(graph, edge.target))
        if edge.span is not None and (edge.span, words) not in steps:
            steps.append((edge.span, words))
    return steps


def name(graph: Graph, id: str) -> str:
    """A node as people call it, in backticks: `data/trips.csv`, `POST /eta`."""
    node = graph.nodes.get(id)
    return f"`{node.name if node else id}`"


def ends(graph: Graph, ids: Iterable[str]) -> list[str]:
    """The models, endpoints and consumers that `ids` reach, nearest first, with those among `ids` themselves."""
    order = list(dict.fromkeys(ids))
    seen = set(order)
    for id in order:
        for edge in graph.out_edges(id):
            if edge.target not in seen:
                seen.add(edge.target)
                order.append(edge.target)
    return [id for id in order if id in graph.nodes and graph.nodes[id].kind in ("model", "endpoint", "consumer")]


def paths_to(
    graph: Graph,
    start: str,
    is_end: Callable[[Edge], bool],
    avoid: Collection[str] = (),
    follows: Callable[[Edge], bool] | None = None,
) -> Iterator[list[Edge]]:
    """A shortest path of edges seen in code (or of those for which `follows` holds) from `start` to each node at which
    `is_end` holds for the edge into it; no path goes on beyond such a node, or through one of `avoid`."""
    follows = follows or is_seen
    before: dict[str, list[Edge]] = {start: []}
    todo = [start]
    for id in todo:
        for edge in graph.out_edges(id):
            if follows(edge) and edge.target not in before and edge.target not in avoid:
                before[edge.target] = [*before[id], edge]
                if is_end(edge):
                    yield before[edge.target]
                else:
                    todo.append(edge.target)


def certainty(edges: Iterable[Edge]) -> Literal["proven", "likely"]:
    """`likely` as soon as one step was assumed rather than followed."""
    return "proven" if all(edge.resolved for edge in edges) else "likely"


def is_seen(edge: Edge) -> bool:
    """Whether the edge was found in code, between things whose names are known, rather than stated by a person or a
    configuration file. Two files of unknown name may share the node `file:{unknown}`, and are not the same."""
    return edge.strength != "declared" and edge.kind != "declares" and _is_known(edge.source) and _is_known(edge.target)


def _is_known(id: str) -> bool:
    return is_resolved(id) or "endpoint:" in id  # the braces of a route are a parameter
