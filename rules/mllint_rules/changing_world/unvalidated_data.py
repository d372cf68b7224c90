"""ML604: data enters training with no schema or value check on its way.

df = pd.read_csv("trips.csv")                                  # the finding
joblib.dump(Ridge().fit(df[["km"]], df["minutes"]), "eta.joblib")
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mllint.rule import (
    Check,
    Context,
    Edge,
    Finding,
    Fitting,
    Graph,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    dataset_of,
    ends,
    is_seen,
    is_test,
    job_path,
    models,
    paths_to,
    place,
    trail,
)
from mllint_rules.changing_world.training_sources import is_data, is_fixed


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each source, at its read, with the nearest model that is kept and that it trains."""
    graph = lineage.graph
    found: dict[str, tuple[Model, list[Edge]]] = {}
    for model in models(graph):
        if not _is_kept(graph, model):
            continue
        before = graph.upstream(model.members, ("direct",))
        for source in sorted(id for id in before if graph.nodes[id].kind == "source" and is_data(id)):
            ways = paths_to(graph, source, lambda edge: edge.target in model.members, ())  # noqa: B023
            way = next((way for way in ways if _is_taken(graph, way)), None)
            if way is None or way[-1].kind != "trains" or any(is_test(job_path(edge)) for edge in way):
                continue
            if _is_kept_by_others(graph, model, way[-1].job) or is_fixed(lineage, source, place(graph, way[0])):
                continue
            if not _is_checked(lineage, model, source, way) and (
                source not in found or len(way) < len(found[source][1])
            ):
                found[source] = model, way
    at: dict[Span, list[str]] = {}
    for source, (_, way) in found.items():
        read = place(graph, way[0])
        if read is not None:
            at.setdefault(read, []).append(source)
    for read in sorted(at):
        yield _finding(lineage, read, at[read], *found[at[read][0]])


def _is_kept(graph: Graph, model: Model) -> bool:
    """Whether the model is there for somebody: saved, registered, or asked for predictions."""
    kept = any(graph.nodes[id].kind == "artifact" or "artifact" in graph.nodes[id].attributes for id in model.members)
    return kept or len(model.members) > 1


def _is_kept_by_others(graph: Graph, model: Model, job: str) -> bool:
    """Whether other jobs save what they fit in the same place: a helper that many experiments call."""
    saves = {edge.job for id in model.members for edge in graph.out_edges(id) if edge.kind == "saves"}
    return bool(saves) and job not in saves


def _is_taken(graph: Graph, way: list[Edge]) -> bool:
    """Whether data can go that way: what one job fits and does not keep is not what another one uses."""
    return all(
        graph.nodes[first.target].kind != "model"
        or "artifact" in graph.nodes[first.target].attributes
        or not _jobs(graph, first).isdisjoint(_jobs(graph, then))
        for first, then in pairwise(way)
    )


def _jobs(graph: Graph, edge: Edge) -> set[str]:
    return {other.job for other in graph.out_edges(edge.source) if other.target == edge.target}


def _is_checked(lineage: Lineage, model: Model, source: str, way: list[Edge]) -> bool:
    """Whether anything on the way from the source to the fit is held against what it should be."""
    graph = lineage.graph
    between = (graph.downstream([source]) & graph.upstream(model.members)) | {source}
    between |= {dataset_of(id) for id in between}
    tested = {dataset_of(node.id) for node in graph.nodes.values() if node.attributes.get("tests")}
    if not tested.isdisjoint(between):
        return True
    fits = [fit for fit in lineage.observations.trials.fittings.values() if fit.model in model.members]
    return any(_covers(check, between, model, fits) for check in lineage.observations.checks) or any(
        evaluation.what == "check" and evaluation.job in {edge.job for edge in way} and evaluation.job.endswith(".sql")
        for evaluation in lineage.observations.evaluations
    )


def _covers(check: Check, between: set[str], model: Model, fits: list[Fitting]) -> bool:
    """Whether a check is about data on the way, before the fit; what predictions are held against is no check of it."""
    data = {dataset_of(id) for id in check.data} | {*check.data}
    if not data.isdisjoint(model.members) or data.isdisjoint(between):
        return False
    here = [fit for fit in fits if fit.job == check.job]
    return not here or any(check.order < fit.order for fit in here)


def _finding(lineage: Lineage, at: Span, sources: list[str], model: Model, way: list[Edge]) -> Finding:
    graph = lineage.graph
    names = ", ".join(f"`{graph.nodes[id].name}`" for id in sources[:3])
    return Finding(
        message=f"{names} {'enters' if len(sources) == 1 else 'enter'} the training of model `{model.name}` with no "
        "check of schema or values on the way: a changed unit or an empty column is learned in silence",
        help="check columns, types, ranges and missing values right after the read, and stop where they are wrong",
        span=at,
        label="read, and not checked",
        related=[label for label in trail(graph, [edge for edge in way if is_seen(edge)]) if label.span != at],
        nodes=[*sources, *model.members],
        reaches=[id for id in ends(graph, model.members) if id not in model.members],
        confidence=certainty(way),
        severity="info" if at.path.endswith(".ipynb") else None,
    )


RULE = Rule(
    code="ML604",
    name="unvalidated-data",
    summary="data enters training with no schema or value check on its way",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
