"""ML208: a model uses data that its policy rules out, as it is or derived.

models: {churn: {forbids: [pii]}}                       # mllint.yaml
sources: {"column:table:crm.people#email": {tags: [pii]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Context,
    Declared,
    Edge,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    declared_ids,
    ends,
    is_seen,
    models,
    name,
    paths_to,
    trail,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each fit, policy and tagged thing that reaches it."""
    found = models(lineage.graph)
    for policy in lineage.declarations.of_kind("model"):
        if not policy.forbids:
            continue
        freeing = _freeing(lineage, policy, found)
        for model in found:
            if model.is_called(policy.name):
                yield from _of_model(lineage, policy, model, found, freeing)


def _of_model(
    lineage: Lineage, policy: Declared, model: Model, found: list[Model], freeing: set[str]
) -> Iterator[Finding]:
    told: set[tuple[Span | None, str]] = set()
    for tagged in lineage.declarations.entries:
        tags = [tag for tag in policy.forbids if tag in tagged.tags]
        if tagged.kind not in ("source", "feature") or not tags:
            continue
        for start in sorted(declared_ids(lineage.graph, tagged, found)):
            path = _carried(lineage, policy, start, model, freeing)
            at = path[-1].span if path else None
            if path and at is not None and (at, tagged.name) not in told:
                told.add((at, tagged.name))
                yield _finding(lineage, policy, model, tagged, tags[0], path, at)


def _freeing(lineage: Lineage, policy: Declared, found: list[Model]) -> set[str]:
    """Nodes that take a tag away: another model, a table."""
    nodes = {member for model in found if any(map(model.is_called, policy.allows)) for member in model.members}
    return nodes | {id for id, node in lineage.graph.nodes.items() if id in policy.allows or node.name in policy.allows}


def _carried(lineage: Lineage, policy: Declared, start: str, model: Model, freeing: set[str]) -> list[Edge]:
    """A path of values from what is tagged into a fit of the model: rows that were only chosen by it carry no tag."""
    graph, members = lineage.graph, set(model.members)
    if any(graph.out_edges(column) for column in graph.columns(start)):
        return []  # its columns tell more than the dataset as a whole
    ways = paths_to(graph, start, lambda e: e.target in members and e.kind == "trains", freeing, _carries)
    path = next(ways, [])
    return [] if path and _is_freed(lineage, policy, model, path[-1].source) else path


def _carries(edge: Edge) -> bool:
    return edge.strength == "direct" and not edge.measure and is_seen(edge)


def _is_freed(lineage: Lineage, policy: Declared, model: Model, id: str) -> bool:
    """Whether every input of the model that a column goes into is computed by a function that may take the tag away."""
    fits = [fit for fit in lineage.observations.trials.fittings.values() if fit.model in model.members]
    inputs = {one.name for fit in fits for one in fit.inputs if id in one.origins}
    made_by = {f.name: f.function for f in lineage.observations.features if f.model in model.members}
    return bool(inputs) and all(_is_allowed(policy, made_by.get(name, "")) for name in inputs)


def _is_allowed(policy: Declared, function: str) -> bool:
    return any(function == word or function.endswith(f".{word}") for word in policy.allows)


def _finding(
    lineage: Lineage, policy: Declared, model: Model, tagged: Declared, tag: str, path: list[Edge], at: Span
) -> Finding:
    graph = lineage.graph
    derived = " derived from" if len(path) > 1 else ""
    return Finding(
        message=f"`{model.name}` is trained on data{derived} {name(graph, path[0].source)}, which is tagged `{tag}`; "
        "its policy forbids that",
        help=f"leave it out of the training data, or pass it through a transformation that `allows` of "
        f"`{policy.name}` names",
        span=at,
        label=f"fitted with `{tag}` data",
        related=[
            Label(policy.span, f"`{policy.name}` forbids `{tag}`"),
            Label(tagged.span, f"tagged `{tag}` here"),
            *trail(graph, path),
        ],
        nodes=[path[0].source, *(edge.target for edge in path)],
        reaches=ends(graph, [model.id]),
        confidence=certainty(path),
        severity="error",
    )


RULE = Rule(
    code="ML208",
    name="forbidden-feature",
    summary="a model uses data that its policy rules out, as it is or derived",
    check=check,
)
