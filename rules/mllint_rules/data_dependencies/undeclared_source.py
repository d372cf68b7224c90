"""ML206: a model depends on a source without the annotations that the repository's policy requires.

trips = pd.read_sql("SELECT * FROM raw.trips", engine)    # the finding: nobody says who owns raw.trips
model.fit(trips[["km"]], trips["minutes"])
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

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
    dataset_of,
    declared_ids,
    ends,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    owner_of,
    paths_to,
    place,
    trail,
)

_CODE = "ML206"


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each root of a model that lacks an annotation, at the read that feeds the model."""
    found = models(lineage.graph)
    owner = by_member(found)
    roots = {id: path for id in _roots(lineage) if (path := _into_model(lineage, id, owner))}
    if not _has_policy(lineage, context):
        if roots:  # nobody has begun to declare: a finding for each source would tell nothing new
            context.notes.append(
                f"{_CODE}: {len(roots)} sources feed models, and nothing declares who owns one of them"
            )
        return
    annotated = _annotated(lineage, found)
    for id, path in roots.items():
        missing = _missing(lineage, id, annotated.get(id, []), context)
        at = place(lineage.graph, path[0])
        if missing and at is not None:
            yield _finding(lineage, owner, id, missing, path, at)


def _has_policy(lineage: Lineage, context: Context) -> bool:
    """Whether anybody has begun to annotate sources: in mllint.yaml, in CODEOWNERS, or in the words of a tool. The
    owner of a dbt exposure is that of a report; tables that dbt only lists are not annotated."""
    declarations = lineage.declarations
    if declarations.owners or any(entry.origin == "mllint.yaml" for entry in declarations.entries):
        return True
    wanted = context.required_annotations
    return any(_value(entry, word) for entry in declarations.of_kind("source") for word in wanted)


def _roots(lineage: Lineage) -> Iterator[str]:
    """What nothing in the repository makes. A bare name may be that of a table that is made in some schema."""
    nodes = tuple(lineage.graph.of_kind("source", "dataset"))
    is_made = {node.id: any(is_seen(edge) for edge in lineage.graph.in_edges(node.id)) for node in nodes}
    tables = (id.removeprefix("table:") for id, made in is_made.items() if made and id.startswith("table:"))
    lasts = {f"table:{table.rpartition('.')[2]}" for table in tables}
    for node in nodes:
        if not (is_test(node.name) or is_made[node.id] or node.id in lasts):
            yield node.id


def _annotated(lineage: Lineage, found: list[Model]) -> dict[str, list[Declared]]:
    """What people declared of each dataset, in mllint.yaml or in the words of a tool."""
    result: dict[str, list[Declared]] = {}
    for entry in lineage.declarations.of_kind("source"):
        for id in declared_ids(lineage.graph, entry, found):
            result.setdefault(dataset_of(id), []).append(entry)
    return result


def _missing(lineage: Lineage, id: str, entries: list[Declared], context: Context) -> list[str]:
    """The required annotations that nothing gives. CODEOWNERS tells who owns a file."""
    attributes = lineage.graph.nodes[id].attributes
    wanted = context.required_annotations
    given = {word for word in wanted if attributes.get(word) or any(_value(entry, word) for entry in entries)}
    if id.startswith("file:") and owner_of(lineage.declarations, id.removeprefix("file:")):
        given.add("owner")
    return [word for word in wanted if word not in given]


def _value(entry: Declared, word: str) -> object:
    return getattr(entry, word, None)


def _into_model(lineage: Lineage, id: str, owner: dict[str, Model]) -> list[Edge] | None:
    """The way into a fit; of several, the one that is read first in path order."""
    graph = lineage.graph
    ways = paths_to(graph, id, lambda edge: edge.kind == "trains" and edge.target in owner)
    seen = [way for way in ways if not is_test(job_path(way[-1]))]
    return min(seen, key=lambda way: _order(place(graph, way[0])), default=None)


def _order(span: Span | None) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column) if span else ("", 0, 0, 0)


def _finding(
    lineage: Lineage, owner: dict[str, Model], id: str, missing: list[str], path: list[Edge], at: Span
) -> Finding:
    graph, model = lineage.graph, owner[path[-1].target]
    words = " and ".join(f"`{word}`" for word in missing)
    fields = ", ".join(f"{word}: …" for word in missing)
    near = [entry for entry in lineage.declarations.of_kind("source") if fnmatchcase(id, entry.name)]
    return Finding(
        message=f"`{model.name}` depends on {name(graph, id)}, of which no declaration tells the {words}",
        help=f"add `{id}: {{{fields}}}` under `sources` of mllint.yaml, or say it where the source is declared already",
        span=at,
        label="read here",
        related=[*(Label(entry.span, f"declared here, without {words}") for entry in near[:1]), *trail(graph, path)],
        nodes=[path[0].source, *(edge.target for edge in path)],
        reaches=ends(graph, [model.id]),
        confidence=certainty(path),
    )


RULE = Rule(
    code=_CODE,
    name="undeclared-source",
    summary="a model depends on a source without the annotations that the repository's policy requires",
    stable=False,  # true: 0 of 2 in the last 86 unseen repositories, and 5 in doubt
    check=check,
)
