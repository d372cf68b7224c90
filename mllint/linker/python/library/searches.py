"""Searches that call a function of the repository with settings of their choice, and keep the best: optuna, hyperopt.

def objective(trial):
    model = SVC(C=trial.suggest_float("c", 0.1, 10)).fit(X_train, y_train)
    return accuracy_score(y_valid, model.predict(X_valid))
study.optimize(objective, n_trials=50)"""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Constant,
    Function,
    Partial,
    Unknown,
    as_measures,
    origins_of,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.trials import chosen


def search(call: Invocation) -> Any:
    """Calls `function` with a trial, as often as nobody knows; its score decides which settings are kept."""
    m, function = call.m, call.get("function")
    if not isinstance(function, Function | Bound | Partial):
        return Unknown(call.origins())
    kind = m.library.types.get(call.receiver.slots["type"]) if isinstance(call.receiver, Cell) else None
    trial = m.new_object(kind.yields, kind.yields, {}, call.at) if kind is not None and kind.yields else Unknown()
    m.loops += 1
    made = m.call(function, Arguments((trial,)), call.at)
    m.loops -= 1
    score = m.item(made, Constant("loss"), call.at) if isinstance(made, Cell) and made.kind == "dict" else made
    chosen(m, score, "the best trial", call.span)
    told = as_measures(origins_of(score))
    if isinstance(call.receiver, Cell) and call.receiver.kind == "object":
        m.heap.set(call.receiver, "origins", told)
    return Unknown(told)
