"""Going through values: what iterating, unpacking and `**` yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import because, written
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import without_traces
from mllint.linker.python.abstract.values import (
    KEYS,
    Choice,
    Class,
    Column,
    Constant,
    Tuple,
    Unknown,
    is_text,
    join,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.classes import fields_in_order, operate
from mllint.linker.python.frames import listed, usage
from mllint.linker.python.library import rows
from mllint.linker.python.machine import Machine

MOST_ITEMS = 64


class Items(msgspec.Struct):
    """What iterating yields: the known items, or else any one of them. `held` are then those that are surely among
    them, in no certain order, and `other` is any of the rest."""

    known: list[Any] | None
    any: Any
    held: tuple[Any, ...] = ()
    other: Any = None


def items_of(m: Machine, value: Any, at: facts.At) -> Items:
    match value:
        case Tuple(items=items):
            return Items(list(items), join_all(items) if items else Unknown())
        case Constant(value=str() as text):
            if len(text) <= MOST_ITEMS:
                return Items([Constant(c) for c in text], Unknown())
            return Items(None, Unknown(value.origins))
        case Choice(options=options):
            each = [items_of(m, option, at) for option in options]
            if each[0].known is not None and all(items.known == each[0].known for items in each):
                return each[0]  # whichever it is: the columns of a frame from which rows may have been taken
            any_item = join_all([items.any for items in each])
            return Items(None, any_item, _shared(each), any_item)
        case Cell(kind="list"):
            items = value.slots["items"]
            rest = value.slots.get("<rest>")
            if rest is None:
                return Items(list(items), join_all(items) if items else Unknown())
            return Items(None, join_all([*items, rest]), tuple(items), rest)
        case Cell(kind="dict"):
            m.pass_on(value)
            keys = [key for key in value.slots if not is_inner(key)]
            if value.slots.get("<rest>") is None:
                return Items([Constant(key) for key in keys], Unknown())
            return Items(None, value.slots.get(KEYS, Unknown(origins_of(value))))
        case Cell(kind="frame"):
            table = value.slots["table"]
            usage.gone_through(m, value)
            if value.slots.get("grouped"):
                return Items(None, Tuple((_key_of_group(table), _group(m, value, at))))
            kind = m.library.types.get(value.slots["type"])
            if kind is not None and kind.yields:
                return Items(None, m.heap.new("frame", {"table": table, "type": kind.yields}, (m.now.path, at)))
            if kind is not None and kind.row:
                return Items(list(table.columns.values()) if not table.open else None, Unknown(table.origins))
            if kind is not None and kind.nameless:
                return Items(None, Unknown(table.origins))
            if not table.open:
                return Items([Constant(name) for name in table.columns], Unknown())
            return items_of(m, listed.of_frame(m, table, at), at)
        case Class(flavour="enum", scope=scope):
            members = [v for k, v in scope.slots.items() if isinstance(v, Cell) and v.kind == "instance"]
            return Items(members, join_all(members) if members else Unknown())
        case Column():
            return Items(None, value)
        case Cell(kind="instance"):
            return _items_of_instance(m, value, at)
        case Cell(kind="object"):
            if value.slots.get("order") is not None:  # `for train, test in KFold(len(X)):`, as it was
                return items_of(m, rows.folds(m, [], value.site[1], value.slots["order"]), at)
            held = value.slots.get("items")
            if held is None:
                held = value.slots.get("rows")
            if held is not None:
                return items_of(m, held, at)
            return Items(None, value if m.library.is_whole(value.slots["type"]) else Unknown(origins_of(value)))
    return Items(None, Unknown(origins_of(value)))


def _key_of_group(table: Table) -> Any:
    """What a group is known by: the value of its key, or those of several."""
    keys = [table.column(name) for name in table.keys]
    if not keys or None in keys:
        return Unknown(table.origins)
    values = tuple(msgspec.structs.replace(key, kind="") for key in keys if key is not None)
    return values[0] if len(values) == 1 else Tuple(values)


def _shared(each: list[Items]) -> tuple[Any, ...]:
    """The texts that each of several sequences holds, whichever of them it is."""
    first, *others = [items.known if items.known is not None else items.held for items in each]
    names = [{text_of(item) for item in items} for items in others]
    return tuple(item for item in first if is_text(item) and all(text_of(item) in found for found in names))


def _group(m: Machine, groups: Cell, at: facts.At) -> Cell:
    """One group: a frame as it was before it was grouped, with fewer rows."""
    kind = m.library.types.get(groups.slots["type"])
    table = msgspec.structs.replace(groups.slots["table"], keys=(), keys_are_index=False)
    own = kind.like if kind is not None and kind.like else groups.slots["type"]
    return m.heap.new("frame", {"table": table, "type": own}, (m.now.path, at))


def _items_of_instance(m: Machine, value: Cell, at: facts.At) -> Items:
    """What `__iter__` of the repository's class yields, or the fields of a named tuple."""
    fields = fields_in_order(value)
    if fields is not None:
        return Items(fields, join_all(fields) if fields else Unknown())
    made = operate(m, value, ("__iter__",), Arguments(), at)
    if made is None or made is value:
        return Items(None, Unknown(origins_of(value)))
    return items_of(m, made, at)


def is_inner(key: Any) -> bool:
    """Whether a slot is the interpreter's own, not the program's."""
    return isinstance(key, str) and key.startswith("<") and key.endswith(">")


def keep_somewhere(m: Machine, owner: Cell, key: Any, value: Any) -> None:
    """A dictionary gets a value under a key that is not known."""
    m.heap.set(owner, "<rest>", join(owner.slots.get("<rest>"), value))
    if isinstance(key, Cell) or without_traces(origins_of(key)):
        m.heap.set(owner, KEYS, join(owner.slots.get(KEYS), key))


def entries_of(value: Any) -> tuple[dict[str, Any], Any]:
    """`(known entries, any further value)` of what `**value` spreads; the latter is None where all are known."""
    if isinstance(value, Cell) and value.kind == "dict":
        known = {k: v for k, v in value.slots.items() if isinstance(k, str) and not is_inner(k)}
        return known, value.slots.get("<rest>")
    if isinstance(value, Cell) and value.kind == "frame":  # `row.update(latest.to_dict("index")[town])`
        table = value.slots["table"]
        fields = {name: msgspec.structs.replace(column, kind="") for name, column in table.columns.items()}
        return fields, Unknown(table.origins) if table.open else None
    if isinstance(value, Choice) and any(isinstance(option, Cell) for option in value.options):  # `given or {}`
        known, others = {}, []
        for option in value.options:
            entries, other = entries_of(option)
            known |= {key: join(known.get(key), each) for key, each in entries.items()}
            others += [other] if other is not None else []
        return known, join_all(others) if others else None
    return {}, Unknown(origins_of(value))


def items_of_expression(m: Machine, value: Any, expression: facts.Expr) -> Items:
    """The items of an expression's value; one of which nothing is known tells why."""
    items = items_of(m, value, expression.at)
    if type(items.any) is Unknown and not items.any.why:
        why = f"the items of `{written(expression)}` are not known"
        items.any = because(items.any, (value,), why, m.span(expression.at))
    return items


def unpack(m: Machine, value: Any, targets: tuple[facts.Expr, ...]) -> list[Any]:
    """A value for each target of `a, *b, c = value`."""
    if isinstance(value, Choice):
        columns = [unpack(m, option, targets) for option in value.options]
        return [join_all(parts) for parts in zip(*columns, strict=True)]
    items = items_of(m, value, 0)
    star = next((i for i, t in enumerate(targets) if isinstance(t, facts.Star)), None)
    known = items.known
    if known is None or (star is None and len(known) != len(targets)) or len(known) < len(targets) - 1:
        if isinstance(value, Unknown):  # `train, test = some_split(data)`: parts of it, not known which
            return [rows.some(m, items.any, t.at, None, f"item {i}") for i, t in enumerate(targets)]
        return [items.any] * len(targets)
    if star is None:
        return known
    after = len(targets) - star - 1
    middle = m.heap.new("list", {"items": tuple(known[star : len(known) - after])})
    return [*known[:star], middle, *known[len(known) - after :]]


def set_operation(m: Machine, kind: str, left: Any, right: Any, at: facts.At) -> Any:
    """`set(df.columns) - {"label"}`, `df.columns.difference(["label"])`: items of a list or set, in order, where all
    of both are known."""
    ours, theirs = items_of(m, left, at), items_of(m, right, at)
    if isinstance(right, Constant):  # `df.columns.drop("label")`
        theirs = Items([right], right)
    everything = None if ours.known is None or theirs.known is None else [*ours.known, *theirs.known]
    if everything is None and kind == "intersection":
        for known, names in ((theirs.known, left), (ours.known, right)):
            if known and listed.is_of_frame(names):
                held = tuple(item for item in known if listed.may_hold(names, item) or item in names.slots["items"])
                return listed.asked(m.heap.new("list", {"items": held}, (m.now.path, at)))
    if everything is None and (found := _partly_known(m, kind, left, ours, theirs, at)) is not None:
        return found
    if everything is None or not all(isinstance(item, Constant) for item in everything):
        rest = join(ours.any, theirs.any) if kind in ("union", "symmetric_difference") else ours.any
        return m.heap.new("list", {"items": (), "<rest>": rest}, (m.now.path, at))
    mine = {item.value: item for item in ours.known or ()}
    other = {item.value: item for item in theirs.known or ()}
    match kind:
        case "difference":
            kept = {key: item for key, item in mine.items() if key not in other}
        case "intersection":
            kept = {key: item for key, item in mine.items() if key in other}
        case "symmetric_difference":
            kept = {key: item for key, item in {**mine, **other}.items() if (key in mine) != (key in other)}
        case _:
            kept = {**mine, **other}
    return m.heap.new("list", {"items": tuple(kept.values())}, (m.now.path, at))


def _partly_known(m: Machine, kind: str, left: Any, ours: Items, theirs: Items, at: facts.At) -> Any:
    """A list of which not all items are known, without those of another, or those of both."""
    if ours.known is not None or theirs.known is None or not all(isinstance(item, Constant) for item in theirs.known):
        return None
    mine, but = list(ours.held), listed.left_out(left)
    names = {item.value for item in theirs.known}
    match kind:
        case "difference":
            kept = [item for item in mine if not (isinstance(item, Constant) and item.value in names)]
            but = but | {name for name in names if isinstance(name, str)} if but is not None else None
        case "intersection":
            kept, but = [item for item in mine if isinstance(item, Constant) and item.value in names], None
        case "union":
            kept = [*mine, *(item for item in theirs.known if item not in mine)]
        case _:
            return None
    made = m.heap.new("list", {"items": tuple(kept), "<rest>": ours.other}, (m.now.path, at))
    return listed.complement(made, but)


class Rounds:
    """Goes through the generators of a comprehension, binding their targets; yields whether the round is exact."""

    def __init__(
        self, m: Machine, generators: tuple[facts.Generator, ...], evaluate: Callable[[Machine, facts.Expr], Any]
    ) -> None:
        self.m = m
        self.generators = generators
        self.evaluate = evaluate
        self.done = 0
        self.asked = False  # whether an item is there because a frame may have a column of its name

    def __iter__(self) -> Iterator[bool]:
        return self._go(0, True)

    def _go(self, index: int, exact: bool) -> Iterator[bool]:
        if index == len(self.generators):
            yield exact
            return
        generator = self.generators[index]
        iterable = self.evaluate(self.m, generator.iterable)
        items = items_of_expression(self.m, iterable, generator.iterable)
        self.asked |= listed.is_asked(iterable)
        known = items.known if items.known is not None and len(items.known) <= MOST_ITEMS else None
        self.done += len(known) if known is not None else 1
        if self.done > 4 * MOST_ITEMS:  # sequences within sequences
            known = None
        for item, is_held in self._items(items, known):
            self.m.bind(generator.target, item)
            tests = [self._holds(condition) for condition in generator.conditions]
            if any(test is False for test in tests):
                continue
            certain = exact and is_held and all(test is True for test in tests)
            yield from self._go(index + 1, certain)

    def _holds(self, condition: facts.Expr) -> bool | None:
        """Whether a condition does; also that a frame has a column which it is not known to lack."""
        holds = self.m.truth(self.evaluate(self.m, condition))
        match condition:
            case facts.Logical(operator="and", values=values) if holds is None:
                each = [self._holds(value) for value in values]
                return False if False in each else None if None in each else True
            case facts.Compare(left=left, operators=("in",), rights=(right,)) if holds is None:
                names, name = self.evaluate(self.m, right), self.evaluate(self.m, left)
                if listed.may_hold(names, name):
                    self.asked = True
                    return True
        return holds

    def _items(self, items: Items, known: list[Any] | None) -> list[tuple[Any, bool]]:
        """The items of one round, and whether each is surely there."""
        if known is not None:
            return [(item, True) for item in known]
        if items.known is None and 0 < len(items.held) <= MOST_ITEMS:
            self.done += len(items.held)
            return [*((item, True) for item in items.held), (items.other, False)]
        return [(items.any, False)]


def extend(cell: Cell, m: Machine, more: Items) -> None:
    """`list.extend`."""
    if more.known is not None and cell.slots.get("<rest>") is None:
        m.heap.set(cell, "items", (*cell.slots["items"], *more.known)[: 4 * MOST_ITEMS])
    else:
        held = [item for item in (more.held if more.known is None else more.known) if item not in cell.slots["items"]]
        rest = more.other if more.known is None and more.held else None if more.known is not None else more.any
        m.heap.set(cell, "items", (*cell.slots["items"], *held)[: 4 * MOST_ITEMS])
        m.heap.set(cell, "<rest>", join(cell.slots.get("<rest>"), rest))
