"""What operations on frames have in common: the frame they are about, and the one they yield."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table, dataset_origins
from mllint.linker.python.abstract.values import Choice, Column, Constant, origins_of
from mllint.linker.python.frames import answers, frames
from mllint.linker.python.library.invocation import Invocation


def table_of(value: Any) -> Table:
    """Any value as a frame: a column is a frame of one column; what is unknown, an open frame of its origins."""
    match value:
        case Cell(kind="frame"):
            table: Table = value.slots["table"]
            return table
        case Column() if answers.is_field(value):  # `pd.DataFrame(requests.get(url).json()["trips"])`
            return answers.as_table(value)
        case Column(name=name):
            return Table({name or "0": value}, False, origins=dataset_origins(value.origins), rows=value.rows)
        case Choice(options=options):
            return frames.merge_all([table_of(option) for option in options])
    return Table(open=True, origins=dataset_origins(origins_of(value)))


def subject(call: Invocation) -> Table:
    if call.made is not None:
        return table_of(call.made)
    return table_of(call.receiver if call.receiver is not None else call.get("0"))


def like_receiver(call: Invocation, table: Table) -> Cell:
    """A frame as functions that the call is given see it: of the receiver's type, grouped no more."""
    own = call.receiver.slots["type"] if isinstance(call.receiver, Cell) and call.receiver.kind == "frame" else ""
    known = call.m.library.types.get(own)
    if isinstance(call.receiver, Cell) and call.receiver.slots.get("grouped") and known is not None:
        own = known.like
    return frames.new(call.m, table, own or call.m.library.usual.get("frame", ""), call.at)


def result(call: Invocation, table: Table) -> Any:
    """The new frame, or the receiver itself where it is changed in place."""
    entry = call.entry
    if entry.mutates and (entry.mutates == "always" or call.is_true(entry.mutates)):
        if isinstance(call.receiver, Cell) and call.receiver.kind == "frame":
            call.m.heap.set(call.receiver, "table", table)
        return call.receiver if entry.mutates == "always" else Constant(None)
    kind = entry.returns
    if kind in ("", "same", "self") or call.m.library.holds(kind) != "frame":
        own = call.receiver.slots["type"] if isinstance(call.receiver, Cell) and call.receiver.kind == "frame" else ""
        kind = own or call.m.library.usual.get("frame", "")
    return frames.new(call.m, table, kind, call.at)


def is_inner(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("<") and key.endswith(">")


def same(call: Invocation) -> Any:
    """The same rows and columns (sorting, sampling, copying, casting as a whole); of a column, the column."""
    value = call.receiver if call.receiver is not None else call.get("0")
    if isinstance(value, Column):
        return value
    return result(call, table_of(value))
