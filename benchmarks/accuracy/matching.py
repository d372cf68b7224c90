"""Which nodes of a graph a truth file means: by name, else by the place that makes or reads them.

Names in a truth file are ids, but may begin with `artifact:` for a file that holds a model, and may hold unknown
parts: `<run>`, `{day}` and `*` stand for any text, in the truth as in the graph. Tables match by their last parts.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_UNKNOWN_PART = re.compile(r"<[^>]*>|\{[^}]*\}|\*+")
_MADE = ("trains", "writes", "saves")
_FOUND_BY_PLACE = ("model", "endpoint", "consumer", "artifact")
Place = tuple[str, str]


class Graph:
    """A graph as `mllint graph --format json` writes it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.nodes: dict[str, dict[str, Any]] = {node["id"]: node for node in document["nodes"]}
        self.edges: list[dict[str, Any]] = document["edges"]
        self._following: dict[str, set[str]] = defaultdict(set)
        for edge in self.edges:
            self._following[edge["source"]].add(edge["target"])

    def reach(self, start: Iterable[str], stop: Iterable[str] = ()) -> set[str]:
        """Ids reached from `start` by one or more edges, without walking on from an id in `stop`."""
        ends = set(stop)
        seen: set[str] = set()
        todo = list(start)
        while todo:
            for following in self._following[todo.pop()] - seen:
                seen.add(following)
                if following not in ends:
                    todo.append(following)
        return seen

    def by_place(self) -> dict[Place, set[str]]:
        """Ids by the places that speak of them, make them or read them."""
        found: dict[Place, set[str]] = defaultdict(set)
        for node in self.nodes.values():
            for span in node.get("spans") or ():
                found[place_of_span(span)].add(node["id"])
        for edge in self.edges:
            if edge.get("span") and edge["kind"] in (*_MADE, "reads"):
                found[place_of_span(edge["span"])].add(edge["source" if edge["kind"] == "reads" else "target"])
        return found


def match_nodes(truth: dict[str, Any], graph: Graph) -> dict[str, set[str]]:
    """The ids that each node of a truth file means."""
    at = graph.by_place()
    evidence: dict[str, set[Place]] = defaultdict(set)
    for edge in truth["edges"]:
        evidence[edge["to"]].update(map(place_of_text, (edge["via"], *edge.get("via_alt", ()))))
        if edge.get("read"):
            evidence[edge["from"]].add(place_of_text(edge["read"]))
    matched = {}
    for node in truth["nodes"]:
        ids = _named(node, graph)
        if not ids and node["kind"] in _FOUND_BY_PLACE:
            ids = {id for place in evidence[node["name"]] for id in at[place] if _kind(graph, id) == node["kind"]}
        matched[node["name"]] = ids
    return matched


def _named(node: dict[str, Any], graph: Graph) -> set[str]:
    names = [canonical(name) for name in (node["name"], *node.get("alias", ()))]
    return {
        id
        for id, other in graph.nodes.items()
        if not id.startswith("column:") and any(same_name(a, b) for a in names for b in _names(node["kind"], id, other))
    }


def _names(kind: str, id: str, node: dict[str, Any]) -> set[str]:
    """A model may be meant by the class that was fitted."""
    if kind != "model" or node["kind"] != "model":
        return {canonical(id)}
    fitted = str((node.get("attributes") or {}).get("class", "")).rpartition(".")[2]
    return {canonical(id), f"model:{node.get('name')}", f"model:{fitted}"}


def _kind(graph: Graph, id: str) -> str:
    return str(graph.nodes[id]["kind"])


def column_ids(text: str, matched: dict[str, set[str]], graph: Graph) -> set[str] | None:
    """The ids that one end of a column edge means, `None` if its owner is no node of the truth file.

    `DATASET.COLUMN`, `model:X#features` (the model), `endpoint:Y#FIELD`, `request.FIELD`, `feature:VIEW.NAME`."""
    if text.startswith("request."):
        field = text.rpartition(".")[2]
        return {id for id in graph.nodes if id.startswith("column:endpoint:") and id.rpartition("#")[2] == field}
    if text.startswith("feature:"):
        name = text.removeprefix("feature:").replace(".", "#", 1)
        return {f"feature:{name}", f"column:view:{name}"} & graph.nodes.keys()
    owner = max((name for name in matched if text.startswith(name)), key=len, default=None)
    if owner is None:
        return None
    column = text[len(owner) + 1 :].lower()
    if owner.startswith("model:") or not column:
        return matched[owner]
    owned = {id for dataset in matched[owner] for id in graph.nodes if id.startswith(f"column:{dataset}#")}
    found = {id for id in owned if fnmatch.fnmatchcase(id.rpartition("#")[2].lower(), column)}
    return found | matched[owner] if owner.startswith("endpoint:") else found


# --------------------------------------------------------------------------------------------- names, places


def canonical(name: str) -> str:
    """One spelling for one thing.

    >>> canonical("artifact:models/eta.pkl"), canonical("artifact:s3://b/eta.pkl"), canonical("table:Raw.Trips")
    ('file:models/eta.pkl', 's3://b/eta.pkl', 'table:raw.trips')
    """
    if name.startswith("artifact:"):
        rest = name.removeprefix("artifact:")
        name = rest if re.match(r"\w+:", rest) else f"file:{rest}"
    name = name.replace("file:./", "file:").rstrip("/")
    return name.lower() if name.startswith("table:") else name


def same_name(one: str, other: str) -> bool:
    """Whether two canonical names may mean one thing.

    >>> same_name("file:data/*.csv", "file:data/{day}.csv"), same_name("table:raw.trips", "table:trips")
    (True, True)
    """
    if one == other or _fits(one, other) or _fits(other, one):
        return True
    if not (one.startswith("table:") and other.startswith("table:")):
        return False
    parts, others = one[6:].split("."), other[6:].split(".")
    least = min(len(parts), len(others))
    return parts[-least:] == others[-least:]


def _fits(pattern: str, name: str) -> bool:
    known = _UNKNOWN_PART.split(pattern)
    return len(known) > 1 and re.fullmatch(".*".join(map(re.escape, known)), name) is not None


def place_of_text(text: str) -> Place:
    """`src/train.py:12`, and `nb.ipynb#CELL:LINE` with cells from 0: `(path, line)` and `(path, cell:line)`, from 1."""
    path, _, rest = text.partition("#")
    if rest:
        cell, _, line = rest.partition(":")
        return path, f"{int(cell) + 1}:{line}"
    path, _, line = text.rpartition(":")
    return path, line


def place_of_span(span: dict[str, Any]) -> Place:
    line = str(span["line"])
    return span["path"], line if span.get("cell") is None else f"{span['cell']}:{line}"
