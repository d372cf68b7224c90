"""`isinstance(value, kind)`: true or false where the kind of the value is sure."""

from __future__ import annotations

import builtins
from typing import Any

from mllint.linker.python import classes
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Class, Column, Constant, External, Text, Tuple
from mllint.linker.python.machine import Machine

_SEQUENCES = {"list", "tuple", "set", "frozenset"}  # one kind of cell stands for all of them

_PLAIN = {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"}  # bases that make no container


def is_instance(m: Machine, value: Any, wanted: Any) -> bool | None:
    """None where it cannot be said."""
    if isinstance(wanted, Tuple):
        found = [is_instance(m, value, kind) for kind in wanted.items]
        return True if True in found else None if None in found else False
    if isinstance(wanted, Class):
        return _is_of_class(value, wanted)
    if not isinstance(wanted, External):
        return None
    name = m.library.canonical(wanted.name)
    plain = name.removeprefix("builtins.")
    kind = getattr(builtins, plain, None)
    if isinstance(kind, type):
        return _is_built_in(m, value, plain, kind)
    if isinstance(value, Constant | Text | Tuple) or (isinstance(value, Cell) and value.kind in ("dict", "list")):
        return False if name in m.library.types else None
    return True if _library_type(value) == name else None


def _is_built_in(m: Machine, value: Any, name: str, kind: type) -> bool | None:
    match value:
        case Constant():
            return isinstance(value.value, kind)
        case Text():
            return issubclass(str, kind)
        case Cell(kind="dict"):
            return name in ("dict", "object")
        case Tuple() | Cell(kind="list"):
            return None if name in _SEQUENCES or name == "object" else False
        case Cell(kind="frame"):
            return name == "object"
        case Cell(kind="instance") if name in _SEQUENCES | {"dict", "str", "int", "float", "bool"}:
            bases = (cls for cls in classes.lineage_of(value.slots["<class>"]) if isinstance(cls, External))
            return False if all(cls.name in _PLAIN or m.library.type_of_class(cls.name) for cls in bases) else None
        case Column(kind=kind_of) if kind_of and kind_of == m.library.usual.get("column"):  # no value of a row
            return name == "object"
    return None


def _library_type(value: Any) -> str:
    match value:
        case Cell(kind="frame"):
            return str(value.slots["type"])
        case Column(kind=kind):
            return kind
    return ""


def _is_of_class(value: Any, wanted: Class) -> bool | None:
    match value:
        case Cell(kind="instance"):
            known = list(classes.lineage_of(value.slots["<class>"]))
            if any(isinstance(cls, Class) and cls.scope is wanted.scope for cls in known):
                return True
            return False if all(isinstance(cls, Class) for cls in known) else None
        case Constant() | Text() | Tuple() | Cell(kind="dict" | "list" | "frame"):
            return None if any(isinstance(cls, External) for cls in classes.lineage_of(wanted)) else False
    return None
