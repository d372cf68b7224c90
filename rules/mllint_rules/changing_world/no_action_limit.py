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
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each action, in the loop. Silent if on any way to it something may bound it."""
    owner = by_member(models(lineage.graph))
    found: dict[Span, list[Action]] = defaultdict(list)
    for action in lineage.observations.actions:
        if not is_test(action.job) and not is_test(action.span.path):
            found[action.span].append(action)
    for span in sorted(found):
        known = sorted((a for a in found[span] if a.model in owner), key=lambda a: (owner[a.model].id, a.predicted))
        if known and not any(action.bound for action in found[span]):
            yield _finding(lineage, known[0], owner[known[0].model])


def _finding(lineage: Lineage, action: Action, model: Model) -> Finding:
    return Finding(
        message=f"`{action.name}` is called in a loop because of predictions of model `{model.name}`, and nothing "
        "limits how often: one bad training, or one wrong input, is acted on for every row",
        help="count the actions and stop at a limit per run (or clip the amount), and leave the rest to a person",
        span=action.span,
        label="done as often as the model says so",
        related=[Label(action.predicted, f"`{model.name}` predicts")] if action.predicted != action.span else [],
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


RULE = Rule(
    code="ML603",
    name="no-action-limit",
    summary="an automated action is driven by a prediction in a loop without a cap",
    check=check,
    stable=False,
)
