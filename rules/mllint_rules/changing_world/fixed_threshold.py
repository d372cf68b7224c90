"""ML601: a decision on a prediction compares it with a number that somebody has set by hand.

if model.predict_proba(row)[0, 1] > 0.8: block(order)     # the finding
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Decision,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    ends,
    is_seen,
    is_test,
    models,
    name,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each prediction in a file, at the first comparison; the further steps of a ladder are related."""
    owner = by_member(models(lineage.graph))
    found: dict[tuple[Span, str], list[Decision]] = defaultdict(list)
    for decision in lineage.observations.decisions:
        if decision.model not in owner or is_test(decision.job) or is_test(decision.acted.path):
            continue
        if not _is_written_by_a_step(lineage, decision) and not _is_of_a_trial(lineage, decision):
            found[decision.predicted, decision.span.path].append(decision)
    for key in sorted(found):
        decisions = sorted(found[key], key=lambda d: (d.span, d.acted, d.target, d.model))
        yield _finding(lineage, owner[decisions[0].model], decisions)


def _is_of_a_trial(lineage: Lineage, decision: Decision) -> bool:
    """Whether the class of each row of a backtest is kept beside its truth, in the run that fits and measures the
    model: `(p >= 0.5)` is what `predict` gives, and nothing is done about it."""
    if set(decision.values) != {0.5} or not decision.target.startswith(("file:", "table:", "column:")):
        return False
    trials, measured = lineage.observations.trials, lineage.observations.evaluations
    fits = any(fit.job == decision.job and fit.model == decision.model for fit in trials.fittings.values())
    return fits and any(each.job == decision.job and each.what == "metric" for each in measured)


def _is_written_by_a_step(lineage: Lineage, decision: Decision) -> bool:
    """Whether the number stands in a file that a job of the repository writes: a validation chose it."""
    nodes = (f"file:{place.path}" for place in decision.settings)
    return any(
        edge.kind != "consumes" and is_seen(edge)
        for node in nodes
        if node in lineage.graph.nodes
        for edge in lineage.graph.in_edges(node)
    )


def _finding(lineage: Lineage, model: Model, decisions: list[Decision]) -> Finding:
    first = decisions[0]
    values = list(dict.fromkeys(str(value) for decision in decisions for value in decision.values))
    places = dict.fromkeys(decision.span for decision in decisions[1:] if decision.span != first.span)
    label = f"`{first.text}`, by hand: {', '.join(str(value) for value in first.values)}"
    return Finding(
        message=f"what is done about a prediction of model `{model.name}` depends on {_listed(values)}, set by hand: "
        "the next training moves the scores, and nothing moves the threshold",
        help="choose the threshold on held-out data in the training run, save it with the model, and load it here",
        span=first.span,
        label=label,
        related=[
            Label(first.predicted, f"`{model.name}` predicts"),
            *[Label(place, "the number stands here") for place in first.settings[:3]],
            *[Label(place, "compared again") for place in list(places)[:3]],
            Label(first.acted, f"goes to {name(lineage.graph, first.target)}" if first.target else "something is done"),
        ],
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


def _listed(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ", ".join(values[:-1]) + f" and {values[-1]}"


RULE = Rule(
    code="ML601",
    name="fixed-threshold",
    summary="a decision on a prediction compares it with a number that was set by hand",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
