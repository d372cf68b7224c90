"""What models are given, to fit and to predict: all their features in order, or that these are not all known."""

from __future__ import annotations

from typing import Any

from mllint.lineage import expressions as ex
from mllint.lineage.observations import Intake
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import learned_of, without_traces
from mllint.linker.python.abstract.values import Choice, Column, Tuple, origins_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.estimators import inner_estimators, is_estimator
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.trials import data_of, what_it_learns
from mllint.linker.python.machine import Machine

MOST_PARTS = 20


def fitted(call: Invocation, estimator: Cell, token: str, x: Any, y: Any, selected: list[str] | None) -> None:
    """A fit. What takes its label out of the rows itself is told features and more: nothing is known of them."""
    if what_it_learns(call.m, estimator) != "model":
        return
    labelled = y is not None or (isinstance(x, Cell) and "label" in x.slots.get("arguments", {}))
    picks = _picks(call.m, estimator)
    names, named = _features(call, data_of(x)) if labelled else (None, False)
    if picks:  # what an own step makes is not asked of the caller: `Pipeline([("own", Ratios()), ("columns", ...)])`
        known = names is not None and selected is not None and not _has_own_step(estimator)
        names = tuple(selected or ()) if known else None
    _note(call, token, "fit", x, names, named, picks)


def predicted(call: Invocation, receiver: Any, models: frozenset[str], x: Any) -> None:
    """A predict call: of each model that it may be."""
    x_data = data_of(x)
    names, named = _features(call, x_data)
    picks = is_estimator(receiver) and _picks(call.m, receiver)
    for model in sorted(models):
        if not model.startswith("column:"):
            _note(call, model, "predict", x, names, named, picks, len(models) == 1 and not isinstance(receiver, Choice))


def _note(
    call: Invocation, model: str, side: str, x: Any, names: tuple[str, ...] | None, named: bool, picks: bool,
    sure: bool = True,
) -> None:  # fmt: skip
    m = call.m
    learned = tuple(sorted(learned_of(x)))
    refits = tuple(fit for fit in learned if fit in m.effects.now.fittings)
    made_of = tuple(sorted(id for id in without_traces(origins_of(x)) if not id.startswith("column:")))[:MOST_PARTS]
    given = (named, picks, learned, refits, made_of, sure and not m.in_test)
    m.effects.intake(Intake(model, side, names, call.span, m.effects.job, m.endpoint, *given))


def _features(call: Invocation, x: Any) -> tuple[tuple[str, ...] | None, bool]:
    """The names of all columns of what is given, and whether the model sees these names."""
    if isinstance(x, Cell) and x.kind == "frame":
        table: Table = x.slots["table"]
        kind = call.m.library.types.get(x.slots["type"])
        if table.open or table.partial or not table.columns or x.slots.get("row"):
            return None, False
        named = kind is None or not kind.nameless
        return tuple(_name(name, column) for name, column in table.columns.items()), named
    row = _row(call, x)
    if row is not None:
        return tuple(_name("", value) for value in row), False
    return None, False


def _row(call: Invocation, x: Any) -> list[Any] | None:
    """The values of a single row, `[[hour, km]]`."""
    for depth in range(2):
        if not isinstance(x, Cell | Tuple) or getattr(x, "kind", "list") != "list":
            return None
        known = items_of(call.m, x, call.at).known
        if not known:
            return None
        if depth == 1:
            return known if all(isinstance(value, Column) for value in known) else None
        x = known[0]
    return None


def _name(name: str, column: Any) -> str:
    """A column's name; of what only has a place, that of the column or field which it is. Empty if it has none."""
    if name and not name.isdigit():
        return name
    expression = column.expression if isinstance(column, Column) else None
    while isinstance(expression, ex.Apply) and expression.operator in ("FITTED", "CAST"):
        expression = expression.arguments[-1 if expression.operator == "FITTED" else 0]
    return expression.name if isinstance(expression, ex.Column) else ""


def _picks(m: Machine, estimator: Cell, depth: int = 4) -> bool:
    """Whether an estimator takes its columns by name, so that more of them do no harm: one of its steps selects them,
    or is the repository's own."""
    kind = m.library.types.get(estimator.slots["type"])
    if kind is not None and (kind.picks or kind.selects):
        return True
    if kind is None or not (kind.wraps or kind.joins) or depth == 0:
        return False
    return _has_own_step(estimator) or any(_picks(m, inner, depth - 1) for inner in inner_estimators(estimator))


def _has_own_step(estimator: Cell, depth: int = 4) -> bool:
    inner = inner_estimators(estimator) if depth else []
    own = any(_holds_instance(value) for value in estimator.slots["arguments"].values())
    return own or any(_has_own_step(part, depth - 1) for part in inner)


def _holds_instance(value: Any, depth: int = 3) -> bool:
    match value:
        case Cell(kind="instance"):
            return True
        case Cell(kind="list") if depth:
            return any(_holds_instance(item, depth - 1) for item in value.slots["items"])
        case Tuple(items=items) | Choice(options=items) if depth:
            return any(_holds_instance(item, depth - 1) for item in items)
    return False
