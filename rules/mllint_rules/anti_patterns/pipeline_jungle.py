"""ML403: preparation of one training set passes through too many hand-offs.

CRM export -> a.csv -> b.xlsx -> c.parquet -> d.json -> e.csv -> fit, each written by another script
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename, splitext

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Graph,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    dataset_of,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    place,
)

_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst")
_SAME = {".yml": ".yaml", ".pkl": ".pickle", ".pq": ".parquet", ".xls": ".xlsx", ".jsonl": ".json", ".h5": ".hdf5"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for the files that are handed on to fits, with the figures of all that leads to the first of them."""
    declared = {start.path for start in lineage.observations.starts if start.by in ("stage", "dag")}
    found: dict[tuple[str, ...], Finding] = {}
    for model in models(lineage.graph):
        for at, edges in sorted(_reads(lineage.graph, model).items()):
            finding = _judged(lineage, model, at, edges, declared, context)
            if finding is not None:
                handed = tuple(finding.nodes[:-1])
                found[handed] = min(found.get(handed, finding), finding, key=lambda each: each.span)
    yield from sorted(found.values(), key=lambda finding: finding.span)


def _reads(graph: Graph, model: Model) -> dict[Span, list[Edge]]:
    """The edges that train a model, by the first read in each job: a fit on several files is one training set."""
    by_fit: dict[tuple[str, Span | None], list[Edge]] = {}
    for member in model.members:
        for edge in graph.in_edges(member):
            if edge.kind == "trains" and is_seen(edge) and not is_test(job_path(edge)):
                by_fit.setdefault((job_path(edge), edge.span), []).append(edge)
    result: dict[Span, list[Edge]] = {}
    for edges in by_fit.values():
        places = [at for edge in edges if (at := place(graph, edge)) is not None]
        if places:
            result[min(places)] = edges
    return result


def _judged(
    lineage: Lineage, model: Model, at: Span, edges: list[Edge], declared: set[str], context: Context
) -> Finding | None:
    graph = lineage.graph
    ids = {edge.source for edge in edges}
    above = sorted({dataset_of(id) for id in (ids | graph.upstream(ids, ("direct", "indirect")))} & graph.nodes.keys())
    sets = [id for id in above if graph.nodes[id].kind in ("source", "dataset") and not id.startswith("memory:")]
    makers = {id: _makers(graph, id) for id in sets}
    handed = [id for id in sets if makers[id] and _is_file(id) and not {job_path(e) for e in makers[id]} <= declared]
    systems = sorted({_system(id) for id in sets if not makers[id]})
    formats = sorted({_format(id) for id in sets} - {""})
    limits = context.options
    steps = list({edge.span: edge for id in reversed(handed) for edge in makers[id][:1]}.values())[::-1]
    jobs = sorted({job_path(edge) for id in sets for edge in makers[id]})
    is_wide = len(systems) > limits["max-source-systems"] or len(formats) > limits["max-formats"]
    most = limits["max-intermediate-files"]
    if len(steps) <= most or not is_wide or 2 * len(jobs) <= most:  # the order of a few scripts is no question
        return None
    return Finding(
        message=f"the training set of model `{model.name}` passes through {len(steps)} intermediate files (limit "
        f"{most}), {len(systems)} source systems (limit {limits['max-source-systems']}) "
        f"and {len(formats)} formats (limit {limits['max-formats']}) in {len(jobs)} scripts that no pipeline declares: "
        "which must run again, and in which order, nobody can tell",
        help="declare the steps in one pipeline (DVC, Kedro, dbt, a DAG), and hand frames on in memory or in one "
        "format where two steps always run together",
        span=at,
        label=f"systems: {', '.join(systems)}; formats: {', '.join(formats)}",
        related=[Label(e.span, f"{name(graph, e.target)} is handed on") for e in steps if e.span is not None],
        nodes=[*handed, model.id],
        confidence=certainty([*edges, *steps]),
    )


def _makers(graph: Graph, id: str) -> list[Edge]:
    """The edges by which code makes a dataset, or one of its columns."""
    edges = [edge for each in (id, *graph.columns(id)) for edge in graph.in_edges(each)]
    return [edge for edge in edges if is_seen(edge) and dataset_of(edge.source) != id]


def _is_file(id: str) -> bool:
    return id.startswith("file:") or "://" in id


def _system(id: str) -> str:
    """What a source is part of: a host or bucket, a schema or database, a top folder."""
    if "://" in id:
        scheme, _, rest = id.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"
    kind, _, bare = id.partition(":")
    if kind == "file":
        return f"{bare.lstrip('/').partition('/')[0]}/" if "/" in bare.lstrip("/") else "./"
    return f"{kind}:{bare.partition('.')[0]}" if "." in bare else kind


def _format(id: str) -> str:
    if not _is_file(id):
        return id.partition(":")[0]
    base = basename(id).lower()
    for ending in _PACKED:
        base = base.removesuffix(ending)
    ending = splitext(base)[1]
    return _SAME.get(ending, ending)


RULE = Rule(
    code="ML403",
    name="pipeline-jungle",
    summary="preparation of one training set passes through too many hand-offs, source systems and formats",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
    options={"max-intermediate-files": 4, "max-source-systems": 4, "max-formats": 3},
)
