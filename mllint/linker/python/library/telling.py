"""What becomes of scores: shown to whoever looks at the screen, or kept where somebody can look them up later.

print(accuracy_score(y_test, predicted))               # shown
json.dump({"accuracy": accuracy}, open("m.json", "w")) # kept
mlflow.log_metric("accuracy", accuracy)                # kept: whatever outside takes it and gives nothing back"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import methods
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.traces import SCORE, marked
from mllint.linker.python.abstract.values import Bound, Choice, Class, Column, External, Function, Partial, origins_of
from mllint.linker.python.machine import Machine


def called(m: Machine, function: Any, arguments: Arguments, at: facts.At) -> None:
    """A call whose result nobody takes, of something that is not followed."""
    call = m.discards.get((m.now.path, at)) if m.effects.now.measurings else None
    if call is None:
        return
    scores = scores_in(function, *arguments.values())
    if not scores:
        return
    words = written(call.function).split(".") if isinstance(call, facts.Call) else []
    if words and words[-1] in m.library.shows and not _is_followed(function):
        how = "logged" if not m.library.logs.isdisjoint(w.lstrip("_").lower() for w in words[:-1]) else "shown"
        target = arguments.keywords.get("file")
        if target is not None and not (isinstance(target, External) and target.name.startswith("sys.")):
            how = "kept"
        m.effects.told(scores, m.span(at), how)
    elif _is_sink(m, function):
        m.effects.told(scores, m.span(at), "kept")


def assigned(m: Machine, owner: Any, value: Any, at: facts.At) -> None:
    """`run.summary["auc"] = auc`: an object that nobody models may keep it."""
    if m.effects.now.measurings and not isinstance(owner, Cell | Column | Class) and (scores := scores_in(value)):
        m.effects.told(scores, m.span(at), "kept")


def passed_on(m: Machine, *values: Any) -> None:
    """Values go where nobody follows: to a caller outside, or into a function that is not entered."""
    if m.effects.now.measurings and (scores := scores_in(*values)):
        m.effects.told(scores, m.span_of_call(), "kept")


def scores_in(*values: Any) -> frozenset[str]:
    return frozenset().union(*(marked(origins_of(value), SCORE) for value in values))


def _is_followed(function: Any) -> bool:
    match function:
        case Bound(function=inner) | Partial(function=inner):
            return _is_followed(inner)
        case Choice(options=options):
            return any(map(_is_followed, options))
    return isinstance(function, Function | Class)


def _is_sink(m: Machine, function: Any) -> bool:
    """Something outside of which no model says what it does. What models say to write is told by the write."""
    match function:
        case External(name=name):
            return m.library.call(name) is None
        case Bound(function=str() as name, receiver=receiver):
            is_data = isinstance(receiver, Column) or getattr(receiver, "kind", "") in ("frame", "list", "dict")
            return "." not in name and not is_data and methods.method(receiver, name) is None
    return not _is_followed(function) and getattr(function, "kind", "") != "instance"
