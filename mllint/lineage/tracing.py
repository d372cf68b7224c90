"""How one node comes from another: trails of steps, each with the edges that tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

import msgspec

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import dataset_of

MOST_TRAILS = 100
MOST_WORK = 100_000  # steps looked at for all trails; their number is exponential


class Step(msgspec.Struct, frozen=True):
    """`edge` is the surest of the edges from one node to the next, `others` the rest of them, in the order of the
    graph. `columns` are the edges between columns of the two: what of the one becomes what of the other."""

    edge: Edge
    others: tuple[Edge, ...]
    columns: tuple[Edge, ...]


class Trails(msgspec.Struct, frozen=True):
    """The shortest first, of equal ones by their ids. `complete` is false if there may be more."""

    found: list[list[Step]]
    complete: bool


def trails(graph: Graph, start: str, end: str, every: bool = False) -> Trails:
    """All shortest trails from `start` to `end`, or every one that meets no node twice.

    Between whole datasets and models they lead over such; where only columns join them, over columns."""
    links = _Links(graph)
    starts, ends = links.meant(start), links.meant(end)
    paths: list[tuple[str, ...]] = []
    complete = True
    for following in links.levels(start, end):
        walk = _Walk(following, starts, ends)
        paths = sorted(walk.every() if every else walk.shortest(), key=lambda path: (len(path), path))
        complete = walk.complete
        if paths:
            break
    return Trails([list(map(links.step, path, path[1:])) for path in paths], complete)


class _Links:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._edges: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        self._columns: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        self._all: dict[str, list[str]] = defaultdict(list)
        self._whole: dict[str, list[str]] = defaultdict(list)
        for edge in graph.edges():
            self._add(edge)

    def _add(self, edge: Edge) -> None:
        known = self._edges[edge.source, edge.target]
        known.append(edge)
        source, target = dataset_of(edge.source), dataset_of(edge.target)
        is_whole = (source, target) == (edge.source, edge.target)
        if not is_whole and source != target:
            self._columns[source, target].append(edge)
        if len(known) > 1:
            return
        self._all[edge.source].append(edge.target)
        if is_whole:
            self._whole[edge.source].append(edge.target)

    def meant(self, id: str) -> frozenset[str]:
        """A dataset and its columns, or a column alone."""
        if id.startswith("column:"):
            return frozenset({id})
        owned = (other for other in self._graph.nodes if other.startswith(f"column:{id}#"))
        return frozenset({id, *owned})

    def levels(self, start: str, end: str) -> Iterator[Callable[[str], list[str]]]:
        """What follows a node: among whole nodes, then among columns too."""
        if not start.startswith("column:") and not end.startswith("column:"):
            yield lambda id: self._whole.get(id, [])
        yield lambda id: self._all.get(id, [])

    def step(self, source: str, target: str) -> Step:
        first, *others = sorted(self._edges[source, target], key=_surest_first)
        return Step(first, tuple(others), tuple(self._columns.get((source, target), ())))


class _Walk:
    """From any of `starts` to any of `ends`; a trail ends at the first node of `ends` that it meets."""

    def __init__(self, following: Callable[[str], list[str]], starts: Collection[str], ends: Collection[str]) -> None:
        self._following = following
        self._starts = starts
        self._ends = ends
        self._work = 0
        self.complete = True

    def shortest(self) -> list[tuple[str, ...]]:
        """By breadth: of each node met, the nodes of the round before that lead to it."""
        before: dict[str, list[str]] = {}
        round_: list[str] = sorted(self._starts)
        seen = set(self._starts) - set(self._ends)
        while round_:
            met: dict[str, list[str]] = defaultdict(list)
            for id in round_:
                for target in self._following(id):
                    if target not in seen:
                        met[target].append(id)
            before.update(met)
            reached = sorted(set(met) & set(self._ends))
            if reached:
                return self._back(before, reached)
            seen |= met.keys()
            round_ = list(met)
        return []

    def _back(self, before: dict[str, list[str]], reached: list[str]) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        todo: list[tuple[str, ...]] = [(id,) for id in reversed(reached)]
        while todo:
            path = todo.pop()
            if path[0] in self._starts and len(path) > 1:
                if len(found) == MOST_TRAILS:
                    self.complete = False
                    break
                found.append(path)
            else:
                todo += [(id, *path) for id in reversed(before[path[0]])]
        return found

    def every(self) -> list[tuple[str, ...]]:
        """By depth, only over nodes from which an end is reached."""
        useful = self._useful()
        found: list[tuple[str, ...]] = []
        todo: list[tuple[str, ...]] = [(id,) for id in sorted(self._starts, reverse=True)]
        while todo:
            path = todo.pop()
            self._work += 1
            if len(found) == MOST_TRAILS or self._work > MOST_WORK:
                self.complete = False
                break
            for target in reversed(self._following(path[-1])):
                if target in self._ends:
                    found.append((*path, target))
                elif target in useful and target not in path and target not in self._starts:
                    todo.append((*path, target))
        return found[:MOST_TRAILS]

    def _useful(self) -> set[str]:
        into: dict[str, list[str]] = defaultdict(list)
        seen = set(self._starts)
        todo = list(seen)
        while todo:
            id = todo.pop()
            for target in self._following(id):
                into[target].append(id)
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        useful = set(self._ends)
        todo = list(useful)
        while todo:
            for id in into[todo.pop()]:
                if id not in useful:
                    useful.add(id)
                    todo.append(id)
        return useful


def _surest_first(edge: Edge) -> tuple[int, bool, bool]:
    return (("direct", "indirect", "declared").index(edge.strength), not edge.resolved, edge.span is None)
