"""Rows as dictionaries, which take up what another one holds:

for row in df.to_dict("records"):
    row.update({"score": model.predict(row), "day": today})"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Unknown
from mllint.linker.python.frames import combining, frames
from mllint.linker.python.iteration import entries_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def update(m: Machine, row: Cell, arguments: Arguments, at: facts.At) -> Any:
    """`row.update({"a": 1}, b=2)`: of what is not known, nothing but where it comes from."""
    more, rest = entries_of(arguments.args[0]) if arguments.args else ({}, None)
    for name, value in {**more, **arguments.keywords}.items():
        frames.assign_item(m, row, Constant(name), value, at)
    if rest is not None:
        frames.assign_item(m, row, Unknown(), rest, at)
    return Constant(None)


def updated(call: Invocation) -> Any:
    """`other`: a row takes up a dictionary, a frame the values of another one. It changes itself."""
    other, frame = call.get("other"), call.receiver
    if not (isinstance(frame, Cell) and frame.kind == "frame"):
        return Constant(None)
    if not (isinstance(other, Cell) and other.kind == "frame"):
        return update(call.m, frame, call.arguments, call.at)
    made = combining.concat(call.with_given({**call.given, "objs": other}))
    if isinstance(made, Cell) and made.kind == "frame":
        call.m.heap.set(frame, "table", made.slots["table"])
    return Constant(None)
