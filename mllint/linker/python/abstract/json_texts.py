"""Texts of JSON, `json.dumps(row)`: of the text itself nothing is known, but what is in it."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.heap import Cell, Heap

KIND = "python.json"


def make(heap: Heap, value: Cell, place: tuple[Any, ...]) -> Cell:
    """The text of a dictionary or list as it is now: what changes in it later is not in the text."""
    held = heap.new(value.kind, dict(value.slots), (*place, "held"))
    slots = {"type": KIND, "class": "", "arguments": {}, "origins": frozenset(), "held": held}
    return heap.new("object", slots, place)


def is_json(value: Any) -> bool:
    return isinstance(value, Cell) and value.kind == "object" and value.slots.get("type") == KIND
