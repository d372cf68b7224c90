"""ML101: something outside a model's own pipeline reads its predictions, and no declaration names it.

The walk starts at what holds the predictions, passes through what the model's own pipeline makes of them, and stops at
the first read outside: whoever reads further on is reached through that reader.

    scores = pd.read_csv("data/churn_scores.csv")   # in campaigns/, while scoring/predict.py writes it
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from posixpath import dirname

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    consumer_of,
    dataset_of,
    ends,
    is_report,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    owner_of,
    place,
    reads_any,
    same_name,
    split_column,
    top_folder,
    trail,
)
from mllint_rules.boundaries.predictions import predictions_of

# What the platform asks, not a reader of predictions: `GET /metrics`, `GET /health`
_TECHNICAL = re.compile(
    r"^endpoint:(?:GET|HEAD) .*/(?:metrics|health\w*|ready|readiness|live|liveness|status|version)$"
)
# `monitoring/drift_exporter.py`: what looks after a model may read its predictions. The words only ever silence.
_WATCHES = {
    "monitor", "monitoring", "drift", "eval", "evaluate", "evaluation", "validate", "validation", "backtest", "parity",
    "health", "quality", "freshness",
}  # fmt: skip
# `scripts/smoke_test.py`, `scripts/benchmark_load.py`: what asks the endpoint only to see that, or how fast, it answers
_TRIES = {
    "smoke", "benchmark", "bench", "loadtest", "locust", "e2e", "verify", "simulate", "simulator", "demo",
    "performance", "latency", "probe", "workflows", "circleci", "gitlab", "makefile", "dockerfile",
}  # fmt: skip
_NOTES = (".json", ".yaml", ".yml", ".toml", ".txt", ".md", ".html", ".png", ".svg", ".pdf")
_PAGES = (".html", ".htm", ".js", ".jsx", ".ts", ".tsx", ".vue")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    reported = set()
    for model in models(lineage.graph):
        for edge, walk in _reads_outside(lineage, model):
            at = place(lineage.graph, edge)
            if at is not None and at not in reported and not _is_expected(lineage, model, edge, set(walk)):
                reported.add(at)
                yield _finding(lineage, model, edge, _way(lineage, model, walk, edge.source))


def _reads_outside(lineage: Lineage, model: Model) -> Iterator[tuple[Edge, dict[str, Edge | None]]]:
    """The first read of each job outside, with the walk up to it: the edge by which each id was reached."""
    graph = lineage.graph
    sure = predictions_of(lineage, model)
    todo = [id for id in model.outputs if id in sure and not _TECHNICAL.search(id)]
    todo = [id for id in todo if not _is_report(lineage, model, id)]
    walk: dict[str, Edge | None] = dict.fromkeys(todo)
    outside: dict[str, Edge] = {}
    for id in todo:
        for edge in graph.out_edges(id):
            if not is_seen(edge) or edge.target in model.members or not _carries(lineage, model, edge, walk):
                continue
            if id.startswith("endpoint:") and edge.kind != "consumes":
                continue  # what is made of the request's fields, while the predictions are in the answer
            if not _is_own(lineage, model, edge):
                job = job_path(edge)
                outside[job] = min(outside.get(job, edge), edge, key=lambda edge: _rank(lineage, edge))
            elif edge.target not in walk and not _TECHNICAL.search(edge.target):
                walk[edge.target] = edge
                todo.append(edge.target)
    for job in sorted(outside):
        yield outside[job], walk


def _carries(lineage: Lineage, model: Model, edge: Edge, walk: Collection[str]) -> bool:
    """Whether predictions go along: not with a count or a score of them, nor where a job takes, or goes by, other
    columns of the table only: `SELECT max(scored_at) FROM scores`."""
    if edge.measure:
        return False
    graph = lineage.graph
    predicted = {id for id in graph.columns(edge.source) if id in walk}
    given = {feature.name for feature in lineage.observations.features if feature.model in model.members}
    taken = {
        id
        for id in graph.columns(edge.source)
        for other in graph.out_edges(id)
        if edge.target in (other.target, split_column(other.target)[0]) and other.job == edge.job
    }
    if not taken:
        return True
    if not predicted:  # which of the columns the predictions are is not known: what the model is given are none of them
        return any(split_column(id)[1] not in given for id in taken)
    return not predicted.isdisjoint(taken)


def _way(lineage: Lineage, model: Model, walk: dict[str, Edge | None], id: str) -> list[Edge]:
    """The edges from the model to what is read."""
    way: list[Edge] = []
    while (edge := walk.get(id)) is not None:
        way.insert(0, edge)
        id = edge.source
    made = (path for member in sorted(model.members) if (path := lineage.graph.path(member, id)))
    return [*min(made, key=len, default=[]), *way]


def _is_report(lineage: Lineage, model: Model, id: str) -> bool:
    """What training itself notes beside the model: `json.dump({"threshold": cut, "features": names}, manifest)`."""
    if not dataset_of(id).endswith(_NOTES):
        return False
    graph = lineage.graph
    training = {edge.job for member in model.members for edge in graph.in_edges(member) if edge.kind == "trains"}
    training |= {e.job for e in lineage.observations.evaluations if e.what == "metric"}  # which measures it later
    made = [edge for edge in graph.in_edges(id) if edge.source in model.members]
    return bool(made) and all(edge.job in training or is_test(edge.job) for edge in made)


def _rank(lineage: Lineage, edge: Edge) -> tuple[bool, Span]:
    """The read of a whole dataset says more, and stands closer, than that of one of its columns."""
    return edge.source.startswith("column:"), place(lineage.graph, edge) or Span("~", 0)


def _is_own(lineage: Lineage, model: Model, edge: Edge) -> bool:
    """Whether the reader trains, scores, evaluates or monitors the model, under the same owner or top folder."""
    reader = job_path(edge)
    if reader in model.jobs:
        return True
    owner = owner_of(lineage.declarations, reader)
    owners = {owner_of(lineage.declarations, job) for job in model.jobs}
    if owner and any(owners) and not any(set(owner.split()) & set(other.split()) for other in owners):
        return False
    homes = {top_folder(job) for job in model.jobs}
    uses = [other for id in model.members for other in lineage.graph.out_edges(id)]
    loads = any(reader in (other.job, (other.read or other.span or edge.span or Span("", 0)).path) for other in uses)
    if loads and top_folder(reader) in homes | {""}:
        return True  # it loads the model itself, to score with it
    measures = {e.what for e in lineage.observations.evaluations if e.job in (reader, edge.job)}
    dataset = dataset_of(edge.source)
    made = dataset.startswith(("table:", "file:", "collection:", "topic:"))
    node, reads = lineage.graph.nodes[dataset], {other.span for other in lineage.graph.out_edges(dataset)}
    if made and reader.endswith(".sql") and any(at.path == reader and at not in reads for at in node.spans):
        return True  # the file that creates the table lays a view over it
    if made and any(job_path(other) == reader for other in lineage.graph.in_edges(dataset) if is_seen(other)):
        return True  # what stores the predictions looks up which of them it has
    words = set(re.split(r"[/_.-]", reader.lower()))
    if words & _WATCHES or (edge.source.startswith("endpoint:") and words & _TRIES):
        return True
    # A notebook elsewhere that measures the predictions is somebody else's only where owners say so.
    if measures - {"plot"} or (measures and top_folder(reader) in homes):
        return True
    if reader.endswith(_PAGES) and any(reader.startswith(dirname(job)) for job in model.jobs):
        return True  # static/form.js below the application that serves it
    # scoring/clip.py, which writes what scoring/predict.py made anew, is a step of scoring.
    makes_data = edge.kind != "consumes" and lineage.graph.nodes[edge.target].kind in ("dataset", "source", "column")
    return makes_data and dirname(reader) in {dirname(job) for job in model.jobs}


def _is_expected(lineage: Lineage, model: Model, edge: Edge, walked: set[str]) -> bool:
    """Whether the reader is a test or declared; a dbt model counts as such where an exposure or group is behind it."""
    reader = job_path(edge)
    if is_test(reader) or _is_within(lineage, model, reader):
        return True
    if _is_run_by_hand(lineage, reader, edge.source.startswith("topic:")):
        return True
    if reader.endswith(".sql") and lineage.graph.nodes[edge.target].kind == "consumer":
        return True  # a query that nothing seen runs: who takes its answer is not known
    ids = {edge.source, *walked, *model.members}
    for entry in consumer_of(lineage.declarations, reader, edge.job):
        if reads_any(entry, ids) or any(model.is_called(id) for id in entry.reads if id.startswith("model:")):
            return True
    return reader.endswith(".sql") and _is_published(lineage, edge.target)


def _is_run_by_hand(lineage: Lineage, reader: str, listens: bool) -> bool:
    """`request.py`: a script that nothing starts or imports, and that leaves nothing behind, asks an endpoint when
    people want to see its answer, as a notebook reads a file; nothing depends on that. Who listens to a topic
    acts on what comes, unless a text tells people to start it."""
    scripts = {script.path: script for script in lineage.observations.scripts}
    script = scripts.get(reader)
    is_started = script is None or not script.is_entry or bool(script.runners or script.importers)
    if is_started and not reader.endswith(".ipynb"):
        return False
    if listens and not (script is not None and script.is_mentioned):
        return False
    made = (edge for edge in lineage.graph.edges() if job_path(edge) == reader and edge.kind != "consumes")
    kept = (edge.target for edge in made if not is_report(edge.target))
    return not any(lineage.graph.nodes[id].kind in ("dataset", "source", "artifact") for id in kept)


def _is_within(lineage: Lineage, model: Model, reader: str) -> bool:
    """Whether the reader lies in the top folder of one of the model's jobs, and no owners tell them apart: parts of one
    application are no boundary."""
    owner = owner_of(lineage.declarations, reader)
    owners = {owner_of(lineage.declarations, job) for job in model.jobs}
    folders = {top_folder(path) for path in (*model.jobs, *model.places)}
    return top_folder(reader) in folders - {""} and (not owner or owner in owners)


def _is_published(lineage: Lineage, table: str) -> bool:
    graph = lineage.graph
    behind = {table} | graph.downstream([table])
    declared = any(edge.strength == "declared" for id in sorted(behind) for edge in _into_consumer(lineage, id))
    grouped = any(graph.nodes[id].attributes.get("group") for id in behind if id in graph.nodes)
    return declared or grouped or any(reads_any(entry, behind) for entry in lineage.declarations.of_kind("consumer"))


def _into_consumer(lineage: Lineage, id: str) -> list[Edge]:
    graph = lineage.graph
    return graph.in_edges(id) if id in graph.nodes and graph.nodes[id].kind == "consumer" else []


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
