"""What decides whether a model is registered or deployed.

    if rmse > best: sys.exit(1)                        # what comes after was let through by a score
    mlflow.register_model(uri, "eta")

The tests in force are a state of the interpretation (`Machine.gates`): both sides of a test are under it, and what
comes after it as well where one side does not go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import ORDER, PREDICTION, SCORE, marked
from mllint.linker.python.abstract.values import Choice, Constant, origins_of
from mllint.linker.python.library.estimators import models_in
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.trials import FITS
from mllint.linker.python.machine import Machine

_KEY = "in force"
_PREDICTED = "predicted"
_ORDER = {"<", "<=", ">", ">="}


def in_force(m: Machine) -> frozenset[str]:
    found: frozenset[str] = m.gates.slots.get(_KEY, frozenset())
    return found


def predicted(m: Machine) -> frozenset[str]:
    """The predictions that decided that the present place was reached."""
    found: frozenset[str] = m.gates.slots.get(_PREDICTED, frozenset())
    return found


def fork(
    m: Machine, test: Any, expression: facts.Expr, then: Callable[[], bool], otherwise: Callable[[], bool]
) -> bool:
    """Both sides of a test whose outcome is not known."""
    kind = kind_of(test, expression)
    before, marks_before = in_force(m), predicted(m)
    marks = marks_before | marked(origins_of(test), PREDICTION)
    if kind == "score":
        m.effects.now.score_tests[m.span(expression.at)] = None
    went_on: list[bool] = []

    def under(side: Callable[[], bool]) -> Callable[[], bool]:
        def path() -> bool:
            m.heap.set(m.gates, _KEY, before | {kind})
            if marks != marks_before:
                m.heap.set(m.gates, _PREDICTED, marks)
            went_on.append(side())
            return went_on[-1]

        return path

    goes_on = m.heap.fork([under(then), under(otherwise)])
    if all(went_on):
        m.heap.set(m.gates, _KEY, before)
        if marks != marks_before:
            m.heap.set(m.gates, _PREDICTED, marks_before)
    return goes_on


def asserted(m: Machine, test: Any, expression: facts.Expr) -> None:
    if kind_of(test, expression) == "score":
        m.effects.now.score_tests[m.span(expression.at)] = None
        m.heap.set(m.gates, _KEY, in_force(m) | {"score"})


def checked(call: Invocation) -> None:
    """A call of a library that raises unless a metric is good enough: `validation_thresholds=...`."""
    if call.get(call.entry.gates) is not None:
        call.m.heap.set(call.m.gates, _KEY, in_force(call.m) | {"check"})


def kind_of(test: Any, expression: facts.Expr) -> str:
    origins = origins_of(test)
    if any(origin.startswith((SCORE, PREDICTION)) for origin in origins):
        return "score"
    if ORDER in origins:  # `better = is_better(new, old)`, and `if not better: return`
        return "order"
    for node in _parts(expression):
        if isinstance(node, facts.Compare) and _ORDER & set(node.operators):
            return "order"
    return "unknown"


def _parts(expression: facts.Expr) -> list[facts.Expr]:
    match expression:
        case facts.Logical(values=values):
            return [part for value in values for part in _parts(value)]
        case facts.Unary(operand=operand):
            return _parts(operand)
    return [expression]


def deployed(call: Invocation, nodes: list[str]) -> None:
    """A model is registered, promoted or served."""
    m, entry = call.m, call.entry
    if m.in_test:
        return
    if entry.deploys != "always":
        given = call.get(entry.deploys)
        if given is None or (isinstance(given, Constant) and not given.value):
            return
        if isinstance(given, Choice) and all(isinstance(o, Constant) and not o.value for o in given.options):
            return
    models = [model for value in call.arguments.values() for model in models_in(value)]
    fits = sorted({fit for model in models for fit in model.slots.get(FITS, ())})
    tokens = [str(model.slots["token"]) for model in models if isinstance(model, Cell)]
    node = next(iter([*nodes, *tokens]), "")
    m.effects.deployed(node, call.span, tuple(sorted(in_force(m))), tuple(fits))
