"""Numbers about all rows: what they are combined with has seen these rows. See `lineage/trials.py`."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.trials import Fitting
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import FIT, PREDICTION, ROWS, learned_of, marked, rows_of
from mllint.linker.python.abstract.values import Column, Unknown, origins_of
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.trials import measured
from mllint.linker.python.machine import Machine


def statistic(call: Invocation, result: Any, subject: Any, keeps_rows: bool = False) -> Any:
    """A number about all rows: what it is combined with has seen them. Of predictions held against labels, a score."""
    m, what = call.m, call.name.rpartition(".")[2]
    origins = origins_of(subject)
    if marked(origins, PREDICTION):
        is_score = what in _AVERAGES and _is_comparison(subject)
        return _with_origins(result, measured(call, origins)) if is_score else result
    own = rows_of(subject)
    if _is_of_one_row(subject):
        return result
    if not own or any("{" in row for row in own):  # of a file for each row: `np.load(f"{id}.npy").mean()`
        return result
    id = f"{FIT}{what}:{rows.place_id(m, call.span)}"
    learns = "group" if is_grouped(call) else "statistic"
    fitting = Fitting(
        id, m.effects.tick(), call.span, m.effects.job, id, what, learns, tuple(sorted(own)),
        tuple(sorted(learned_of(subject) - {id})), tuple(rows.inputs_of(subject)),
        is_named=_is_named(m),
    )  # fmt: skip
    m.effects.fitting(fitting)
    if isinstance(result, Cell):
        m.heap.touch(result)
    return _marked(result, frozenset({id}), keeps_rows)


_AVERAGES = {"mean", "nanmean", "average", "sum", "nansum"}


def _is_of_one_row(subject: Any) -> bool:
    """`df.apply(lambda row: row.mean(), axis=1)`, or a mean of what lies in one cell."""
    match subject:
        case Column(kind=kind):
            return not kind
        case Cell(kind="frame"):
            return bool(subject.slots.get("row"))
    return False


def _is_named(m: Machine) -> bool:
    """Whether the statement only gives what it computes a name: `mean = df["x"].mean()`."""
    match m.statement:
        case facts.Assign(targets=(facts.Name(), *_)):
            return True
    return False


def is_grouped(call: Invocation) -> bool:
    """Whether a statistic is one for each group: `df.groupby("city")["price"].mean()`."""
    match call.receiver:
        case Column(kind=kind, expression=expression):
            grouped = isinstance(expression, ex.Apply) and expression.operator == "GROUPED"
            return grouped or "GroupBy" in kind
        case Cell(kind="frame"):
            return bool(call.receiver.slots.get("grouped"))
    return False


def _is_comparison(value: Any) -> bool:
    """Whether predictions are held against something: `pred == y`, `(pred - y) ** 2`."""
    todo = [value.expression] if isinstance(value, Column) else []
    while todo:
        expression = todo.pop()
        if isinstance(expression, ex.Apply):
            if expression.operator in ("EQ", "NE", "SUB"):
                return True
            todo += expression.arguments
    if not isinstance(value, Column) or not isinstance(value.expression, ex.Unresolved):
        return False
    return not value.name  # a named column may be the predictions themselves, whatever was done to them


def _with_origins(value: Any, origins: frozenset[str]) -> Any:
    return msgspec.structs.replace(value, origins=origins) if isinstance(value, Column | Unknown) else value


def _marked(value: Any, fit: frozenset[str], keeps_rows: bool) -> Any:
    """A statistic holds no rows of its own, and carries its fit."""

    def own(origins: frozenset[str]) -> frozenset[str]:
        if keeps_rows:
            return origins | fit
        return frozenset(o for o in origins if not o.startswith(ROWS)) | fit

    match value:
        case Column() | Unknown():
            return _with_origins(value, own(value.origins))
        case Cell(kind="frame"):
            table: Table = value.slots["table"]
            columns = {n: msgspec.structs.replace(c, origins=own(c.origins)) for n, c in table.columns.items()}
            value.slots["table"] = msgspec.structs.replace(table, columns=columns, origins=own(table.origins))
    return value
