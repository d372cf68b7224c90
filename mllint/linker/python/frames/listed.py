"""Names of columns in lists, those of a frame among them that may have others than are known:

    features = [c for c in df.columns if c not in ("id", "label")]

Such a list is a cell of the kind `list`. It surely holds `items`, and `<rest>` stands for others. Where `<but>` is
there, it holds all names that its frame had when it was made, except these: a complement, which selects all that a
frame has, known or not. `<index>`: it is no list yet, and a comparison with it is one of each name. `<asked>`: of some
it was asked whether the frame has them, `[c for c in wanted if c in df.columns]`; who asks expects them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import (
    Choice,
    Constant,
    Hole,
    Text,
    Tuple,
    Unknown,
    is_text,
    text_of,
)
from mllint.linker.python.frames import levels
from mllint.linker.python.machine import Machine

BUT, INDEX, ASKED = "<but>", "<index>", "<asked>"


def names_of(value: Any) -> list[str] | None:
    """Column names that a value lists, `None` if not all are known."""
    match value:
        case Constant(value=str() as name):
            return [name]
        case Text() if (pattern := template(value)) is not None:
            return [pattern]
        case Tuple(items=items):
            found = [names_of(item) for item in items]
        case Cell(kind="list") if value.slots.get("<rest>") is None:
            found = [names_of(item) for item in value.slots["items"]]
        case Cell(kind="frame") if not value.slots["table"].open:
            return list(value.slots["table"].columns)
        case Cell(kind="dict") if value.slots.get("<rest>") is None:
            return [key for key in value.slots if isinstance(key, str) and not key.startswith("<")]
        case _:
            return None
    if any(names is None for names in found):
        return None
    return [name for names in found if names is not None for name in names]


def template(value: Any) -> str | None:
    """The name of a column of which a part is unknown, `f"close_{ticker}"`, as ids write it: it stands for each name
    that it may be. `None` for a text that says nothing."""
    if not (isinstance(value, Text) and any(isinstance(part, str) and part.strip("_ ") for part in value.parts)):
        return None
    return text_of(value)


def label(name: str) -> Any:
    """What a program sees of a column's name."""
    if "{" not in name or levels.SIGN in name:
        return levels.label(name)
    parts = _HOLE.split(name)
    return Text(tuple(Hole(part) if i % 2 else part for i, part in enumerate(parts) if i % 2 or part))


_HOLE = re.compile(r"\{([^{}]*)\}")


def listed_names(value: Any) -> list[str]:
    """The names that a list is known to hold, where it may hold others: `base_columns + made_up_at_run_time`."""
    if not (isinstance(value, Cell) and value.kind == "list"):
        return []
    found = [names_of(item) for item in value.slots["items"]]
    return [name for names in found if names is not None for name in names]


def of_frame(m: Machine, table: Table, at: facts.At) -> Cell:
    """`df.columns`"""
    slots: dict[Any, Any] = {"items": tuple(map(label, table.listed)), INDEX: True}
    if table.open or table.unsure:
        slots["<rest>"] = Unknown()
    if table.open and not (table.some or table.partial or table.unsure):
        slots[BUT] = table.dropped
    return m.heap.new("list", slots, (m.now.path, at))


def left_out(value: Any) -> frozenset[str] | None:
    """The names that a complement leaves out; `None` for any other list."""
    return value.slots.get(BUT) if isinstance(value, Cell) and value.kind == "list" else None


def complement(made: Any, names: Iterable[str] | None) -> Any:
    """A list, as all names but these."""
    if names is not None and isinstance(made, Cell) and made.kind == "list" and made.slots.get("<rest>") is not None:
        held = listed_names(made)
        made.slots[BUT] = frozenset(names) - set(held)
    return made


def may_hold(value: Any, name: Any) -> bool:
    """Whether a value is a frame or all its names, and one of those that are not known may be this one."""
    match value:
        case Cell(kind="list", slots=slots):
            return is_of_frame(value) and is_text(name) and text_of(name) not in slots.get(BUT, ())
        case Cell(kind="frame", slots={"table": Table() as table}):
            return (table.open or table.partial) and is_text(name) and text_of(name) not in table.dropped
    return False


def is_of_frame(value: Any) -> bool:
    """Whether a list holds all names of a frame, of which not all are known."""
    is_list = isinstance(value, Cell) and value.kind == "list" and value.slots.get("<rest>") is not None
    return is_list and (INDEX in value.slots or BUT in value.slots)


def is_asked(value: Any) -> bool:
    """Whether names are in a list because a frame may have them."""
    return isinstance(value, Cell) and value.kind == "list" and ASKED in value.slots


def asked(value: Any) -> Any:
    """A list, with names that a frame may have."""
    if isinstance(value, Cell) and value.kind == "list":
        value.slots[ASKED] = True
    return value


def selected(table: Table, index: Any) -> Table:
    """`df[names]`, where not all names are known."""
    held, but = listed_names(index), left_out(index)
    if but is not None and table.open:
        return table.all_but(but, held)
    some = table.some_of(held)
    return some.drop(but - set(held)) if but is not None else some


def excepted(
    m: Machine, comprehension: facts.Comprehension, evaluate: Callable[[Machine, facts.Expr], Any]
) -> frozenset[str] | None:
    """The names that `[c for c in df.columns if c not in ("id", "label") and c != "day"]` leaves out; `None` if more is
    asked of a name, or something else is made of it. In the comprehension's scope."""
    match comprehension:
        case facts.Comprehension(
            kind="list" | "set" | "generator",
            element=facts.Name(id=element)
            | facts.Call(function=facts.Name(id="str"), args=(facts.Name(id=element),)),  # they are texts already
            generators=(facts.Generator(target=facts.Name(id=target)) as generator,),
        ) if element == target:
            before = left_out(evaluate(m, generator.iterable))
        case _:
            return None
    return None if before is None else _excepted(m, target, before, generator.conditions, evaluate)


def _excepted(
    m: Machine,
    target: str,
    found: frozenset[str],
    conditions: tuple[facts.Expr, ...],
    evaluate: Callable[[Machine, facts.Expr], Any],
) -> frozenset[str] | None:
    for condition in conditions:
        match condition:
            case facts.Logical(operator="and", values=values):
                inner = _excepted(m, target, found, values, evaluate)
                if inner is None:
                    return None
                found = inner
            case facts.Compare(left=facts.Name(id=name), operators=("not in" | "!=" as operator,), rights=(right,)) if (
                name == target
            ):
                value = evaluate(m, right)
                names = names_of(value) if operator == "not in" or is_text(value) else None
                if names is None or (operator == "not in" and is_text(value)):
                    return None
                found |= frozenset(names)
            case _:
                return None
    return found


# -------------------------------------------------------------------------------------------------- masks
# What a comparison with all names gives, `df.columns != "label"`, is a cell `mask`: the names for which it holds
# (`picks`) and the others (`misses`), both as lists.


def is_index(value: Any) -> bool:
    return isinstance(value, Cell) and value.kind == "list" and INDEX in value.slots


def mask(m: Machine, picks: Any, misses: Any, at: facts.At) -> Cell:
    return m.heap.new("mask", {"picks": picks, "misses": misses}, (m.now.path, at))


def pattern(text: str) -> re.Pattern[str] | None:
    """A regular expression of the analysed program, unless trying it may take long."""
    slow = len(text) > 200 or re.search(r"\)[*+?{]|\\\d", text) or len(re.findall(r"[*+?{]", text)) > 3
    try:
        return None if slow else re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return None


def tested(m: Machine, index: Cell, test: Callable[[str], bool], at: facts.At) -> Cell:
    """A test of each name: `df.columns.str.startswith("lag_")`."""
    names = [(item, text_of(item) if isinstance(item, Constant) else None) for item in index.slots["items"]]
    is_open = index.slots.get("<rest>") is not None or any(name is None for _, name in names)
    sides: list[Cell] = []
    for wanted in (True, False):
        kept = tuple(item for item, name in names if name is not None and test(name) is wanted)
        slots: dict[Any, Any] = {"items": kept, INDEX: True}
        if is_open:
            slots["<rest>"] = index.slots.get("<rest>", Unknown())
        sides.append(m.heap.new("list", slots, (m.now.path, at)))
    return mask(m, sides[0], sides[1], at)


def inverted(m: Machine, value: Cell, at: facts.At) -> Cell:
    """`~mask`"""
    return mask(m, value.slots["misses"], value.slots["picks"], at)


def picked(value: Any) -> Any:
    """The names that a mask picks; any other value as it is."""
    if isinstance(value, Choice):
        return value
    return value.slots["picks"] if isinstance(value, Cell) and value.kind == "mask" else value
