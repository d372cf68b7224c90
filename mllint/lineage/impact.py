"""What a node or a file of code reaches: features, models, endpoints, consumers and datasets, and who owns them."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import msgspec

from mllint.lineage.declarations import Declarations, Declared
from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.ids import split_column
from mllint.lineage.lineage import Lineage
from mllint.lineage.models import by_member, models
from mllint.lineage.ownership import consumer_of

KINDS = ("feature", "model", "endpoint", "consumer", "artifact", "dataset")


class Reached(msgspec.Struct, frozen=True):
    """`steps` edges lead to it; `by` is the last of them. `kind` is one of `KINDS`: a column that a model is trained on
    is a feature. `owners` are sorted."""

    id: str
    kind: str
    steps: int
    by: Edge
    owners: tuple[str, ...]


def made_in(graph: Graph, path: str) -> list[Edge]:
    """The edges that the code of a file makes: what may change with it."""
    return [edge for edge in graph.edges() if edge.job == path or (edge.span is not None and edge.span.path == path)]


def of_node(lineage: Lineage, id: str) -> list[Reached]:
    """All that a node reaches, by kind and then the nearest first. A dataset stands for its columns too."""
    graph = lineage.graph
    columns = (other for other in graph.nodes if other.startswith("column:") and split_column(other)[0] == id)
    starts = {id, *columns}
    first = [edge for start in sorted(starts) for edge in graph.out_edges(start) if edge.target not in starts]
    return _sorted(lineage, _reached(graph, first, starts))


def of_edges(lineage: Lineage, edges: list[Edge]) -> list[Reached]:
    """What some edges lead to, and all that reaches."""
    return _sorted(lineage, _reached(lineage.graph, edges, set()))


def reached_by(lineage: Lineage, ids: list[str], kinds: tuple[str, ...]) -> set[str]:
    """What some nodes are, or reach, of these kinds. A model and its artifacts are one."""
    graph = lineage.graph
    starts = dict.fromkeys(ids)
    first = [edge for id in starts for edge in graph.out_edges(id)]
    met = {*starts, *_reached(graph, first, set())}
    member = {id: model.id for model in models(graph) for id in model.members}
    return {member.get(id, id) for id in met if _kind(graph, graph.nodes[member.get(id, id)]) in kinds}


def owners_of(lineage: Lineage) -> Callable[[str], tuple[str, ...]]:
    """Who owns a node: asked often, for one lineage."""
    return _Owners(lineage).of


def _sorted(lineage: Lineage, found: dict[str, tuple[int, Edge]]) -> list[Reached]:
    graph = lineage.graph
    owners = _Owners(lineage)
    reached = [
        Reached(id, kind, steps, edge, owners.of(id))
        for id, (steps, edge) in found.items()
        if (kind := _kind(graph, graph.nodes[id]))
    ]
    return sorted(reached, key=lambda one: (KINDS.index(one.kind), one.steps, one.id))


def _reached(graph: Graph, first: list[Edge], starts: set[str]) -> dict[str, tuple[int, Edge]]:
    """Steps to each node that some edges lead to, and the last edge on the way."""
    found: dict[str, tuple[int, Edge]] = {}
    for edge in first:
        found.setdefault(edge.target, (1, edge))
    for id in (todo := list(found)):
        for edge in graph.out_edges(id):
            if edge.target not in found and edge.target not in starts:
                found[edge.target] = (found[id][0] + 1, edge)
                todo.append(edge.target)
    return found


def _kind(graph: Graph, node: Node) -> str:
    if node.kind == "column":
        fitted = [graph.nodes[edge.target] for edge in graph.out_edges(node.id) if edge.kind == "trains"]
        label = split_column(node.id)[1]
        return "feature" if any(model.attributes.get("label") != label for model in fitted) else ""
    return "dataset" if node.kind == "source" else node.kind


class _Owners:
    """Owners of nodes: those that are declared for them, and those of the files that make them (a consumer: that it
    is) by CODEOWNERS."""

    def __init__(self, lineage: Lineage) -> None:
        self._graph = lineage.graph
        self._declarations: Declarations = lineage.declarations
        self._models = by_member(models(lineage.graph))

    def of(self, id: str) -> tuple[str, ...]:
        node = self._graph.nodes[id]
        declared = {entry.owner for entry in self._declarations.entries if entry.owner and self._is_meant(entry, node)}
        if declared:
            return tuple(sorted(declared))
        given = node.attributes.get("owner")
        if given:
            return (str(given),)
        paths = {edge.span.path for edge in self._graph.in_edges(id) if edge.span is not None}
        return tuple(sorted({owner for path in paths if (owner := self._declarations.owner_of(path))}))

    def _is_meant(self, entry: Declared, node: Node) -> bool:
        match entry.kind:
            case "source":
                return fnmatchcase(node.id, entry.name)
            case "model":
                model = self._models.get(node.id)
                return model is not None and model.is_called(entry.name)
            case "consumer" if node.kind == "consumer":
                return entry.name == node.name or entry in consumer_of(self._declarations, node.name)
        return False
