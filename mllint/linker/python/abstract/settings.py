"""Which keys of configuration files the program asks for.

A dictionary that a configuration file became carries, in its slot `<config>`, the configuration and the keys that lead
to it. Asking for a key is noted there; whatever is passed to code that nobody follows counts as read whole."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Tuple
from mllint.source import Span

PLACE = "<config>"
Keys = tuple[str, ...]


class Asked(msgspec.Struct, frozen=True):
    """A key that the program asks a configuration for, and that it does not have."""

    files: tuple[str, ...]
    keys: Keys
    span: Span


class Configuration(msgspec.Struct):
    """What one file, or several that were merged, became: its tree (see `library/omega.py`), what was asked of it."""

    tree: Any
    files: dict[str, None] = {}
    reads: set[Keys] = set()
    whole: set[Keys] = set()
    jobs: set[str] = set()
    is_closed: bool = True  # every part of it is in sight


class Settings:
    """All configurations of a run, by name."""

    def __init__(self) -> None:
        self.known: dict[str, Configuration] = {}
        self.overrides: dict[Span, dict[Span, bool]] = {}  # what an override replaces, and whether it repeats it
        self.guarded: set[tuple[str, Keys]] = set()  # keys that the program asks for with care
        self.missing: dict[Span, set[tuple[str, Keys] | None]] = {}  # by the place that asks; None: it was there

    def open(self, name: str, tree: Any, job: str, files: dict[str, None]) -> str:
        found = self.known.setdefault(name, Configuration(tree, {}, set(), set(), set()))
        found.tree = tree
        found.files.update(files)
        found.jobs.add(job)
        return name

    def asked(self, cell: Any, key: Any, span: Span, is_tolerant: bool, is_test: bool) -> None:
        """`cfg["lr"]`, `cfg.lr`, `cfg.get("lr")`"""
        place = cell.slots.get(PLACE) if isinstance(cell, Cell) else None
        if place is None:
            self.missing.setdefault(span, set()).add(None)
            return
        name, keys = place
        if not isinstance(key, Constant):
            self.known[name].whole.add(keys)
            return
        self.known[name].reads.add((*keys, str(key.value)))
        is_there = key.value in cell.slots or "<rest>" in cell.slots or "<default>" in cell.slots
        if isinstance(key.value, str):
            lost = None if is_there or is_tolerant or is_test else (name, (*keys, key.value))
            self.missing.setdefault(span, set()).add(lost)

    def override(self, old: Any, new: Any) -> None:
        """A value of one file takes the place of another's."""
        if isinstance(old, Constant) and isinstance(new, Constant) and old.settings and new.settings:
            self.overridden(new.settings[0], old.settings[0], is_same(old.value, new.value))

    def overridden(self, over: Span, base: Span, same: bool) -> None:
        if over != base:
            self.overrides.setdefault(over, {})[base] = same

    def passed(self, value: Any, depth: int = 2) -> None:
        """A value went to where nobody follows it."""
        match value:
            case Tuple(items=items) | Choice(options=items) if depth:
                for item in items:
                    self.passed(item, depth - 1)
            case Cell(kind="dict" | "list" | "object") if depth:
                place = value.slots.get(PLACE)
                if place is not None:
                    self.known[place[0]].whole.add(place[1])
                    return
                for key, slot in value.slots.items():
                    if key == "items" and isinstance(slot, tuple):
                        for item in slot:
                            self.passed(item, depth - 1)
                    elif isinstance(slot, Cell | Tuple | Choice) and key not in ("<class>", "maker"):
                        self.passed(slot, depth - 1)


def is_same(first: Any, second: Any) -> bool:
    """Same type and same value: `1` and `1.0` are not."""
    return type(first) is type(second) and bool(first == second)
