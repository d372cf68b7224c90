"""One call of a modelled library function: its entry, receiver and arguments by name."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Entry
from mllint.linker.python.abstract.arguments import Arguments, by_name
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, origins_of
from mllint.linker.python.machine import Machine
from mllint.source import Span


class Invocation:
    __slots__ = ("arguments", "at", "entry", "given", "m", "made", "name", "receiver")

    def __init__(self, m: Machine, name: str, entry: Entry, receiver: Any, arguments: Arguments, at: facts.At) -> None:
        self.m = m
        self.name = name
        self.entry = entry
        self.receiver = receiver
        self.arguments = arguments
        self.at = at
        self.given = by_name(entry.parameters, arguments)
        for theirs, ours in entry.keywords.items():
            if theirs in self.given:
                self.given[ours] = self.given[theirs]
        self.made: Any = None  # what reading has made so far: the subject of `frame:` where there is a reader

    def with_given(self, given: dict[str, Any]) -> Invocation:
        """The same call with other arguments by name."""
        other = Invocation(self.m, self.name, self.entry, self.receiver, self.arguments, self.at)
        other.given = given
        return other

    @property
    def span(self) -> Span:
        return self.m.span(self.at)

    @property
    def place(self) -> Span:
        """Where the call is known: the outermost place of the chain of calls that lies in the entry's own file is of
        less use than the call itself, so it is the call itself."""
        return self.span

    def get(self, parameter: str, default: Any = None) -> Any:
        """A parameter. `a|b` tries names in turn; `self` is the receiver, `a.x` what `a` was made with, or holds."""
        for name in parameter.split("|"):
            if name == "self":
                return self.receiver
            whole, _, part = name.partition(".")
            holder = self.receiver if whole == "self" else self.given.get(whole)
            value = _made_with(holder, part) if part else holder
            if value is not None:
                return value
        return default

    def constant(self, parameter: str, default: Any = None) -> Any:
        value = self.get(parameter)
        return value.value if isinstance(value, Constant) else default

    def is_true(self, parameter: str) -> bool:
        return bool(self.constant(parameter, False))

    def origins(self) -> frozenset[str]:
        """Origins of everything that goes into the call."""
        found = origins_of(self.receiver) if self.receiver is not None else frozenset()
        return found.union(*(origins_of(value) for value in self.arguments.values()))


def _made_with(holder: Any, path: str) -> Any:
    """What an argument of the constructor of an object was, also of the object that made it; of a dictionary, what lies
    under a key. `a.b` is asked in turn."""
    name, _, rest = path.partition(".")
    for _ in range(4):
        if not isinstance(holder, Cell):
            return None
        found = None
        if holder.kind == "dict":
            found = holder.slots.get(name)
        elif ("attribute", name) in holder.slots:
            found = holder.slots["attribute", name]
        else:
            found = holder.slots.get("arguments", {}).get(name)
        if found is not None:
            return _made_with(found, rest) if rest else found
        holder = holder.slots.get("maker")
    return None
