"""What tells a repository that its data, or its predictions, are no longer what they were: sinks that values of a
request reach, and checks of data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.traces import PREDICTION, without_traces
from mllint.linker.python.abstract.values import counted, origins_of
from mllint.linker.python.machine import Machine

# ----------------------------------------------------------------------------------------------- monitoring


def discarded(m: Machine, values: Iterable[Any], at: facts.At) -> None:
    """A call of something outside whose result nobody takes is made for what it does: it logs, counts or sends. A value
    of the request, or a prediction, among what it is given is monitored."""
    if m.endpoint and (m.now.path, at) in m.discards:
        told(m, frozenset().union(*(origins_of(value) for value in values)), at)


def told(m: Machine, origins: frozenset[str], at: facts.At) -> None:
    """Values go somewhere that stays."""
    if not m.endpoint:
        return
    own = (m.endpoint, f"column:{m.endpoint}#", PREDICTION)
    if any(counted(origin).startswith(own) for origin in origins):
        m.effects.watched(m.endpoint, m.span(at))


# --------------------------------------------------------------------------------------------------- checks


def asserted(m: Machine, test: facts.Expr, value: Any) -> None:
    """`assert df["km"].ge(0).all()`."""
    _checked(m, value, test.at)


def guarded(m: Machine, s: facts.If, value: Any) -> None:
    """`if df.isna().any().any(): raise ValueError`, `if missing: return False`, `if bad: valid = False`."""
    if _refuses(m, (*s.then, *s.otherwise)):
        _checked(m, value, s.test.at)


def _checked(m: Machine, value: Any, at: facts.At) -> None:
    """What a test is about: the data that its value comes from; else the frames at hand, since names of columns that
    are missing carry no data."""
    for place in getattr(value, "settings", ()):
        if m.settings.has_any and not m.in_test:
            m.settings.checked(place.path, m.job)
    data = origins_of(value)
    if not without_traces(data):
        data = frozenset().union(
            *(origins_of(each) for each in list(m.now.scope.slots.values()) if getattr(each, "kind", "") == "frame")
        )
    m.effects.data_checked(data, m.span(at))


def _refuses(m: Machine, statements: Iterable[facts.Stmt]) -> bool:
    """Whether one of them stops, reports, or notes that something is wrong."""
    statements = tuple(statements)
    says = any(isinstance(s, facts.Evaluate) and isinstance(s.value, facts.Call) for s in statements)
    for statement in statements:
        match statement:
            case facts.Raise() | facts.Return(value=facts.Literal(value=False)):
                return True
            case facts.Return(value=None | facts.Literal(value=None)) if says:  # `print("no column km"); return`
                return True
            case facts.Assign(value=facts.Literal(value=bool())):
                return True
            case facts.Evaluate(value=facts.Call(function=function, args=args)):
                if written(function).rpartition(".")[2] in m.library.alarms:
                    return True
                if written(function) == "print" and any(_WRONG.search(text) for text in _texts(args)):
                    return True  # `print(f"WARNING: no column {missing}")`
            case facts.If(then=then, otherwise=otherwise):
                if _refuses(m, (*then, *otherwise)):
                    return True
            case facts.For(body=body):
                if _refuses(m, body):
                    return True
    return False


_WRONG = re.compile(r"\b(?:warn(?:ing)?|error|missing|invalid|unexpected|fail(?:s|ed|ure)?)\b", re.IGNORECASE)


def _texts(args: Iterable[facts.Expr]) -> Iterator[str]:
    for argument in args:
        match argument:
            case facts.Literal(value=str() as text):
                yield text
            case facts.Text(parts=parts):
                yield from _texts(parts)
