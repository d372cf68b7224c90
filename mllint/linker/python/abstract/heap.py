"""Objects that a program can change, with a journal, so that both sides of a branch start from the same state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.values import join

_ABSENT = object()


class Cell:
    """One mutable object: a scope, list, dict, instance, library object or frame.

    `kind` says which; `slots` hold its state. All writing goes through `Heap`, which can take it back. `site` tells
    cells apart deterministically: the place that made them."""

    __slots__ = ("born", "kind", "site", "slots")

    def __init__(self, kind: str, slots: dict[Any, Any], site: Any, born: int) -> None:
        self.kind = kind
        self.slots = slots
        self.site = site
        self.born = born

    def get(self, key: Any, default: Any = None) -> Any:
        return self.slots.get(key, default)

    def __repr__(self) -> str:
        return f"Cell({self.kind}, {self.site}, {list(self.slots)})"


Change = tuple[Cell, Any, Any]
State = dict[tuple[Cell, Any], Any]
Exit = tuple[str, State]


class Heap:
    def __init__(self) -> None:
        self.journal: list[Change] = []
        self.clock = 0
        self.forks = 0  # forks that are being gone through
        self.exits: list[Exit] = []  # states in which paths of the present call left it, or a loop in it
        self.version = 0  # counts changes of what a call without arguments may see: see `_note`
        self.leaving = ""  # why control does not go on: return, raise, break, continue
        self.watched = -1  # the clock until which a cell may belong to an earlier entry point or to another module
        self.on_old: Callable[[Cell], None] = _nobody  # is told of changes of such cells

    def new(self, kind: str, slots: dict[Any, Any] | None = None, site: Any = None) -> Cell:
        self.clock += 1
        return Cell(kind, {} if slots is None else slots, site, self.clock)

    def set(self, cell: Cell, key: Any, value: Any) -> None:
        old = cell.slots.get(key, _ABSENT)
        self.journal.append((cell, key, old))
        cell.slots[key] = value
        if old is not value and (old is not _ABSENT or cell.kind != "scope"):
            self._note(cell)
        if cell.born <= self.watched and old is not value:
            self.on_old(cell)

    def put(self, cell: Cell, key: Any, value: Any) -> None:
        """Set what no branch takes back: what a program tells a library. As all paths see it, a cell counts as old as
        the one that holds it: what one path does to it is no more than that."""
        self.touch(cell)
        if isinstance(value, Cell):
            value.born = min(value.born, cell.born)
        cell.slots[key] = value

    def touch(self, cell: Cell) -> None:
        """A cell is changed without the journal."""
        if cell.born <= self.watched:
            self.on_old(cell)

    def delete(self, cell: Cell, key: Any) -> None:
        if key in cell.slots:
            self.journal.append((cell, key, cell.slots[key]))
            del cell.slots[key]
            self._note(cell)
            self.touch(cell)

    def _note(self, cell: Cell) -> None:
        """What is remembered of earlier calls counts no longer if they may have read what changes now: a name of a
        module or of a function with inner functions, a dictionary, a list, an attribute."""
        if cell.kind != "scope" or "<parent>" not in cell.slots or "<closed over>" in cell.slots:
            self.version += 1

    def changed_before(self, mark: int, born: int) -> bool:
        """Whether anything since `mark` changed an object that is older than `born`."""
        return any(cell.born <= born for cell, _, _ in self.journal[mark:])

    def take_back(self, mark: int) -> None:
        """Undo all changes since the journal was so long, in the same branch."""
        self._undo(mark, self.clock)

    # ------------------------------------------------------------------------------------------- branches

    def fork(self, paths: list[Callable[[], bool]]) -> bool:
        """Run each path from the present state and join the states of those that return true (that go on). False,
        and the state of the last path, if none goes on."""
        mark = len(self.journal)
        states: list[State] = []
        reason = ""
        for path in paths:
            born = self.clock
            self.forks += 1
            try:
                goes_on = path()
            finally:
                self.forks -= 1
            final = self._undo(mark, born)
            if goes_on:
                states.append(final)
            else:
                reason = self.leaving
                self.exits.append((reason, final))
            self.leaving = ""
        if not states:
            self.leaving = reason
            return False
        self._merge(states)
        return True

    def changes(self, mark: int) -> State:
        """What has changed since `mark`, as it is now."""
        return {(cell, key): cell.slots.get(key, _ABSENT) for cell, key, _ in self.journal[mark:]}

    def become(self, states: list[State]) -> None:
        """Go on in one of these states, instead of the present one."""
        self._merge(states)

    def join(self, states: list[State]) -> None:
        """Go on in the present state or one of these."""
        for state in states:
            self._merge([state, {place: place[0].slots.get(place[1], _ABSENT) for place in state}])

    def leave_call(self, exits: list[Exit]) -> None:
        """Join into the present state what the paths changed that returned early, so that

            if clean:
                df["x"] = 0
                return df
            return df

        shows the column to the caller. `exits` are those of the caller, which become the present ones again."""
        early, self.exits = self.exits, exits
        self.leaving = ""
        self.join([state for reason, state in early if reason != "raise"])

    def _merge(self, states: list[dict[tuple[Cell, Any], Any]]) -> None:
        for cell, key in dict.fromkeys(place for state in states for place in state):
            present = cell.slots.get(key, _ABSENT)
            values = [state.get((cell, key), present) for state in states]
            self._put(cell, key, present, values)

    def _undo(self, mark: int, born: int) -> dict[tuple[Cell, Any], Any]:
        """Take back all changes since `mark` of cells that are older than `born`; returns what they had come to. What
        a path has made itself stays as the path left it: on no other path was it ever as it was at first."""
        final: dict[tuple[Cell, Any], Any] = {}
        changes = [change for change in self.journal[mark:] if change[0].born <= born]
        for cell, key, _ in changes:
            final[cell, key] = cell.slots.get(key, _ABSENT)
        for cell, key, old in reversed(changes):
            self._note(cell)
            if old is _ABSENT:
                cell.slots.pop(key, None)
            else:
                cell.slots[key] = old
        del self.journal[mark:]
        return final

    def _put(self, cell: Cell, key: Any, present: Any, values: list[Any]) -> None:
        known = [value for value in values if value is not _ABSENT]
        if not known:
            if present is not _ABSENT:
                self.delete(cell, key)
            return
        result = known[0]
        for value in known[1:]:
            result = _join_slot(result, value)
        if result is not present:
            self.set(cell, key, result)


class MaybeNone(tuple[Any, ...]):
    """Items of a list that only one path has put there: `errors.append(...)` in a handler, then `if errors: raise`."""


def _nobody(cell: Cell) -> None:
    pass


def _join_slot(left: Any, right: Any) -> Any:
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return left | right
    if isinstance(left, tuple) and isinstance(right, tuple):  # items of a list, longer by what one path appended
        longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
        joined = tuple(join(a, b) for a, b in zip(longer, shorter, strict=False)) + longer[len(shorter) :]
        is_sure = shorter and not isinstance(left, MaybeNone) and not isinstance(right, MaybeNone)
        return joined if is_sure or not longer else MaybeNone(joined)
    if isinstance(left, dict) and isinstance(right, dict):  # what an object was made with, one path has set more of it
        return {key: join(left.get(key), right.get(key)) for key in dict.fromkeys((*left, *right))}
    merge = getattr(left, "join", None)  # a frame's table knows how to join itself
    if merge is not None and not isinstance(left, str) and type(left) is type(right):
        return merge(right)
    if isinstance(left, str | int) or isinstance(right, str | int):
        return left if left == right else right
    return join(left, right)
