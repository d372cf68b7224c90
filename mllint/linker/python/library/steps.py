"""The fits of the steps of a Pipeline, ColumnTransformer or FeatureUnion: each on the rows of the whole, and on the
columns that it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.lineage.trials import Fitting
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import FIT
from mllint.linker.python.abstract.values import Constant, Tuple
from mllint.linker.python.frames import frames
from mllint.linker.python.library.estimators import inner_estimators, models_in
from mllint.linker.python.library.trials import what_it_learns
from mllint.linker.python.machine import Machine

_DEEPEST = 6


def fitted(m: Machine, whole: Cell, fitting: Fitting) -> None:
    """Note the fits of all steps that learn no model; the fit of the model is that of the whole."""
    place = fitting.id.removeprefix(f"{FIT}{fitting.model}:")
    for step, columns in _steps(m, whole, None, _DEEPEST):
        learns = what_it_learns(m, step)
        if step is whole or learns == "model":
            continue
        inputs = tuple(i for i in fitting.inputs if columns is None or i.name in columns)
        name = step.slots["class"].rpartition(".")[2]
        id = f"{FIT}{step.slots['token']}:{place}"
        m.effects.fitting(
            msgspec.structs.replace(
                fitting,
                id=id,
                order=m.effects.tick(),
                what=name,
                learns=learns,
                inputs=inputs,
                label=None,
                predicted=(),
                step_of=fitting.id,
            )
        )


def _steps(m: Machine, whole: Cell, columns: list[str] | None, depth: int) -> Iterator[tuple[Cell, list[str] | None]]:
    """What is fitted along with an object, with the columns that it is given; `None` if these are not told apart."""
    kind = m.library.types.get(whole.slots["type"])
    is_made_of_others = kind is not None and (kind.wraps or kind.selects or kind.joins)
    if not is_made_of_others or depth == 0:
        yield whole, columns
        return
    listed = _listed(whole, kind.selects) if kind is not None and kind.selects else []
    for step, own in listed or [(inner, columns) for inner in inner_estimators(whole)]:
        yield from _steps(m, step, own, depth - 1)


def _listed(transformer: Cell, parameter: str) -> list[tuple[Cell, list[str] | None]]:
    """`ColumnTransformer([(name, step, columns), ...])`, `make_column_transformer((step, columns), ...)`."""
    given = transformer.slots["arguments"]
    value = given.get(parameter, given.get("0"))
    items: list[Any] = [v for k, v in given.items() if k.isdigit()]
    if isinstance(value, Cell) and value.kind == "list":
        items = list(value.slots["items"])
    found: list[tuple[Cell, list[str] | None]] = []
    for item in items:
        if isinstance(item, Tuple) and len(item.items) > 1:
            which = item.items[-1]
            names = frames.names_of(which) or ([str(which.value)] if isinstance(which, Constant) else None)
            found += [(step, names) for step in models_in(item.items[-2])]
    return found
