"""ML201: a source, column, feature or model that is marked deprecated still reaches a model or a consumer.

FEATURES = ["trip_km", ...]   # mllint.yaml: trip_km: {deprecated: {sunset: 2024-06-01}}
"""

from __future__ import annotations

from collections.abc import Iterator
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
    by_member,
    certainty,
    consumer_of,
    declared_ids,
    ends,
    job_path,
    models,
    name,
    paths_to,
    place,
    trail,
)

_CODE = (".py", ".ipynb", ".sql", ".r", ".rmd", ".scala", ".java", ".jl", ".js", ".ts")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    found = models(lineage.graph)
    owner = by_member(found)
    for entry in lineage.declarations.entries:
        if entry.deprecated is None:
            continue
        uses: dict[Span, tuple[list[Edge], list[str]]] = {}
        for end, path in _ends(lineage, entry, found).items():
            at = _first_naming(lineage, entry, owner.get(end), path)
            if at is not None:
                uses.setdefault(at, (path, []))[1].append(end)
        for at in sorted(uses):
            yield _finding(lineage, context, entry, at, *uses[at])


def _ends(lineage: Lineage, entry: Declared, found: list[Model]) -> dict[str, list[Edge]]:
    """The models and consumers that the thing reaches, each with the path whose first step comes first in code."""
    starts = declared_ids(lineage.graph, entry, found)
    own = {job for model in found if not starts.isdisjoint(model.members) for job in model.jobs}
    avoid = starts | _replacement(lineage, entry)  # what goes into the replacement is the migration
    owner = by_member(found)
    result: dict[str, list[Edge]] = {}
    for start in sorted(starts):
        for path in paths_to(lineage.graph, start, lambda edge: _is_end(lineage, entry, edge, own), avoid):
            last = path[-1].target
            model = owner.get(last)
            end = model.id if model else last
            if end not in result or _order(lineage, path) < _order(lineage, result[end]):
                result[end] = path
    return result


def _is_end(lineage: Lineage, entry: Declared, edge: Edge, own: set[str]) -> bool:
    """A model (or its artifact), an endpoint, or a consumer. A read that ends in its own file is nobody's input,
    unless people say that the file is a consumer, or it is the predictions of a deprecated model that are read."""
    target = lineage.graph.nodes[edge.target]
    if target.kind != "consumer":
        return target.kind in ("model", "endpoint") or (target.kind == "artifact" and entry.kind != "model")
    declared = {consumer.name for consumer in lineage.declarations.of_kind("consumer")}
    is_named = target.name in declared or bool(consumer_of(lineage.declarations, job_path(edge), edge.job))
    return is_named or (entry.kind == "model" and job_path(edge) not in own)


def _replacement(lineage: Lineage, entry: Declared) -> set[str]:
    """Ids of the declared replacement, with its columns."""
    new = entry.deprecated.replacement if entry.deprecated else ""
    return {
        id
        for id, node in lineage.graph.nodes.items()
        if new and (new in (id, node.name) or id.startswith(f"column:{new}#") or id.endswith(f"#{new}"))
    }


def _first_naming(lineage: Lineage, entry: Declared, model: Model | None, path: list[Edge]) -> Span | None:
    """The first place in code that names the thing on its way to `model`: for a column the feature list, else any
    mention of it in the files of the path; for everything else the read."""
    column = path[0].source
    if entry.kind == "model" or not column.startswith(("column:", "feature:")):
        return place(lineage.graph, path[0])
    field = column.rpartition("#")[2]
    listed = [
        feature.named
        for feature in lineage.observations.features
        if model and feature.named and feature.name == field and feature.model in model.members
    ]
    files = {job_path(edge) for edge in path}
    mentioned = [
        span
        for span in lineage.graph.nodes[column].spans
        if span.path in files and splitext(span.path)[1].lower() in _CODE
    ]
    return min(listed or mentioned, default=place(lineage.graph, path[0]))


def _order(lineage: Lineage, path: list[Edge]) -> tuple[bool, bool, Span]:
    """The read of a whole dataset stands closer to what people would edit than that of one of its columns."""
    at = place(lineage.graph, path[0])
    return path[0].source.startswith("column:"), at is None, at or Span("", 0)


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
