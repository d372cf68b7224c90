"""Predictions that are compared with a number, and what is done about the outcome: written, served, acted upon.

A comparison leaves a mark among the origins of its result, see `abstract/traces.py`; what a metric or a picture
makes of it carries the mark no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.traces import CUT, ORDER, PREDICTION, marked
from mllint.linker.python.abstract.values import Choice, Column, Constant, Unknown, options_of, origins_of
from mllint.linker.python.library.estimators import inner_estimators, is_estimator, principal
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.rows import place_id
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.predictions import Cut

_ORDER = ("<", "<=", ">", ">=")


def compared(m: Machine, e: facts.Compare, operator: str, left: Any, right: Any, result: Any) -> Any:
    """The result of one comparison, marked as one, and if a prediction was held against a number. Compared once more,
    with a truth, it is a score in the making."""
    if operator not in _ORDER:
        return without_cuts(result) if operator in ("==", "!=") else result
    if isinstance(result, Unknown):
        result = msgspec.structs.replace(result, origins=result.origins | {ORDER})
    for value, other in ((left, right), (right, left)):
        made = m.effects.now.predicted
        marks = [mark for mark in sorted(_predictions(value)) if mark in made and made[mark].predictors]
        limits = _limits(other)
        if not marks or not limits or m.in_test:
            continue
        if any(made[mark].labels or (made[mark].labels is None and _is_code(limits)) for mark in marks):
            continue  # `predict(X) > 0` of a classifier: the number of a class
        span = m.span(e.at)
        id = f"{CUT}{place_id(m, span)}"
        models = tuple(sorted({model for mark in marks for model in made[mark].predictors}))
        settings = tuple(dict.fromkeys(place for limit in limits for place in limit.settings))
        values = tuple(limit.value for limit in limits)
        m.effects.compared(Cut(id, models, span, operator, values, settings, made[marks[0]].span, written(e)))
        if isinstance(result, Column | Unknown):
            return msgspec.structs.replace(result, origins=result.origins | {id})
    return result


def _predictions(value: Any) -> frozenset[str]:
    """The marks of predictions of a value that is a prediction still, not what was computed from one."""
    found: frozenset[str] = frozenset()
    for option in options_of(value):
        if not isinstance(option, Column) or not _is_prediction(option.expression):
            return frozenset()
        found |= marked(option.origins, PREDICTION)
    return found


def _is_prediction(expression: ex.Expression) -> bool:
    """As it comes, in another type, or on another scale."""
    match expression:
        case ex.Unresolved(reason=reason):
            return reason == "a prediction"
        case ex.Apply(operator=operator, arguments=(first, *others)) if operator in _SCALES:
            if isinstance(first, ex.Constant) and others:  # `1 - risk`
                first, *others = others
            return _is_prediction(first) and all(isinstance(other, ex.Constant) for other in others)
    return False


_SCALES = ("CAST", "ITEM", "ADD", "SUB", "MUL", "DIV", "ROUND_EVEN", "ROUND_AWAY", "LEAST", "GREATEST")


def _limits(value: Any) -> list[Constant]:
    """The numbers that a limit may be; none if it may be something that is not known, other than what a caller from
    outside gives instead of a default."""
    found = []
    for option in options_of(value):
        match option:
            case Constant(value=bool() | 0):
                return []  # the sign of a score is no threshold
            case Constant(value=int() | float()):
                found.append(option)
            case Unknown(origins=origins, why=why) if not origins and why.startswith("whoever calls it may give"):
                continue
            case _:
                return []
    return found


def _is_code(limits: list[Constant]) -> bool:
    return all(float(limit.value or 0).is_integer() for limit in limits)


def without_cuts(result: Any) -> Any:
    """A share of hits, or a score, is nothing that is done about them."""
    if not isinstance(result, Column | Unknown) or not marked(result.origins, CUT):
        return result
    return msgspec.structs.replace(result, origins=frozenset(o for o in result.origins if not o.startswith(CUT)))


# ---------------------------------------------------------------------------------------------- branches


def branched(m: Machine, s: facts.If, test: Any) -> None:
    """`if risk > 0.8: block(order)`: something is done. Counting hits, and collecting them, is measuring; raising an
    error is checking that a probability is one."""
    cuts = marked(origins_of(test), CUT)
    if cuts and any(_acts(m, statement) for statement in (*s.then, *s.otherwise)):
        for id in sorted(cuts):
            m.effects.acted(id, m.span(s.at), "")


def _acts(m: Machine, statement: facts.Stmt) -> bool:
    match statement:
        case facts.Return() | facts.Assign():
            return bool(m.endpoint)
        case (
            facts.Evaluate(value=facts.Call(function=function))
            | facts.Evaluate(value=facts.Wait(value=facts.Call(function=function)))
        ):
            name = written(function)
            return name.partition(".")[0] not in m.library.logs and name.rpartition(".")[2] not in m.library.collects
        case facts.If(then=then, otherwise=otherwise):
            return any(_acts(m, inner) for inner in (*then, *otherwise))
    return False


def classes_of(call: Invocation, receiver: Any) -> bool | None:
    """Whether what comes back is the class of a row, not a score; `None` if that is not known."""
    if not call.entry.gives_class:
        return False
    found = {_classifies(call.m, option) for option in _parts(receiver)}
    return found.pop() if len(found) == 1 else None


def _parts(receiver: Any) -> Iterator[Any]:
    yield from receiver.options if isinstance(receiver, Choice) else (receiver,)


def _classifies(m: Machine, estimator: Any, depth: int = 4) -> bool | None:
    if not isinstance(estimator, Cell) or not is_estimator(estimator):
        return None
    kind = m.library.types.get(estimator.slots["type"])
    if kind is not None and kind.wraps and depth:
        inner = inner_estimators(estimator)
        return _classifies(m, principal(m, inner), depth - 1) if inner else None
    if kind is None or not (kind.classes or kind.classifies):
        return None
    return kind.classifies
