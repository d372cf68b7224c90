"""ML201: a source, column, feature or model that is marked deprecated still reaches a model or a consumer.

FEATURES = ["trip_km", ...]   # mllint.yaml: trip_km: {deprecated: {sunset: 2024-06-01}}
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import splitext

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
    consumer_of,
    ends,
    is_seen,
    job_path,
    model_with,
    models,
    name,
    place,
    trail,
)  # fmt: skip

_CODE = (".py", ".ipynb", ".sql", ".r", ".rmd", ".scala", ".java", ".jl", ".js", ".ts")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    found = models(lineage.graph)
    for entry in lineage.declarations.entries:
        if entry.deprecated is None:
            continue
        uses: dict[Span, tuple[list[Edge], list[str]]] = {}
        for end, path in _ends(lineage, entry, found).items():
            at = _first_naming(lineage, entry, found, end, path)
            if at is not None:
                uses.setdefault(at, (path, []))[1].append(end)
        for at in sorted(uses):
            yield _finding(lineage, context, entry, at, *uses[at])


def _ends(lineage: Lineage, entry: Declared, found: list[Model]) -> dict[str, list[Edge]]:
    """The models and consumers that the thing reaches, each with the path of its first use."""
    starts = _nodes(lineage, entry, found)
    own = {id for model in found if entry.kind == "model" and not starts.isdisjoint(model.members) for id in model.jobs}
    result: dict[str, list[Edge]] = {}
    for start in sorted(starts):
        for path in _paths(lineage, start, starts, _replacement(lineage, entry)):
            last = path[-1].target
            if entry.kind == "model" and (path[0].kind in ("trains", "saves") or _is_kept(lineage, path, own)):
                continue
            model = model_with(found, last)
            end = model.id if model else last
            if end not in result or _order(path) < _order(result[end]):
                result[end] = path
    return result


def _nodes(lineage: Lineage, entry: Declared, found: list[Model]) -> set[str]:
    """The ids that a declaration means: those of the source, every column of a feature's name, all of a model."""
    ids = lineage.graph.nodes
    match entry.kind:
        case "source":
            named = {id for id in ids if fnmatchcase(id, entry.name)}
            return named | {id for id in ids if id.startswith("column:") and _dataset(id) in named}
        case "feature":
            return {id for id, node in ids.items() if node.kind in ("column", "feature") and _field(id) == entry.name}
        case "model":
            return {id for model in found if model.is_called(entry.name) for id in model.members}
    return set()


def _paths(lineage: Lineage, start: str, starts: set[str], replaced: set[str]) -> Iterator[list[Edge]]:
    """Shortest paths from `start` to every model, artifact, endpoint and declared consumer, not through those, nor
    into the replacement: that one is the migration."""
    graph = lineage.graph
    before: dict[str, list[Edge]] = {start: []}
    todo = [start]
    for id in todo:
        for edge in graph.out_edges(id):
            target = edge.target
            if not is_seen(edge) or target in before or target in starts or target in replaced:
                continue
            before[target] = [*before[id], edge]
            if _is_end(lineage, edge):
                yield before[target]
            else:
                todo.append(target)


def _is_end(lineage: Lineage, edge: Edge) -> bool:
    kind = lineage.graph.nodes[edge.target].kind
    if kind != "consumer":
        return kind in ("model", "artifact", "endpoint")
    # A read that ends in its own file is nobody's input, unless people say that this file is a consumer.
    declared = {consumer.name for consumer in lineage.declarations.of_kind("consumer")}
    is_named = lineage.graph.nodes[edge.target].name in declared
    reads_predictions = edge.source.startswith("endpoint:")
    return is_named or reads_predictions or bool(consumer_of(lineage.declarations, job_path(edge), edge.job))


def _is_kept(lineage: Lineage, path: list[Edge], own: set[str]) -> bool:
    """A deprecated model's own training and scoring are no use of it until someone reads what comes of it."""
    return lineage.graph.nodes[path[-1].target].kind == "artifact" or (
        len(path) == 1 and job_path(path[0]) in own and path[0].kind == "trains"
    )


def _replacement(lineage: Lineage, entry: Declared) -> set[str]:
    """Ids of the declared replacement, with its columns."""
    new = entry.deprecated.replacement if entry.deprecated else ""
    if not new:
        return set()
    return {
        id
        for id, node in lineage.graph.nodes.items()
        if new in (id, node.name) or _dataset(id) == new or (entry.kind == "feature" and _field(id) == new)
    }


def _first_naming(lineage: Lineage, entry: Declared, found: list[Model], end: str, path: list[Edge]) -> Span | None:
    """The first place in code that names the thing on its way to `end`: the feature list before the read."""
    places = []
    model = model_with(found, end)
    if entry.kind != "model" and path[0].source.startswith(("column:", "feature:")):
        wanted = _field(path[0].source)
        places = [
            feature.named
            for feature in lineage.observations.features
            if feature.named and feature.name == wanted and model and feature.model in (model.id, *model.members)
        ]
        if not places:
            jobs = {job_path(edge) for edge in path}
            spans = lineage.graph.nodes[path[0].source].spans
            places = [span for span in spans if span.path in jobs and splitext(span.path)[1].lower() in _CODE]
    return min(places) if places else place(path[0])


def _order(path: list[Edge]) -> tuple[bool, Span]:
    at = place(path[0])
    return (at is None, at or Span("", 0))


def _dataset(id: str) -> str:
    return id.removeprefix("column:").rpartition("#")[0]


def _field(id: str) -> str:
    return id.rpartition("#")[2]


def _finding(
    lineage: Lineage, context: Context, entry: Declared, at: Span, path: list[Edge], reached: list[str]
) -> Finding:
    graph, deprecated = lineage.graph, entry.deprecated
    assert deprecated is not None
    over = bool(deprecated.sunset) and deprecated.sunset < context.today
    thing = entry.name.removeprefix("column:").removeprefix("table:").removeprefix("file:")
    since = f" since {deprecated.since}" if deprecated.since else ""
    until = f", its sunset was {deprecated.sunset}" if over else f" and ends on {deprecated.sunset}"
    users = ", ".join(name(graph, id) for id in sorted(reached))
    instead = f"use `{deprecated.replacement}` instead" if deprecated.replacement else "agree on a replacement"
    asking = f" with {entry.owner}" if entry.owner else ""
    return Finding(
        message=f"{entry.kind} `{thing}` is deprecated{since}{until if deprecated.sunset else ''}, and still reaches "
        f"{users}" + (f"; its replacement is `{deprecated.replacement}`" if deprecated.replacement else ""),
        help=f"{instead}{'' if deprecated.replacement else asking}, then train and check again",
        span=at,
        label=f"`{thing}` is used here",
        related=[Label(entry.span, "marked deprecated here"), *trail(graph, path)],
        nodes=[path[0].source, *(edge.target for edge in path)],
        reaches=ends(graph, reached),
        confidence=certainty(path),
        severity="error" if over else "warning",
    )


RULE = Rule(
    code="ML201",
    name="deprecated-feature",
    summary="a source, feature or model that is marked deprecated still reaches a model or consumer",
    check=check,
)
