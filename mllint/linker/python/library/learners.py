"""The fitted objects that things stand for: a new estimator's token, the network that an instance is."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Text
from mllint.linker.python.library.rows import way_here
from mllint.linker.python.machine import Machine

_KEY = "<network>"


def prepare(m: Machine, estimator: Cell, at: facts.At) -> None:
    """A new estimator: its token, by the place that makes it and by the way there: a function that is called for each
    town, or a loop, makes another one each time."""
    span = m.span(at)
    serving = f"@{m.endpoint}" if m.endpoint else ""  # what a handler fits is not the model that training fitted
    m.heap.touch(estimator)
    estimator.slots["token"] = f"model@{span.path}:{span.cell or ''}:{span.line}:{span.column}{serving}|{way_here(m)}"
    estimator.slots["made"] = span


def place_of(token: str) -> str:
    """The place that makes it, whatever way led there."""
    return token.rpartition("|")[0] or token


def network_of(m: Machine, owner: Any, at: int) -> Cell | None:
    """The fitted object that an instance of the repository's class stands for."""
    if not isinstance(owner, Cell):
        return None
    if owner.kind == "object":
        return owner
    if owner.kind != "instance" or not _may_learn(owner):
        return None
    if _KEY not in owner.slots:
        name = owner.slots["<class>"].qualified
        slots: dict[Any, Any] = {"type": "torch.Network", "class": name, "arguments": {}, "origins": frozenset()}
        m.heap.put(owner, _KEY, m.heap.new("object", slots, (m.now.path, at)))
        prepare(m, owner.slots[_KEY], at)
        path, made = owner.site if isinstance(owner.site, tuple) else (m.now.path, at)
        owner.slots[_KEY].slots["born at"] = m.span(made, path)
    found: Cell = owner.slots[_KEY]
    return found


def _may_learn(module: Cell) -> bool:
    """A module that is made of numbers and of losses alone has no weights: `class QuantileLoss(nn.Module)`."""
    held = [value for key, value in module.slots.items() if not str(key).startswith("<")]
    return _KEY in module.slots or not held or not all(map(_has_no_weights, held))


def _has_no_weights(value: Any) -> bool:
    match value:
        case Constant() | Text():
            return True
        case Cell(kind="list"):
            return all(map(_has_no_weights, (*value.slots["items"], *filter(None, (value.slots.get("<rest>"),)))))
        case Cell(kind="object"):
            return str(value.slots["type"]) == "torch.Loss"
    return False
