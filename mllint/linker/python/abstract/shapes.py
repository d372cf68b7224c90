"""What of a stored value matters to those who read it."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Column, Tuple


def shape(value: Any, depth: int = 4) -> str:
    """It as a text, to tell whether it has changed."""
    if depth == 0:
        return ""
    match value:
        case Tuple(items=items):
            return "(" + ",".join(shape(item, depth - 1) for item in items) + ")"
        case Choice(options=options):
            return "|".join(sorted(shape(option, depth - 1) for option in options))
        case Column():
            return "column"
        case Cell(kind="frame"):
            table = value.slots["table"]
            return f"frame{list(table.columns)}{table.open}{sorted(table.dropped)}{sorted(table.unsure)}{table.some}"
        case Cell(kind="object"):
            return f"object {value.slots['class']}"
        case Cell(kind="instance"):
            return f"instance {value.slots['<class>'].qualified}"
        case Cell(kind="dict"):
            return "{" + ",".join(f"{k}:{shape(v, depth - 1)}" for k, v in sorted(value.slots.items(), key=str)) + "}"
        case Cell(kind="list"):
            return f"[{len(value.slots['items'])}]"
    return type(value).__name__
