"""Expressions: each yields what is known of its value."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import builtins, calls, classes, iteration
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments, Rest, Slice
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import because, written
from mllint.linker.python.abstract.values import (
    Bound,
    Column,
    Constant,
    External,
    Function,
    Text,
    Tuple,
    Unknown,
    join,
    origins_of,
)
from mllint.linker.python.frames import expected, listed
from mllint.linker.python.library import columns, components, decisions
from mllint.linker.python.machine import Machine
from mllint.linker.python.operations import MOST_IN_SEQUENCE, attribute, item, sequence, table_entry
from mllint.linker.python.operators import binary, compare, logical, truth, unary


def evaluate(m: Machine, expression: facts.Expr) -> Any:
    m.steps += 1
    return _EVALUATE[type(expression)](m, expression)


def _literal(m: Machine, e: facts.Literal) -> Any:
    return Constant(e.value)


def _name(m: Machine, e: facts.Name) -> Any:
    value = m.lookup(e.id)
    if value is not None:
        return value
    builtin = builtins.lookup(e.id, m)
    if builtin is not None:
        return builtin
    starred = _starred(m, e.id)
    if starred:
        return External(starred)
    if e.id in m.library.modules:
        return External(e.id)  # `os` used without its import: what was meant is clear
    return m.unknown(f"the name `{e.id}` is bound nowhere", e.at)


def _starred(m: Machine, name: str) -> str:
    """The dotted name that `from pyspark.sql.functions import *` binds: of several libraries, that whose model says
    most of such a name."""
    stars = m.now.module_scope.slots.get("<stars>", ())
    names = [f"{library}.{name}" for library in reversed(stars)]
    likely = max(names, key=m.library.spelled_out, default="")
    return likely if len(names) == 1 or m.library.spelled_out(likely) else ""


def _attribute(m: Machine, e: facts.Attribute) -> Any:
    return attribute(m, evaluate(m, e.value), e.name, e.at)


def _subscript(m: Machine, e: facts.Subscript) -> Any:
    owner, index = evaluate(m, e.value), evaluate(m, e.index)
    found = columns.looked_up(m, owner, index, Constant(None), e.at)
    return found if found is not None else item(m, owner, index, e.at)


def _slice(m: Machine, e: facts.Slice) -> Any:
    lower, upper, step = (Constant(None) if part is None else evaluate(m, part) for part in (e.lower, e.upper, e.step))
    return Slice(lower, upper, step)


def _call(m: Machine, e: facts.Call) -> Any:
    function = evaluate(m, e.function)
    args: list[Any] = []
    for argument in e.args:
        if isinstance(argument, facts.Star):
            known = iteration.items_of(m, evaluate(m, argument.value), argument.at)
            args.extend(known.known if known.known is not None else [Rest(known.any)])
        else:
            args.append(evaluate(m, argument))
    keywords: dict[str, Any] = {}
    rest: Any = None
    for keyword in e.keywords:
        value = evaluate(m, keyword.value)
        if keyword.name is not None:
            keywords[keyword.name] = value
            continue
        m.pass_on(value)
        known_entries, other = iteration.entries_of(value)
        keywords.update(known_entries)
        rest = join(rest, other)
    arguments = Arguments(tuple(args), keywords, rest)
    result = calls.call(m, function, arguments, e.at)
    components.called(m, e, function, arguments, result)
    place = _place(m, e.function) if columns.is_column_changed(m, function, arguments, e.at) else None
    if place is not None:
        m.bind(place, result)
        return Constant(None)
    if type(result) is Unknown and not result.why:
        why = f"what `{written(e.function)}` returns is not known"
        return because(result, (function, _receiver(function), *args, *keywords.values()), why, m.span(e.at))
    return result


def _place(m: Machine, function: facts.Expr) -> facts.Expr | None:
    """The variable or column of a frame that a method is called on: `x.fillna(0, inplace=True)`, `df["x"].fillna(...)`,
    `df.x.fillna(...)`. Rows that are picked (`df.loc[mask, "x"]`) are a copy, and none."""
    place = function.value if isinstance(function, facts.Attribute) else None
    if not isinstance(place, facts.Attribute | facts.Subscript):
        return place if isinstance(place, facts.Name) else None
    owner = place.value
    while isinstance(owner, facts.Attribute):  # `self.df["x"]`; a call would be made once more
        owner = owner.value
    if not isinstance(owner, facts.Name):
        return None
    holder = evaluate(m, place.value)
    return place if isinstance(holder, Cell) and holder.kind in ("frame", "instance") else None


def _receiver(function: Any) -> Any:
    return function.receiver if isinstance(function, Bound) else None


def _binary(m: Machine, e: facts.Binary) -> Any:
    left, right = evaluate(m, e.left), evaluate(m, e.right)
    made = binary(m, e.operator, left, right, e.at, (texts.hint(e.left), texts.hint(e.right)))
    return expected.noted(m, e, made) if e.operator == "-" else made


def _unary(m: Machine, e: facts.Unary) -> Any:
    return unary(m, e.operator, evaluate(m, e.operand), e.at)


def _logical(m: Machine, e: facts.Logical) -> Any:
    values: list[Any] = []
    for value in e.values:
        values.append(evaluate(m, value))
        if truth(values[-1]) is (e.operator == "or"):
            break  # what decides: the rest is not evaluated
    return logical(m, e.operator, values)


def _compare(m: Machine, e: facts.Compare) -> Any:
    left = evaluate(m, e.left)
    result: Any = None
    for operator, right_expression in zip(e.operators, e.rights, strict=True):
        right = evaluate(m, right_expression)
        if operator in ("in", "not in"):
            _look_for(m, left, right, e.at)
        one = decisions.compared(m, e, operator, left, right, compare(m, operator, left, right, e.at))
        result = one if result is None else logical(m, "and", [result, one])
        left = right
    return result


def _look_for(m: Machine, key: Any, value: Any, at: facts.At) -> None:
    """`"lr" in cfg`: asked for, and known to be missing at times."""
    inner = value.slots.get("items") if isinstance(value, Cell) and value.kind == "object" else value
    m.ask(inner, key, at, is_tolerant=True)
    m.settings.looked_for(inner, key)


def _conditional(m: Machine, e: facts.Conditional) -> Any:
    test = evaluate(m, e.test)
    known = truth(test)
    if known is not None:
        return evaluate(m, e.then if known else e.otherwise)
    then, otherwise = _either(m, e.then, e.otherwise)
    sides = (then, otherwise)
    is_computed = isinstance(test, Column) and all(isinstance(side, Constant | Text | Unknown) for side in sides)
    if is_computed or any(isinstance(side, Column) for side in sides):
        return builtins.choose(m, test, then, otherwise, e.at)
    return join(then, otherwise)  # `Ridge() if data["km"].max() > 3 else Lasso()` is one of two things


def _either(m: Machine, *sides: facts.Expr) -> list[Any]:
    """What each side comes to, from the same state: `net.train() if is_training else net.eval()`."""
    if not all(isinstance(side, facts.Call) for side in sides):
        return [evaluate(m, side) for side in sides]
    values: list[Any] = []

    def path(side: facts.Expr) -> bool:
        values.append(evaluate(m, side))
        return True

    m.heap.fork([lambda side=side: path(side) for side in sides])  # type: ignore[misc]
    return values


def _collection(m: Machine, e: facts.Collection) -> Any:
    items: list[Any] = []
    rest: Any = None
    for part in e.items:
        if isinstance(part, facts.Star):
            known = iteration.items_of(m, evaluate(m, part.value), part.at)
            if known.known is None:
                items.extend(known.held)
                rest = join(rest, known.other if known.held else known.any)
            else:
                items.extend(known.known)
        else:
            items.append(evaluate(m, part))
    if e.kind == "tuple" and rest is None and len(items) <= MOST_IN_SEQUENCE:
        return Tuple(tuple(items))
    return sequence(m, items, e.at, rest)


def _mapping(m: Machine, e: facts.Mapping) -> Any:
    result = m.heap.new("dict", {}, (m.now.path, e.at))
    for key, value_expression in zip(e.keys, e.values, strict=True):
        value = evaluate(m, value_expression)
        if key is None:
            m.pass_on(value)
            known, other = iteration.entries_of(value)
            for name, entry in known.items():
                m.settings.override(result.slots.get(name), entry)
            result.slots.update(known)
            if other is not None:
                result.slots["<rest>"] = join(result.slots.get("<rest>"), other)
        else:
            table_entry(result, evaluate(m, key), value)
    result.slots["<span>"] = m.span(e.at)
    return result


def _text(m: Machine, e: facts.Text) -> Any:
    parts = []
    for part in e.parts:
        value = evaluate(m, part)
        parts.append((value, texts.hint(part)))
    return texts.concatenate(parts)


def _lambda(m: Machine, e: facts.Lambda) -> Any:
    defaults = classes.defaults_of(m, e.function)
    m.now.scope.slots["<closed over>"] = True
    return Function(e.function, m.now.scope, m.now.path, calls.qualified_name(m, "<lambda>"), defaults=defaults)


def _comprehension(m: Machine, e: facts.Comprehension) -> Any:
    """Run as a nested scope; unrolled where the sequence is known."""
    scope = m.heap.new("scope", {"<parent>": m.now.scope, "<comprehension>": True}, (m.now.path, e.at))
    with m.activation(scope, m.now.module_scope, m.now.path, m.now.function):
        rounds = iteration.Rounds(m, e.generators, evaluate)
        if e.kind == "dict":
            assert e.value is not None
            result = m.heap.new("dict", {}, (m.now.path, e.at))
            for exact in rounds:
                key, value = evaluate(m, e.element), evaluate(m, e.value)
                table_entry(result, Unknown() if isinstance(key, Constant) and not exact else key, value)
            return result
        items, rest = [], None
        for exact in rounds:
            value = evaluate(m, e.element)
            if exact:
                items.append(value)
            else:
                rest = join(rest, value)
        but = listed.excepted(m, e, evaluate) if rest is not None else None
    made = expected.noted(m, e, listed.complement(sequence(m, items, e.at, rest), but))
    return listed.asked(made) if rounds.asked else made


def _star(m: Machine, e: facts.Star) -> Any:
    return evaluate(m, e.value)


def _walrus(m: Machine, e: facts.Walrus) -> Any:
    value = evaluate(m, e.value)
    scope = m.now.scope
    while "<comprehension>" in scope.slots:  # `[last := f(x) for x in xs]` binds `last` around it
        scope = scope.slots["<parent>"]
    if scope is m.now.scope:
        m.assign(e.name, value)
    else:
        m.heap.set(scope, e.name, value)
    return value


def _wait(m: Machine, e: facts.Wait) -> Any:
    value = Constant(None) if e.value is None else evaluate(m, e.value)
    if e.kind == "await":
        return value
    if e.kind == "yield from":
        value = iteration.items_of(m, value, e.at).any
        m.now.yielded = None
    _note_yield(m, value)
    return Unknown(origins_of(value), "it is what a generator is sent")


def _note_yield(m: Machine, value: Any) -> None:
    """What a generator yields one by one is known as long as no path of several leads there."""
    now = m.now
    if now.yields is None and m.heap.forks == now.forks:
        now.paused = len(m.heap.journal)
    now.yields = join(now.yields, value)
    if now.yielded is not None and m.heap.forks == now.forks and len(now.yielded) < iteration.MOST_ITEMS:
        now.yielded.append(value)
    else:
        now.yielded = None


def _opaque(m: Machine, e: facts.Opaque) -> Any:
    return Unknown(why="a literal is not read")


_EVALUATE: dict[type, Any] = {
    facts.Literal: _literal,
    facts.Name: _name,
    facts.Attribute: _attribute,
    facts.Subscript: _subscript,
    facts.Slice: _slice,
    facts.Call: _call,
    facts.Binary: _binary,
    facts.Unary: _unary,
    facts.Logical: _logical,
    facts.Compare: _compare,
    facts.Conditional: _conditional,
    facts.Collection: _collection,
    facts.Mapping: _mapping,
    facts.Text: _text,
    facts.Lambda: _lambda,
    facts.Comprehension: _comprehension,
    facts.Star: _star,
    facts.Walrus: _walrus,
    facts.Wait: _wait,
    facts.Opaque: _opaque,
}
