"""Nodes as people type them: `data/train.csv` and `eta` for `file:data/train.csv` and `model:eta`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mllint.errors import UsageError
from mllint.lineage.graph import Graph

MOST_MEANT = 3


def find(graph: Graph, word: str) -> str:
    """The id of the node that a word means: an id, or a name or last part of one that only one node has. Raises
    UsageError, with the nearest right words."""
    if word in graph.nodes:
        return word
    meant = called(graph, word)
    if len(meant) == 1:
        return meant[0]
    raise UsageError(unknown(graph, word))


def called(graph: Graph, word: str) -> list[str]:
    """Ids without what says the kind, or else their last parts: `#km`, `/train.csv`, `.trips`. A column is not meant
    where something else of that name is, nor the file of a model where the model is."""
    bare = {id: id.partition(":")[2] for id in graph.nodes}
    found = [id for id, name in bare.items() if word in (name, graph.nodes[id].name)] or [
        id for id, name in bare.items() if name.endswith(("/" + word, "." + word, "#" + word))
    ]
    whole = [id for id in found if graph.nodes[id].kind != "column"] or found
    fitted = {bare[id] for id in whole if graph.nodes[id].kind == "model"}
    named = [id for id in whole if graph.nodes[id].kind == "model" or bare[id] not in fitted]
    return sorted(named, key=lambda id: (len(id), id))


def unknown(graph: Graph, word: str) -> str:
    """What to say of a word that means no node, or several."""
    meant = called(graph, word)
    if len(meant) > 1:
        more = f" or {len(meant) - MOST_MEANT} others" if len(meant) > MOST_MEANT else ""
        return f"no node {word!r} in the graph; did you mean {_listed(meant)}{more}?"
    near = meant or _near(graph, word)
    if not near:
        return f"no node {word!r} in the graph; `mllint graph --format json` lists them"
    return f"no node {word!r} in the graph; did you mean {_listed(near)}?"


def _near(graph: Graph, word: str) -> list[str]:
    return nearest(word, [id for id in graph.nodes if graph.nodes[id].kind != "column" or "#" in word])


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """By spelling: whole ids, then names without their kind, then their last parts."""
    ids = sorted(known, reverse=True)
    near = difflib.get_close_matches(word, sorted(ids), MOST_MEANT)
    for short in (lambda id: id.partition(":")[2], _last_part):
        names = {short(id): id for id in ids}
        near = near or [names[name] for name in difflib.get_close_matches(word, sorted(names), MOST_MEANT)]
    return near


def _last_part(id: str) -> str:
    return id.rpartition("#" if id.startswith("column:") else "/")[2].rpartition(":")[2]


def _listed(ids: Iterable[str]) -> str:
    return " or ".join(map(repr, list(ids)[:MOST_MEANT]))
