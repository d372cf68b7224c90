"""What a template can hold: texts, numbers, lists, mappings, and the structs here. The budget bounds what it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

MOST_CHARACTERS = 400_000  # of one text, and of all output of a template
_MOST_STEPS = 100_000  # nodes of trees that are evaluated for one template
_MOST_ITEMS = 20_000  # of a list or mapping, with what lies in it
LARGEST_NUMBER = 10**15

# Letters (Canadian syllabics) that no SQL dialect gives a meaning: they mark what is not known within a text, and
# thereby make it an identifier for a parser of SQL.
OPEN, CLOSE = "\u1438", "\u1433"
TO_BRACES = str.maketrans({OPEN: "{", CLOSE: "}"})  # as names are written


class Exhausted(Exception):  # noqa: N818
    """The budget is spent: the template is read in a lighter way."""


class Unknown(msgspec.Struct, frozen=True):
    """What is not known; `name` is what a hole in its place is called, `missing` that nothing gives it a value."""

    name: str = ""
    missing: bool = False


class Relation(msgspec.Struct, frozen=True):
    """A table, as `ref`, `source` and `this` yield it."""

    table: str
    name: str = ""

    def __str__(self) -> str:
        return self.table


class TableColumn(msgspec.Struct, frozen=True):
    """A column of a table, as `adapter.get_columns_in_relation` lists it."""

    name: str

    def __str__(self) -> str:
        return self.name


class Macro(msgspec.Struct, frozen=True, eq=False):
    """A macro: its tree, and what of the project it can call. `scope` is that of the text that defines it."""

    name: str
    tree: Any
    space: str = ""  # its project or package
    scope: Any = None


class Function(msgspec.Struct, frozen=True, eq=False):
    """Something of ours that templates can call with arguments and keywords."""

    name: str
    call: Callable[..., Any]


class Space(msgspec.Struct, frozen=True, eq=False):
    """What has attributes that templates ask for: `target`, `adapter`, `dbt_utils`. `get` yields None for the unknown.
    `call`, where given: it can be called too, as `config` and `var` can."""

    name: str
    get: Callable[[str], Any]
    call: Callable[..., Any] | None = None


class Namespace(msgspec.Struct, eq=False):
    """`{% set found = namespace(any=false) %}`"""

    values: dict[str, Any]


class Budget:
    def __init__(self) -> None:
        self._steps = _MOST_STEPS
        self._characters = MOST_CHARACTERS

    def step(self, count: int = 1) -> None:
        self._steps -= count
        if self._steps < 0:
            raise Exhausted

    def write(self, characters: int) -> None:
        self._characters -= characters
        if self._characters < 0:
            raise Exhausted


def is_known(value: Any) -> bool:
    """Whether all of a value is known: no hole in a text, nothing unknown in a list."""
    match value:
        case Unknown():
            return False
        case str():
            return OPEN not in value
        case list() | tuple() | dict():
            return all(not isinstance(part, Unknown) for part in _parts(value)) and is_small(value)
    return True


def is_small(value: Any) -> bool:
    """Whether a value is cheap to walk as Python does, which follows what is shared, or holds itself, each time."""
    if not isinstance(value, list | tuple | dict):
        return True
    left, todo = _MOST_ITEMS, [(value, 0)]
    while todo:
        top, depth = todo.pop()
        for part in _parts(top):
            left -= 1
            if left < 0 or depth > 20:
                return False
            if isinstance(part, list | tuple | dict):
                todo.append((part, depth + 1))
    return True


def _parts(value: Any) -> list[Any]:
    return [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)


def truth(value: Any) -> bool | None:
    """Whether a test on a value holds, None if that is not known."""
    match value:
        case Unknown():
            return None
        case str() if OPEN in value:
            return None
        case str() | int() | float() | list() | tuple() | dict() | None:
            return bool(value)
    return True


def hole(name: str) -> str:
    """What stands in a text in place of the unknown."""
    return OPEN + "".join(c if c.isalnum() or c == "_" else "_" for c in name[:80]) + CLOSE


def shown(value: Any) -> str:
    """A value as a template prints it."""
    match value:
        case str():
            return value
        case Unknown(name=name):
            return hole(name)
        case None | bool() | int() | float():
            return str(value)
        case Relation() | TableColumn():
            return str(value)
        case list() | tuple() | dict() if is_small(value) and is_known(value):
            return str(_plain(value))[:MOST_CHARACTERS]
    return hole(getattr(value, "name", ""))


def _plain(value: Any) -> Any:
    match value:
        case list() | tuple():
            return type(value)(_plain(part) for part in value)
        case dict():
            return {shown(key): _plain(part) for key, part in value.items()}
        case str() | int() | float() | bool() | None:
            return value
    return shown(value)
