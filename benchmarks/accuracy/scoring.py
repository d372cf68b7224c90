"""How much of a repository's true lineage a graph has, and how much of what it has is true."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from benchmarks.accuracy.matching import Graph, column_ids, match_nodes

_NOT_REQUIRED = ("implied", "fit_only", "selection", "control", "declared_only")  # strengths; allowed all the same
_COUNTED = ("source", "dataset", "model", "artifact", "endpoint")


class Ratio(msgspec.Struct):
    hits: list[str] = []
    misses: list[str] = []

    def note(self, what: str, hit: bool) -> None:
        (self.hits if hit else self.misses).append(what)

    def __str__(self) -> str:
        total = len(self.hits) + len(self.misses)
        return f"{len(self.hits) / total:.2f}" if total else "-"


class Score(msgspec.Struct):
    """`edges`: of the true edges, those whose ends the graph joins. `joined`: of the pairs of true nodes that the graph
    joins with no other true node between, those that are true. `unexpected`: nodes that only files in scope speak of,
    and that the truth lacks."""

    nodes: Ratio
    edges: Ratio
    joined: Ratio
    columns: Ratio
    unexpected: list[str]


def score(truth: dict[str, Any], graph: Graph) -> Score:
    matched = match_nodes(truth, graph)
    nodes, columns = Ratio(), Ratio()
    for node in truth["nodes"]:
        if not node.get("optional"):
            nodes.note(node["name"], bool(matched[node["name"]]))
    for edge in truth.get("column_edges") or ():
        columns.note(_told(edge), _has_column_edge(edge, matched, graph))
    return Score(nodes, _edges(truth, matched, graph), _joined(truth, matched, graph), columns,
                 _unexpected(truth, matched, graph))  # fmt: skip


def _told(edge: dict[str, Any]) -> str:
    return f"{edge['from']} -> {edge['to']}  ({edge['via']})"


def _edges(truth: dict[str, Any], matched: dict[str, set[str]], graph: Graph) -> Ratio:
    found = Ratio()
    for edge in truth["edges"]:
        if not edge.get("optional") and edge.get("strength") not in _NOT_REQUIRED:
            found.note(_told(edge), bool(graph.reach(matched[edge["from"]]) & matched[edge["to"]]))
    return found


def _joined(truth: dict[str, Any], matched: dict[str, set[str]], graph: Graph) -> Ratio:
    following: dict[str, set[str]] = defaultdict(set)
    for edge in truth["edges"]:
        following[edge["from"]].add(edge["to"])
    meant: dict[str, set[str]] = defaultdict(set)
    for name, ids in matched.items():
        for id in ids:
            meant[id].add(name)
    found = Ratio()
    for name, ids in matched.items():
        true = _reach(following, name)
        joined = {other for id in graph.reach(ids, stop=meant) for other in meant.get(id, ())}
        for other in sorted(joined - {name}):
            found.note(f"{name} -> {other}", other in true)
    return found


def _reach(following: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        new = following[todo.pop()] - seen
        seen |= new
        todo += new
    return seen


def _has_column_edge(edge: dict[str, Any], matched: dict[str, set[str]], graph: Graph) -> bool:
    source, target = (column_ids(edge[end], matched, graph) for end in ("from", "to"))
    if not source or not target:
        return False
    same = edge["from"].startswith("request.") and edge["to"].rpartition("#")[2] == edge["from"].rpartition(".")[2]
    return bool(graph.reach(source) & target) or (same and bool(source & target))


def _unexpected(truth: dict[str, Any], matched: dict[str, set[str]], graph: Graph) -> list[str]:
    known = set().union(*matched.values())
    scope = set(truth.get("scope") or ())
    found = []
    for id, node in sorted(graph.nodes.items()):
        paths = {span["path"] for span in node.get("spans") or ()}
        if id not in known and node["kind"] in _COUNTED and paths and paths <= scope:
            found.append(id)
    return found
