"""Functions under decorators that mean something: tasks, flows, components, entry points that get a configuration.

`decorates: NAME` of a library model names what happens when the decorated function is called (`CALLED`), or at once
when it is defined (`DEFINED`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments, Rest
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound, Class, Constant, External, Function, Partial, text_of
from mllint.linker.python.frames import in_pandas
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library import configurables, hydra
from mllint.linker.python.library.calling import future, held
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import airflow, assets, components, passing, queues, sqlmesh

Follow = Callable[[Machine, Function, Arguments, facts.At], Any]


def call(m: Machine, function: Function, arguments: Arguments, at: facts.At, follow: Follow) -> Any:
    """Call a function of the repository, as its decorators have it called."""
    for decorator in function.decorators:
        handler = CALLED.get(meaning(m, decorator))
        if handler is not None:
            return handler(m, function, decorator, arguments, at, follow)
    return follow(m, function, arguments, at)


def made_with(m: Machine, cls: Class, arguments: Arguments, at: facts.At) -> Arguments:
    """What a class is made with, as its decorators have it."""
    by = configurables.mark_of(m, cls.scope.slots["<decorators>"])
    return arguments if by is None else configurables.given(m, cls, by, arguments, at)


def meaning(m: Machine, decorator: Any) -> str:
    """What a model says of a decorator; empty if it says nothing."""
    name = decorator.name if isinstance(decorator, External) else ""
    if isinstance(decorator, Cell) and decorator.kind == "object":
        name = decorator.slots.get("class", "")
    if isinstance(decorator, Bound) and isinstance(decorator.function, str):  # `@app.task`
        name = decorator.function
    entry = m.library.call(name) if name else None
    return entry.decorates if entry is not None else ""


def defined(m: Machine, decorator: Any, function: Function) -> None:
    """A function has been put under a decorator."""
    handler = DEFINED.get(meaning(m, decorator))
    if handler is not None:
        handler(m, decorator, function)


def decorator(invocation: Invocation) -> Any:
    """`@task(retries=3)` gives a decorator that remembers what it was made with; `task(f)` is f, decorated."""
    first = invocation.arguments.args[0] if invocation.arguments.args else None
    if isinstance(first, Function):
        return _noted(first, External(invocation.name))
    if isinstance(first, Class):
        return first
    slots = {"type": "", "class": invocation.name, "arguments": invocation.given, "origins": frozenset()}
    return invocation.m.heap.new("object", slots, (invocation.m.now.path, invocation.at))


def _noted(function: Function, by: Any) -> Function:
    known = function
    return Function(known.facts, known.scope, known.path, known.qualified, known.owner, (*known.decorators, by))


# ------------------------------------------------------------------------------------------------- methods


def method(m: Machine, function: Any, name: str, arguments: Arguments, at: facts.At) -> Any:
    """A method of a decorated function, such as `train.submit(frame)`, or of a method that another process runs;
    `None` if it is none that is known."""
    if isinstance(function, Bound):
        return m.call(function, arguments, at) if name == "remote" else None
    if isinstance(function, Partial):
        if name in _MAPPED and isinstance(function.function, Function) and function.function.decorators:
            return _mapped(m, function, arguments, at)
        return None
    meanings = {meaning(m, each) for each in function.decorators} - {""}
    is_queued = queues.MEANING in meanings or (name in ("delay", "apply_async") and function.decorators)
    if not meanings or is_queued:
        return queues.method(m, function, name, arguments, at) if is_queued else None
    if name == "partial":
        return Partial(function, arguments.args, tuple(sorted(arguments.keywords.items())))
    if name in ("with_options", "override", "options", "with_retry_policy", "with_hooks", "configured"):
        return function
    if name in ("fn", "__wrapped__", "run", "local", "entrypoint", "execute_in_process"):
        return m.call(function, arguments, at)
    if name in ("submit", "delay", "remote", "apply_async"):
        return future(m, m.call(function, arguments, at), at)
    if name in _MAPPED:
        return _mapped(m, function, arguments, at)
    if name in ("serve", "deploy"):
        known, _ = entries_of(arguments.keywords.get("parameters", Constant(None)))
        return m.call(function, Arguments((), known), at)
    return None


_MAPPED = ("map", "expand", "starmap", "expand_kwargs")


def _mapped(m: Machine, function: Any, arguments: Arguments, at: facts.At) -> Any:
    """`task.map(xs)`: called with an item of each sequence; a list of what that gives."""
    args = tuple(items_of(m, held(a.value if isinstance(a, Rest) else a), at).any for a in arguments.args)
    keywords = {k: items_of(m, held(v), at).any for k, v in arguments.keywords.items()}
    result = m.call(function, Arguments(args, keywords), at)
    return m.heap.new("list", {"items": (), "<rest>": future(m, result, at)}, (m.now.path, at))


def _all_held(m: Machine, value: Any) -> Any:
    """What a task is given of what is still to come, also in a list: `total(load.map(paths))`."""
    if isinstance(value, Cell) and value.kind == "list":
        items = tuple(map(held, value.slots["items"]))
        rest = held(value.slots.get("<rest>"))
        if rest is not value.slots.get("<rest>") or any(
            a is not b for a, b in zip(items, value.slots["items"], strict=True)
        ):
            return m.heap.new("list", {**value.slots, "items": items, "<rest>": rest}, value.site)
    return held(value)


def _task(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Follow) -> Any:
    """A step that is given values, also those that other steps have yet to give."""
    args = tuple(_all_held(m, argument) for argument in arguments.args)
    keywords = {name: _all_held(m, value) for name, value in arguments.keywords.items() if name != "wait_for"}
    result = follow(m, function, Arguments(args, keywords, arguments.rest), at)
    _keep(m, function, by, result, at)
    return result


def _keep(m: Machine, function: Function, by: Any, result: Any, at: facts.At) -> None:
    """`@task(result=LocalResult("data", location="{task_name}.csv"))`: what the task returns is written there too."""
    kept = by.slots["arguments"].get("result") if isinstance(by, Cell) else None
    if not (isinstance(kept, Cell) and str(kept.slots.get("class", "")).endswith("Result")):
        return
    given = kept.slots["arguments"]
    folder = text_of(given.get("dir", given.get("bucket", given.get("0")))) or ""
    location = text_of(given.get("location"))
    if location:
        name = location.replace("{task_name}", function.facts.name)
        passing.put(m, locate(m, f"{folder.rstrip('/')}/{name}".lstrip("/") if folder else name), result, at)


CALLED: dict[str, Any] = {
    "task": _task,
    "airflow_task": airflow.task,
    "component": components.call,
    "hydra": hydra.main,
    configurables.MEANING: configurables.called,
    "udf": in_pandas.of_columns,
    queues.MEANING: queues.called,
}
DEFINED: dict[str, Callable[[Machine, Any, Function], None]] = {
    "asset": assets.register,
    "sqlmesh_model": sqlmesh.register,
}
