"""Attributes of mapped classes that are rows of another table: `trips = relationship("Trip")`, so `user.trips`."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import of_dataset
from mllint.linker.python.abstract.values import Class, Function, text_of
from mllint.linker.python.classes import find_member
from mllint.linker.python.frames import frames
from mllint.linker.python.library.databases import ROWS, table_columns, tables_in
from mllint.linker.python.machine import Machine

_RELATION = "sqlalchemy.Relation"


def related(m: Machine, rows: Cell, name: str, at: int) -> Cell | None:
    """The rows of the other table, if `name` is a relation of the class that these rows are objects of."""
    for node in sorted(rows.slots["table"].origins & m.mapped.keys()):
        owner = m.mapped[node]
        member = find_member(owner, name)
        if not (isinstance(member, Cell) and member.kind == "object" and member.slots["type"] == _RELATION):
            continue
        target = _target(m, owner, member.slots["arguments"].get("argument"), at)
        tables = tables_in(m, target) if target is not None else []
        for other in tables:
            m.effects.mark(other, "dataset", m.span(at))
            m.effects.access(other, m.span(at), m.now.path, True)
        if tables:
            found = [of_dataset(other, table_columns(m, target)) for other in tables]
            return frames.new(m, frames.merge_all(found), ROWS, at)
    return None


def _target(m: Machine, owner: Class, told: Any, at: int) -> Class | None:
    """The class itself, what a function of no arguments gives, or the class of that name: that beside it first."""
    if isinstance(told, Function):
        told = m.call(told, Arguments(), at)
    if isinstance(told, Class):
        return told
    name = (text_of(told) or "").rpartition(".")[2]
    scopes = [scope for path, scope in sorted(m.modules.items()) if path != owner.path]
    for scope in (m.modules.get(owner.path), m.script(owner.path), *scopes):
        found = scope.slots.get(name) if scope is not None and name else None
        if isinstance(found, Class) and scope is not None:
            m.tracker.touch(scope)
            return found
    return None
