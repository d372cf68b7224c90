"""Attributes and subscripts of values: reading and assigning them."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import calls, classes
from mllint.linker.python.abstract.arguments import Arguments, Slice
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import because
from mllint.linker.python.abstract.traces import PREDICTION, marked, rows_of, without_traces
from mllint.linker.python.abstract.values import (
    KEYS,
    Bound,
    Choice,
    Class,
    Column,
    Constant,
    External,
    Module,
    Text,
    Tuple,
    Unknown,
    chosen_by,
    is_text,
    join,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import frames, listed, usage
from mllint.linker.python.imports import DOT
from mllint.linker.python.iteration import is_inner, keep_somewhere
from mllint.linker.python.library import relations, rows
from mllint.linker.python.library.library import read_attribute, subscript_external
from mllint.linker.python.machine import Machine

MOST_IN_SEQUENCE = 1_000

# --------------------------------------------------------------------------------------------- attributes


def attribute(m: Machine, owner: Any, name: str, at: facts.At) -> Any:
    match owner:
        case Choice(options=options):
            return join_all([attribute(m, option, name, at) for option in _not_none(options)])
        case Module(path=path, scope=scope):
            if name in scope.slots:
                return scope.slots[name]
            below = m.imports.find(_dotted(path, name), m.now.path)
            return calls.load_module(m, below) if below else m.unknown(f"`{path}` has no `{name}`", at)
        case External(name=dotted):
            known = read_attribute(m, owner, f"{dotted}.{name}", at)
            return known if known is not None else External(f"{dotted}.{name}")
        case Class():
            return classes.class_attribute(m, owner, name, at)
        case Cell(kind="instance"):
            return classes.instance_attribute(m, owner, name, at)
        case Cell(kind="object") if "super" in owner.slots:
            return classes.super_attribute(m, owner.slots["super"], name, at)
        case Cell(kind="frame") if m.mapped and (rows_of_other := relations.related(m, owner, name, at)) is not None:
            return rows_of_other
        case Cell(kind="list") if name == "values":  # `df.columns.values`
            return owner
        case Cell(kind="list") if name == "str" and listed.is_index(owner):
            return m.heap.new("texts", {"names": owner}, (m.now.path, at))
    if isinstance(owner, Constant | Text) and not is_text(owner):
        return Bound(name, owner)
    return calls.library_attribute(m, owner, name, at)


def _not_none(options: tuple[Any, ...]) -> list[Any]:
    """What goes on after an attribute or item is asked of a value that may be None: that of None raises."""
    others = [option for option in options if not (isinstance(option, Constant) and option.value is None)]
    return others or list(options)


def _dotted(path: str, name: str) -> str:
    stem = path.removesuffix("/__init__.py").removesuffix(".py").rstrip("/")
    return f"{stem.replace('.', DOT).replace('/', '.')}.{name}"


def assign_attribute(m: Machine, owner: Any, name: str, value: Any, at: facts.At) -> None:
    match owner:
        case Choice(options=options):
            for option in options:
                assign_attribute(m, option, name, value, at)
        case Cell(kind="instance"):
            usage.looked(m, value)  # another method may use it, which nothing in sight calls
            setter = classes.setter_of(owner, name)
            if setter is not None:
                m.call(Bound(setter, owner), Arguments((value,)), at)
            else:
                m.heap.set(owner, name, value)
        case Class(scope=scope) | Module(scope=scope):
            m.heap.set(scope, name, value)
        case Cell(kind="frame"):
            frames.assign_attribute(m, owner, name, value, at)
        case Cell(kind="object") if owner.slots["type"] == "python.session":
            assign_item(m, owner.slots["items"], Constant(name), value, at)
        case Cell(kind="object"):
            m.heap.set(owner, "held", join(owner.get("held"), value))
            m.heap.set(owner, ("attribute", name), value)
            if owner.slots["type"] == "python.box" and isinstance(owner.slots.get("items"), Cell):
                m.heap.set(owner.slots["items"], name, value)
            usage.used(m, value)
        case _:
            usage.used(m, value)


# --------------------------------------------------------------------------------------------- subscripts


def _with_item(options: tuple[Any, ...], index: Any) -> list[Any]:
    """The options that go on after they are asked for an item: a dictionary without that key raises, too."""
    others = _not_none(options)
    return [option for option in others if not _lacks(option, index)] or others


def _lacks(value: Any, index: Any) -> bool:
    """`return {}` where nothing was found, and `found["trips"]` at the caller."""
    is_dict = isinstance(value, Cell) and value.kind == "dict" and isinstance(index, Constant)
    return is_dict and not {index.value, "<rest>", "<default>"} & value.slots.keys()


def item(m: Machine, owner: Any, index: Any, at: facts.At) -> Any:
    match owner:
        case Choice(options=options):
            return join_all([item(m, option, index, at) for option in _with_item(options, index)])
        case Tuple(items=items):
            return chosen_by(index, _position(m, owner, list(items), None, index, at))
        case Cell(kind="list") if listed.picked(index) is not index:  # `df.columns[df.columns != "label"]`
            return listed.picked(index)
        case Cell(kind="list"):
            found = _position(m, owner, list(owner.slots["items"]), owner.slots.get("<rest>"), index, at)
            return chosen_by(index, found)
        case Cell(kind="dict"):
            return chosen_by(index, dict_item(m, owner, index, at))
        case Cell(kind="frame"):
            return frames.item(m, owner, index, at)
        case Cell(kind="indexer"):
            return frames.indexed(m, owner, index, at)
        case Column():
            return frames.column_item(m, owner, index, at)
        case External():
            return subscript_external(m, owner, index, at)
        case Class(flavour="enum"):
            return classes.class_attribute(m, owner, text_of(index) or "", at)
        case Cell(kind="instance"):
            method = classes.find_method(m, owner, "__getitem__")
            if method is not None:
                return calls.call(m, method, Arguments((index,)), at)
        case Cell(kind="object"):
            return calls.object_item(m, owner, index, at)
    if is_text(owner):
        return chosen_by(index, _part_of_text(owner, index))
    field = frames.field_of_record(m, owner, index, at)
    if field is not None:
        return field
    held = origins_of(owner)
    is_names = not rows_of(owner) and not marked(held, PREDICTION)
    is_named = is_names and marked(origins_of(index), PREDICTION)  # `encoder.classes_[predicted]`
    if isinstance(owner, Unknown) and not is_text(index) and not is_named and (owner.origins or rows.picks(index)):
        return rows.some(m, owner, at, index)
    result = Unknown(held | origins_of(index))
    result = because(result, (owner, index), "it is an item of an unknown value", m.span(at))
    is_lost = isinstance(owner, Unknown | Bound) and not result.given and (isinstance(owner, Bound) or owner.why)
    own = rows_of(owner) if is_lost else None
    if own and isinstance(index, Unknown | Column | Slice):
        # some of its rows: not the same as all, and not as those that another index takes
        return rows.of_rows(m, result, rows.note(m, at, "some", own), at)
    return result


def _part_of_text(owner: Any, index: Any) -> Any:
    """`name[:-4]`, `name[0]`."""
    if isinstance(owner, Constant) and isinstance(owner.value, str):
        match index:
            case Constant(value=int() as place) if -len(owner.value) <= place < len(owner.value):
                return Constant(owner.value[place], owner.settings, owner.origins)
            case Slice(
                lower=Constant(value=int() | None as low),
                upper=Constant(value=int() | None as high),
                step=Constant(value=int() | None as step),
            ) if step != 0:
                return Constant(owner.value[low:high:step], owner.settings, owner.origins)
    return Unknown(origins_of(owner))


def _position(m: Machine, owner: Any, items: list[Any], rest: Any, index: Any, at: facts.At) -> Any:
    match index:
        case Constant(value=int() as place) if rest is None and -len(items) <= place < len(items):
            return items[place]
        case Slice(is_each=True):
            pass
        case Slice() if rest is None:
            bounds: list[Any] = [getattr(part, "value", ...) for part in (index.lower, index.upper, index.step)]
            if all(bound is None or isinstance(bound, int) for bound in bounds) and bounds[2] != 0:
                part = items[slice(bounds[0], bounds[1], bounds[2])]
                return Tuple(tuple(part)) if isinstance(owner, Tuple) else sequence(m, part, at)
        case Slice() if isinstance(owner, Cell):  # `texts[:800]`
            return rows.some(m, owner, at, index)
    everything = [*items, rest] if rest is not None else items
    return join_all(everything) if everything else Unknown()


def dict_item(m: Machine, owner: Cell, index: Any, at: facts.At) -> Any:
    if not isinstance(index, Choice):
        m.ask(owner, index, at)
    match index:
        case Constant(value=key) if key in owner.slots and not is_inner(key):
            return owner.slots[key]
        case Choice(options=options):
            return join_all([dict_item(m, owner, option, at) for option in options])
        case Constant(value=key):
            rest = owner.slots.get("<rest>")
            if rest is None and "<default>" in owner.slots:  # `defaultdict(list)`
                made = calls.call(m, owner.slots["<default>"], Arguments(), at)
                m.heap.set(owner, key, made)
                return made
            return rest if rest is not None else m.unknown(f"the dictionary has no key `{key!r}`", at)
    if "<default>" in owner.slots and owner.slots.get("<rest>") is None:  # under a key that is not known
        keep_somewhere(m, owner, index, calls.call(m, owner.slots["<default>"], Arguments(), at))
    values = [v for k, v in owner.slots.items() if k == "<rest>" or not is_inner(k)]
    return join_all(values) if values else m.unknown("it is an item of an empty dictionary", at)


def assign_item(m: Machine, owner: Any, index: Any, value: Any, at: facts.At) -> None:
    match owner:
        case Choice(options=options):
            for option in options:
                assign_item(m, option, index, value, at)
        case Cell(kind="dict"):
            if isinstance(index, Constant) and not is_inner(index.value):
                m.heap.set(owner, index.value, value)
            else:
                keep_somewhere(m, owner, index, value)
        case Cell(kind="list"):
            items = owner.slots["items"]
            if isinstance(index, Constant) and isinstance(index.value, int) and -len(items) <= index.value < len(items):
                place = index.value % len(items)
                m.heap.set(owner, "items", (*items[:place], value, *items[place + 1 :]))
            else:
                m.heap.set(owner, "<rest>", join(owner.slots.get("<rest>"), value))
        case Cell(kind="frame"):
            frames.assign_item(m, owner, index, value, at)
        case Cell(kind="indexer"):
            frames.assign_indexed(m, owner, index, value, at)
        case Cell(kind="object"):
            usage.used(m, value)
            calls.assign_object_item(m, owner, index, value, at)
        case Cell(kind="instance"):
            method = classes.find_method(m, owner, "__setitem__")
            if method is not None:
                calls.call(m, method, Arguments((index, value)), at)
        case _:
            usage.used(m, value)  # `st.session_state["rows"] = rows`


def sequence(m: Machine, items: list[Any], at: facts.At, rest: Any = None) -> Cell:
    if len(items) > MOST_IN_SEQUENCE:  # `x = x + x` in a loop
        items, rest = [], join(rest, join_all(items))
    slots: dict[Any, Any] = {"items": tuple(items)}
    if rest is not None:
        slots["<rest>"] = rest
    return m.heap.new("list", slots, (m.now.path, at))


def table_entry(cell: Cell, key: Any, value: Any) -> None:
    """Put an entry into a dictionary that is being built."""
    if isinstance(key, Constant) and not is_inner(key.value):
        cell.slots[key.value] = value
    else:
        cell.slots["<rest>"] = join(cell.slots.get("<rest>"), value)
        # `{pool.submit(load, path): path for path in paths}`, `{item: i for i, item in enumerate(df["item"].unique())}`
        if isinstance(key, Cell) or without_traces(origins_of(key)):
            cell.slots[KEYS] = join(cell.slots.get(KEYS), key)
