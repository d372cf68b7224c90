"""ML202: training reads data that changes under it, with no version.

rows = pd.read_sql("SELECT km, minutes FROM raw.trips", engine)   # the finding: tomorrow these are other rows
model.fit(rows[["km"]], rows["minutes"])
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
    Reading,
    Rule,
    Span,
    by_member,
    certainty,
    ends,
    is_seen,
    is_test,
    models,
    paths_to,
    split_column,
    trail,
)

_LIVE = ("table:", "topic:", "collection:")
_MOVING = re.compile(r"(?:^|[/_.:-])(latest|current|master|main|head|live)(?=$|[/_.?-])", re.IGNORECASE)
_VERSION = re.compile(r"[0-9a-f]{32,}|\d{4}[-_/]?\d{2}[-_/]?\d{2}|[/_.-]v\d+|versionId=|@\w+$|year=|dt=|date=")
_USUAL_SCHEMAS = ("public", "dbo", "main")
_TIME = re.compile(
    r"date|time|day|month|year|week|hour|period|quarter|season|snapshot|version|partition|_at$|_ts$|^ts$|^ds$|^dt$"
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each call that reads what moves, if its rows go into a fit."""
    owner = by_member(models(lineage.graph))
    told: dict[Span, Finding] = {}
    for reading in lineage.observations.readings:
        if reading.span in told or is_test(reading.job) or is_test(reading.span.path):
            continue
        why = _moves(lineage, reading)
        path = _into_fit(lineage, reading, owner) if why else None
        if path:
            told[reading.span] = _finding(lineage, reading, owner[path[-1].target], why, path)
    for span in sorted(told, key=_order):
        yield told[span]


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _moves(lineage: Lineage, reading: Reading) -> str:
    """Why the rows of that read may be others the next time; empty if they are fixed, or it cannot be told."""
    id = reading.dataset
    if "{" in id or _VERSION.search(id) or lineage.graph.nodes[id].attributes.get("versioned"):
        return ""
    if any(is_seen(edge) for same in _same_table(lineage, id) for edge in lineage.graph.in_edges(same)):
        return ""  # an earlier stage of the repository makes it
    if id.startswith(_LIVE):
        return "" if _is_bounded(lineage, reading) else "the table is live, and no filter fixes until when"
    if "://" in id and _MOVING.search(id.partition("://")[2]):
        return f"what `{_MOVING.search(id.partition('://')[2])[1]}` stands for moves"  # type: ignore[index]
    return ""


def _same_table(lineage: Lineage, id: str) -> list[str]:
    """The node, and those that are the same table if the schema that goes without saying is left out:
    `to_sql("incomes", schema="public")`, then `SELECT * FROM incomes`."""
    kind, _, name = id.partition(":")
    *schema, last = name.split(".")
    if kind != "table" or len(schema) > 1 or (schema and schema[0].lower() not in _USUAL_SCHEMAS):
        return [id]
    names = {last, *(f"{usual}.{last}" for usual in _USUAL_SCHEMAS)}
    return [other for other in sorted(f"table:{each}" for each in names) if other in lineage.graph.nodes]


def _is_bounded(lineage: Lineage, reading: Reading) -> bool:
    """Whether a filter bounds the time from above; one that nobody could read may."""
    id, job = reading.dataset, reading.job
    if any(
        one.dataset == id and one.job == job and one.operator in ("<", "<=", "==")
        for one in lineage.observations.limits
    ):
        return True
    chosen = [
        split_column(column)[1]
        for column in lineage.graph.columns(id)
        for edge in lineage.graph.out_edges(column)
        if edge.strength == "indirect"
    ]
    limited = {one.column for one in lineage.observations.limits if one.dataset == id and one.job == job}
    return any(_TIME.search(name.lower()) and name not in limited for name in chosen)


def _into_fit(lineage: Lineage, reading: Reading, owner: dict[str, Model]) -> list[Edge] | None:
    """The way from that read into a fit of the same job: what another job trains on is what this one has stored."""
    for path in paths_to(lineage.graph, reading.dataset, lambda e: e.kind == "trains" and e.target in owner):
        first = path[0]
        if first.read in (None, reading.span) and all(edge.job == reading.job for edge in path):
            return path
    return None


def _finding(lineage: Lineage, reading: Reading, model: Model, why: str, path: list[Edge]) -> Finding:
    graph = lineage.graph
    return Finding(
        message=f"`{model.name}` is trained on `{graph.nodes[reading.dataset].name}` as it is at the time: {why}",
        help="read a snapshot or a version, or only rows before a date that the configuration fixes: then a model can "
        "be trained again on the same data",
        span=reading.span,
        label="which rows these are changes",
        related=trail(graph, path),
        nodes=[path[0].source, *(edge.target for edge in path)],
        reaches=ends(graph, [model.id]),
        confidence=certainty(path),
    )


RULE = Rule(
    code="ML202",
    name="unstable-source",
    summary="training reads data that changes under it, with no version",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
