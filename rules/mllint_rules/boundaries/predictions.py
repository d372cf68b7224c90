"""Where predictions of a model certainly are. Much goes from a fitted object into files without being a prediction: the
codes of an encoder, clusters and embeddings that become features, hyperparameters that are noted beside it."""

from __future__ import annotations

from mllint.rule import Lineage, Model, dataset_of


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
