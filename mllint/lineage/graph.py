"""The lineage graph: a typed façade over networkx."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mllint.lineage.ids import split_column
from mllint.source import Span

if TYPE_CHECKING:
    import networkx

NodeKind = Literal["source", "dataset", "column", "feature", "model", "artifact", "endpoint", "consumer"]
EdgeKind = Literal[
    "reads", "writes", "derives", "trains", "saves", "loads", "predicts", "serves", "consumes", "declares"
]
Strength = Literal["direct", "indirect", "declared"]


class Node(msgspec.Struct):
    """A dataset, column, model, ... `spans` are the places that speak of it, sorted."""

    id: str
    kind: NodeKind
    name: str
    spans: list[Span] = []
    attributes: dict[str, Any] = {}


class Edge(msgspec.Struct, frozen=True):
    """`target` comes from `source`. `job` is the file or stage it runs in; `expression` is printed, for people.

    `resolved` is false where a step of the way was assumed rather than followed: a finding on it is only likely.
    `span` is the place that makes the target (write, fit, load), `read` the place that reads the source.
    `measure`: the target holds only a count or a score of the source, as a metrics file does."""

    source: str
    target: str
    kind: EdgeKind
    strength: Strength = "direct"
    job: str = ""
    language: str = ""
    span: Span | None = None
    expression: str = ""
    resolved: bool = True
    read: Span | None = None
    measure: bool = False


class Graph:
    """Nodes by id, and edges; at most one edge for each (source, target, kind, span)."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, str, Span | None], Edge] = {}
        self._out: dict[str, list[Edge]] = {}
        self._in: dict[str, list[Edge]] = {}
        self._columns: dict[str, list[str]] = {}

    # ------------------------------------------------------------------------------------------- building

    def add_node(self, id: str, kind: NodeKind, span: Span | None = None, name: str = "", **attributes: Any) -> Node:
        """Add a node, or what is new about one that is there. The first kind given stays, but an artifact or model
        outranks a dataset: who saves a model into a file knows more than who reads the file."""
        node = self.nodes.get(id)
        if node is None:
            node = self.put(Node(id, kind, name or _name(id), [], {}))
        elif _RANK[kind] > _RANK[node.kind]:
            node.kind = kind
        if span is not None and span not in node.spans:
            node.spans.append(span)
        for key, value in attributes.items():
            if value not in (None, "", [], ()):
                node.attributes.setdefault(key, value)
        return node

    def put(self, node: Node) -> Node:
        """Put a node in the place of its id, as one that was stored comes back."""
        if node.id not in self.nodes and node.id.startswith("column:"):
            self._columns.setdefault(split_column(node.id)[0], []).append(node.id)
        self.nodes[node.id] = node
        return node

    def add_edge(self, edge: Edge) -> None:
        """Add an edge between nodes that are there; the strongest of equal edges stays, values before measures."""
        key = (edge.source, edge.target, edge.kind, edge.span)
        old = self._edges.get(key)
        if old is not None and _rank(old) >= _rank(edge):
            return
        if old is not None:
            self._out[edge.source].remove(old)
            self._in[edge.target].remove(old)
        self._edges[key] = edge
        self._out.setdefault(edge.source, []).append(edge)
        self._in.setdefault(edge.target, []).append(edge)

    def rejob(self, jobs: Mapping[str, str]) -> None:
        """Put edges of one job (a SQL file) under the job that turned out to run it."""
        for edge in [edge for edge in self._edges.values() if edge.job in jobs]:
            moved = msgspec.structs.replace(edge, job=jobs[edge.job])
            self._edges[edge.source, edge.target, edge.kind, edge.span] = moved
            for edges in (self._out[edge.source], self._in[edge.target]):
                edges[edges.index(edge)] = moved

    def rename(self, named: Callable[[str], str]) -> None:
        """Call nodes by other ids; what was two nodes and has one id now is one."""
        nodes, edges = list(self.nodes.values()), list(self._edges.values())
        self.__init__()  # type: ignore[misc]
        for node in nodes:
            id = named(node.id)
            if id == node.id and id not in self.nodes:
                self.put(node)
                continue
            one = self.add_node(id, node.kind, None, node.name if id == node.id else "", **node.attributes)
            one.spans += [span for span in node.spans if span not in one.spans]
        for edge in edges:
            source, target = named(edge.source), named(edge.target)
            if source != target or edge.source == edge.target:
                self.add_edge(msgspec.structs.replace(edge, source=source, target=target))

    def drop(self, unwanted: Callable[[Edge], bool]) -> None:
        """Take edges out, and the nodes that only they touched."""
        gone = [edge for edge in self._edges.values() if unwanted(edge)]
        for edge in gone:
            del self._edges[edge.source, edge.target, edge.kind, edge.span]
            self._out[edge.source].remove(edge)
            self._in[edge.target].remove(edge)
        for id in {id for edge in gone for id in (edge.source, edge.target)}:
            if not self._out.get(id) and not self._in.get(id):
                self.nodes.pop(id, None)

    # ------------------------------------------------------------------------------------------ questions

    def edges(self) -> list[Edge]:
        """All edges, in an order that does not depend on how the graph was built."""
        return sorted(self._edges.values(), key=_edge_order)

    def out_edges(self, id: str) -> list[Edge]:
        return sorted(self._out.get(id, ()), key=_edge_order)

    def in_edges(self, id: str) -> list[Edge]:
        return sorted(self._in.get(id, ()), key=_edge_order)

    def columns(self, dataset: str) -> list[str]:
        """The ids of a dataset's columns that are known."""
        return sorted(self._columns.get(dataset, ()))

    def of_kind(self, *kinds: NodeKind) -> Iterator[Node]:
        for id in sorted(self.nodes):
            if self.nodes[id].kind in kinds:
                yield self.nodes[id]

    def downstream(
        self, ids: Iterable[str], strengths: Iterable[Strength] = ("direct", "indirect", "declared")
    ) -> set[str]:
        """Ids reached from `ids` by one or more edges."""
        return self._walk(ids, self._out, "target", frozenset(strengths))

    def upstream(
        self, ids: Iterable[str], strengths: Iterable[Strength] = ("direct", "indirect", "declared")
    ) -> set[str]:
        """Ids from which one of `ids` is reached by one or more edges."""
        return self._walk(ids, self._in, "source", frozenset(strengths))

    def _walk(self, ids: Iterable[str], edges: dict[str, list[Edge]], end: str, strengths: frozenset[str]) -> set[str]:
        seen: set[str] = set()
        todo = list(ids)
        while todo:
            for edge in edges.get(todo.pop(), ()):
                other: str = getattr(edge, end)
                if edge.strength in strengths and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen

    def path(self, start: str, end: str) -> list[Edge]:
        """A shortest path of edges from `start` to `end`; empty if there is none. Ties go to the smallest ids."""
        before: dict[str, Edge] = {}
        todo = [start]
        while todo:
            following: list[str] = []
            for id in todo:
                for edge in self.out_edges(id):
                    if edge.target not in before and (edge.target != start or end == start):
                        before[edge.target] = edge
                        following.append(edge.target)
                        if edge.target == end:
                            return self._trail(before, start, end)
            todo = following
        return []

    @staticmethod
    def _trail(before: dict[str, Edge], start: str, end: str) -> list[Edge]:
        trail = [before[end]]
        while trail[-1].source != start:
            trail.append(before[trail[-1].source])
        return trail[::-1]

    def networkx(self) -> networkx.MultiDiGraph[str]:
        """The graph as networkx sees it, for algorithms that stand there (cycles, components, drawing order)."""
        import networkx

        result: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for id in sorted(self.nodes):
            result.add_node(id, node=self.nodes[id])
        for edge in self.edges():
            result.add_edge(edge.source, edge.target, edge=edge)
        return result

    def freeze(self) -> None:
        """Sort what order of building could have shuffled. Called once, by the linker, when the graph is whole."""
        for node in self.nodes.values():
            node.spans.sort()
        self.nodes = dict(sorted(self.nodes.items()))


def _rank(edge: Edge) -> tuple[bool, int]:
    return not edge.measure, _STRENGTH[edge.strength]


def _name(id: str) -> str:
    """The id without the word that says what it is; a URL is its own name."""
    bare = id.partition(":")[2]
    return id if not bare or bare.startswith("//") else bare


_RANK = {
    "source": 1,
    "dataset": 1,
    "column": 1,
    "feature": 1,
    "consumer": 2,
    "artifact": 2,
    "model": 3,
    "endpoint": 3,
}
_STRENGTH = {"direct": 3, "indirect": 2, "declared": 1}


def _edge_order(edge: Edge) -> tuple[Any, ...]:
    return (edge.source, edge.target, edge.kind, edge.span or Span("", 0), edge.strength)
