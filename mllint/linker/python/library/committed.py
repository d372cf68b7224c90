"""Files of JSON that code writes, of which the repository holds a copy: what an earlier run has written.

{"weights": {"xgb": 1.0}, "threshold": 0.1}       # what cannot be followed in the code: that there is a model `xgb`

Keys and texts are names, which the copy tells where the code does not; numbers are those of a run, and stay unknown."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.facts.config import Value
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Unknown
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.machine import Machine

_MOST_NAMES = 500


def completed(m: Machine, node: str, value: Any, at: facts.At) -> Any:
    """What was read from a file that code writes: what is unknown of it is as the copy of the repository has it."""
    path = node.removeprefix("file:")
    copy = m.project.config(path) if path.endswith(".json") else None
    return value if copy is None else _with(m, value, copy, at)


def _with(m: Machine, value: Any, copy: Value, at: facts.At) -> Any:
    if isinstance(value, Unknown):
        return _told(m, value, copy, at)
    if isinstance(value, Cell) and value.kind == "dict" and copy.kind == "mapping":
        for entry in copy.entries[:_MOST_NAMES]:
            if entry.key in value.slots and not is_inner(entry.key):
                value.slots[entry.key] = _with(m, value.slots[entry.key], entry.value, at)
    return value


def _told(m: Machine, unknown: Unknown, copy: Value, at: facts.At) -> Any:
    """The names in a part of the copy, in the place of something unknown, which is what lies under them."""
    match copy.kind:
        case "mapping":
            entries = [entry for entry in copy.entries[:_MOST_NAMES] if not is_inner(entry.key)]
            slots = {entry.key: _told(m, unknown, entry.value, at) for entry in entries}
            return m.heap.new("dict", slots, (m.now.path, at))
        case "sequence":
            items = tuple(_told(m, unknown, item, at) for item in copy.items[:_MOST_NAMES])
            return m.heap.new("list", {"items": items}, (m.now.path, at))
    if not isinstance(copy.value, str) or not copy.value:
        return unknown
    return Constant(copy.value, origins=unknown.origins)
