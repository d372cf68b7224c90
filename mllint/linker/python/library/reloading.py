"""What was stored, as it comes out again: the same shape, made from the node that it was stored in."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import stored_in
from mllint.linker.python.abstract.traces import without_traces
from mllint.linker.python.abstract.values import (
    Choice,
    Class,
    Column,
    Constant,
    External,
    Function,
    Text,
    Tuple,
    Unknown,
    join_all,
    origins_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.library import fields
from mllint.linker.python.library.estimators import models_in
from mllint.linker.python.machine import Machine


def reload(m: Machine, value: Any, node: str, at: facts.At, seen: dict[int, Any], depth: int = 5, key: str = "") -> Any:
    """A stored value as it comes out again: the same shape, made from the node it was stored in. `key`: the field of
    a stored dictionary that it stands in."""
    origins = frozenset({column_id(node, key) if key else node})
    if depth == 0:
        return Unknown(origins)
    match value:
        case Constant() | Text() | External() | Function() | Class():
            return value
        case Tuple(items=items):
            return Tuple(tuple(reload(m, item, node, at, seen, depth - 1, key) for item in items))
        case Choice(options=options):
            return join_all([reload(m, option, node, at, seen, depth - 1, key) for option in options])
        case Column() if key:
            return msgspec.structs.replace(value, origins=origins, rows=node, expression=ex.Column(node, key))
        case Column():
            return msgspec.structs.replace(value, origins=origins, rows=node)
        case Cell(kind="frame"):
            table = value.slots["table"]
            fresh = msgspec.structs.replace(stored_in(node, table), dropped=table.dropped, tail=table.tail)
            return frames.new(m, fresh, value.slots["type"], at)
        case Cell():
            if id(value) in seen:
                return seen[id(value)]
            fresh_cell = m.heap.new(value.kind, {}, (m.now.path, at))
            seen[id(value)] = fresh_cell
            has_fields = value.kind == "dict" and fields.has(node) and not models_in(value)
            for name, slot in list(value.slots.items()):
                field = key or (fields.named(name) if has_fields and without_traces(origins_of(slot)) else "")
                fresh_cell.slots[name] = _reload_slot(m, name, slot, node, at, seen, depth, field)
            if value.kind == "object":
                fresh_cell.slots["origins"] = origins
                fresh_cell.slots["artifact"] = node
            return fresh_cell
    return Unknown(origins)


def _reload_slot(
    m: Machine, name: Any, slot: Any, node: str, at: facts.At, seen: dict[int, Any], depth: int, field: str
) -> Any:
    if name == "items" and isinstance(slot, tuple):
        return tuple(reload(m, item, node, at, seen, depth - 1, field) for item in slot)
    if isinstance(slot, str | frozenset | dict | tuple | bool) or slot is None or name in ("<class>", "maker"):
        return slot
    return reload(m, slot, node, at, seen, depth - 1, field)
