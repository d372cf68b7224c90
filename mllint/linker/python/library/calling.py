"""Functions that a library calls for the program, at once or later, and the futures that hold what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments, Rest
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Choice,
    Class,
    External,
    Function,
    Partial,
    Unknown,
    join_all,
    text_of,
)
from mllint.linker.python.builtins import FUNCTIONS, as_list
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import requests
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

FUTURE = "python.future"


def call_first(call: Invocation) -> Any:
    """Calls what it is given: `Depends(get_model)`, `Thread(target=f, args=(x,))`."""
    args: tuple[Any, ...] = call.arguments.args[1:]
    given = call.get("args")
    if given is not None:
        args = tuple(items_of(call.m, given, call.at).known or ())
    keywords = call.get("kwargs|op_kwargs|kwds")
    known = {k: v for k, v in keywords.slots.items() if isinstance(k, str)} if isinstance(keywords, Cell) else {}
    return _call(call, args, known)


def call_later(call: Invocation) -> Any:
    """`executor.submit(f, x, key=y)`: a future, which holds what `f` returns."""
    keywords = {name: value for name, value in call.arguments.keywords.items() if name not in ("fn", "func")}
    return future(call.m, _call(call, call.arguments.args[1:], keywords), call.at)


def call_given(call: Invocation) -> Any:
    """`loop.run_in_executor(None, f, x)`, `asyncio.to_thread(f, x, key=y)`: calls `function` with what comes after the
    parameters that the library has itself."""
    own = call.entry.parameters
    keywords = {name: value for name, value in call.arguments.keywords.items() if name not in (*own, "fn", "func")}
    return _call(call, call.arguments.args[len(own) :], keywords)


def gathered_results(call: Invocation) -> Any:
    """`asyncio.gather(f(x), g(y))`: what each gives, in this order."""
    known = tuple(value for value in call.arguments.args if not isinstance(value, Rest))
    slots: dict[Any, Any] = {"items": known}
    if len(known) < len(call.arguments.args):
        slots["<rest>"] = join_all([value.value for value in call.arguments.args if isinstance(value, Rest)])
    return call.m.heap.new("list", slots, (call.m.now.path, call.at))


def _call(call: Invocation, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    function = call.get("function|target|fn|func|dependency|0")
    if not isinstance(function, Function | Bound | Partial | Class | External):
        return Unknown(call.origins())
    return call.m.call(function, Arguments(args, dict(keywords)), call.at)


def dependency(call: Invocation) -> Any:
    """`Depends(get_model)`: what the function returns, or yields. What it takes itself is injected into it."""
    value = _call(call, (), requests.injected_into(call.m, call.get("dependency|0")))
    is_generated = isinstance(value, Cell) and "<generated>" in value.slots
    return items_of(call.m, value, call.at).any if is_generated else value


def call_handler(call: Invocation) -> Any:
    """Calls a handler of what is to come: `app.add_event_handler("startup", load_models)`. One of the end is of no use:
    what it takes away, others have used."""
    handler = call.get("func|handler")
    if text_of(call.get("event_type|event")) in ("shutdown", "stop", "exit"):
        return Unknown()
    return call.m.call(handler, Arguments(), call.at) if isinstance(handler, Function | Bound | Partial) else Unknown()


def map_first(call: Invocation) -> Any:
    """`pool.map(f, items)`: like the builtin."""
    return FUNCTIONS["builtins.map"](call.m, call.arguments, call.at)


# ----------------------------------------------------------------------------------------------- futures


def future(m: Machine, value: Any, at: facts.At) -> Any:
    slots = {"type": FUTURE, "class": "future", "arguments": {}, "origins": frozenset(), "held": value}
    return m.heap.new("object", slots, (m.now.path, at))


def held(value: Any) -> Any:
    """What a future holds; anything else as it is."""
    if isinstance(value, Choice):
        return join_all([held(option) for option in value.options])
    if isinstance(value, Cell) and value.kind == "object" and value.slots.get("type") == FUTURE:
        return value.slots["held"]
    return value


def future_result(call: Invocation) -> Any:
    """`future.result()`, `ray.get(reference)`, `ray.get([a, b])`"""
    value = call.receiver if call.receiver is not None else call.get("0", Unknown())
    if isinstance(value, Cell) and value.kind == "list":
        items = tuple(held(item) for item in value.slots["items"])
        rest = value.slots.get("<rest>")
        slots = {"items": items} if rest is None else {"items": items, "<rest>": held(rest)}
        return call.m.heap.new("list", slots, (call.m.now.path, call.at))
    return held(value)


def settled(call: Invocation) -> Any:
    """`as_completed(futures)`: each of them, also where they are the keys of a dictionary."""
    return as_list(call.m, Arguments((call.get("fs", Unknown()),)), call.at)


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (
        call_first,
        call_later,
        call_given,
        call_handler,
        dependency,
        future_result,
        gathered_results,
        map_first,
        settled,
    )
}
