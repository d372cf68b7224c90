"""Traces: what a value remembers, among its origins, of the rows it holds and of the fits it went through.

Origins travel with every value through code that nobody models, and so do traces. They are no nodes: `Effects` leaves
them out of the graph. `@rows:` names a row set, `@fit:` a fit, `@pred:` a prediction, `@score:` a score,
`@cut:` a comparison of a prediction with a number, `@order` that something was held against something else by size,
`@made:` a computed column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mllint.lineage.ids import LOGGED
from mllint.linker.python.abstract.values import Bound, Choice, Column, Tuple, Unknown, origins_of

ROWS = "@rows:"
FIT = "@fit:"
PREDICTION = "@pred:"
SCORE = "@score:"
DATE = "@date:"  # a date out of a configuration that a column was compared with
MADE = "@made:"  # the place that gave a computed column its name: see frames/usage.py
CUT = "@cut:"
ORDER = "@order"
FULL = "@full"  # of a column as it was read: rows without a value were dropped
NOTHING: frozenset[str] = frozenset()
_NO_DATA = ("@", "column:", "model@", "model:", LOGGED, "measure of ")


def is_trace(origin: str) -> bool:
    return origin.startswith("@")


def without_traces(origins: Iterable[str]) -> frozenset[str]:
    return frozenset(origin for origin in origins if not origin.startswith("@"))


def traces_of(origins: frozenset[str]) -> frozenset[str]:
    return frozenset(origin for origin in origins if origin.startswith("@"))


def marked(origins: frozenset[str], prefix: str) -> frozenset[str]:
    return frozenset([each for each in origins if each.startswith(prefix)]) if origins else NOTHING


def rows_in(origins: frozenset[str]) -> frozenset[str]:
    """The row sets that origins tell: the marked ones, else the datasets as a whole."""
    known = marked(origins, ROWS)
    if known:
        return known
    datasets = {o[len("column:") : o.rindex("#")] for o in origins if o.startswith("column:") and "#" in o}
    datasets.update(o for o in origins if not o.startswith(_NO_DATA))
    return frozenset(ROWS + dataset for dataset in datasets)


def with_rows(origins: frozenset[str], rows: frozenset[str]) -> frozenset[str]:
    """The same origins, of other rows."""
    return frozenset(origin for origin in origins if not origin.startswith(ROWS)) | rows


def rows_of(value: Any) -> frozenset[str]:
    """The row sets that a value holds rows of. A value of which nothing is known is told by where it was lost."""
    match value:
        case Choice(options=options):
            return frozenset().union(*(rows_of(option) for option in options))
        case Bound(function=str() as name, receiver=receiver):  # `data.train`, `data.valid` of what nobody models
            return frozenset(f"{row}.{name}" for row in rows_of(receiver))
        case Tuple(items=items) if items:
            return frozenset().union(*(rows_of(item) for item in items))
        case Unknown(origins=origins, why=why, span=span) if not origins and why:
            return frozenset({f"{ROWS}{why}{f'@{span.path}:{span.line}:{span.column}' if span else ''}"})
    if getattr(value, "kind", "") == "frame" and not isinstance(value, Column):
        table = value.slots["table"]
        return rows_in(table.origins or table.base)
    return rows_in(origins_of(value))


def learned_of(value: Any) -> frozenset[str]:
    return marked(origins_of(value), FIT)
