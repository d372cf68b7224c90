"""Methods of Python's own types: texts, lists, dictionaries; and of single values of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import name_methods, text_methods
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Choice,
    Column,
    Constant,
    Tuple,
    Unknown,
    chosen_by,
    expression_of_value,
    is_text,
    join,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.builtins import (
    FUNCTIONS,
    as_dict,
    as_list,
    as_sorted,
    computed,
    first_of,
)
from mllint.linker.python.classes import alias_of
from mllint.linker.python.frames import listed, updating
from mllint.linker.python.iteration import entries_of, extend, is_inner, items_of, keep_somewhere, set_operation
from mllint.linker.python.library import buffers, columns
from mllint.linker.python.machine import Machine

Method = Callable[[Machine, Any, Arguments, facts.At], Any]


def method(receiver: Any, name: str) -> Method | None:
    """The method of a value of Python's own types."""
    if isinstance(receiver, Choice):
        if all(method(option, name) is not None for option in receiver.options if not isinstance(option, Unknown)):
            return lambda m, r, a, at: join_all([m.call(m.attribute(o, name, at), a, at) for o in r.options])
        return None
    if is_text(receiver):
        return text_methods.method(name)
    if isinstance(receiver, Cell):
        if receiver.kind == "list":
            return _LIST.get(name)
        if receiver.kind == "texts":
            return name_methods.of_each(name)
        if receiver.kind == "dict":
            return _DICT.get(name)
        if receiver.kind == "frame" and name == "update" and not receiver.slots.get("grouped"):
            return updating.update
        if receiver.kind == "object" and name in ("decode", "encode") and buffers.decoded(receiver):
            return lambda m, r, a, at: r
        if receiver.kind == "instance" and name in ("dict", "model_dump", "_asdict", "to_dict", "asdict"):
            return _fields
        if receiver.kind == "instance" and name in ("model_copy", "copy", "_replace"):
            return _copied
    if isinstance(receiver, Column) and not receiver.kind.startswith(("pandas", "numpy", "polars", "pyspark")):
        return _COLUMN.get(name)
    return None


def _fields(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    fields = m.attribute(receiver, "__dict__", at)
    if any(_holds_objects(value) for name, value in fields.slots.items() if not is_inner(name)):
        made = {k: v if is_inner(k) else _plain(m, v, at) for k, v in fields.slots.items()}
        fields = m.heap.new("dict", made, (m.now.path, at))
    by_alias = arguments.keywords.get("by_alias")
    if isinstance(by_alias, Constant) and by_alias.value is True:  # `trip.model_dump(by_alias=True)`
        cls = receiver.slots["<class>"]
        slots = {alias_of(cls, k) if not is_inner(k) else k: v for k, v in fields.slots.items()}
        return m.heap.new("dict", slots, (m.now.path, at))
    return fields


def _holds_objects(value: Any) -> bool:
    held = (
        (*value.slots["items"], value.slots.get("<rest>")) if isinstance(value, Cell) and value.kind == "list" else ()
    )
    return any(isinstance(each, Cell) and each.kind == "instance" for each in (value, *held))


def _plain(m: Machine, value: Any, at: facts.At, depth: int = 6) -> Any:
    """The objects within an object too: `{"trips": [{"km": 3}]}`."""
    if depth == 0 or not _holds_objects(value):
        return value
    if value.kind == "instance":
        fields = {k: v for k, v in value.slots.items() if not is_inner(k)}
        return m.heap.new("dict", {k: _plain(m, v, at, depth - 1) for k, v in fields.items()}, (m.now.path, at))
    slots = {"items": tuple(_plain(m, each, at, depth - 1) for each in value.slots["items"])}
    if "<rest>" in value.slots:
        slots["<rest>"] = _plain(m, value.slots["<rest>"], at, depth - 1)
    return m.heap.new("list", slots, (m.now.path, at))


def _copied(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`settings.model_copy(update={"days": 7})` of pydantic, `point._replace(x=1)`: a copy with other fields."""
    update = arguments.keywords.get("update")
    changes = dict(update.slots) if isinstance(update, Cell) and update.kind == "dict" else {}
    if update is None:
        changes = {
            name: value for name, value in arguments.keywords.items() if name not in ("deep", "include", "exclude")
        }
    known = {name: value for name, value in changes.items() if isinstance(name, str) and not is_inner(name)}
    return m.heap.new("instance", {**receiver.slots, **known}, (m.now.path, at))


def _append(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    items = receiver.slots["items"]
    m.heap.set(receiver, "<grown>", True)
    if receiver.slots.get("<rest>") is None and len(items) < 200:
        m.heap.set(receiver, "items", (*items, value))
    elif is_text(value) and len(items) < 200 and listed.left_out(receiver) is not None:
        m.heap.set(receiver, "items", (*items, value))
        m.heap.set(receiver, listed.BUT, (listed.left_out(receiver) or frozenset()) - {text_of(value)})
    else:
        m.heap.set(receiver, "<rest>", join(receiver.slots.get("<rest>"), value))
    return Constant(None)


def _extend(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    extend(receiver, m, items_of(m, first_of(arguments), at))
    return Constant(None)


def _remove(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    items = receiver.slots["items"]
    but, name = listed.left_out(receiver), text_of(value)
    if but is not None:  # `names.remove("label")`
        m.heap.set(receiver, listed.BUT, but | ({name} if name is not None else frozenset()))
        if name is None:  # one of them
            m.heap.delete(receiver, listed.BUT)
    if value in items:
        place = items.index(value)
        m.heap.set(receiver, "items", items[:place] + items[place + 1 :])
    return Constant(None)


def _pop(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    items = receiver.slots["items"]
    place = first_of(arguments)
    index = place.value if isinstance(place, Constant) and isinstance(place.value, int) else -1
    if items and -len(items) <= index < len(items):
        m.heap.set(receiver, "items", items[: index % len(items)] + items[index % len(items) + 1 :])
        return items[index]
    return items_of(m, receiver, at).any


def _insert(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    if len(arguments.args) == 2:
        items, place = receiver.slots["items"], arguments.args[0]
        index = place.value if isinstance(place, Constant) and isinstance(place.value, int) else len(items)
        m.heap.set(receiver, "items", (*items[:index], arguments.args[1], *items[index:]))
    return Constant(None)


def _sort(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    made = as_sorted(m, Arguments((receiver,), arguments.keywords), at)
    for key in ("items", "<rest>") if isinstance(made, Cell) else ():
        if key in made.slots:
            m.heap.set(receiver, key, made.slots[key])
    return Constant(None)


def _reverse(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    m.heap.set(receiver, "items", receiver.slots["items"][::-1])
    return Constant(None)


def _clear(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    m.heap.set(receiver, "items", ())
    m.heap.delete(receiver, "<rest>")
    return Constant(None)


def _index(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    return Unknown()


def _set_method(kind: str) -> Method:
    def apply(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
        result = receiver
        for other in arguments.values():
            result = set_operation(m, kind, result, other, at)
        return result if arguments.args else as_list(m, Arguments((receiver,)), at)

    return apply


def _mapped(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`df.columns.map("_".join)`"""
    return FUNCTIONS["builtins.map"](m, Arguments((arguments.args[0], receiver)), at) if arguments.args else Unknown()


def _level(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`df.columns.get_level_values(1)` of columns with several levels."""
    place = arguments.args[0].value if arguments.args and isinstance(arguments.args[0], Constant) else None
    if not isinstance(place, int):
        return Unknown(origins_of(receiver))
    items = [
        item.items[place] if isinstance(item, Tuple) and -2 <= place < 2 <= len(item.items) else item
        for item in receiver.slots["items"]
    ]
    return m.heap.new("list", {**receiver.slots, "items": tuple(items)}, (m.now.path, at))


def _without_level(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`df.columns.droplevel(0)` of columns with two levels: the other one."""
    first = arguments.args[0].value if arguments.args and isinstance(arguments.args[0], Constant) else 0
    return _level(m, receiver, Arguments((Constant(0 if first in (1, -1) else 1),)), at)


_LIST: dict[str, Method] = {
    "append": _append, "add": _append, "extend": _extend, "update": _extend, "remove": _remove, "discard": _remove,
    "pop": _pop, "insert": _insert, "copy": lambda m, r, a, at: as_list(m, Arguments((r,)), at), "index": _index,
    "sort": _sort, "reverse": _reverse, "clear": _clear,
    **{name: _set_method(name) for name in ("union", "difference", "intersection", "symmetric_difference")},
    "drop": _set_method("difference"), "tolist": lambda m, r, a, at: as_list(m, Arguments((r,)), at),
    "to_flat_index": lambda m, r, a, at: r, "ravel": lambda m, r, a, at: r, "map": _mapped,
    "get_level_values": _level, "isin": name_methods.isin, "droplevel": _without_level,
    "to_list": lambda m, r, a, at: as_list(m, Arguments((r,)), at),  # of names of columns, which are held as a list
}  # fmt: skip


def _get(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    key, default = (*arguments.args, Constant(None), Constant(None))[:2]
    if len(arguments.args) < 2:
        default = arguments.keywords.get("default", default)
    m.ask(receiver, key, at, is_tolerant=True)
    if isinstance(key, Constant):
        if key.value in receiver.slots and not is_inner(key.value):
            return receiver.slots[key.value]
        rest = receiver.slots.get("<rest>")
        return default if rest is None else join(rest, default)
    found = columns.looked_up(m, receiver, key, default, at)
    return found if found is not None else chosen_by(key, join(items_values(receiver), default))


def items_values(receiver: Cell) -> Any:
    values = [v for k, v in receiver.slots.items() if not is_inner(k) or k == "<rest>"]
    return join_all(values) if values else Unknown()


def _keys(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    return as_list(m, Arguments((receiver,)), at)


def _values(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    m.pass_on(receiver)
    slots: dict[Any, Any] = {"items": tuple(v for k, v in receiver.slots.items() if not is_inner(k))}
    if receiver.slots.get("<rest>") is not None:
        slots["<rest>"] = receiver.slots["<rest>"]
    return m.heap.new("list", slots, (m.now.path, at))


def _items(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    m.pass_on(receiver)
    pairs = tuple(Tuple((Constant(k), v)) for k, v in receiver.slots.items() if not is_inner(k))
    slots: dict[Any, Any] = {"items": pairs}
    if receiver.slots.get("<rest>") is not None:
        slots["<rest>"] = Tuple((Unknown(), receiver.slots["<rest>"]))
    return m.heap.new("list", slots, (m.now.path, at))


def _update(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    known: dict[str, Any] = dict(arguments.keywords)
    rest = arguments.rest
    if arguments.args:
        m.pass_on(arguments.args[0])
        more, other = entries_of(arguments.args[0])
        known = {**more, **known}
        rest = join(rest, other)
    for key, value in known.items():
        m.settings.override(receiver.slots.get(key), value)
        m.heap.set(receiver, key, value)
        if "<of>" in receiver.slots:  # `self.__dict__.update(options)`
            m.heap.set(receiver.slots["<of>"], key, value)
    if rest is not None:
        m.heap.set(receiver, "<rest>", join(receiver.slots.get("<rest>"), rest))
    return Constant(None)


def _dict_pop(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    value = _get(m, receiver, arguments, at)
    key = first_of(arguments)
    if isinstance(key, Constant) and not is_inner(key.value):
        m.heap.delete(receiver, key.value)
    return value


def _setdefault(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    key = first_of(arguments)
    if len(arguments.args) > 1:
        is_known = isinstance(key, Constant) and not is_inner(key.value)
        if is_known and key.value not in receiver.slots:
            m.heap.set(receiver, key.value, arguments.args[1])
        elif not is_known and receiver.slots.get("<rest>") is None:
            keep_somewhere(m, receiver, key, arguments.args[1])
    return _get(m, receiver, arguments, at)


_DICT: dict[str, Method] = {
    "get": _get, "keys": _keys, "values": _values, "items": _items, "update": _update, "pop": _dict_pop,
    "setdefault": _setdefault, "copy": lambda m, r, a, at: as_dict(m, Arguments((r,)), at),
}  # fmt: skip


def _column_unary(operator: str) -> Method:
    return lambda m, receiver, arguments, at: computed(
        m, receiver, operator, at, *(expression_of_value(v) for v in arguments.args)
    )


_COLUMN: dict[str, Method] = {
    "lower": _column_unary("LOWER"), "upper": _column_unary("UPPER"), "strip": _column_unary("TRIM"),
    "replace": _column_unary("REPLACE"), "startswith": _column_unary("STARTSWITH"),
    "weekday": _column_unary("WEEKDAY_MON0"),
    "isoweekday": _column_unary("WEEKDAY_ISO"), "endswith": _column_unary("ENDSWITH"),
}  # fmt: skip
