"""ML101: something outside a model's own pipeline reads its predictions, and no declaration names it.

The walk starts at what holds the predictions, passes through what the model's own pipeline makes of them, and stops at
the first read outside: whoever reads further on is reached through that reader.

    scores = pd.read_csv("data/churn_scores.csv")   # in campaigns/, while scoring/predict.py writes it
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    dataset_of,
    ends,
    is_seen,
    job_path,
    models,
    name,
    owner_of,
    place,
    same_name,
    top_folder,
    trail,
)
from mllint_rules.boundaries.predictions import carries, is_note, is_own_report, predictions_of
from mllint_rules.boundaries.readers import is_expected, is_own

# What the platform asks, not a reader of predictions: `GET /metrics`, `GET /health`
_TECHNICAL = re.compile(
    r"^endpoint:(?:GET|HEAD) .*/(?:metrics|health\w*|ready|readiness|live|liveness|status|version)$"
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    reported = set()
    for model in models(lineage.graph):
        for edge, walk in _reads_outside(lineage, model):
            at = place(lineage.graph, edge)
            if at is not None and at not in reported and not is_expected(lineage, model, edge, set(walk)):
                reported.add(at)
                yield _finding(lineage, model, edge, _way(lineage, model, walk, edge.source))


def _reads_outside(lineage: Lineage, model: Model) -> Iterator[tuple[Edge, dict[str, Edge | None]]]:
    """The first read of each job outside, with the walk up to it: the edge by which each id was reached."""
    graph = lineage.graph
    sure = predictions_of(lineage, model)
    todo = [id for id in model.outputs if id in sure and not _TECHNICAL.search(id)]
    todo = [id for id in todo if not (is_note(id) or is_own_report(lineage, model, id))]
    walk: dict[str, Edge | None] = dict.fromkeys(todo)
    outside: dict[str, Edge] = {}
    for id in todo:
        for edge in graph.out_edges(id):
            if not is_seen(edge) or edge.target in model.members or not carries(lineage, model, edge, walk):
                continue
            if id.startswith("endpoint:") and edge.kind != "consumes":
                continue  # what is made of the request's fields, while the predictions are in the answer
            if not is_own(lineage, model, edge):
                job = job_path(edge)
                outside[job] = min(outside.get(job, edge), edge, key=lambda edge: _rank(lineage, edge))
            elif edge.target not in walk and not is_note(edge.target) and not _TECHNICAL.search(edge.target):
                walk[edge.target] = edge
                todo.append(edge.target)
    for job in sorted(outside):
        yield outside[job], walk


def _way(lineage: Lineage, model: Model, walk: dict[str, Edge | None], id: str) -> list[Edge]:
    """The edges from the model to what is read."""
    way: list[Edge] = []
    while (edge := walk.get(id)) is not None:
        way.insert(0, edge)
        id = edge.source
    made = (path for member in sorted(model.members) if (path := lineage.graph.path(member, id)))
    return [*min(made, key=len, default=[]), *way]


def _rank(lineage: Lineage, edge: Edge) -> tuple[bool, Span]:
    """The read of a whole dataset says more, and stands closer, than that of one of its columns."""
    return edge.source.startswith("column:"), place(lineage.graph, edge) or Span("~", 0)


def _finding(lineage: Lineage, model: Model, edge: Edge, way: list[Edge]) -> Finding:
    graph = lineage.graph
    reader, at = job_path(edge), place(lineage.graph, edge)
    assert at is not None
    read = dataset_of(edge.source)
    owners = sorted({owner_of(lineage.declarations, job) for job in model.jobs} - {""})
    theirs = f" of {', '.join(owners)}" if owners else ""
    same = any(same_name(top_folder(reader), top_folder(job)) for job in model.jobs)
    outside = f"`{reader}`" if same or not top_folder(reader) else f"`{reader}`, outside the model's own pipeline,"
    return Finding(
        message=f"{outside} reads the predictions of model `{model.name}`{theirs} from {name(graph, read)}, and "
        "no declaration names it: whoever changes the model changes what it does, without knowing",
        help=f'declare it as a consumer in mllint.yaml (`reads: ["{edge.source}"]`, with an owner), or let it read '
        "something that is made for it",
        span=at,
        label=f"predictions of `{model.name}` are read here",
        related=trail(graph, way),
        nodes=list(dict.fromkeys([*(step.source for step in way), edge.source, edge.target])),
        reaches=ends(graph, [edge.target]),
        confidence=certainty([*way, edge]),
    )


RULE = Rule(
    code="ML101",
    name="undeclared-consumer",
    summary="something outside the model's own pipeline reads its predictions, and no declaration names it",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
