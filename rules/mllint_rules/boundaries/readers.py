"""Whose a reader of predictions is: the model's own pipeline, or somebody outside whom a declaration names."""

from __future__ import annotations

import re
from posixpath import dirname

from mllint.rule import (
    Edge,
    Lineage,
    Model,
    Span,
    consumer_of,
    dataset_of,
    is_report,
    is_seen,
    is_test,
    job_path,
    owner_of,
    place,
    reads_any,
    top_folder,
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
# `src/inference/batch.py`, `lambda/router/main.py`: what asks a model on behalf of others, or passes its answers on
_SERVES = {
    "serving", "inference", "scoring", "scorer", "predictor", "router", "gateway", "proxy", "acceptance",
}  # fmt: skip
_PAGES = (".html", ".htm", ".js", ".jsx", ".ts", ".tsx", ".vue")


def is_own(lineage: Lineage, model: Model, edge: Edge) -> bool:
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
    at = place(lineage.graph, edge)
    words = set(re.split(r"[/_.-]", f"{reader}/{at.path if at is not None else ''}".lower()))
    if words & (_WATCHES | _SERVES) or (edge.source.startswith("endpoint:") and words & _TRIES):
        return True
    # A notebook elsewhere that measures the predictions is somebody else's only where owners say so.
    if measures - {"plot"} or (measures and top_folder(reader) in homes):
        return True
    if reader.endswith(_PAGES) and any(reader.startswith(dirname(job)) for job in model.jobs):
        return True  # static/form.js below the application that serves it
    # scoring/clip.py, which writes what scoring/predict.py made anew, is a step of scoring.
    makes_data = edge.kind != "consumes" and lineage.graph.nodes[edge.target].kind in ("dataset", "source", "column")
    return makes_data and dirname(reader) in {dirname(job) for job in model.jobs}


def is_expected(lineage: Lineage, model: Model, edge: Edge, walked: set[str]) -> bool:
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
