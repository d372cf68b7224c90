"""Operations of the extension point `frame:` that give columns other names. Parameters are as in `frame_operations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Column, Constant, Tuple, is_text, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import like_receiver, result, same, subject
from mllint.linker.python.library.invocation import Invocation


def rename(call: Invocation) -> Any:
    """`columns` (or `mapper` with `axis` 1): old name to new name."""
    mapping = call.get("columns")
    if mapping is None and call.constant("axis", 0) in (1, "columns"):
        mapping = call.get("mapper")
    table = subject(call)
    if isinstance(mapping, Cell) and mapping.kind == "dict":
        names = {k: text_of(v) for k, v in mapping.slots.items() if isinstance(k, str) and is_text(v)}
        return result(call, table.rename({k: v for k, v in names.items() if v is not None}))
    if mapping is None:
        return result(call, table)
    return result(call, Table(open=True, origins=table.whole, indirect=table.indirect, rows=table.rows))


def rename_one(call: Invocation) -> Any:
    """`old`, `new`: Spark's `withColumnRenamed`."""
    old, new = text_of(call.get("old")), text_of(call.get("new"))
    table = subject(call)
    return result(call, table.rename({old: new}) if old and new else table)


def retitled(call: Invocation) -> Any:
    """`index`: the new name of a column, if it is a text; else labels of its rows get other names."""
    name, made = text_of(call.get("index")), same(call)
    return msgspec.structs.replace(made, name=name) if name is not None and isinstance(made, Column) else made


def affixed(call: Invocation) -> Any:
    """`prefix`, `suffix`: every column is renamed."""
    table = subject(call)
    prefix, suffix = (text_of(call.get(name, Constant(""))) for name in ("prefix", "suffix"))
    if table.open or prefix is None or suffix is None:
        return result(call, Table(open=True, origins=table.whole, indirect=table.indirect, rows=table.rows))
    return result(call, table.rename({name: f"{prefix}{name}{suffix}" for name in table.columns}))


def relabelled(call: Invocation) -> Any:
    """`labels`, `axis` 1: new names by position: `df.set_axis(names, axis=1)`."""
    if call.constant("axis", 0) not in (1, "columns"):
        return same(call)
    frame = like_receiver(call, subject(call))
    frames.assign_attribute(call.m, frame, "columns", call.get("labels"), call.at)
    return result(call, frame.slots["table"])


def named_in_order(call: Invocation) -> Any:
    """`df.toDF("a", "b")`: new names by position."""
    args = call.arguments.args
    if not args:
        return same(call)
    frame = like_receiver(call, subject(call))
    labels = args[0] if len(args) == 1 and not isinstance(args[0], Constant) else Tuple(tuple(args))
    frames.assign_attribute(call.m, frame, "columns", labels, call.at)
    return result(call, frame.slots["table"])


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function for function in (rename, rename_one, retitled, affixed, relabelled, named_in_order)
}
