"""Loops: round by round where it is known what they go through, else twice or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mllint.facts import python as facts
from mllint.facts import walking
from mllint.linker.python import iteration
from mllint.linker.python.abstract.heap import State
from mllint.linker.python.evaluation import evaluate
from mllint.linker.python.library.trials import went_over
from mllint.linker.python.machine import Machine
from mllint.linker.python.operators import truth

MOST_UNROLLED = 24
MOST_GATHERED = 200  # rounds of a loop that only puts what it goes through into lists, sets and dictionaries
MOST_CLIMBED = 12  # rounds of such a loop that ends by a test
MOST_NESTED = 400  # rounds of loops within loops


def run_for(m: Machine, s: facts.For) -> bool:
    m.circling.append((s, len(m.call_places), m.now.path))
    try:
        return _go_through(m, s)
    finally:
        m.circling.pop()


def _go_through(m: Machine, s: facts.For) -> bool:
    items = iteration.items_of_expression(m, evaluate(m, s.iterable), s.iterable)
    breaks: list[State] = []
    if items.known is not None and _can_unroll(m, s, len(items.known)):
        return _after_loop(m, s.otherwise, _each(m, s, items.known, breaks), breaks)
    any_other = items.any
    if items.known is None and items.held and _can_unroll(m, s, len(items.held)):
        outcome, any_other = _each(m, s, items.held, breaks), items.other
        if outcome != "next":
            return _after_loop(m, s.otherwise, outcome, breaks)
    # unknown length: twice, so that what one round leaves behind reaches the next; or not at all
    began = m.effects.clock
    m.heap.fork([lambda: _rounds(m, s.body, breaks, lambda: m.bind(s.target, any_other)), lambda: True])
    if m.effects.clock != began:
        went_over(m, any_other, began)
    return _maybe(m, s.otherwise, breaks)


def _can_unroll(m: Machine, s: facts.For, count: int) -> bool:
    is_short = count <= MOST_UNROLLED or (count <= MOST_GATHERED and _only_gathers(s.body))
    return is_short and m.unrolled * count <= MOST_NESTED


def _each(m: Machine, s: facts.For, items: Sequence[Any], breaks: list[State]) -> str:
    """One round for each of these items, as long as rounds follow: says how the last one ended."""
    outcome, before = "next", m.unrolled
    m.unrolled *= max(len(items), 1)
    for number, item in enumerate(items):
        m.bind(s.target, item)
        m.rounds.append(number)
        outcome = _round(m, s.body, breaks)
        m.rounds.pop()
        if outcome != "next":
            break
    m.unrolled = before
    return outcome


_GATHERING = {
    "append", "add", "extend", "update", "setdefault", "get", "insert", "items", "keys", "format", "join", "exists",
    "is_file", "is_dir", "resolve", "joinpath",
}  # fmt: skip
_MAKING = {"str", "len", "int", "Path"}


def _only_gathers(node: Any) -> bool:
    """Whether a body calls nothing but methods of lists, sets, dictionaries, texts and paths, and holds no further
    loop."""
    for part in walking.parts(node) if not isinstance(node, tuple) else node:
        match part:
            case facts.For() | facts.While() | facts.Comprehension():
                return False
            case facts.Call(function=facts.Name(id=name)) if name in _MAKING:
                pass
            case facts.Call(function=function) if not (
                isinstance(function, facts.Attribute) and (function.name in _GATHERING or hasattr(str, function.name))
            ):
                return False
        if not _only_gathers(part):
            return False
    return True


def _round(m: Machine, body: tuple[facts.Stmt, ...], breaks: list[State]) -> str:
    """Run a body once: `next` if another round may follow, `break` or `leave` (return, raise) if certainly none does.
    The states in which some paths break off go into `breaks`."""
    heap = m.heap
    first, mark = len(heap.exits), len(heap.journal)
    goes_on = m.execute(body)
    reason, heap.leaving = heap.leaving, ""
    inner = heap.exits[first:]
    heap.exits[first:] = [exit for exit in inner if exit[0] not in ("break", "continue")]
    breaks += [state for why, state in inner if why == "break"]
    continued = [state for why, state in inner if why == "continue"]
    if goes_on or reason == "continue":
        heap.join(continued)
        return "next"
    if continued:
        if reason == "break":
            breaks.append(heap.changes(mark))
        heap.become(continued)
        return "next"
    heap.leaving = "" if reason == "break" else reason
    return "break" if reason == "break" else "leave"


def _after_loop(m: Machine, otherwise: tuple[facts.Stmt, ...], outcome: str, breaks: list[State]) -> bool:
    """After a loop of known length. `else` runs unless the loop was certainly left."""
    goes_on = m.execute(otherwise) if outcome == "next" else outcome == "break"
    if goes_on:
        m.heap.join(breaks)
    elif breaks:
        m.heap.leaving = ""
        m.heap.become(breaks)
    return goes_on or bool(breaks)


def _rounds(m: Machine, body: tuple[facts.Stmt, ...], breaks: list[State], start: Callable[[], object]) -> bool:
    outcomes = []
    for _ in rounds(m):
        start()
        outcomes.append(_round(m, body, breaks))
        if outcomes[-1] != "next":
            break
    goes_on = outcomes[0] != "leave"
    if goes_on:
        m.heap.leaving = ""
        m.heap.join(breaks)
    elif breaks:
        m.heap.leaving = ""
        m.heap.become(breaks)
    return goes_on or bool(breaks)


def rounds(m: Machine) -> Iterator[int]:
    """Two rounds through an outermost loop, one through those inside it: nested loops stay linear."""
    m.loops += 1
    try:
        yield from range(2 if m.loops == 1 else 1)
    finally:
        m.loops -= 1


def _maybe(m: Machine, otherwise: tuple[facts.Stmt, ...], breaks: list[State]) -> bool:
    """The `else` of a loop of unknown length, which is passed over where the loop may break off."""
    if not breaks or not otherwise:
        return m.execute(otherwise)
    return m.heap.fork([lambda: m.execute(otherwise), lambda: True])


def run_while(m: Machine, s: facts.While) -> bool:
    test = truth(evaluate(m, s.test))
    if test is False:
        return m.execute(s.otherwise)
    breaks: list[State] = []
    if test and not isinstance(s.test, facts.Literal) and _only_gathers(s.body):
        return _climb(m, s, breaks)

    def body() -> bool:
        return _rounds(m, s.body, breaks, lambda: None)

    m.circling.append((s, len(m.call_places), m.now.path))
    try:
        goes_on = m.heap.fork([body] if test else [body, lambda: True])
    finally:
        m.circling.pop()
    if not goes_on:
        return False
    return _maybe(m, s.otherwise, breaks)


def _climb(m: Machine, s: facts.While, breaks: list[State]) -> bool:
    """`while folder.parent != folder: folder = folder.parent`, as long as it is known whether it goes on."""
    for _ in range(MOST_CLIMBED):
        outcome = _round(m, s.body, breaks)
        if outcome != "next":
            return _after_loop(m, s.otherwise, outcome, breaks)
        if not truth(evaluate(m, s.test)):
            break
    return _after_loop(m, s.otherwise, "next", breaks)
