"""Ways through the positioned tree of a configuration file."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Entry, Value
from mllint.source import Span


def get(value: Value | None, *path: str) -> Value | None:
    """The value at a path of keys, if all of them are there."""
    for key in path:
        if value is None:
            return None
        value = next((entry.value for entry in value.entries if entry.key == key), None)
    return value


def text(value: Value | None, *path: str) -> str:
    """The scalar at a path as text, empty where there is none."""
    found = get(value, *path)
    if found is None or found.kind != "scalar" or found.value is None:
        return ""
    return as_text(found.value)


def as_text(scalar: bool | int | float | str | None) -> str:
    match scalar:
        case bool():
            return "true" if scalar else "false"
        case None:
            return ""
        case _:
            return str(scalar)


def entries(value: Value | None, *path: str) -> tuple[Entry, ...]:
    found = get(value, *path)
    return found.entries if found is not None else ()


def items(value: Value | None, *path: str) -> tuple[Value, ...]:
    """The items of a sequence; a scalar counts as a sequence of itself."""
    found = get(value, *path)
    if found is None or (found.kind == "scalar" and found.value is None):
        return ()
    return found.items if found.kind == "sequence" else (found,)


def mappings(root: Value) -> Iterator[Value]:
    """Every mapping of the tree, outer ones first."""
    stack = [root]
    while stack:
        value = stack.pop()
        if value.kind == "mapping":
            yield value
        children = [*value.items, *(entry.value for entry in value.entries)]
        stack.extend(reversed(children))


def span(path: str, at: Value | Entry) -> Span:
    if isinstance(at, Entry):
        return Span(path, at.line, at.column, at.line, at.end_column)
    return Span(path, at.line, at.column, at.end_line, at.end_column)


def first_line(value: Value) -> int:
    """The line on which the text of a scalar begins: behind the sign of a block (`run: |`), else where it stands."""
    return value.line + (value.end_line > value.line)
