"""ML301: a model's predictions reach its own later training data.

clicks["score"] = model.predict(clicks[F])      # to a table
model.fit(table[F + ["score"]], table["y"])     # the finding: at the read of that table
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Context,
    Finding,
    Label,
    Leg,
    Lineage,
    Rule,
    certainty,
    dataset_of,
    ends,
    is_explored,
    is_test,
    legs,
    name,
    place,
    trail,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each model that learns from itself, at the read nearest to its fit."""
    for leg in legs(lineage):
        if leg.source.id != leg.target.id or any(is_test(edge.job) for edge in leg.path) or is_test(leg.output.job):
            continue
        if not is_explored(lineage, leg):
            yield from _finding(lineage, leg)


def _finding(lineage: Lineage, leg: Leg) -> Iterator[Finding]:
    graph, last = lineage.graph, leg.path[-1]
    at = place(graph, last)
    if at is None:
        return
    model = leg.source
    seen = trail(graph, leg.path)
    yield Finding(
        message=f"model `{model.name}` is trained on its own predictions: they go to "
        f"{name(graph, dataset_of(leg.output.target))}, and come back through {name(graph, dataset_of(last.source))}",
        help="train on rows that the model did not choose: hold some out at random, and filter training by them",
        span=at,
        label="its own predictions come back here",
        related=[
            Label(leg.output.span, f"predictions of `{model.name}` go to {name(graph, dataset_of(leg.output.target))}"),
            *[label for label in seen if label.span not in (at, leg.output.span)],
        ],
        nodes=list(dict.fromkeys([*model.members, *(edge.source for edge in leg.path)])),
        reaches=[id for id in ends(graph, model.members) if id not in model.members],
        confidence=certainty(leg.path),
    )


RULE = Rule(
    code="ML301",
    name="direct-feedback-loop",
    summary="a model's predictions reach its own later training data",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
