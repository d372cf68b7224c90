"""ML207: a feature is used outside the time span or the place where it is available.

sources: {"table:raw.trips": {invalid: [{from: 2023-09-13, to: 2023-09-17, reason: logged twice}]}}   # mllint.yaml
trips = trips[trips["day"] >= "2023-09-01"]     # the finding: the training range covers these days
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Context,
    Declared,
    Edge,
    Finding,
    Label,
    Limit,
    Lineage,
    Model,
    Rule,
    Span,
    Window,
    admits,
    by_member,
    certainty,
    dataset_of,
    declared_ids,
    ends,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    paths_to,
    trail,
    unusable,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    found = models(lineage.graph)
    told: set[tuple[str, Span]] = set()
    for entry in lineage.declarations.entries:
        if entry.kind not in ("source", "feature"):
            continue
        findings = [*_out_of_time(lineage, context, entry, found)]
        if not entry.serving:
            findings += _needed_to_serve(lineage, entry, found)
        for finding in findings:
            if (finding.message, finding.span) not in told:
                told.add((finding.message, finding.span))
                yield finding


# ------------------------------------------------------------------------------------------------- in time


def _out_of_time(lineage: Lineage, context: Context, entry: Declared, found: list[Model]) -> Iterator[Finding]:
    """Fits whose training range, as far as filters fix it, covers days on which the data is missing or wrong."""
    if entry.available is None and not entry.invalid:
        return
    owner = by_member(found)
    for start in sorted(declared_ids(lineage.graph, entry, found)):
        for path in paths_to(lineage.graph, start, lambda edge: edge.kind == "trains" and edge.target in owner):
            if is_test(job_path(path[-1])):
                continue
            limits = _limits(lineage, path)
            for window, words in unusable(entry):
                limit = admits(limits, window, context.today)
                if limit is not None:
                    at = limit.setting or limit.span
                    yield _of_time(lineage, entry, window, words, owner[path[-1].target], path, at)


def _limits(lineage: Lineage, path: list[Edge]) -> list[Limit]:
    """The filters by date on the datasets of the path, in the jobs that it runs through."""
    datasets = {dataset_of(path[0].source)} | {dataset_of(edge.target) for edge in path}
    jobs = {edge.job for edge in path}
    return [one for one in lineage.observations.limits if one.dataset in datasets and one.job in jobs]


def _of_time(
    lineage: Lineage, entry: Declared, window: Window, words: str, model: Model, path: list[Edge], at: Span
) -> Finding:
    thing = entry.name.removeprefix("table:").removeprefix("file:").removeprefix("column:")
    return Finding(
        message=f"the training range of `{model.name}` covers days on which {entry.kind} `{thing}` is not to be used: "
        f"it {words}",
        help=f"begin after {window.end}, or leave these days out"
        if window.end
        else f"end before {window.start}, or leave these days out",
        span=at,
        label="this sets the range",
        related=[Label(entry.span, f"`{thing}` {words}"), *trail(lineage.graph, path)],
        nodes=[path[0].source, *(edge.target for edge in path)],
        reaches=ends(lineage.graph, [model.id]),
        confidence=certainty(path),
    )


# ------------------------------------------------------------------------------------------------- serving


def _needed_to_serve(lineage: Lineage, entry: Declared, found: list[Model]) -> Iterator[Finding]:
    """Models that are served and have it among their inputs: the label and weights are none."""
    graph = lineage.graph
    ids = declared_ids(graph, entry, found)
    names = {entry.name.rpartition("#")[2]} if entry.kind == "feature" or "#" in entry.name else set()
    names |= {id.rpartition("#")[2] for id in ids if id.startswith("column:")}
    reached = graph.downstream(ids, ("direct", "indirect"))
    for model in found:
        if not _is_served(lineage, model):
            continue
        inputs = [f for f in lineage.observations.features if f.model in model.members and f.side == "train"]
        for feature in inputs:
            came = feature.name in names and (entry.kind == "feature" or not reached.isdisjoint(model.members))
            if came and not is_test(feature.job):
                yield _of_serving(lineage, entry, model, feature.name, feature.named or feature.span)
                break


def _is_served(lineage: Lineage, model: Model) -> bool:
    """Whether an endpoint answers with it, or a job predicts with it that does not train it."""
    graph = lineage.graph
    training = {edge.job for id in model.members for edge in graph.in_edges(id) if edge.kind == "trains"}
    out = [edge for id in model.members for edge in graph.out_edges(id) if is_seen(edge) and not is_test(edge.job)]
    return any(e.kind == "serves" or (e.kind == "predicts" and e.job not in training) for e in out)


def _of_serving(lineage: Lineage, entry: Declared, model: Model, feature: str, at: Span) -> Finding:
    graph = lineage.graph
    return Finding(
        message=f"`{feature}` is not available when serving, and {name(graph, model.id)}, which is served, needs it as "
        "an input",
        help="leave it out of the features, or use what is known at the time of the prediction",
        span=at,
        label=f"`{feature}` is among the inputs",
        related=[Label(entry.span, "declared as `serving: false`")],
        nodes=[model.id],
        reaches=ends(graph, [model.id]),
    )


RULE = Rule(
    code="ML207",
    name="unavailable-feature",
    summary="a feature is used outside the time span or the place where it is available",
    check=check,
)
