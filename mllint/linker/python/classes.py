"""Classes of the repository: definition, attributes along their bases, construction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments, bind
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Tuple,
    Unknown,
    join,
    origins_of,
    text_of,
)
from mllint.linker.python.machine import Machine

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
    # `@dataclass(frozen=True)`: what it is called with does not matter
    makers = [m.evaluate(d.function) if isinstance(d, facts.Call) else None for d in s.decorators]
    flavour = _flavour(bases, [maker or d for maker, d in zip(makers, decorators, strict=True)])
    bases += tuple(External(kind) for d in (*decorators, *makers) if (kind := _made_by(m, d)))
    with m.activation(scope, m.now.module_scope, m.now.path, m.now.function):
        m.execute(s.body)
    result = Class(s.name, qualified, scope, bases, m.now.path, s.at, flavour)
    scope.slots["<self>"] = result
    scope.slots["<decorators>"] = tuple(decorators)
    if flavour == "enum":
        _make_members(m, result)
    for decorator, expression in zip(reversed(decorators), reversed(s.decorators), strict=True):
        if isinstance(decorator, Cell) and "route" in decorator.slots:  # `@api.route("/eta")` over a Resource
            m.call(decorator, Arguments((result,)), expression.at)
            continue
        if not isinstance(decorator, External) and not _is_call_of_library(decorator):
            made = m.call(decorator, Arguments((result,)), expression.at)
            if isinstance(made, Class):
                result = made
    return result


def _made_by(m: Machine, decorator: Any) -> str:
    """The type that a decorator of a library makes of a class: `@serve.deployment`."""
    entry = m.library.call(decorator.name) if isinstance(decorator, External) else None
    return entry.makes if entry is not None else ""


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
    bases = {base.name for base in lineage_of(cls) if isinstance(base, External)}
    is_text = bool(bases & {"builtins.str", "enum.StrEnum"})  # `class Table(str, Enum)`: may stand wherever a text may
    for name, value in list(cls.scope.slots.items()):
        if name.startswith(("_", "<")) or isinstance(value, Function):
            continue
        member = m.heap.new("instance", {"<class>": cls, "<member>": True}, (cls.path, cls.at, name))
        member.slots.update({"name": Constant(name), "value": value})
        if is_text:
            member.slots["<text>"] = value
        if "enum.StrEnum" in bases:  # of others, Python's version decides how they look in an f-string
            member.slots["<written>"] = value
        cls.scope.slots[name] = member


def note_field(m: Machine, name: str, annotation: facts.Expr | None) -> None:
    """Remember the fields of a class in order, for the constructor that a dataclass gets."""
    fields = m.now.scope.slots.setdefault("<fields>", {})
    fields[name] = annotation


def lineage_of(cls: Class) -> Iterator[Class | External]:
    """The class and its bases, nearest first."""
    order = _depth_first(cls, [])
    for index, base in enumerate(order):  # a base that several share comes after all of them
        if not any(base is later for later in order[index + 1 :]):
            yield base


def _depth_first(cls: Any, found: list[Class | External]) -> list[Class | External]:
    if isinstance(cls, Class | External) and len(found) < 64:
        found.append(cls)
        for base in cls.bases if isinstance(cls, Class) else ():
            _depth_first(base, found)
    return found


def super_attribute(m: Machine, held: tuple[Class, Any], name: str, at: facts.At) -> Any:
    """`super().name`: the member of the next class after this one among the bases of the receiver's class."""
    cls, receiver = held
    own = receiver.slots["<class>"] if isinstance(receiver, Cell) and receiver.kind == "instance" else receiver
    order = list(lineage_of(own)) if isinstance(own, Class) else []
    place = next((i for i, base in enumerate(order) if base is cls), None)
    rest = order[place + 1 :] if place is not None else list(lineage_of(cls))[1:]
    for base in rest:
        if isinstance(base, External):
            kind = m.library.type_of_class(base.name)
            found = m.library.method(kind, name) if kind else None
            if found is not None:
                return Bound(found[0], receiver)
        elif name in base.scope.slots:
            member = base.scope.slots[name]
            if not isinstance(member, Function) or "staticmethod" in _decorator_names(member):
                return member
            if "property" in _decorator_names(member):
                return m.call(Bound(member, receiver), Arguments(), at)
            return Bound(member, receiver)
    return Unknown(origins_of(receiver), f"no base in sight has `{name}`", m.span(at))


def setter_of(instance: Cell, name: str) -> Any:
    """The function that `@name.setter` decorates, `None` if assigning just sets the attribute."""
    member = find_member(instance.slots["<class>"], name)
    decorators = member.decorators if isinstance(member, Function) else ()
    return next((d.receiver for d in decorators if isinstance(d, Bound) and d.function == "setter"), None)


def operate(m: Machine, instance: Cell, names: tuple[str, ...], arguments: Arguments, at: facts.At) -> Any:
    """What the first of these special methods that the class has returns; `None` if it has none."""
    for name in names:
        method = find_method(m, instance, name)
        if method is not None:
            return m.call(method, arguments, at)
    return None


def find_member(cls: Class, name: str) -> Any:
    if name.startswith("<"):
        return None
    if name in cls.scope.slots or not cls.bases:
        return cls.scope.slots.get(name)
    for base in lineage_of(cls):
        if isinstance(base, Class) and name in base.scope.slots:
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
        values["<of>"] = instance  # `self.__dict__.update(options)` sets attributes
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


def inherited(m: Machine, instance: Cell, name: str) -> Any:
    """A method that a library base class gives to instances, or None: `__call__` of `nn.Module`."""
    for base in lineage_of(instance.slots["<class>"]):
        found = m.library.method(m.library.type_of_class(base.name), name) if isinstance(base, External) else None
        if found is not None:
            return Bound(found[0], instance)
    return None


def _from_library_base(m: Machine, cls: Class, owner: Any, name: str, at: facts.At) -> Any:
    """A method that a library base class gives, such as `dict()` of a pydantic model."""
    if cls.flavour == "fields" and name in _OF_FIELDS:
        return Bound(name, owner)
    for base in lineage_of(cls):
        if isinstance(base, External):
            kind = m.library.type_of_class(base.name)
            found = m.library.method(kind, name) if kind else None
            if found is not None and found[1].attribute:
                return m.apply_entry(*found, owner, at)
            if found is not None:
                return Bound(found[0], owner)
    return m.unknown(f"`{cls.name}` has no attribute `{name}` that was seen", at)


_OF_FIELDS = {"dict", "model_dump", "_asdict", "to_dict", "asdict", "model_copy", "copy", "_replace"}


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
    _start(m, cls, instance, at, arguments)
    return instance


def _start(m: Machine, cls: Class, instance: Cell, at: facts.At, given: Arguments) -> None:
    """An object of a subclass of a library's class may be something that runs: a flow, an operator."""
    for base in lineage_of(cls):
        kind = m.library.type_of_class(base.name) if isinstance(base, External) else ""
        if kind:
            m.started(kind, instance, at, given)
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
    return Unknown(why="a field has no default")


def alias_of(cls: Class, name: str) -> str:
    """The name under which a field comes and goes: `km: float = Field(alias="Trip km")`."""
    default = find_member(cls, name)
    if isinstance(default, Cell) and default.get("class", "").rpartition(".")[2] == "Field":
        return text_of(default.slots["arguments"].get("alias")) or name
    return name


def instance_fields(instance: Cell) -> dict[str, Any]:
    """Attributes of an instance by name, as `asdict` gives them."""
    return {k: v for k, v in instance.slots.items() if not k.startswith(("<", "_"))}


def fields_in_order(instance: Cell) -> list[Any] | None:
    """The values of a named tuple; `None` of what is none."""
    bases = [base for base in lineage_of(instance.slots["<class>"]) if isinstance(base, External)]
    if not any(base.name.rpartition(".")[2] in ("NamedTuple", "namedtuple") for base in bases):
        return None
    return [value for name, value in instance.slots.items() if not name.startswith("<")]


def named_tuple(m: Machine, name: str, fields: list[str], at: facts.At) -> Class:
    """The class that `namedtuple("Paths", ["raw", "clean"])` makes."""
    scope = m.heap.new("class", {"<parent>": m.now.module_scope, "<class>": name}, (m.now.path, at))
    scope.slots["<fields>"] = dict.fromkeys(fields)
    return Class(name, name, scope, (External("collections.namedtuple"),), m.now.path, at, "fields")


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
            values[parameter.name] = _parameter_default(function, parameter)
    return values


def defaults_of(m: Machine, function: facts.Function) -> tuple[tuple[str, Any], ...]:
    """Defaults of parameters that are no literals; like Python, once, where the function is defined."""
    return tuple(
        (parameter.name, m.evaluate(parameter.default))
        for parameter in function.parameters
        if parameter.default is not None and not isinstance(parameter.default, facts.Literal)
    )


def _parameter_default(function: Function, parameter: facts.Parameter) -> Any:
    if parameter.default is None:
        return Unknown(why=f"the argument `{parameter.name}` is not given")
    if isinstance(parameter.default, facts.Literal):
        return Constant(parameter.default.value)
    return dict(function.defaults).get(parameter.name, Unknown())
