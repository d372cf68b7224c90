"""ML704: a transformer is fitted again on serving data, or its fitted state is lost.

model.fit(StandardScaler().fit_transform(train), y)      # training
model.predict(StandardScaler().fit_transform(rows))      # the finding: other means, other scales
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Finding,
    Fitting,
    Intake,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    is_report,
    is_test,
    models,
)
from mllint_rules.train_serve.fitted_state import finding, lost_fit, of_lost, states


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each fit in serving, and one for each predict call without a fit of training."""
    owner = by_member(models(lineage.graph))
    fits: dict[str, list[Intake]] = defaultdict(list)
    served: dict[str, list[Intake]] = defaultdict(list)
    for intake in lineage.observations.intakes:
        model = owner.get(intake.model)
        if model is not None and not is_test(intake.job) and not is_test(intake.span.path):
            (fits if intake.side == "fit" else served)[model.id].append(intake)
    fittings = lineage.observations.trials.fittings.values()
    training = {fit.job for fit in fittings if fit.learns == "model"}
    found: dict[Span, Finding] = {}
    for model in {model.id: model for model in owner.values()}.values():
        trained_in = {(fit.job, fit.endpoint) for fit in fits[model.id]}
        trained = [fit for each in fits[model.id] for fit in states(lineage, each.learned)]
        for given in served[model.id]:
            if not trained or not given.sure or (given.job, given.endpoint) in trained_in:
                continue
            if not given.endpoint and (given.job in training or _only_measures(lineage, model, given)):
                continue  # it compares what is trained with what is in use, and predicts to see how good each is
            again = _refitted(lineage, trained, given)
            for before, now in again:
                found.setdefault(now.span, _of_refit(lineage, model, before, now, given))
            missing = None if again else lost_fit(lineage, model, trained, given)
            if missing is not None:
                found.setdefault(given.span, of_lost(lineage, model, *missing, given))
    for at in sorted(found):
        yield found[at]


def _only_measures(lineage: Lineage, model: Model, given: Intake) -> bool:
    """Whether the job predicts for scores alone: no prediction is kept, or given to anybody."""
    kept = any(
        output.model in model.members and output.job == given.job and not is_report(output.target)
        for output in lineage.observations.outputs
    )
    return not kept and any(
        each.job == given.job and each.what == "metric" for each in lineage.observations.evaluations
    )


def _refitted(lineage: Lineage, trained: list[Fitting], given: Intake) -> list[tuple[Fitting, Fitting]]:
    """The fits that the serving run makes itself, each with the fit of training that it should have loaded. Rows that
    may have gone through something loaded instead (`if scaler is None: scaler.fit(rows)`) tell nothing."""
    nodes = lineage.graph.nodes
    own = {fit.model for fit in states(lineage, given.refits)}
    if any(id in nodes and nodes[id].kind in ("model", "artifact") and id not in own for id in given.made_of):
        return []
    return [
        (before, now)
        for now in states(lineage, given.refits)
        if _holds_data(now)
        for before in [fit for fit in trained if fit.what == now.what and fit.id != now.id][:1]
    ]


def _holds_data(fit: Fitting) -> bool:
    """Not `LabelEncoder().fit(["no", "yes"])`, which is the same each time."""
    return any(column.origins for column in fit.inputs) or any(":" in row.removeprefix("@rows:") for row in fit.rows)


def _of_refit(lineage: Lineage, model: Model, before: Fitting, now: Fitting, given: Intake) -> Finding:
    return finding(
        lineage,
        model,
        f"`{now.what}` is fitted again on what model `{model.name}` is to predict, so that the same value means one "
        "thing in training and another when serving",
        Label(now.span, "fitted again when serving"),
        [Label(before.span, "fitted in training"), Label(given.span, f"`{model.name}` predicts from it")],
    )


RULE = Rule(
    code="ML704",
    name="refit-at-serving",
    summary="a transformer is fitted again on serving data, or its fitted state is not kept with the model",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
