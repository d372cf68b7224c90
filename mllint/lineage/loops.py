"""Feedback: how the predictions of a model come to train a model, the same one or another."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

import msgspec

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import dataset_of
from mllint.lineage.lineage import Lineage
from mllint.lineage.models import Model, by_member, models
from mllint.lineage.observations import Output
from mllint.lineage.trails import is_seen

MOST_STEPS = 5_000  # nodes that are looked at from one output


class Leg(msgspec.Struct, frozen=True):
    """Predictions of `source` go to `output`, and from there along `path` into the training of `target`. `declared`:
    part of the way leads through what only people or configurations tell of."""

    source: Model
    target: Model
    output: Output
    path: tuple[Edge, ...]

    @property
    def declared(self) -> bool:
        return any(edge.strength == "declared" for edge in self.path)


def legs(lineage: Lineage, declared: bool = False) -> list[Leg]:
    """The shortest way from each model to each model that is trained on its predictions, none of which leads through a
    third one; over what is declared only if `declared`."""
    graph = lineage.graph
    owner = by_member(models(graph))
    found: dict[tuple[str, str], Leg] = {}
    for output in _outputs(lineage, declared):
        source = owner.get(output.model)
        if source is None or output.target not in graph.nodes or output.target in owner:
            continue
        if "endpoint:" in output.target and not declared:
            continue  # what a route is asked is not what it answered
        for path in _ways(graph, output.target, owner, declared):
            target = owner[path[-1].target]
            leg = Leg(source, target, output, tuple(path))
            known = found.get((source.id, target.id))
            if known is None or (leg.declared, len(path)) < (known.declared, len(known.path)):
                found[source.id, target.id] = leg
    return [found[key] for key in sorted(found)]


def _outputs(lineage: Lineage, declared: bool) -> Iterator[Output]:
    """Where predictions go. A dataset of which the columns with the predictions are known is told by these."""
    graph = lineage.graph
    seen = set(lineage.observations.outputs)
    for edge in graph.edges():  # SQL, and other languages than Python
        in_sql = edge.kind == "predicts" and edge.language != "python" and not edge.measure
        told = declared and edge.kind == "consumes" and edge.strength == "declared"
        if edge.span is not None and (in_sql or (told and graph.nodes[edge.source].kind in ("model", "artifact"))):
            seen.add(Output(edge.source, edge.target, edge.span, edge.job))
    whole = {dataset_of(output.target) for output in seen if output.target.startswith("column:")}
    for output in sorted(seen, key=lambda o: (o.model, o.target, o.span)):
        if output.target not in whole:
            yield output


def _ways(graph: Graph, start: str, models: Collection[str], declared: bool) -> Iterator[list[Edge]]:
    """A shortest path from `start` to each model that is trained on what comes from there."""
    before: dict[str, list[Edge]] = {start: []}
    todo = [start]
    for id in todo:
        whole = [e for e in graph.out_edges(dataset_of(id)) if _is_told(e)] if declared and dataset_of(id) != id else []
        for edge in (*graph.out_edges(id), *whole):
            is_asked = edge.source.startswith(("endpoint:", "column:endpoint:")) and not _is_told(edge)
            known = is_seen(edge) or (declared and _is_told(edge))
            is_own = edge.target == dataset_of(edge.source)  # an old row decides about the new one: not all its columns
            if edge.target in before or edge.measure or is_asked or is_own or not known:
                continue
            if edge.target not in models:
                before[edge.target] = [*before[id], edge]
                todo.append(edge.target)
            elif edge.kind == "trains" and edge.strength == "direct":
                before[edge.target] = [*before[id], edge]
                yield before[edge.target]
        if len(todo) > MOST_STEPS:
            return


def _is_told(edge: Edge) -> bool:
    """What a declared system outside reads and writes."""
    return edge.strength == "declared" and edge.kind in ("consumes", "writes", "derives")


def cycles(found: list[Leg]) -> list[list[Leg]]:
    """The shortest cycle of legs through each set of models that there is one for, each set once."""
    out: dict[str, list[Leg]] = {}
    for leg in found:
        out.setdefault(leg.source.id, []).append(leg)
    result: dict[frozenset[str], list[Leg]] = {}
    for start in sorted(out):
        cycle = _shortest(out, start)
        if cycle:
            result.setdefault(frozenset(leg.source.id for leg in cycle), cycle)
    return list(result.values())


def _shortest(out: dict[str, list[Leg]], start: str) -> list[Leg]:
    """A cycle through more than one model that comes back to `start`."""
    before: dict[str, list[Leg]] = {start: []}
    todo = [start]
    for id in todo:
        for leg in out.get(id, ()):
            if leg.target.id == start and before[id]:
                return [*before[id], leg]
            if leg.target.id not in before:
                before[leg.target.id] = [*before[id], leg]
                todo.append(leg.target.id)
    return []


def is_explored(lineage: Lineage, leg: Leg) -> bool:
    """Whether training filters a source on the way by its column for exploration: rows that no model has chosen."""
    graph = lineage.graph
    for dataset in sorted({dataset_of(edge.source) for edge in leg.path}):
        for column in _exploration(lineage, dataset):
            chosen = (
                graph.out_edges(f"column:{dataset}#{column}") if f"column:{dataset}#{column}" in graph.nodes else []
            )
            if any(edge.strength == "indirect" for edge in chosen):
                return True
    return False


def _exploration(lineage: Lineage, dataset: str) -> list[str]:
    """The columns that tell which rows of a dataset were drawn at random: declared in mllint.yaml, or tagged."""
    named = [
        entry.exploration
        for entry in lineage.declarations.of_kind("source")
        if entry.exploration and fnmatchcase(dataset, entry.name)
    ]
    tagged = [
        id.rpartition("#")[2]
        for id in lineage.graph.columns(dataset)
        if "exploration" in lineage.graph.nodes[id].attributes.get("tags", ())
    ]
    return [*named, *tagged]
