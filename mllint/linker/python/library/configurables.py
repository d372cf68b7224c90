"""Functions and classes whose parameters configuration may bind, and the values that it binds to them."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.facts.config import Value
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Class,
    Constant,
    External,
    Function,
    Tuple,
    Unknown,
    join_all,
    text_of,
)
from mllint.linker.python.library import config
from mllint.linker.python.library.bindings import (
    DEEPEST,
    MISSING,
    MOST_VALUES,
    SCOPE,
    Key,
    Written,
    bindings_of,
    is_name_of,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

MEANING = "configurable"  # `decorates` of the library model
CONSTANTS = "constants"  # likewise
_TYPE = "python.configurable"


def configurable_of(call: Invocation) -> Any:
    """`function`, `name`, `module`: `gin.external_configurable(Model, "Model")` may be called and referred to."""
    of = call.get("function")
    full = _full(text_of(call.get("module")) or "", text_of(call.get("name")) or _own_name(of))
    made = _wrapped(call.m, of, call.at, {"class": call.name, "arguments": call.given, "full": full})
    call.m.plans.setdefault("configurables", {})[full] = made
    return made


def _wrapped(m: Machine, of: Any, at: facts.At, more: dict[str, Any]) -> Cell:
    slots: dict[Any, Any] = {"type": _TYPE, "class": "", "arguments": {}, "origins": frozenset(), "of": of}
    return m.heap.new("object", {**slots, **more}, (m.now.path, at))


def _own_name(value: Any) -> str:
    match value:
        case Function():
            return value.facts.name
        case Class(name=name):
            return name
        case External(name=name):
            return name
    return ""


def _full(module: str, name: str) -> str:
    return f"{module}.{name}".lstrip(".")


def call_configurable(call: Invocation) -> Any:
    """A call of what `configurable_of` made, or of what `@scope/Model` refers to."""
    made = call.receiver
    if not isinstance(made, Cell) or "of" not in made.slots:
        return Unknown()
    if SCOPE in made.slots:
        return _called_in(call.m, made.slots[SCOPE], made.slots["of"], call.arguments, call.at)
    full, of = made.slots["full"], made.slots["of"]
    return call.m.call(of, _filled(call.m, full, of, call.arguments, call.at), call.at)


def _called_in(m: Machine, scope: str, function: Any, arguments: Arguments, at: facts.At) -> Any:
    """A call in a scope of its own, whatever the scope around it."""
    bindings = bindings_of(m)
    outer, bindings.scopes = bindings.scopes, [scope] if scope else bindings.scopes
    try:
        return m.call(function, arguments, at)
    finally:
        bindings.scopes = outer


def called(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Any) -> Any:
    """A call of a function under `@gin.configurable`."""
    return follow(m, function, _filled(m, _full_name(function, by), function, arguments, at), at)


def given(m: Machine, cls: Class, by: Any, arguments: Arguments, at: facts.At) -> Arguments:
    """What a class under `@gin.configurable` is made with."""
    return _filled(m, _full_name(cls, by), cls, arguments, at)


def _full_name(value: Function | Class, by: Any) -> str:
    made_with = by.slots.get("arguments", {}) if isinstance(by, Cell) else {}
    module, name = text_of(made_with.get("module")), text_of(made_with.get("name"))
    own = value.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    inside = value.qualified.removeprefix(f"{own}.")  # of a method its class with it
    return _full(module or own, name or inside)


def _filled(m: Machine, full: str, function: Any, arguments: Arguments, at: facts.At) -> Arguments:
    """The arguments of a call with what is bound to the parameters that it does not give."""
    bindings = bindings_of(m)
    if (full.rpartition(".")[2]) not in bindings.keys or (full, "") in bindings.busy:
        return arguments
    names, takes_any = _parameters(m, function)
    taken = set(names[: len(arguments.args)]) | {
        name for name, value in arguments.keywords.items() if not (isinstance(value, Unknown) and value.why == MISSING)
    }
    found = {name: key for name, key in bindings.of(full) if name not in taken and (takes_any or name in names)}
    bindings.busy.add((full, ""))
    try:
        making = Making(m, at)
        values = {name: making.of(key, DEEPEST) for name, key in found.items()}
    finally:
        bindings.busy.discard((full, ""))
        if not bindings.busy:
            bindings.left = MOST_VALUES
    known = {name: value for name, value in values.items() if value is not None}
    return Arguments(arguments.args, {**arguments.keywords, **known}, arguments.rest)


def _parameters(m: Machine, function: Any) -> tuple[list[str], bool]:
    """Names of parameters in order, and whether there may be others."""
    if isinstance(function, Class):
        initialiser = classes.find_member(function, "__init__")
        if not isinstance(initialiser, Function):
            return list(function.scope.slots.get("<fields>", ())), True
        names, takes_any = _parameters(m, initialiser)
        return names[1:], takes_any
    if isinstance(function, Function):
        plain = [each.name for each in function.facts.parameters if each.kind not in ("star", "double star")]
        return plain, any(each.kind == "double star" for each in function.facts.parameters)
    entry = m.library.call(function.name) if isinstance(function, External) else None
    return list(entry.parameters) if entry is not None else [], True


def _named(m: Machine, selector: str) -> Any:
    """The configurable of a name: what `@Model` refers to, `None` if none is in sight."""
    for full, value, scope in configurables(m).get(selector.rpartition(".")[2], ()):
        if is_name_of(selector, full):
            if scope is not None:
                m.tracker.touch(scope)
            return value
    return None


def configurables(m: Machine) -> dict[str, list[tuple[str, Any, Cell | None]]]:
    """All that are in sight, by the last part of their names: the full name, and the module that defines it."""
    found: dict[str, list[tuple[str, Any, Cell | None]]] = {}
    for full, made in m.plans.get("configurables", {}).items():
        found.setdefault(full.rpartition(".")[2], []).append((full, made, None))
    for scope in m.namespaces().values():
        for value in list(scope.slots.values()):
            by = _marked(m, value)
            if by is not None:
                full = _full_name(value, by)
                found.setdefault(full.rpartition(".")[2], []).append((full, value, scope))
    return found


def _constant(m: Machine, name: str) -> Any:
    """`Kind.SMALL` of an enumeration under `@gin.constants_from_enum`, `None` if none in sight has it."""
    of, _, member = name.rpartition(".")
    for scope in m.namespaces().values():
        for value in list(scope.slots.values()) if of else ():
            by = _marked(m, value, CONSTANTS)
            if by is not None and is_name_of(of, _full_name(value, by)) and member in value.scope.slots:
                m.tracker.touch(scope)
                return m.attribute(value, member, value.at)
    return None


def _marked(m: Machine, value: Any, meaning: str = MEANING) -> Any:
    match value:
        case Function(decorators=decorators):
            return mark_of(m, decorators, meaning)
        case Class(scope=scope):
            return mark_of(m, scope.slots.get("<decorators>", ()), meaning)
    return None


def mark_of(m: Machine, decorators: tuple[Any, ...], meaning: str = MEANING) -> Any:
    """The decorator that makes a function or class configurable (or its members constants), `None` if none does."""
    for by in decorators:
        name = by.name if isinstance(by, External) else by.slots.get("class", "") if isinstance(by, Cell) else ""
        entry = m.library.call(name) if name else None
        if entry is not None and entry.decorates == meaning:
            return by
    return None


# --------------------------------------------------------------------------------------------- values


class Making:
    """Makes what is bound for one call."""

    def __init__(self, m: Machine, at: facts.At) -> None:
        self.m = m
        self.at = at
        self.bindings = bindings_of(m)

    def of(self, key: Key, depth: int) -> Any:
        """The value of a key, which is noted as asked for; `None` if it is bound to nothing."""
        made = []
        for written in self.bindings.options(key):
            if written.path and not self.m.in_test:
                scope, selector, parameter = key
                name = _full(selector, parameter)
                keys = (f"{scope}/{name}" if scope else name,)
                self.m.settings.used(written.path, keys, self.m.span(self.at))
            made.append(self.value(written.value, written, depth))
        return join_all(made) if made else None

    def value(self, value: Value, written: Written, depth: int) -> Any:
        if written.made is not None:
            return written.made
        self.bindings.left -= 1
        if depth == 0 or self.bindings.left < 0:
            return Unknown(why="the configuration refers to itself")
        where = (written.path or self.m.now.path, value.line if written.path else self.at)
        match value.tag:
            case "!macro":
                scope, _, name = str(value.value).rpartition("/")
                selector, _, parameter = name.rpartition(".")
                found = self.of((scope, selector, parameter), depth - 1)
                found = found if found is not None else _constant(self.m, name)
                return found if found is not None else Unknown(why=f"no configuration in sight sets `{value.value}`")
            case "!reference" | "!call":
                return self._referred(value)
        if value.kind == "mapping":
            slots = {entry.key: self.value(entry.value, written, depth) for entry in value.entries}
            return self.m.heap.new("dict", dict(slots), where)
        if value.kind == "sequence":
            items = tuple(self.value(item, written, depth) for item in value.items)
            return Tuple(items) if value.tag == "!tuple" else self.m.heap.new("list", {"items": items}, where)
        settings = (config.span_of(value, written.path),) if written.path else written.settings
        return Constant(value.value, settings)

    def _referred(self, value: Value) -> Any:
        """`@Model` is what bears the name; `@scope/Model()` what it returns in that scope."""
        scope, _, name = str(value.value).rpartition("/")
        found = _named(self.m, name)
        if found is None:
            return Unknown(why=f"nothing in sight bears the name `{name}` of the configuration")
        if value.tag == "!reference":
            return _wrapped(self.m, found, self.at, {SCOPE: scope}) if scope else found
        busy = (str(value.value), "call")
        if busy in self.bindings.busy:
            return Unknown(why="the configuration refers to itself")
        self.bindings.busy.add(busy)
        try:
            return _called_in(self.m, scope, found, Arguments(), self.at)
        finally:
            self.bindings.busy.discard(busy)
