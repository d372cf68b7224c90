"""Where the trail from one node to another was lost, if no edges lead there.

Three things lose a trail: data that are written to a name that is not known, data that are read from one, and names on
both sides that are spelled apart (`models/eta.pkl` written, `/app/eta.pkl` read). The nearest come first: of writes,
those of data few steps after the one node; of reads, those that run in what makes nodes few steps before the other."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Callable, Iterable

import msgspec

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import dataset_of
from mllint.lineage.lineage import Gap, Lineage
from mllint.source import Span

ALIKE = 0.85  # of two names that may be one name misspelt
SHORTEST = 5  # letters of such a name
_FAR = 1_000  # steps: further than any trail of a repository


class Alike(msgspec.Struct, frozen=True):
    """A name that something after the one node has, and one before the other, that may mean the same thing."""

    after: str
    before: str
    written: Span | None
    read: Span | None


class Lost(msgspec.Struct, frozen=True):
    """`reached` are the last nodes that the one node reaches (none: nothing is known to read it), `sources` the first
    that the other comes from. `writes` and `reads` are unresolved ones that may lie between, the nearest first.
    `is_reverse`: a trail leads the other way."""

    reached: tuple[str, ...]
    sources: tuple[str, ...]
    alike: tuple[Alike, ...]
    writes: tuple[Gap, ...]
    reads: tuple[Gap, ...]
    is_reverse: bool


def why_not(lineage: Lineage, start: str, end: str) -> Lost:
    """What may lie between two nodes that no trail joins."""
    graph = lineage.graph
    start, end = (dataset_of(id) for id in (start, end))
    after = _distances(start, graph.out_edges, lambda edge: edge.target)
    before = _distances(end, graph.in_edges, lambda edge: edge.source)
    gaps = lineage.coverage.gaps
    return Lost(
        reached=tuple(id for id in after if id != start and not graph.out_edges(id) and _is_whole(id)),
        sources=tuple(id for id in before if id != end and not graph.in_edges(id) and _is_whole(id)),
        alike=tuple(_alike(graph, after, before)),
        writes=_nearest((gap for gap in gaps if not gap.is_read), _after(graph, after)),
        reads=_nearest((gap for gap in gaps if gap.is_read), _before(graph, before)),
        is_reverse=bool(graph.path(end, start)),
    )


def _distances(id: str, edges: Callable[[str], list[Edge]], other_end: Callable[[Edge], str]) -> dict[str, int]:
    """Steps to each node that edges lead to in one direction, nearest first, the node itself included."""
    found = {id: 0}
    for node in (todo := [id]):
        for edge in edges(node):
            other = other_end(edge)
            if other not in found:
                found[other] = found[node] + 1
                todo.append(other)
    return found


def _is_whole(id: str) -> bool:
    return not id.startswith("column:")


# ------------------------------------------------------------------------------------------ reads and writes


def _after(graph: Graph, after: dict[str, int]) -> Callable[[Gap], int]:
    """How many steps after the one node a write's data are; where nothing is known of them, by what its job reads."""
    jobs = _jobs(after, graph.out_edges)

    def steps(gap: Gap) -> int:
        known = [after[id] for id in gap.data if id in after]
        if known or gap.data:
            return min(known, default=_FAR)
        return jobs.get(gap.job, _FAR)

    return steps


def _before(graph: Graph, before: dict[str, int]) -> Callable[[Gap], int]:
    """How many steps before the other node the job of a read makes something."""
    jobs = _jobs(before, graph.in_edges)
    return lambda gap: min(jobs.get(gap.job, _FAR), jobs.get(gap.span.path, _FAR))


def _jobs(distances: dict[str, int], edges: Callable[[str], list[Edge]]) -> dict[str, int]:
    jobs: dict[str, int] = {}
    for id, steps in distances.items():
        for edge in edges(id):
            for job in {edge.job, edge.span.path if edge.span is not None else edge.job}:
                jobs.setdefault(job, steps)
    return jobs


def _nearest(gaps: Iterable[Gap], steps: Callable[[Gap], int]) -> tuple[Gap, ...]:
    """One gap for each place and cause."""
    near = {(gap.span, gap.why): gap for gap in gaps if steps(gap) < _FAR}
    return tuple(sorted(near.values(), key=steps))


# ------------------------------------------------------------------------------------------------ alike names


def _alike(graph: Graph, after: dict[str, int], before: dict[str, int]) -> list[Alike]:
    """Pairs of names that may mean the same, the nearest to both nodes first."""
    kinds = ("dataset", "source", "artifact")  # a model is told by the file it is saved in
    firsts = [id for id in after if _is_whole(id) and graph.nodes[id].kind in kinds]
    seconds = [id for id in before if id not in after and _is_whole(id) and graph.nodes[id].kind in kinds]
    by_base: dict[str, list[str]] = {}
    for id in seconds:
        by_base.setdefault(_base(id), []).append(id)
    partial = [id for id in seconds if "{" in id or "*" in id]
    unmade = [id for id in seconds if not graph.in_edges(id)]
    pairs = {}
    for first in firsts:
        near = by_base.get(_base(first), []) if "{" not in first else seconds
        for second in (*near, *partial):
            if second != first and (_base(second) == _base(first) != "" or _may_be(first, second)):
                pairs[first, second] = after[first] + before[second]
        if not graph.out_edges(first):
            pairs |= {(first, id): after[first] + before[id] for id in unmade if _is_misspelt(first, id)}
    return [
        Alike(first, second, _place(graph.in_edges(first), first, graph), _read_at(graph, second))
        for first, second in sorted(pairs, key=lambda pair: (pairs[pair], pair))
    ]


def _base(id: str) -> str:
    """The last part of a path or table, without what version or run it is of; empty if it is not known."""
    name = posixpath.basename(id.partition(":")[2].rstrip("/"))
    name = name.rpartition(".")[2].lower() if id.startswith("table:") else name.lower()
    return "" if "{" in name or "*" in name else name


def _is_misspelt(one: str, other: str) -> bool:
    """`models/preprocesor.pkl` and `models/preprocessor.pkl`, of which one is read nowhere and one is made nowhere."""
    first, second = (posixpath.splitext(_base(id)) for id in (one, other))
    if first == second or first[1] != second[1] or min(len(first[0]), len(second[0])) < SHORTEST:
        return False
    if _DIGITS.sub("", first[0]) == _DIGITS.sub("", second[0]):
        return False  # `part-1.csv` and `part-2.csv`
    return difflib.SequenceMatcher(None, first[0], second[0]).ratio() >= ALIKE


def _may_be(one: str, other: str) -> bool:
    """Whether the known parts of two names leave it open that they are the same."""
    return any(
        _is_telling(pattern) and _fits(_HOLE.split(pattern), name) for pattern, name in ((one, other), (other, one))
    )


def _is_telling(pattern: str) -> bool:
    """Whether a name known in part says more than its ending."""
    known = _HOLE.sub("", pattern.partition(":")[2])
    return known != pattern.partition(":")[2] and bool(re.search(r"\w{2}", re.sub(r"\.\w+$", "", known)))


def _fits(known: list[str], name: str) -> bool:
    """Whether the parts stand in the name, in this order, the first and last at its ends."""
    first, *inner, last = known
    if not (name.startswith(first) and name.endswith(last)):
        return False
    at = len(first)
    for part in inner:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(name) - len(last)


_DIGITS = re.compile(r"\d+")
_HOLE = re.compile(r"\{[^{}]*\}|\*+")


def _place(edges: list[Edge], id: str, graph: Graph) -> Span | None:
    return next((edge.span for edge in edges if edge.span is not None), _first_span(graph, id))


def _read_at(graph: Graph, id: str) -> Span | None:
    return next((edge.read or edge.span for edge in graph.out_edges(id) if edge.read or edge.span), None)


def _first_span(graph: Graph, id: str) -> Span | None:
    spans = graph.nodes[id].spans
    return spans[0] if spans else None
