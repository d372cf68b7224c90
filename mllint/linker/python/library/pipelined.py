"""Commands that are queued on an object and sent together: what they give comes back in their order.

pipe = client.pipeline()
pipe.hgetall("trip:1").expire("trip:1", 60)
trip, _ = pipe.execute()"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Unknown
from mllint.linker.python.library.invocation import Invocation

_QUEUE = "queue"


def queued(call: Invocation) -> Any:
    """A command whose answer nobody needs: it has its place among the others."""
    add(call, call.receiver, Unknown())
    return call.receiver


def add(call: Invocation, holder: Any, answer: Any) -> None:
    """What a queued command will give stands behind what was queued before."""
    if not (isinstance(holder, Cell) and holder.kind == "object"):
        return
    if not isinstance(holder.slots.get(_QUEUE), Cell):
        call.m.heap.set(holder, _QUEUE, _empty(call))
    answers = holder.slots[_QUEUE]
    call.m.call(call.m.attribute(answers, "append", call.at), Arguments((answer,)), call.at)


def answered(call: Invocation) -> Any:
    """All that was queued: `pipe.execute()`. The queue is empty after it."""
    holder = call.receiver
    if not (isinstance(holder, Cell) and isinstance(holder.slots.get(_QUEUE), Cell)):
        return Unknown(call.origins())
    answers = holder.slots[_QUEUE]
    call.m.heap.set(holder, _QUEUE, _empty(call))
    return answers


def _empty(call: Invocation) -> Cell:
    made: Cell = call.m.heap.new("list", {"items": ()}, (call.m.now.path, call.at))
    return made


TABLE: dict[str, Callable[[Invocation], Any]] = {"queued": queued, "answered": answered}
