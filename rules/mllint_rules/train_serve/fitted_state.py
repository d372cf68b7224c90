"""What transformers learned in training, and whether serving has it: fits that nothing keeps."""

from __future__ import annotations

from mllint.rule import (
    Apply,
    Column,
    Constant,
    Expression,
    Feature,
    Finding,
    Fitting,
    Intake,
    Label,
    Lineage,
    Model,
    ends,
)

_STATE = ("data", "codes", "label")  # what a transformer may learn that predictions depend on


def states(lineage: Lineage, learned: tuple[str, ...]) -> list[Fitting]:
    fits = lineage.observations.trials.learned_by(learned)
    return [fit for fit in fits if fit.learns in _STATE and not fit.goes_on]


def lost_fit(
    lineage: Lineage, model: Model, trained: list[Fitting], given: Intake
) -> tuple[Fitting, Feature, Feature] | None:
    """A fit of training that nothing keeps, with a feature that went through it, and that feature in serving."""
    used = {fit.what for fit in lineage.observations.trials.learned_by(given.learned)}
    members = [feature for feature in lineage.observations.features if feature.model in model.members]
    train = [feature for feature in members if feature.side == "train"]
    serve = [feature for feature in members if feature.side == "serve" and feature.job == given.job]
    for fit in trained:
        if fit.what in used or _is_kept(lineage, model, fit):
            continue
        for feature in train:
            same = [other for other in serve if _is_same(feature, other)]
            through = _went_through(feature.expression)
            if same and fit.what in through and all(_is_raw(lineage, fit, other) for other in same):
                return fit, feature, same[0]
    return None


def _is_same(trained: Feature, served: Feature) -> bool:
    if trained.position is not None and served.position is not None:
        return trained.position == served.position
    return trained.name == served.name


def _went_through(expression: Expression) -> set[str]:
    found: set[str] = set()
    while isinstance(expression, Apply) and expression.operator == "FITTED" and len(expression.arguments) == 2:
        what, expression = expression.arguments
        found.add(str(what.value) if isinstance(what, Constant) else "")
    return found


def _is_raw(lineage: Lineage, fit: Fitting, served: Feature) -> bool:
    """Whether serving gives the column as it comes from outside. A code may come ready from a form."""
    expression = served.expression
    if not isinstance(expression, Column):
        return False
    from_request = expression.dataset.startswith("endpoint:")
    node = lineage.graph.nodes.get(expression.dataset)
    return fit.learns != "codes" if from_request else node is not None and node.kind == "source"


def _is_kept(lineage: Lineage, model: Model, fit: Fitting) -> bool:
    """Whether the fitted transformer is saved, alone or in something else."""
    kept = (edge.kind in ("saves", "writes") for edge in lineage.graph.out_edges(fit.model))
    return fit.model in model.members or any(kept)


def of_lost(lineage: Lineage, model: Model, fit: Fitting, trained: Feature, served: Feature, given: Intake) -> Finding:
    return finding(
        lineage,
        model,
        f"model `{model.name}` was trained on `{trained.name}` as `{fit.what}` made it, which is saved nowhere, and is "
        "given it as it comes",
        Label(given.span, f"predicts without `{fit.what}`"),
        [Label(fit.span, "fitted in training, and not saved"), Label(served.span, "as it comes")],
    )


def finding(lineage: Lineage, model: Model, message: str, at: Label, related: list[Label]) -> Finding:
    return Finding(
        message=message,
        help="save what was fitted with the model, or make it a step of the saved Pipeline, and only transform when "
        "serving",
        span=at.span,
        label=at.message,
        related=related,
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )
