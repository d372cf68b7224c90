"""Where predictions of a model certainly are. Much goes from a fitted object into files without being a prediction: the
codes of an encoder, clusters and embeddings that become features, hyperparameters that are noted beside it."""

from __future__ import annotations

import re
from collections.abc import Collection
from posixpath import basename

from mllint.rule import Edge, Lineage, Model, dataset_of, is_test, split_column

# `run_log.json`, `best_manifest.json`, `monitoring/results.csv`: what is told of a run, which holds no predictions
_NOTED = {
    "log",
    "logs",
    "run",
    "runs",
    "manifest",
    "metadata",
    "meta",
    "provenance",
    "audit",
    "card",
    "status",
    "champion",
}
_WATCHED = {"monitor", "monitoring", "drift"}
_NOTES = (".json", ".yaml", ".yml", ".toml", ".txt", ".md", ".html", ".png", ".svg", ".pdf")


def predictions_of(lineage: Lineage, model: Model) -> set[str]:
    """The nodes that a predict call of the model was seen to fill, and those that serve it or that another language
    says to hold its predictions."""
    graph = lineage.graph
    made = {output.target for output in lineage.observations.outputs if output.model in model.members}
    told = {
        edge.target
        for id in model.members
        for edge in graph.out_edges(id)
        if edge.kind in ("serves", "loads") or (edge.kind == "predicts" and edge.language != "python")
    }
    return made | {dataset_of(id) for id in made} | told


def carries(lineage: Lineage, model: Model, edge: Edge, walk: Collection[str]) -> bool:
    """Whether predictions go along: not with a count or a score of them, nor where a job takes, or goes by, other
    columns of the table only: `SELECT max(scored_at) FROM scores`."""
    if edge.measure:
        return False
    graph = lineage.graph
    predicted = {id for id in graph.columns(edge.source) if id in walk}
    given = {feature.name for feature in lineage.observations.features if feature.model in model.members}
    taken = {
        id
        for id in graph.columns(edge.source)
        for other in graph.out_edges(id)
        if edge.target in (other.target, split_column(other.target)[0]) and other.job == edge.job
    }
    if not taken:
        return True
    if not predicted:  # which of the columns the predictions are is not known: what the model is given are none of them
        return any(split_column(id)[1] not in given for id in taken)
    return not predicted.isdisjoint(taken)


def is_note(id: str) -> bool:
    """Whether a file tells of runs, by its name. The words only ever silence."""
    path = dataset_of(id).lower()
    words = set(re.split(r"[/_.: -]", path))
    return bool(words & _WATCHED) or (path.endswith(_NOTES) and bool(set(re.split(r"[_. -]", basename(path))) & _NOTED))


def is_own_report(lineage: Lineage, model: Model, id: str) -> bool:
    """What training itself notes beside the model: `json.dump({"threshold": cut, "features": names}, manifest)`."""
    if not dataset_of(id).endswith(_NOTES):
        return False
    graph = lineage.graph
    training = {edge.job for member in model.members for edge in graph.in_edges(member) if edge.kind == "trains"}
    training |= {e.job for e in lineage.observations.evaluations if e.what == "metric"}  # which measures it later
    made = [edge for edge in graph.in_edges(id) if edge.source in model.members]
    return bool(made) and all(edge.job in training or is_test(edge.job) for edge in made)
