"""Python's own functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.literals import text_of_plain
from mllint.linker.python.abstract.traces import without_traces
from mllint.linker.python.abstract.values import (
    WHOLE,
    Choice,
    Class,
    Column,
    Constant,
    External,
    Text,
    Tuple,
    Unknown,
    as_measures,
    expression_of_value,
    is_text,
    join,
    join_all,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import listed
from mllint.linker.python.instance_tests import is_instance
from mllint.linker.python.iteration import is_inner, items_of
from mllint.linker.python.library.trials import chosen, scores_several
from mllint.linker.python.machine import Machine


def lookup(name: str, m: Machine) -> Any:
    """A builtin by name, as an external thing of the library `builtins`."""
    if name in _NAMES or m.library.call(f"builtins.{name}") is not None:
        return External(f"builtins.{name}")
    return None


def choose(m: Machine, test: Any, then: Any, otherwise: Any, at: facts.At) -> Column:
    """`a if test else b` where some of them is a column's value."""
    parts = [expression_of_value(value) for value in (test, then, otherwise)]
    origins = origins_of(test) | origins_of(then) | origins_of(otherwise)
    first = next(v for v in (then, otherwise, test) if isinstance(v, Column))
    function = m.now.function.qualified if m.now.function else ""
    return Column(ex.apply("CASE", *parts), origins, first.name, m.span(at), function, first.rows, first.kind)


# --------------------------------------------------------------------------------------------- functions


def first_of(arguments: Arguments) -> Any:
    return arguments.args[0] if arguments.args else None


def computed(m: Machine, value: Column, operator: str, at: facts.At, *more: ex.Expression) -> Column:
    function = m.now.function.qualified if m.now.function else ""
    expression = ex.apply(operator, value.expression, *more)
    return msgspec.structs.replace(value, expression=expression, span=m.span(at), function=function)


def _cast(kind: str, python: Callable[..., Any]) -> Callable[[Machine, Arguments, facts.At], Any]:
    def cast(m: Machine, arguments: Arguments, at: facts.At) -> Any:
        value = first_of(arguments)
        match value:
            case Column(expression=ex.Column(), kind=known) if known == WHOLE and kind == "int":
                return value
            case Column(name=name):
                named = "" if kind == "text" and name == "prediction" else name  # a summary says itself what it is
                return computed(m, msgspec.structs.replace(value, kind="", name=named), "CAST", at, ex.Constant(kind))
            case None:
                return Constant(python())
            case Constant(value=constant, settings=settings):
                try:
                    return Constant(python(constant), settings, value.origins)
                except (TypeError, ValueError):
                    return Unknown()
            case Choice(options=options):
                return join_all([cast(m, Arguments((option,)), at) for option in options])
            case Text() if kind == "text":
                return value
            case Tuple() | Cell(kind="list" | "dict") if kind == "text" and (text := text_of_plain(value)) is not None:
                return Constant(text)
            case Cell(kind="object") if kind == "text" and "path" in value.slots:
                return value.slots["path"]
        return Unknown(origins_of(value))

    return cast


def _len(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    if isinstance(value, Cell) and value.kind == "list" and (value.slots.get("<grown>") or not value.slots["items"]):
        return Unknown(origins_of(value))  # `batch.append(row)` in a loop: how often, nobody knows
    if isinstance(value, Tuple | Cell) and not listed.is_asked(value):
        items = items_of(m, value, at)
        if items.known is not None and not (isinstance(value, Cell) and value.kind == "frame"):
            return Constant(len(items.known))
    if isinstance(value, Column) and not value.kind.startswith(("pandas", "numpy", "polars")):
        return computed(m, value, "LENGTH", at)
    # how many there are tells of predictions, and holds none: `INSERT INTO runs VALUES (:id, len(predictions))`
    return Unknown(as_measures(without_traces(origins_of(value))))


def _range(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    bounds = [v.value for v in arguments.args if isinstance(v, Constant) and isinstance(v.value, int)]
    if len(bounds) == len(arguments.args) and bounds and (len(bounds) < 3 or bounds[2] != 0):
        numbers = range(*bounds[:3])
        if len(numbers) <= 64:
            return Tuple(tuple(Constant(n) for n in numbers))
    return m.heap.new("list", {"items": (), "<rest>": Unknown()}, (m.now.path, at))


def as_list(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    if value is None:
        return m.heap.new("list", {"items": ()}, (m.now.path, at))
    if isinstance(value, Column):
        return value
    items = items_of(m, value, at)
    if items.known is None:
        slots: dict[Any, Any] = {"items": items.held, "<rest>": items.other if items.held else items.any}
        return listed.complement(m.heap.new("list", slots, (m.now.path, at)), _left_out(m, value, at))
    made = m.heap.new("list", {"items": tuple(items.known)}, (m.now.path, at))
    return listed.asked(made) if listed.is_asked(value) else made


def _left_out(m: Machine, value: Any, at: facts.At) -> frozenset[str] | None:
    """Of all names of a frame, or most of them: the others."""
    if isinstance(value, Cell) and value.kind == "frame" and value.slots["table"].open:
        return listed.left_out(listed.of_frame(m, value.slots["table"], at))
    return listed.left_out(value)


def _reversed(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    made = as_list(m, arguments, at)
    if isinstance(made, Cell):
        made.slots["items"] = made.slots["items"][::-1]
    return made


def _as_tuple(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    items = items_of(m, value, at).known if value is not None else []
    return Tuple(tuple(items)) if items is not None else as_list(m, arguments, at)


def as_dict(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    slots: dict[Any, Any] = dict(arguments.keywords)
    value = first_of(arguments)
    if isinstance(value, Cell) and value.kind == "frame":
        return value
    if isinstance(value, Cell) and value.kind == "dict":
        slots = {**value.slots, **slots}
    elif value is not None:
        pairs = items_of(m, value, at).known
        for pair in pairs or ():
            parts = items_of(m, pair, at).known
            if parts and len(parts) == 2 and isinstance(parts[0], Constant) and not is_inner(parts[0].value):
                slots[parts[0].value] = parts[1]
            else:
                slots["<rest>"] = join(slots.get("<rest>"), Unknown(origins_of(pair)))
        if pairs is None:
            slots["<rest>"] = Unknown(origins_of(value))
    if arguments.rest is not None:
        slots["<rest>"] = arguments.rest
    return m.heap.new("dict", slots, (m.now.path, at))


def _from_keys(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    """`dict.fromkeys(names)`: mostly, the names without those that come twice."""
    keys = items_of(m, first_of(arguments), at).known if arguments.args else ()
    if keys is None or not all(isinstance(key, Constant) and not is_inner(key.value) for key in keys):
        return as_list(m, arguments, at)
    given = arguments.args[1] if len(arguments.args) > 1 else arguments.keywords.get("value", Constant(None))
    return m.heap.new("dict", {key.value: given for key in keys}, (m.now.path, at))


def _zip(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    columns = [items_of(m, value, at) for value in arguments.args]
    if columns and all(c.known is not None for c in columns):
        rows = zip(*[c.known or [] for c in columns], strict=False)
        return m.heap.new("list", {"items": tuple(Tuple(tuple(row)) for row in rows)}, (m.now.path, at))
    rest = Tuple(tuple(c.any for c in columns))
    return m.heap.new("list", {"items": (), "<rest>": rest}, (m.now.path, at))


def _enumerate(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    items = items_of(m, first_of(arguments), at)
    if items.known is not None:
        first = arguments.args[1] if len(arguments.args) > 1 else arguments.keywords.get("start", Constant(0))
        start = first.value if isinstance(first, Constant) and isinstance(first.value, int) else None
        numbers = [Unknown() if start is None else Constant(start + i) for i in range(len(items.known))]
        pairs = tuple(Tuple(pair) for pair in zip(numbers, items.known, strict=True))
        return m.heap.new("list", {"items": pairs}, (m.now.path, at))
    return m.heap.new("list", {"items": (), "<rest>": Tuple((Unknown(), items.any))}, (m.now.path, at))


def _map(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    function, *sequences = arguments.args or (Unknown(),)
    columns = [items_of(m, value, at) for value in sequences]
    if columns and all(c.known is not None for c in columns):
        rows = list(zip(*[c.known or [] for c in columns], strict=False))
        made = tuple(m.call(function, Arguments(tuple(row)), at) for row in rows)
        return m.heap.new("list", {"items": made}, (m.now.path, at))
    rest = m.call(function, Arguments(tuple(c.any for c in columns)), at)
    return m.heap.new("list", {"items": (), "<rest>": rest}, (m.now.path, at))


def _filter(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    function, sequence = (*arguments.args, Unknown(), Unknown())[:2]
    items = items_of(m, sequence, at)
    kept: list[Any] = []
    maybe: list[Any] = []
    for item in items.known if items.known is not None else items.held:
        is_none = isinstance(function, Constant) and function.value is None
        test = m.truth(item if is_none else m.call(function, Arguments((item,)), at))
        (kept if test else maybe if test is None else []).append(item)
    slots: dict[Any, Any] = {"items": tuple(kept)} if not maybe else {"items": (), "<rest>": join_all(kept + maybe)}
    if items.known is None:
        slots = {"items": tuple(kept), "<rest>": join_all([*maybe, items.other if items.held else items.any])}
    return m.heap.new("list", slots, (m.now.path, at))


def _getattr(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    if len(arguments.args) >= 2:
        name = text_of(arguments.args[1])
        if name is not None and "{" not in name:
            found = m.attribute(arguments.args[0], name, at)
            if isinstance(found, Unknown) and len(arguments.args) > 2:
                return join(found, arguments.args[2])
            return found
    return Unknown(frozenset().union(*(origins_of(v) for v in arguments.args)), "the name of an attribute is not known")


def _setattr(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    if len(arguments.args) == 3:
        name, owner = text_of(arguments.args[1]), arguments.args[0]
        if name is not None and isinstance(owner, Cell) and owner.kind == "instance":
            m.heap.set(owner, name, arguments.args[2])
    return Constant(None)


def _isinstance(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value, wanted = (*arguments.args, None, None)[:2]
    options = value.options if isinstance(value, Choice) else (value,)
    found = {is_instance(m, option, wanted) for option in options}
    return Constant(found.pop()) if len(found) == 1 and None not in found else Unknown()


def _super(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    function = m.now.function
    if function is None or function.scope.kind != "class":
        return Unknown()
    cls = function.scope.slots.get("<self>")
    if len(arguments.args) == 2 and isinstance(arguments.args[0], Class):  # `super(Reader, self)`
        cls = arguments.args[0]
    receiver = m.now.scope.slots.get(function.facts.parameters[0].name) if function.facts.parameters else None
    if not isinstance(cls, Class) or receiver is None:
        return Unknown()
    return m.heap.new("object", {"type": "python.super", "class": "", "arguments": {}, "origins": frozenset(),
                                 "super": (cls, receiver)}, (m.now.path, at))  # fmt: skip


def as_sorted(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    items = items_of(m, value, at) if value is not None else None
    if items is not None and items.known is not None and all(isinstance(i, Constant) for i in items.known):
        try:
            backwards = arguments.keywords.get("reverse")
            if "key" in arguments.keywords or not isinstance(backwards, Constant | None):
                raise TypeError("an order that is not known")
            ordered = sorted(items.known, key=lambda i: i.value, reverse=bool(backwards and backwards.value))
            made = m.heap.new("list", {"items": tuple(ordered)}, (m.now.path, at))
            return listed.asked(made) if listed.is_asked(value) else made
        except TypeError:
            pass
    if items is None:
        return Unknown()
    if items.known is None:
        return as_list(m, Arguments((value,)), at)
    rest = join_all(items.known) if items.known else items.any
    return m.heap.new("list", {"items": (), "<rest>": rest}, (m.now.path, at))


def _next(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    """The first item that is left: each call takes one away."""
    value = first_of(arguments)
    if isinstance(value, Cell) and value.kind == "list" and value.slots["items"] and "<rest>" not in value.slots:
        item, *rest = value.slots["items"]
        m.heap.set(value, "items", tuple(rest))
        return item
    return items_of(m, first_of(arguments), at).any


def _any_of(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    """`min`, `max`, `sum` of values: of columns an expression, else one of them or what they are made of."""
    values = list(arguments.args)
    if len(values) == 1:
        values = [items_of(m, values[0], at).any]
    return Unknown(frozenset().union(*(origins_of(v) for v in values)))


def _extreme(operator: str) -> Callable[[Machine, Arguments, facts.At], Any]:
    def extreme(m: Machine, arguments: Arguments, at: facts.At) -> Any:
        if len(arguments.args) > 1 and any(isinstance(v, Column) for v in arguments.args):
            first = next(v for v in arguments.args if isinstance(v, Column))
            rest = [expression_of_value(v) for v in arguments.args]
            made = msgspec.structs.replace(first, expression=ex.apply(operator, *rest), span=m.span(at))
            return msgspec.structs.replace(made, origins=frozenset().union(*(origins_of(v) for v in arguments.args)))
        if "key" in arguments.keywords:  # `max(models, key=score)`
            key = Tuple((*arguments.args, arguments.keywords["key"]))
            chosen(m, key, operator.lower(), m.span(at))
        elif len(arguments.args) == 1 and scores_several(m, arguments.args[0]):  # `max(report.values())`
            chosen(m, arguments.args[0], operator.lower(), m.span(at))
        one = join_all([items_of(m, arguments.args[0], at).any]) if len(arguments.args) == 1 else None
        if one is not None and all(map(_is_thing, options_of(one))):
            return one  # `max(folder.glob("*.csv"), key=os.path.getmtime)`
        return _any_of(m, arguments, at)

    return extreme


def _is_thing(value: Any) -> bool:
    """Whether a value is no number or row: the greatest of several such is one of them."""
    return isinstance(value, Cell | Tuple) or is_text(value)


def _unary(operator: str, *more: ex.Expression) -> Callable[[Machine, Arguments, facts.At], Any]:
    def unary(m: Machine, arguments: Arguments, at: facts.At) -> Any:
        value = first_of(arguments)
        if isinstance(value, Column):
            extra = tuple(expression_of_value(v) for v in arguments.args[1:]) or more
            return computed(m, value, operator, at, *extra)
        return Unknown(origins_of(value))

    return unary


def _character(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    """`chr(34)`: how quotes are written within quotes."""
    match first_of(arguments):
        case Constant(value=int() as number, settings=settings) if 0 <= number < 0x110000:
            return Constant(chr(number), settings)
    return Unknown(origins_of(first_of(arguments)))


def _nothing(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    return Constant(None)


def _vars(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    return m.attribute(first_of(arguments), "__dict__", at) if arguments.args else Unknown()


def formatted(m: Machine, arguments: Arguments, at: facts.At) -> Any:
    value = first_of(arguments)
    spec = text_of(arguments.args[1]) if len(arguments.args) > 1 else ""
    if isinstance(value, Constant) and spec is not None:
        try:
            return Constant(format(value.value, spec))
        except (TypeError, ValueError):
            return Unknown(value.origins)
    return Unknown(origins_of(value))


FUNCTIONS: dict[str, Callable[[Machine, Arguments, facts.At], Any]] = {
    "builtins.str": _cast("text", str), "builtins.int": _cast("int", int), "builtins.float": _cast("float", float),
    "builtins.bool": _cast("bool", bool), "builtins.len": _len, "builtins.range": _range, "builtins.list": as_list,
    "builtins.set": as_list, "builtins.frozenset": as_list, "builtins.tuple": _as_tuple, "builtins.dict": as_dict,
    "builtins.zip": _zip, "builtins.enumerate": _enumerate, "builtins.map": _map, "builtins.getattr": _getattr,
    "builtins.setattr": _setattr, "builtins.isinstance": _isinstance, "builtins.super": _super,
    "builtins.sorted": as_sorted, "builtins.reversed": _reversed, "builtins.iter": as_list, "builtins.next": _next,
    "builtins.sum": _any_of, "builtins.min": _extreme("LEAST"), "builtins.max": _extreme("GREATEST"),
    "builtins.abs": _unary("ABS"), "builtins.round": _unary("ROUND_EVEN", ex.Constant(0)), "builtins.print": _nothing,
    "builtins.vars": _vars, "builtins.format": formatted, "builtins.filter": _filter,
    "builtins.chr": _character,
    "collections.OrderedDict": as_dict, "builtins.dict.fromkeys": _from_keys,
}  # fmt: skip

_NAMES = {name.rpartition(".")[2] for name in FUNCTIONS} | {
    "hasattr", "type", "id", "hash", "callable", "issubclass", "property", "staticmethod", "classmethod", "object",
    "Exception", "ValueError", "KeyError", "TypeError", "RuntimeError", "FileNotFoundError", "NotImplementedError",
    "any", "all", "input", "repr", "bytes", "bytearray", "chr", "ord", "divmod", "pow", "globals", "locals", "dir",
    "exit", "quit", "AttributeError", "IndexError", "ImportError", "StopIteration", "OSError", "IOError", "complex",
    "slice", "memoryview", "help", "open", "__import__", "delattr", "bin", "hex", "oct", "ascii", "compile", "eval",
    "exec", "AssertionError", "BaseException", "KeyboardInterrupt", "SystemExit", "Warning", "UserWarning",
}  # fmt: skip
