"""The classes and functions that a module or script defines. Of classes there are plain facts, for where the namespace
was not made in this run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Class, External, Function, options_of


class Defined(msgspec.Struct, frozen=True, array_like=True):
    """A class. `bases` are those whose names are known; `registers`: a base, near or far, notes each class that derives
    from it."""

    path: str
    at: int
    name: str
    qualified: str
    bases: tuple[str, ...]
    registers: bool
    methods: tuple[tuple[str, int], ...]


def defined_in(scope: Cell, path: str) -> list[Defined]:
    """The classes that the module at `path` defines itself."""
    classes = (value for value in scope.slots.values() if isinstance(value, Class) and value.path == path)
    return [
        Defined(
            path, cls.at, cls.name, cls.qualified, tuple(filter(None, map(_name, cls.bases))), _registers(cls),
            tuple((name, method.facts.at) for name, method in _own_methods(cls)),
        )
        for cls in classes
    ]  # fmt: skip


def functions_in(scope: Cell, path: str) -> list[tuple[Class | None, Function]]:
    """Functions, and methods with their class."""
    found: list[tuple[Class | None, Function]] = []
    for value in list(scope.slots.values()):
        for option in options_of(value):
            if isinstance(option, Function):
                found.append((None, option))
            elif isinstance(option, Class) and option.path == path:
                methods = [v for v in option.scope.slots.values() if isinstance(v, Function)]
                found += [(option, method) for method in methods if method.facts.name != "__init__"]
    return found


def _own_methods(cls: Class) -> Iterator[tuple[str, Function]]:
    for name, value in cls.scope.slots.items():
        if isinstance(value, Function) and value.scope is cls.scope:
            yield name, value


def _registers(cls: Class) -> bool:
    bases = [base for base in cls.bases if isinstance(base, Class)]
    return any("__init_subclass__" in base.scope.slots or _registers(base) for base in bases)


def _name(base: Any) -> str:
    match base:
        case Class(qualified=qualified):
            return qualified
        case External(name=name):
            return name
    return ""
