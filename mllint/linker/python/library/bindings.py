"""Values that configuration binds to parameters of functions and classes, as gin-config does: whoever calls one
without giving the parameter gives what is bound (`configurables.py`); `binders.py` has the calls that bind.

What is bound is a cell of the present entry point, so that branches keep it apart: by (scope, name, parameter) the
number of a value that is made anew for each call, since `@Model()` makes a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts.config import Value
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Constant,
    options_of,
)
from mllint.linker.python.library import config
from mllint.linker.python.machine import Machine
from mllint.source import Span

DEEPEST = 12  # macros in macros, files in files
MOST_VALUES = 20_000  # of one call: macros of lists of macros multiply
SCOPE = "<scope of bindings>"
MISSING = "a configuration must give it"
Key = tuple[str, str, str]  # scope, name, parameter; of a macro its name is the parameter


class Written(msgspec.Struct, frozen=True):
    """A value as it is written, in a file or (`path` is empty) a text of the program with these `settings`."""

    value: Value
    path: str = ""
    settings: tuple[Span, ...] = ()
    made: Any = None  # what the program binds: no text


class Bindings:
    """What one entry point binds."""

    def __init__(self, m: Machine) -> None:
        self.cell = m.heap.new("object", {"type": "", "origins": frozenset()}, ("bindings", 0))
        self.written: list[Written] = []
        self.keys: dict[str, dict[Key, None]] = {}  # by the last part of the name; also those that a branch has undone
        self.scopes: list[str] = []
        self.folders: list[str] = []  # where files are looked for besides
        self.busy: set[tuple[str, str]] = set()
        self.left = MOST_VALUES

    def bind(self, m: Machine, key: str, written: Written) -> None:
        scope, _, name = key.rpartition("/")
        selector, _, parameter = name.rpartition(".")
        place = (scope, selector, parameter)
        if not m.in_test:
            m.settings.override(self._constant(place), self._leaf(written))
        self.keys.setdefault(selector.rpartition(".")[2], {})[place] = None
        self.written.append(written)
        m.heap.set(self.cell, place, Constant(len(self.written) - 1))

    def options(self, key: Key) -> list[Written]:
        """What the key is bound to: several where branches bind it to different values."""
        held = self.cell.slots.get(key)
        numbers = [each.value for each in options_of(held) if isinstance(each, Constant)] if held is not None else []
        return [self.written[number] for number in numbers if isinstance(number, int)]

    def _constant(self, key: Key) -> Any:
        options = self.options(key)
        return self._leaf(options[0]) if len(options) == 1 else None

    def _leaf(self, written: Written) -> Any:
        if not written.path or written.value.kind != "scalar" or written.value.tag:
            return None
        return Constant(written.value.value, (config.span_of(written.value, written.path),))

    def of(self, full: str) -> Iterator[tuple[str, Key]]:
        """Parameters of `module.name` with what is bound to them, where more special scopes come later."""
        known = self.keys.get(full.rpartition(".")[2], ())
        active = "/".join(self.scopes)
        fitting = [
            key
            for key in known
            if key in self.cell.slots
            and is_name_of(key[1], full)
            and (not key[0] or active == key[0] or active.startswith(f"{key[0]}/"))
        ]
        for key in sorted(fitting, key=lambda key: len(key[0])):
            yield key[2], key


def is_name_of(selector: str, full: str) -> bool:
    """Whether `module.name`, or a later part of it, is meant."""
    return f".{full}".endswith(f".{selector.removeprefix('__main__.')}")


def bindings_of(m: Machine) -> Bindings:
    """Of the present entry point, in this round."""
    record, known = m.plans.get("bindings", (None, None))
    if known is None or record is not m.effects.now:
        known = Bindings(m)
        m.plans["bindings"] = (m.effects.now, known)
    found: Bindings = known
    return found


def enter(m: Machine, context: Any) -> bool:
    """A context begins: whether it is one of these, which `leave` must end."""
    name = context.slots.get(SCOPE) if isinstance(context, Cell) else None
    if name is not None:
        bindings_of(m).scopes.append(name)
    return name is not None


def leave(m: Machine) -> None:
    scopes = bindings_of(m).scopes
    if scopes:
        scopes.pop()
