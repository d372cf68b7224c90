"""Plain values of a program, written as Python writes them, and read back: `f"{names}"`, then `ast.literal_eval`."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.heap import Cell, Heap
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown

MOST_LETTERS = 10_000
MOST_VALUES = 500
DEEPEST = 6


class NotPlainError(Exception):
    """Something in a value is not known, or there is too much of it."""


def plain(value: Any) -> Any:
    """The Python object that a value is: scalars, and tuples, lists and dictionaries of them. Raises NotPlainError."""
    return _Reader().read(value, DEEPEST)


class _Reader:
    def __init__(self) -> None:
        self.left = MOST_VALUES

    def read(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if depth == 0 or self.left < 0:
            raise NotPlainError
        match value:
            case Constant(value=constant):
                return constant
            case Tuple(items=items):
                return tuple(self.read(item, depth - 1) for item in items)
            case Cell(kind="list") if value.get("<rest>") is None and not value.get("<grown>"):
                return [self.read(item, depth - 1) for item in value.slots["items"]]
            case Cell(kind="dict") if "<rest>" not in value.slots and "<default>" not in value.slots:
                known = {key: item for key, item in value.slots.items() if key != "<span>"}
                return {key: self.read(item, depth - 1) for key, item in known.items()}
        raise NotPlainError


def text_of_plain(value: Any) -> str | None:
    """What `str(value)` gives of a list, tuple or dictionary of which everything is known."""
    if not (isinstance(value, Tuple) or (isinstance(value, Cell) and value.kind in ("list", "dict"))):
        return None
    try:
        text = str(plain(value))
    except NotPlainError:
        return None
    return text if len(text) <= MOST_LETTERS else None


def parsed(heap: Heap, text: str, language: str, site: Any) -> Any:
    """The value that a literal text stands for, in `python` or `json`; nothing in it is run."""
    parse: Callable[[str], Any] = json.loads if language == "json" else ast.literal_eval
    try:
        with warnings.catch_warnings():  # of escapes that are none
            warnings.simplefilter("ignore")
            found = parse(text) if len(text) <= MOST_LETTERS else None
        return _value(heap, found, site, DEEPEST) if found is not None else Unknown(why="it is no literal")
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, NotPlainError):
        return Unknown(why="it is no literal")


def _value(heap: Heap, found: Any, site: Any, depth: int) -> Any:
    if depth == 0:
        raise NotPlainError
    match found:
        case bool() | int() | float() | str() | None:
            return Constant(found)
        case tuple():
            return Tuple(tuple(_value(heap, item, site, depth - 1) for item in found))
        case list() | set() as items:
            known = sorted(items, key=repr) if isinstance(items, set) else items
            return heap.new("list", {"items": tuple(_value(heap, item, site, depth - 1) for item in known)}, site)
        case dict():
            slots = {key: _value(heap, item, site, depth - 1) for key, item in found.items() if _is_key(key)}
            return heap.new("dict", slots, site)
    raise NotPlainError


def _is_key(key: Any) -> bool:
    return isinstance(key, str | int) and not (isinstance(key, str) and key.startswith("<") and key.endswith(">"))
