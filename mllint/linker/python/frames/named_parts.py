"""Frames by name: the splits of a data set, which many operations take one by one.

parts = load_dataset("csv", data_files={"train": "a.csv", "test": "b.csv"}).filter(long_enough)
parts["train"].to_csv("long.csv")
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import rows_of
from mllint.linker.python.abstract.values import KEYS, Bound, Column, Constant, Function, Partial, Tuple, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import result, table_of
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def is_named_parts(value: Any) -> bool:
    return isinstance(value, Cell) and value.kind == "object" and "<parts>" in value.slots


def named_part(m: Machine, held: Cell, index: Any, at: facts.At) -> Any:
    """`parts["test"]`: where nothing tells the names, each name that is asked for stands for other rows."""
    name, rest = text_of(index), held.slots.get("<rest>")
    if not name or name in held.slots or rest is None:
        return m.item(held, index, at)
    return rows.of_rows(m, rest, frozenset(f"{row}.{name}" for row in rows_of(rest)), at)


def each_part(receiver: Cell, apply: Callable[[Any], Any], call: Invocation) -> Any:
    """The same operation on every part."""
    items = receiver.slots["items"].slots
    return _parts(call, {key: apply(part) if key not in ("<span>", KEYS) else part for key, part in items.items()})


def by_split(call: Invocation) -> Any:
    """`split`: the part that it asks for (`"train[:10%]"`), or all that were read, by name; what was read without names
    is one part of any name, or, of a file, the part `train`."""
    made = call.made
    wanted = text_of(call.get("split"))
    if isinstance(made, Cell) and made.kind == "dict":
        if wanted is None:
            return _parts(call, made.slots)
        part = made.slots.get(re.split(r"[\[+]", wanted)[0])
        return part if part is not None else result(call, table_of(made))
    frame = result(call, table_of(made))
    if wanted is not None:
        return frame if wanted == "all" else rows.some(call.m, frame, call.at, None, f"of {wanted}")
    is_file = call.entry.reads is not None and call.get(call.entry.reads.instead or "self") is not None
    return _parts(call, {"train" if is_file else "<rest>": frame})


def parts_named(call: Invocation) -> Any:
    """`parts`, or keywords: frames by name: `DatasetDict({"train": train, "test": test})`."""
    given = call.get("parts")
    if isinstance(given, Cell) and given.kind == "dict":
        return _parts(call, given.slots)
    return _parts(call, dict(call.arguments.keywords)) if given is None else given


def halves(call: Invocation) -> Any:
    """Two parts of the rows, called `train` and `test`: `dataset.train_test_split(test_size=0.2)`."""
    made = rows.halves(call.m, [call.receiver], call.at, rows.order_of_call(call))
    sides = made.items if isinstance(made, Tuple) else ()
    return _parts(call, dict(zip(("train", "test"), sides, strict=False)))


def extended(call: Invocation) -> Any:
    """`function`: what it gives for a row, or for many, goes beside the columns that there are."""
    table, function = table_of(call.receiver), call.get("function")
    if isinstance(function, Function | Bound | Partial):
        frame = frames.new(call.m, table, call.receiver.slots["type"], call.at)
        made = call.m.call(function, Arguments((frame,)), call.at)
        if isinstance(made, Cell) and made.kind == "dict":
            known = {key: value for key, value in made.slots.items() if isinstance(key, str) and not is_inner(key)}
            columns = {name: frames.as_column(call.m, value, name, call.at) for name, value in known.items()}
            table = table.with_columns(columns)
        elif isinstance(made, Cell) and made.kind == "frame":
            own = made.slots["table"].columns
            table = table.with_columns({name: column for name, column in own.items() if isinstance(column, Column)})
    return result(call, table)


def _parts(call: Invocation, slots: dict[Any, Any]) -> Cell:
    m, place = call.m, (call.m.now.path, call.at)
    items = m.heap.new("dict", dict(slots), place)
    own = call.receiver.slots["type"] if isinstance(call.receiver, Cell) and call.receiver.kind == "object" else ""
    made: dict[Any, Any] = {"type": call.entry.returns or own, "class": "", "arguments": {}, "origins": frozenset()}
    return m.heap.new("object", {**made, "items": items, "<parts>": Constant(True)}, place)
