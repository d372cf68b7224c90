"""Values that go from one step to the next under a name: `memory:NAME`, `xcom:DAG.TASK`, and what a catalog names."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Entry, Place
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Tuple, Unknown, join_all, origins_of, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import loading, storage
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def put(m: Machine, node: str, value: Any, at: facts.At) -> None:
    """A value goes into a named place."""
    storage.put(Invocation(m, "put", Entry(), None, Arguments(), at), node, value)


def take(m: Machine, node: str, at: facts.At) -> Any:
    """A named place is read: what was put there has the shape it had, and comes from the place."""
    call = Invocation(m, "take", Entry(), None, Arguments(), at)
    storage.note_read(call, node, Place(node=node))
    return loading.loaded(m, node, call)


def pass_on(m: Machine, node: str, value: Any, at: facts.At) -> None:
    """What a step returns, for whoever asks for it. Only data makes a node of the graph: a path or a number that one
    step tells another is known there as it is."""
    if origins_of(value):
        put(m, node, value, at)
    elif not (isinstance(value, Constant) and value.value is None):
        m.store(node, value)


def receive(m: Machine, node: str, at: facts.At) -> Any:
    """What another step returned; unknown as long as it has not run."""
    stored = m.recall(node)
    if stored is None:
        return Unknown(why=f"`{node}` has not been told")
    return take(m, node, at) if origins_of(stored) else stored


def parts(m: Machine, value: Any, count: int, at: facts.At) -> list[Any]:
    """The `count` values that a step returns for as many names."""
    if isinstance(value, Choice):
        options = [parts(m, option, count, at) for option in value.options if _may_hold(option)]
        if options:
            return [join_all(column) for column in zip(*options, strict=True)]
    items = items_of(m, value, at)
    if items.known is not None and len(items.known) == count:
        return items.known
    return [items.any] * count


def _may_hold(option: Any) -> bool:
    return not (isinstance(option, Constant) and option.value is None)


def names_in(m: Machine, value: Any, at: facts.At) -> list[str]:
    """The texts in a text, list, set or tuple."""
    text = text_of(value)
    if text is not None:
        return [text]
    if isinstance(value, Tuple | Cell):
        items = items_of(m, value, at)
        return [text for item in items.known or [] if (text := text_of(item)) is not None]
    return []
