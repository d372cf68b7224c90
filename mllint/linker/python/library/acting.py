"""What is done in a loop because of predictions, and what bounds it.

for order in orders:                                     for order in orders:
    if model.predict_proba(row(order))[0, 1] > 0.9:          if blocked >= LIMIT: break
        payments.block_card(order.card)                      ..."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.facts.walking import PARTS
from mllint.libraries.models import WORD
from mllint.lineage.observations import Action
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.traces import PREDICTION, marked
from mllint.linker.python.abstract.values import Bound, Constant, External, Hole, Text, Unknown, origins_of
from mllint.linker.python.library import gates
from mllint.linker.python.machine import Machine

_SENDS = ("post", "put", "patch", "delete")


def called(m: Machine, function: Any, arguments: Arguments, at: facts.At) -> None:
    """A call of something outside, in a loop."""
    if not m.circling or not m.effects.now.predicted or m.in_test:
        return
    name = _action(m, function, arguments)
    if not name:
        return
    given = frozenset().union(*(origins_of(value) for value in arguments.values()))
    made = [m.effects.now.predicted.get(mark) for mark in sorted(marked(given, PREDICTION) | gates.predicted(m))]
    known = [each for each in made if each is not None and each.predictors]
    if not known:
        return
    _, depth, _ = m.circling[-1]
    span = m.call_places[depth] if len(m.call_places) > depth else m.span(at)
    texts = " ".join([name, *map(_text, arguments.values())])
    bound = _bound(m, texts)
    for model in sorted({model for each in known for model in each.predictors}):
        m.effects.action(Action(model, span, m.effects.job, name, known[0].span, bound))


def _action(m: Machine, function: Any, arguments: Arguments) -> str:
    """The name of what acts on the world outside: by its verb, or by that of the address it is sent to."""
    match function:
        case External(name=name):
            entry = m.library.call(name)
        case Bound(function=str() as name, receiver=receiver):
            entry = m.library.calls.get(name) if "." in name else None
            is_outside = isinstance(receiver, External | Unknown | Bound) or getattr(receiver, "kind", "") == "object"
            if entry is None and not is_outside:
                return ""
        case _:
            return ""
    last = name.rpartition(".")[2]
    if entry is None:
        return last if m.library.tells_action(last) else ""
    if entry.requests is None or last.lower() not in _SENDS or not arguments.args:
        return ""
    return last if any(m.library.tells_action(part) for part in re.split(r"[/?]", _text(arguments.args[0]))) else ""


def _text(value: Any) -> str:
    match value:
        case Constant(value=str() as text):
            return text
        case Text(parts=parts):
            return " ".join(part for part in parts if not isinstance(part, Hole))
    return ""


# ------------------------------------------------------------------------------------------------- bounds


def _bound(m: Machine, texts: str) -> str:
    """What keeps it from being done without end, in a word; empty if nothing does. Everything that may is one: a test
    of what the loop counts, a smallest value, a limiter, somebody who looks at it first."""
    if _tells(texts, m.library.reviews):
        return "review"
    first = min(depth for _, depth, _ in m.circling)
    bodies: list[Any] = [loop for loop, _, _ in m.circling]
    bodies += [m.body(each.function.facts) for each in m.stack[first + 1 :] if each.function is not None]
    changed = {name for body in bodies for name in _changed(body)}
    for body in bodies:
        for part in _parts(body):
            match part:
                case facts.For(iterable=iterable) if _is_cut(m, iterable):
                    return "limit"
                case facts.If(test=test) | facts.While(test=test) | facts.Assert(test=test):
                    if _counts(m, test, changed):
                        return "limit"
                case facts.Call(function=callee):
                    word = written(callee).rpartition(".")[2]
                    if _tells(word, m.library.bounds):
                        return "limit"
    return ""


def _is_cut(m: Machine, iterable: facts.Expr) -> bool:
    """`ranked[:100]`, `scored.nlargest(20, "risk").itertuples()`, `islice(rows, 50)`."""
    for part in _parts(iterable):
        if isinstance(part, facts.Call) and _tells(written(part.function).rpartition(".")[2], m.library.heads):
            return True
        if isinstance(part, facts.Slice):
            return True
    return False


def _counts(m: Machine, test: facts.Expr, changed: set[str]) -> bool:
    """A test of what the loop changes, of something whose name tells a limit, or of what nobody looked into."""
    for part in _parts(test):
        match part:
            case facts.Name() | facts.Attribute() | facts.Subscript():
                name = written(part)
                if name in changed or _tells(name, m.library.bounds):
                    return True
    return False


def _changed(body: Any) -> Iterator[str]:
    """What a loop counts up or down, or collects."""
    for part in _parts(body):
        match part:
            case facts.Augment(target=target):
                yield written(target)
            case facts.Assign(targets=(target,), value=facts.Binary(left=left)) if written(left) == written(target):
                yield written(target)
            case facts.Call(function=facts.Attribute(value=owner, name="append" | "add")):
                yield written(owner)


def _tells(name: str, words: set[str]) -> bool:
    return not words.isdisjoint(word.lower() for word in WORD.findall(name))


def _parts(node: Any) -> Iterator[Any]:
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, tuple):
            todo += part
        elif part is not None:
            yield part
            if type(part) in PARTS:
                todo += PARTS[type(part)](part)
