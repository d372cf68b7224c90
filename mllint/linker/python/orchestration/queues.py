"""Functions that workers call when somebody has put a call of them into a queue.

@app.task(bind=True)
def score(self, path): ...

score.delay(path); score.apply_async(args=[path])
AsyncResult(task_id).result  # by its id: what any of the tasks gave
"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Function, Partial, Unknown
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library.calling import future
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

MEANING = "queued"
_RESULTS = "memory:results of queued tasks"


def called(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Any) -> Any:
    """A task is called: here, or by a worker."""
    given = by.slots["arguments"] if isinstance(by, Cell) else {}
    if given.get("bind") == Constant(True):
        itself = Unknown(why="it is the task itself")
        arguments = Arguments((itself, *arguments.args), arguments.keywords, arguments.rest)
    result = follow(m, function, arguments, at)
    m.store(_RESULTS, result)
    return result


def method(m: Machine, function: Function, name: str, arguments: Arguments, at: facts.At) -> Any:
    """`score.delay(path)`, `score.apply_async(args=[path])`, `score.s(path)`; `None` if it is none that is known."""
    if name in ("delay", "send"):
        return future(m, m.call(function, arguments, at), at)
    if name in ("apply_async", "apply", "send_with_options"):
        return future(m, m.call(function, _as_given(m, arguments, at), at), at)
    if name in ("s", "si", "signature"):
        return Partial(function, arguments.args, tuple(sorted(arguments.keywords.items())))
    return m.call(function, arguments, at) if name in ("run", "fn") else None


def _as_given(m: Machine, arguments: Arguments, at: facts.At) -> Arguments:
    """The arguments of a task that stand in a list and a dictionary."""
    placed = dict(zip(("args", "kwargs"), arguments.args, strict=False)) | dict(arguments.keywords)
    args = items_of(m, placed["args"], at).known if "args" in placed else ()
    keywords, _ = entries_of(placed.get("kwargs", Constant(None)))
    return Arguments(tuple(args or ()), keywords)


def result_by_id(call: Invocation) -> Any:
    """What some task gave, whose id somebody has."""
    known = call.m.recall(_RESULTS)
    return known if known is not None else Unknown(why="no task is known that gives a result")
