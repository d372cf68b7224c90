"""ML302: a cycle through two or more models, or through an outside system that is declared.

ranker -> impressions -> demand model -> prices -> ranker      # each of them alone sees only data
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
    cycles,
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
    """One finding for each cycle, at the training read that is first in path order."""
    known = [leg for leg in legs(lineage, declared=True) if not _is_tested(leg) and not is_explored(lineage, leg)]
    alone = [[leg] for leg in known if leg.source.id == leg.target.id and leg.declared]
    for cycle in (*alone, *cycles(known)):
        reads = [at for leg in cycle if (at := place(lineage.graph, leg.path[-1])) is not None]
        if len(reads) == len(cycle):
            first = min(range(len(cycle)), key=lambda number: reads[number])
            yield _finding(lineage, [*cycle[first:], *cycle[:first]])


def _is_tested(leg: Leg) -> bool:
    return is_test(leg.output.job) or any(is_test(edge.job) for edge in leg.path)


def _finding(lineage: Lineage, cycle: list[Leg]) -> Finding:
    """The cycle, told from the model that is trained at the finding's place."""
    graph = lineage.graph
    at = place(graph, cycle[0].path[-1])
    assert at is not None
    told: dict[Label, None] = {}
    for leg in [*cycle[1:], cycle[0]]:
        where = name(graph, dataset_of(leg.output.target))
        told[Label(leg.output.span, f"predictions of `{leg.source.name}` go to {where}")] = None
        told.update(dict.fromkeys(trail(graph, leg.path)))
    path = [edge for leg in cycle for edge in leg.path]
    stops = [f"`{leg.target.name}`" for leg in cycle]
    if len(cycle) == 1:
        outside = next(edge for edge in path if edge.strength == "declared")
        words = f"model {stops[0]} is trained on what comes of its own predictions, through "
        words += name(graph, outside.target if "consumer:" in outside.target else outside.source)
    else:
        words = f"models feed each other: {' -> '.join([*stops, stops[0]])}"
    members = [id for leg in cycle for id in leg.source.members]
    return Finding(
        message=words,
        help="break the cycle in one place: train one of them on rows or columns that the others did not decide, and "
        "watch them together",
        span=at,
        label="the cycle closes here",
        related=[label for label in told if label.span != at],
        nodes=list(dict.fromkeys([*members, *(edge.source for edge in path)])),
        reaches=[id for id in ends(graph, members) if id not in members],
        confidence=certainty(path),
    )


RULE = Rule(
    code="ML302",
    name="hidden-feedback-loop",
    summary="a cycle through two or more models, or through a declared outside system",
    check=check,
    stable=False,  # no finding in some 200 public repositories
)
