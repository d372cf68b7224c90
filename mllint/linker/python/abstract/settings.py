"""Which keys of configuration files the program asks for.

A dictionary that a configuration file became carries, in its slot `<config>`, the configuration and the keys that
lead to it. Asking for a key is noted; whatever is passed to code that nobody follows counts as read whole. Notes are
part of what an entry point says, so that one which is not interpreted again still says them; `results/settings.py`
puts those of all entry points together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Tuple
from mllint.source import Span

KINDS = ("yaml", "json", "toml", "ini", "env")  # of files that programs load as configurations
PLACE = "<config>"
Keys = tuple[str, ...]


class Opened(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One file, or several that were merged, became a configuration. `values` are those of merged files: their keys
    and where they are written, `span` is the call that parses."""

    name: str
    job: str
    files: tuple[str, ...]
    span: Span
    values: tuple[tuple[Keys, Span], ...] = ()


class Used(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A key of a configuration is asked for, or (`whole`) all that lies below it; `span` is who asks, if known."""

    name: str
    keys: Keys
    whole: bool = False
    span: Span | None = None


class Tested(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The program looks whether a key is there."""

    name: str
    keys: Keys


class Checked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A job holds values of a configuration, or of a file, against what they should be; of all that it loads, if `name`
    is empty."""

    name: str
    job: str


class Lost(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A place asks a configuration for a key that it does not have."""

    span: Span
    name: str
    keys: Keys


class Found(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A place asks a dictionary for a key and gets it, or copes without."""

    span: Span


class Replaced(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A value of one file takes the place of another's; `same`: they are equal."""

    over: Span
    base: Span
    same: bool


Note = Opened | Used | Tested | Checked | Lost | Found | Replaced


class Settings:
    """Gives `note` what the program does with configurations; where it has none there is nothing to note."""

    def __init__(self, note: Callable[[Note], None], has_any: bool) -> None:
        self._note = note
        self.has_any = has_any

    def open(
        self, name: str, job: str, files: Iterable[str], span: Span, values: tuple[tuple[Keys, Span], ...] = ()
    ) -> str:
        self._note(Opened(name, job, tuple(files), span, values))
        return name

    def checked(self, name: str, job: str) -> None:
        self._note(Checked(name, job))

    def asked(self, cell: Any, key: Any, span: Span, is_tolerant: bool) -> None:
        """`cfg["lr"]`, `cfg.lr`, `cfg.get("lr")`"""
        place = place_of(cell)
        if place is None:
            self._note(Found(span))
            return
        name, keys = place
        if not isinstance(key, Constant):
            self._note(Used(name, keys, True, span))
            return
        own = (*keys, str(key.value))
        self._note(Used(name, own, False, span))
        is_there = key.value in cell.slots or "<rest>" in cell.slots or "<default>" in cell.slots
        if isinstance(key.value, str):
            self._note(Found(span) if is_there or is_tolerant else Lost(span, name, own))

    def looked_for(self, cell: Any, key: Any) -> None:
        """`"lr" in cfg`"""
        place = place_of(cell)
        if place is not None and isinstance(key, Constant):
            self._note(Tested(place[0], (*place[1], str(key.value))))

    def override(self, old: Any, new: Any) -> None:
        """A value of one file takes the place of another's."""
        if isinstance(old, Constant) and isinstance(new, Constant) and old.settings and new.settings:
            self.overridden(new.settings[0], old.settings[0], is_same(old.value, new.value))

    def overridden(self, over: Span, base: Span, same: bool) -> None:
        if over != base:
            self._note(Replaced(over, base, same))

    def used(self, name: str, keys: Keys, span: Span) -> None:
        self._note(Used(name, keys, False, span))

    def whole(self, name: str, keys: Keys) -> None:
        self._note(Used(name, keys, whole=True))

    def passed(self, value: Any, depth: int = 2) -> None:
        """A value went to where nobody follows it."""
        match value:
            case Tuple(items=items) | Choice(options=items) if depth:
                for item in items:
                    self.passed(item, depth - 1)
            case Cell(kind="dict" | "list" | "object") if depth:
                place = place_of(value)
                if place is not None:
                    self.whole(*place)
                    return
                for key, slot in value.slots.items():
                    if key == "items" and isinstance(slot, tuple):
                        for item in slot:
                            self.passed(item, depth - 1)
                    elif isinstance(slot, Cell | Tuple | Choice) and key not in ("<class>", "maker"):
                        self.passed(slot, depth - 1)


HOLDERS = frozenset({Tuple, Choice, Cell})  # values that may hold a configuration, or be one


def place_of(cell: Any) -> tuple[str, Keys] | None:
    """The configuration that a dictionary is part of, and the keys that lead to it."""
    place: tuple[str, Keys] | None = cell.slots.get(PLACE) if isinstance(cell, Cell) else None
    return place


def is_same(first: Any, second: Any) -> bool:
    """Same type and same value: `1` and `1.0` are not."""
    return type(first) is type(second) and bool(first == second)
