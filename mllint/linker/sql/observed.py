"""Models of SQL files, where rules look for them, and in the graph."""

from __future__ import annotations

from mllint.lineage.observations import Evaluation
from mllint.lineage.observations import Output as Predicted
from mllint.linker.project import Project
from mllint.linker.sql.modelling import Place, Teller, inputs_of
from mllint.linker.sql.statements import Statement, dataset_id


def looked_at(statement: Statement, model: str) -> bool:
    """Whether a model is only measured, or its weights are read."""
    hows = {scored.how for scored in statement.scored if scored.model == model}
    return bool(hows) and "predict" not in hows


def observe_models(project: Project, statement: Statement, place: Place, path: str) -> None:
    observations, trials = project.observations, project.observations.trials
    told = Teller(place, path, lambda: 0, project.inlined).told(statement)
    observations.features += told.features
    observations.evaluations += [Evaluation(path, span, "metric") for span in told.measured]
    trials.row_sets.update((made.id, made) for made in told.row_sets)
    trials.fittings.update((fitting.id, fitting) for fitting in told.fittings)
    for measuring in told.measurings:
        trials.measurings[measuring.id] = measuring
        trials.scores_of.setdefault(measuring.fits[0], []).append(measuring.id)
    if statement.training is not None:
        _describe(project, statement)
    span = place(statement.line, statement.column)
    for scored in statement.scored:
        if scored.how == "predict" and statement.target:
            observations.outputs.append(Predicted(scored.model, dataset_id(statement.target), span, path))


def _describe(project: Project, statement: Statement) -> None:
    training = statement.training
    assert training is not None
    attributes = project.graph.nodes[statement.target].attributes
    attributes["class"] = training.what
    if training.label:
        attributes["label"] = training.label
    if not statement.open:
        attributes["features"] = [column.name for column in inputs_of(statement)]
