"""What an object is told after it was made, and what it is told of the fields of rows."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Tuple, Unknown, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation


def settings(call: Invocation) -> Any:
    """The receiver is as if it were made with these arguments: `stage.setInputCol("x")`."""
    receiver = call.receiver
    if isinstance(receiver, Cell) and receiver.kind == "object":
        call.m.heap.set(receiver, "arguments", {**receiver.slots.get("arguments", {}), **call.given})
    return receiver


def option(call: Invocation) -> Any:
    """`key`, `value`: the receiver is as if it were made with this: `reader.option("header", True)`."""
    key = text_of(call.get("key"))
    given = {key: call.get("value", Unknown())} if key and "{" not in key else {}
    return settings(call.with_given(given))


def field_types(call: Invocation) -> Any:
    """`fields`: what each was made with as `name`, with its `type`: `StructType([StructField("id", LongType())])`."""
    listed = items_of(call.m, call.get("fields", Tuple(())), call.at).known
    made = [field.slots.get("arguments", {}) if isinstance(field, Cell) else {} for field in listed or ()]
    names = [text_of(each.get("name")) for each in made]
    if listed is None or not all(names):
        return Unknown()
    slots = {name: each.get("type", Unknown()) for name, each in zip(names, made, strict=True)}
    return call.m.heap.new("dict", slots, (call.m.now.path, call.at))
