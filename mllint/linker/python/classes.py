"""Classes of the repository: definition, attributes along their bases, construction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.arguments import Arguments, bind
from mllint.linker.python.heap import Cell
from mllint.linker.python.machine import Machine
from mllint.linker.python.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Tuple,
    Unknown,
    join,
)

# What a base class or decorator makes of a class, by the last part of its dotted name.
_FLAVOURS = {
    "Enum": "enum", "IntEnum": "enum", "StrEnum": "enum", "Flag": "enum",
    "dataclass": "fields", "define": "fields", "attrs": "fields", "frozen": "fields", "s": "fields",
    "BaseModel": "fields", "BaseSettings": "fields", "NamedTuple": "fields", "TypedDict": "fields",
    "SQLModel": "fields", "Struct": "fields", "Schema": "fields",
}  # fmt: skip


def define(m: Machine, s: facts.DefineClass) -> Any:
    """Run a class body and make the class."""
    bases = tuple(m.evaluate(base) for base in s.bases)
    outer = m.now.function.qualified if m.now.function else _module_name(m.now.path)
    qualified = f"{outer}.{s.name}"
    scope = m.heap.new("class", {"<parent>": m.now.scope, "<class>": qualified}, (m.now.path, s.at))
    decorators = [m.evaluate(decorator) for decorator in s.decorators]
    flavour = _flavour(bases, decorators)
    with m.activation(scope, m.now.module_scope, m.now.path, m.now.function):
        m.execute(s.body)
    result = Class(s.name, qualified, scope, bases, m.now.path, s.at, flavour)
    scope.slots["<self>"] = result
    if flavour == "enum":
        _make_members(m, result)
    for decorator, expression in zip(reversed(decorators), reversed(s.decorators), strict=True):
        if not isinstance(decorator, External) and not _is_call_of_library(decorator):
            made = m.call(decorator, Arguments((result,)), expression.at)
            if isinstance(made, Class):
                result = made
    return result


def _is_call_of_library(decorator: Any) -> bool:
    return isinstance(decorator, Unknown) or (isinstance(decorator, Cell) and decorator.kind == "object")


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _flavour(bases: tuple[Any, ...], decorators: list[Any]) -> str:
    for value in (*bases, *decorators):
        match value:
            case Class(flavour=flavour) if flavour:
                return flavour
            case External(name=name):
                found = _FLAVOURS.get(name.rpartition(".")[2], "")
            case Cell(kind="object") | Unknown():
                made_by = getattr(value, "slots", {}).get("class", "") or getattr(value, "why", "")
                found = _FLAVOURS.get(made_by.rpartition(".")[2], "")
            case _:
                found = ""
        if found:
            return found
    return ""


def _make_members(m: Machine, cls: Class) -> None:
    for name, value in list(cls.scope.slots.items()):
        if name.startswith(("_", "<")) or isinstance(value, Function):
            continue
        member = m.heap.new("instance", {"<class>": cls, "<member>": True}, (cls.path, cls.at, name))
        member.slots.update({"name": Constant(name), "value": value})
        cls.scope.slots[name] = member


def note_field(m: Machine, name: str, annotation: facts.Expr | None) -> None:
    """Remember the fields of a class in order, for the constructor that a dataclass gets."""
    fields = m.now.scope.slots.setdefault("<fields>", {})
    fields[name] = annotation


def lineage_of(cls: Class) -> Iterator[Class | External]:
    """The class and its bases, nearest first."""
    seen: list[Any] = []
    todo: list[Any] = [cls]
    while todo and len(seen) < 32:
        current = todo.pop(0)
        if any(current is other for other in seen):
            continue
        seen.append(current)
        if isinstance(current, Class):
            yield current
            todo.extend(current.bases)
        elif isinstance(current, External):
            yield current


def find_member(cls: Class, name: str) -> Any:
    for base in lineage_of(cls):
        if isinstance(base, Class) and name in base.scope.slots and not name.startswith("<"):
            return base.scope.slots[name]
    return None


def find_method(m: Machine, instance: Cell, name: str) -> Any:
    member = find_member(instance.slots["<class>"], name)
    return Bound(member, instance) if isinstance(member, Function) else None


def class_attribute(m: Machine, cls: Class, name: str, at: facts.At) -> Any:
    member = find_member(cls, name)
    if member is None:
        if name == "__name__":
            return Constant(cls.name)
        if name == "__members__" or name.startswith("__"):
            return Unknown()
        return _from_library_base(m, cls, cls, name, at)
    if isinstance(member, Function) and "classmethod" in _decorator_names(member):
        return Bound(member, cls)
    return member


def _decorator_names(function: Function) -> set[str]:
    return {d.name.rpartition(".")[2] for d in function.decorators if isinstance(d, External)}


def instance_attribute(m: Machine, instance: Cell, name: str, at: facts.At) -> Any:
    if name in instance.slots and not name.startswith("<"):
        return instance.slots[name]
    cls = instance.slots["<class>"]
    if name == "__class__":
        return cls
    if name == "__dict__":
        values = {k: v for k, v in instance.slots.items() if not k.startswith("<")}
        return m.heap.new("dict", values, (m.now.path, at))
    member = find_member(cls, name)
    if isinstance(member, Function):
        names = _decorator_names(member)
        if "staticmethod" in names:
            return member
        if "property" in names or "cached_property" in names:
            return m.call(Bound(member, instance), Arguments(), at)
        return Bound(member, cls if "classmethod" in names else instance)
    if member is not None:
        return m.stands_for(member)
    fallback = find_member(cls, "__getattr__")
    if isinstance(fallback, Function):
        return m.call(Bound(fallback, instance), Arguments((Constant(name),)), at)
    return _from_library_base(m, cls, instance, name, at)


def _from_library_base(m: Machine, cls: Class, owner: Any, name: str, at: facts.At) -> Any:
    """A method that a library base class gives, such as `dict()` of a pydantic model."""
    if cls.flavour == "fields" and name in ("dict", "model_dump", "_asdict", "to_dict", "asdict"):
        return Bound(name, owner)
    for base in lineage_of(cls):
        if isinstance(base, External):
            kind = m.library.type_of_class(base.name)
            found = m.library.method(kind, name) if kind else None
            if found is not None:
                return Bound(found[0], owner)
    return m.unknown(f"`{cls.name}` has no attribute `{name}` that was seen", at)


def construct(m: Machine, cls: Class, arguments: Arguments, at: facts.At) -> Any:
    """An instance of a class of the repository."""
    if cls.flavour == "enum":
        return _member_of(cls, arguments)
    instance = m.heap.new("instance", {"<class>": cls}, (m.now.path, at))
    initialiser = find_member(cls, "__init__")
    if isinstance(initialiser, Function):
        m.call(Bound(initialiser, instance), arguments, at)
    elif cls.flavour == "fields" or not cls.bases:
        _fill_fields(m, cls, instance, arguments, at)
    else:
        for index, value in enumerate(arguments.values()):
            instance.slots.setdefault(f"<argument {index}>", value)
        _fill_fields(m, cls, instance, arguments, at)
    after = find_member(cls, "__post_init__") or find_member(cls, "__attrs_post_init__")
    if isinstance(after, Function) and cls.flavour == "fields":
        m.call(Bound(after, instance), Arguments(), at)
    _start(m, cls, instance, at)
    return instance


def _start(m: Machine, cls: Class, instance: Cell, at: facts.At) -> None:
    """An object of a subclass of a library's class may be something that runs: a flow, an operator."""
    for base in lineage_of(cls):
        kind = m.library.type_of_class(base.name) if isinstance(base, External) else ""
        if kind:
            m.started(kind, instance, at)
            return


def _member_of(cls: Class, arguments: Arguments) -> Any:
    members = [v for v in cls.scope.slots.values() if isinstance(v, Cell) and v.get("<member>")]
    wanted = arguments.args[0] if arguments.args else None
    if isinstance(wanted, Constant):
        for member in members:
            if member.slots["value"] == Constant(wanted.value):
                return member
    result: Any = None
    for member in members:
        result = join(result, member)
    return result if result is not None else Unknown()


def _fill_fields(m: Machine, cls: Class, instance: Cell, arguments: Arguments, at: facts.At) -> None:
    fields: dict[str, Any] = {}
    for base in reversed([b for b in lineage_of(cls) if isinstance(b, Class)]):
        for name in base.scope.slots.get("<fields>", {}):
            fields[name] = base.scope.slots.get(name)
    for name, default in fields.items():
        if default is not None:
            instance.slots[name] = _default(m, default, at)
    for name, value in zip(fields, arguments.args, strict=False):
        instance.slots[name] = value
    for name, value in arguments.keywords.items():
        instance.slots[name] = value
    if arguments.rest is not None:
        for name in fields:
            if name not in arguments.keywords:
                instance.slots[name] = join(instance.slots.get(name), arguments.rest)


def _default(m: Machine, default: Any, at: facts.At) -> Any:
    """The default of a field, also through `field(default=...)`, `field(default_factory=...)` and `Field(...)`."""
    if not (isinstance(default, Cell) and default.get("class", "").rpartition(".")[2] in ("field", "Field", "ib")):
        return default
    given = default.slots["arguments"]
    for key in ("default", "0"):
        if key in given:
            return given[key]
    for key in ("default_factory", "factory"):
        if key in given:
            return m.call(given[key], Arguments(), at)
    return Unknown(why="a field without default")


def instance_fields(instance: Cell) -> dict[str, Any]:
    """Attributes of an instance by name, as `asdict` gives them."""
    return {k: v for k, v in instance.slots.items() if not k.startswith(("<", "_"))}


def bind_parameters(m: Machine, function: Function, arguments: Arguments, at: facts.At) -> dict[str, Any]:
    """The names that a call binds in the scope of the called function."""
    values, _, star, others = bind(function.facts, arguments)
    for parameter in function.facts.parameters:
        if parameter.kind == "star":
            values[parameter.name] = (
                star
                if isinstance(star, Tuple)
                else m.heap.new("list", {"items": (), "<rest>": star.value}, (m.now.path, at))
            )
        elif parameter.kind == "double star":
            values[parameter.name] = m.heap.new("dict", others, (m.now.path, at))
        elif parameter.name not in values:
            values[parameter.name] = _parameter_default(m, function, parameter)
    return values


def _parameter_default(m: Machine, function: Function, parameter: facts.Parameter) -> Any:
    if parameter.default is None:
        return Unknown(why=f"the argument `{parameter.name}` is not given")
    if isinstance(parameter.default, facts.Literal):
        return Constant(parameter.default.value)
    with m.activation(function.scope, m.module_scope_of(function.scope), function.path, None):
        return m.evaluate(parameter.default)
