"""ML209: a column is read that its producer, whose columns are all known, does not make.

trips[["km", "minutes"]].to_csv("features.csv")     # in features.py
X = pd.read_csv("features.csv")[["km", "hour"]]     # the finding: there is no `hour`
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from mllint.rule import Absent, Context, Edge, Finding, Label, Lineage, Rule, Span, is_seen, is_test, split_column

_PSEUDO = {"rowid", "ctid", "oid", "rownum", "row_number", "level", "value", "metadata", "this", "count"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Columns that Python asks for of rows that are known whole, then those that SQL names of a table with a schema;
    one finding for each place and dataset."""
    found: dict[tuple[Span, str], dict[str, list[Edge]]] = {}
    for absent in lineage.observations.absent:
        makers = _makers(lineage, absent.dataset, absent.job)
        if makers and not is_test(absent.job) and not _is_made(lineage, absent.dataset, absent.name):
            found.setdefault((absent.span, absent.dataset), {})[absent.name] = makers
    for absent in _in_sql(lineage):
        found.setdefault((absent.span, absent.dataset), {})[absent.name] = _makers(lineage, absent.dataset, "")
    for span, dataset in sorted(found, key=lambda key: (_order(key[0]), key[1])):
        names = found[span, dataset]
        yield _finding(lineage, dataset, span, sorted(names), names[min(names)])


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _makers(lineage: Lineage, dataset: str, reader: str) -> list[Edge]:
    """The writes of the repository that make the dataset."""
    edges = [edge for edge in lineage.graph.in_edges(dataset) if is_seen(edge)]
    return [edge for edge in edges if edge.job != reader and edge.resolved and not is_test(edge.job)]


def _is_made(lineage: Lineage, dataset: str, column: str) -> bool:
    """Whether some write makes the column after all, or the data that the repository ships holds it."""
    names = {split_column(id)[1].lower(): id for id in lineage.graph.columns(dataset)}
    id = names.get(column.lower())
    schema = [str(name).lower() for name in lineage.graph.nodes[dataset].attributes.get("columns", ())]
    return column.lower() in schema or bool(id and lineage.graph.in_edges(id)) or "*" in names


def _in_sql(lineage: Lineage) -> Iterator[Absent]:
    """Columns that statements name of a table which other statements define, column by column."""
    graph = lineage.graph
    if any(not gap.is_read and (not gap.node or gap.node.startswith("table:")) for gap in lineage.coverage.gaps):
        return  # `CREATE TABLE {name} AS ...`: it may make any table anew
    for node in graph.of_kind("dataset", "source"):
        schema = {str(name).lower() for name in node.attributes.get("columns", ())}
        makers = _makers(lineage, node.id, "")
        if not node.id.startswith("table:") or not schema or not makers:
            continue
        if any(edge.language != "sql" for edge in makers):
            continue  # a frame that is written may replace the table
        for id in graph.columns(node.id):
            name = split_column(id)[1]
            readers = [edge for edge in graph.out_edges(id) if is_seen(edge) and not is_test(edge.job)]
            if name.lower() in schema or _is_pseudo(name) or graph.in_edges(id) or not readers:
                continue
            first = min(readers, key=lambda edge: _order(edge.read or edge.span or Span("", 0)))
            at = first.read or first.span
            if at is not None:
                yield Absent(node.id, name, at, first.job)


def _is_pseudo(name: str) -> bool:
    return name.lower() in _PSEUDO or name.startswith(("_", "$", "@")) or any(sign in name for sign in "*.{}[]() ")


def _finding(lineage: Lineage, dataset: str, at: Span, names: list[str], makers: list[Edge]) -> Finding:
    graph = lineage.graph
    known = sorted({split_column(id)[1] for id in graph.columns(dataset) if graph.in_edges(id)})
    known = known or [str(name) for name in graph.nodes[dataset].attributes.get("columns", ())]
    near = [f"`{other}`" for name in names for other in get_close_matches(name, known, 1)]
    what, words = graph.nodes[dataset].name, ", ".join(f"`{name}`" for name in names[:5])
    maker = min(makers, key=lambda edge: (edge.job, _order(edge.span or Span("", 0))), default=None)
    return Finding(
        message=f"{words} {'is' if len(names) == 1 else 'are'} read of `{what}`, which has no such column"
        + (f"; there is {', '.join(dict.fromkeys(near))}" if near else ""),
        help=f"read one of {', '.join(f'`{name}`' for name in known[:8])}{' …' if len(known) > 8 else ''}, or let the "
        "producer make it",
        span=at,
        label=f"there is no {words}",
        related=[Label(maker.span, f"`{what}` is made here, without it")] if maker is not None and maker.span else [],
        nodes=[dataset],
        severity="error",
    )


RULE = Rule(
    code="ML209",
    name="missing-column",
    summary="a column is read that its producer, whose columns are all known, does not make",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
