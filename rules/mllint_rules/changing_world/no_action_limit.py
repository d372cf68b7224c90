"""ML603: an automated action is driven by a prediction, in a loop without a cap.

for card in cards:
    if model.predict_proba(row(card))[0, 1] > 0.9:
        payments.block_card(card.id)          # the finding: on a bad day it blocks them all
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Action,
    Context,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    ends,
    is_test,
    models,
    name,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each action, in the loop. Silent if on any way to it something may bound it."""
    owner = by_member(models(lineage.graph))
    found: dict[Span, list[Action]] = defaultdict(list)
    for action in lineage.observations.actions:
        if not is_test(action.job) and not is_test(action.span.path):
            found[action.span].append(action)
    for span in sorted(found):
        known = [action for action in found[span] if action.model in lineage.graph.nodes]
        if known and not any(action.bound for action in found[span]):
            first = min(known, key=lambda action: (action.model not in owner, action.model, action.predicted))
            yield _finding(lineage, first, owner.get(first.model))


def _finding(lineage: Lineage, action: Action, model: Model | None) -> Finding:
    """The model may be one that was trained elsewhere."""
    members = model.members if model else (action.model,)
    called = f"`{model.name}`" if model else name(lineage.graph, action.model)
    return Finding(
        message=f"`{action.name}` is called in a loop because of predictions of model {called}, and nothing "
        "limits how often: one bad training, or one wrong input, is acted on for every row",
        help="count the actions and stop at a limit per run (or clip the amount), and leave the rest to a person",
        span=action.span,
        label="done as often as the model says so",
        related=[Label(action.predicted, f"{called} predicts")] if action.predicted != action.span else [],
        nodes=list(members),
        reaches=[id for id in ends(lineage.graph, members) if id not in members],
    )


RULE = Rule(
    code="ML603",
    name="no-action-limit",
    summary="an automated action is driven by a prediction in a loop without a cap",
    check=check,
    stable=False,  # not one finding in some 160 public repositories: few act, so nobody can tell
)
