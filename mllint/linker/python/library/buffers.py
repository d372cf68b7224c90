"""Buffers in memory: what is written into one is what others read from it, or send away.

    buffer = io.BytesIO()                            body = s3.get_object(Bucket="lake", Key="eta.joblib")["Body"]
    frame.to_parquet(buffer)                         model = joblib.load(io.BytesIO(body.read()))
    s3.put_object(Bucket="lake", Key="t", Body=buffer.getvalue())

Bytes that were read and that nobody has looked into are a reference to what lies there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import msgspec

from mllint.facts import python as facts
from mllint.linker.python.abstract import json_texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Unknown, join, join_all, options_of, origins_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

KIND = "python.buffer"


def buffer(call: Invocation) -> Any:
    """`initial`: a buffer that holds it, if it is given: `io.BytesIO(body)`."""
    given = call.get("initial")
    return of_content(call.m, content(call.m, given) if given is not None else None, call.at)


def of_content(m: Machine, value: Any, at: facts.At) -> Cell:
    slots = {"type": KIND, "class": "", "arguments": {}, "origins": frozenset(), "held": value}
    return m.heap.new("object", slots, (m.now.path, at))


def is_buffer(value: Any) -> TypeGuard[Cell]:
    return isinstance(value, Cell) and value.kind == "object" and (value.slots["type"] == KIND or "over" in value.slots)


def _held(value: Cell) -> Any:
    return _own(value).slots.get("held")


def _own(value: Cell) -> Cell:
    """The buffer itself, of an archive in it."""
    over: Cell = value.slots.get("over", value)
    return over


def takes(value: Any) -> TypeGuard[Cell]:
    """Whether what is written to a value stays with it: a buffer, or an object of which nobody knows any place."""
    return isinstance(value, Cell) and value.kind == "object" and "nodes" not in value.slots


def hold(m: Machine, target: Cell, value: Any) -> None:
    """What is written into a buffer. A frame comes with the columns that the writer has made of its index."""
    m.heap.set(_own(target), "held", join(_held(target), _written(m, value)))


def _written(m: Machine, value: Any) -> Any:
    if isinstance(value, Cell) and value.kind == "frame" and value.slots["table"].index:
        table = msgspec.structs.replace(value.slots["table"], index={})
        return m.heap.new("frame", {**value.slots, "table": table}, value.site)
    return value


def content(m: Machine, value: Any) -> Any:
    """What a buffer holds; any other value is itself."""
    if isinstance(value, Choice) and any(is_buffer(option) for option in value.options):
        return join_all([content(m, option) for option in value.options])
    if not is_buffer(value):
        return value
    held = _held(value)
    return held if held is not None else Unknown()


def reference(m: Machine, node: str, at: facts.At) -> Cell:
    """What lies under a name, as it is."""
    slots = {"type": "", "class": "", "arguments": {}, "origins": frozenset({node}), "reference": node}
    return m.heap.new("object", slots, (m.now.path, at))


def nodes_held(value: Any) -> list[str]:
    """Where that lies which a buffer holds as it is; nothing if it holds anything else as well."""
    if not is_buffer(value):
        return []
    nodes = [_place_of(option) for option in options_of(_held(value))]
    return list(dict.fromkeys(nodes)) if all(nodes) else []


def _place_of(value: Any) -> str:
    """The node whose bytes a value is; empty if it is none. Bytes of which somebody has stored what they are, too."""
    if not (isinstance(value, Cell) and value.kind == "object"):
        return ""
    return value.slots.get("reference") or value.slots.get("artifact") or ""


def is_bytes_of(value: Any) -> bool:
    """Whether it is what was read from a place, and nobody has looked into it."""
    return isinstance(value, Cell) and value.kind == "object" and bool(value.slots.get("reference"))


def wrapped(call: Invocation, value: Any, may_be_data: bool) -> Any:
    """What is opened already, where something is opened on it: `gzip.GzipFile(fileobj=buffer)`, `ZipFile(buffer)`.
    None for a name, which is what stands there if it may not be the data itself."""
    if may_be_data and ((isinstance(value, Unknown) and origins_of(value)) or is_bytes_of(value)):
        value = of_content(call.m, value, call.at)
    kind = call.entry.returns
    if not is_buffer(value) and not (isinstance(value, Cell) and "nodes" in value.slots):
        return None
    if not kind or kind == value.slots["type"]:
        return value
    around = {"over": _own(value)} if is_buffer(value) else value.slots
    slots = {"class": "", "arguments": {}, **around, "type": kind, "origins": origins_of(value)}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def decoded(value: Any) -> bool:
    """Whether it stays what it is when it is decoded: `body.read().decode()`."""
    return is_buffer(value) or json_texts.is_json(value) or (is_bytes_of(value) and not value.slots["type"])


TABLE: dict[str, Callable[[Invocation], Any]] = {"buffer": buffer}
