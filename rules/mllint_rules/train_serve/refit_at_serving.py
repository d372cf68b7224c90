"""ML704: a transformer is fitted again on serving data, or its fitted state is lost.

model.fit(StandardScaler().fit_transform(train), y)      # training
model.predict(StandardScaler().fit_transform(rows))      # the finding: other means, other scales
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Column,
    Constant,
    Context,
    Expression,
    Feature,
    Finding,
    Fitting,
    Intake,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    ends,
    is_test,
    models,
)

_STATE = ("data", "codes", "label")  # what a transformer may learn that predictions depend on


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each fit in serving, and one for each predict call without a fit of training."""
    owner = by_member(models(lineage.graph))
    fits: dict[str, list[Intake]] = defaultdict(list)
    served: dict[str, list[Intake]] = defaultdict(list)
    for intake in lineage.observations.intakes:
        model = owner.get(intake.model)
        if model is not None and not is_test(intake.job) and not is_test(intake.span.path):
            (fits if intake.side == "fit" else served)[model.id].append(intake)
    found: dict[Span, Finding] = {}
    for model in {model.id: model for model in owner.values()}.values():
        trained_in = {(fit.job, fit.endpoint) for fit in fits[model.id]}
        trained = [fit for each in fits[model.id] for fit in _states(lineage, each.learned)]
        for given in served[model.id]:
            if not trained or not given.sure or (given.job, given.endpoint) in trained_in:
                continue
            again = _refitted(lineage, trained, given)
            for before, now in again:
                found.setdefault(now.span, _of_refit(lineage, model, before, now, given))
            lost = None if again else _lost(lineage, model, trained, given)
            if lost is not None:
                found.setdefault(given.span, _of_lost(lineage, model, *lost, given))
    for at in sorted(found):
        yield found[at]


def _states(lineage: Lineage, learned: tuple[str, ...]) -> list[Fitting]:
    fits = lineage.observations.trials.learned_by(learned)
    return [fit for fit in fits if fit.learns in _STATE and not fit.goes_on]


def _refitted(lineage: Lineage, trained: list[Fitting], given: Intake) -> list[tuple[Fitting, Fitting]]:
    """The fits that the serving run makes itself, each with the fit of training that it should have loaded. Rows that
    may have gone through something loaded instead (`if scaler is None: scaler.fit(rows)`) tell nothing."""
    nodes = lineage.graph.nodes
    own = {fit.model for fit in _states(lineage, given.refits)}
    if any(id in nodes and nodes[id].kind in ("model", "artifact") and id not in own for id in given.made_of):
        return []
    return [
        (before, now)
        for now in _states(lineage, given.refits)
        if _holds_data(now)
        for before in [fit for fit in trained if fit.what == now.what and fit.id != now.id][:1]
    ]


def _holds_data(fit: Fitting) -> bool:
    """Not `LabelEncoder().fit(["no", "yes"])`, which is the same each time."""
    return any(column.origins for column in fit.inputs) or any(":" in row.removeprefix("@rows:") for row in fit.rows)


def _lost(
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


def _of_refit(lineage: Lineage, model: Model, before: Fitting, now: Fitting, given: Intake) -> Finding:
    return Finding(
        message=f"`{now.what}` is fitted again on what model `{model.name}` is to predict, so that the same value "
        "means one thing in training and another when serving",
        help=f"save the fitted `{now.what}` with the model, or make it a step of the saved Pipeline, and only "
        "transform when serving",
        span=now.span,
        label="fitted again when serving",
        related=[Label(before.span, "fitted in training"), Label(given.span, f"`{model.name}` predicts from it")],
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


def _of_lost(lineage: Lineage, model: Model, fit: Fitting, trained: Feature, served: Feature, given: Intake) -> Finding:
    return Finding(
        message=f"model `{model.name}` was trained on `{trained.name}` as `{fit.what}` made it, which is saved "
        "nowhere, and is given it as it comes",
        help=f"save the fitted `{fit.what}` with the model, or make it a step of the saved Pipeline",
        span=given.span,
        label=f"predicts without `{fit.what}`",
        related=[Label(fit.span, "fitted in training, and not saved"), Label(served.span, "as it comes")],
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


RULE = Rule(
    code="ML704",
    name="refit-at-serving",
    summary="a transformer is fitted again on serving data, or its fitted state is not kept with the model",
    check=check,
    stable=False,
)
