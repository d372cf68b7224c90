"""ML602: predictions are served, and neither inputs nor outputs are logged or measured.

@app.post("/eta")
def eta(trip): return {"eta": model.predict([[trip.km]])[0]}     # the finding: nobody will ever know what it said
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Finding,
    Graph,
    Intake,
    Label,
    Lineage,
    Rule,
    Span,
    by_member,
    ends,
    is_test,
    models,
    name,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each predict call that a route reaches, if no value of any such route reaches a sink."""
    seen = lineage.observations
    owner = by_member(models(lineage.graph))
    watched = {watch.endpoint for watch in seen.watches}
    trained = {(intake.endpoint, intake.span.path) for intake in seen.intakes if intake.side == "fit"}
    served: dict[Span, list[Intake]] = defaultdict(list)
    for intake in seen.intakes:
        if intake.side != "predict" or not intake.endpoint or intake.model not in owner:
            continue
        if not is_test(intake.job) and (intake.endpoint, intake.span.path) not in trained:
            served[intake.span].append(intake)
    told: set[tuple[str, ...]] = set()  # `predict` and `predict_proba` for one answer are one finding
    for at in sorted(served):
        endpoints = sorted({intake.endpoint for intake in served[at]})
        known = any(id in lineage.graph.nodes for id in endpoints)
        if known and watched.isdisjoint(endpoints) and (at.path, *endpoints) not in told:
            told.add((at.path, *endpoints))
            yield _finding(lineage, at, served[at][0], endpoints)


def _finding(lineage: Lineage, at: Span, first: Intake, endpoints: list[str]) -> Finding:
    graph = lineage.graph
    model = by_member(models(graph))[first.model]
    routes = [Label(graph.nodes[id].spans[0], f"served at {name(graph, id)}") for id in endpoints if _place(graph, id)]
    where = ", ".join(name(graph, id) for id in endpoints[:3])
    return Finding(
        message=f"predictions of model `{model.name}` are served at {where}, and no input or prediction is logged or "
        "measured: when they drift, nothing shows it",
        help="log the features and the prediction with the model's version, or count them in a metric or a table",
        span=at,
        label="what it is given, and what it says, is kept nowhere",
        related=routes[:3],
        nodes=[*model.members, *endpoints],
        reaches=[id for id in ends(graph, endpoints) if id not in model.members],
    )


def _place(graph: Graph, id: str) -> bool:
    return id in graph.nodes and bool(graph.nodes[id].spans)


RULE = Rule(
    code="ML602",
    name="unmonitored-model",
    summary="predictions are served, and neither inputs nor outputs are logged or measured",
    check=check,
)
