"""Calls: functions and classes of the repository are followed; those of libraries mean what their model says."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.linker.python import classes, iteration
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Choice,
    Class,
    Constant,
    External,
    Function,
    Module,
    Partial,
    Text,
    Tuple,
    Unknown,
    join,
    join_all,
    origins_of,
)
from mllint.linker.python.frames import usage
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.library import acting, commands, declared, library, randomness, routing, telling, watching
from mllint.linker.python.machine import HERE, Activation, Machine
from mllint.linker.python.orchestration import decorated


def call(m: Machine, function: Any, arguments: Arguments, at: facts.At) -> Any:
    if m.endpoint and isinstance(function.function if isinstance(function, Bound) else function, Function):
        watching.discarded(m, arguments.values(), at)
    if m.effects.now.measurings:
        telling.called(m, function, arguments, at)
    if m.circling:
        acting.called(m, function, arguments, at)
    match function:
        case Function():
            if function.decorators:
                return decorated.call(m, function, arguments, at, _follow)
            return _follow(m, function, arguments, at)
        case Bound(function=Function() as method, receiver=receiver):
            if method.decorators:
                return decorated.call(m, method, arguments.before(receiver), at, _follow)
            return _follow(m, method, arguments.before(receiver), at)
        case Bound(function=str() as name, receiver=receiver):
            return library.call_method(m, receiver, name, arguments, at)
        case Bound(function=inner, receiver=receiver):
            return call(m, inner, arguments.before(receiver), at)
        case Class():
            if function.scope.slots.get("<decorators>"):
                arguments = decorated.made_with(m, function, arguments, at)
            return classes.construct(m, function, arguments, at)
        case External(name=name):
            return library.call_external(m, name, arguments, at)
        case Partial(function=inner, args=args, keywords=keywords):
            merged = Arguments((*args, *arguments.args), {**dict(keywords), **arguments.keywords}, arguments.rest)
            return call(m, inner, merged, at)
        case Choice(options=options):
            return join_all([call(m, option, arguments, at) for option in options])
        case Cell(kind="instance"):
            method = classes.find_method(m, function, "__call__") or classes.inherited(m, function, "__call__")
            if method is not None:
                return call(m, method, arguments, at)
        case Cell(kind="object"):
            return library.call_object(m, function, arguments, at)
    m.pass_on(*arguments.values())
    watching.discarded(m, (function, *arguments.values()), at)
    origins = origins_of(function).union(*(origins_of(value) for value in arguments.values()))
    usage.gone(m, origins)
    why = function.why if isinstance(function, Unknown) and function.why else "what is called is not known"
    return Unknown(origins, why, m.span(at))


# ------------------------------------------------------------------------------- functions of the repository


def _follow(m: Machine, function: Function, arguments: Arguments, at: facts.At) -> Any:
    """Interpret the body of a function for these arguments."""
    key = _memo_key(function, arguments)
    if key is not None:
        version, known = m.memo.get(key, (-1, None))
        if version == m.heap.version:
            return known
    refusal = m.refusal(function)
    if refusal:
        m.pass_on(*arguments.values())
        telling.passed_on(m, *arguments.values())
        origins = frozenset().union(*(origins_of(value) for value in arguments.values()))
        usage.gone(m, origins)
        return Unknown(origins, refusal, m.span(at))
    if not m.in_test:
        m.called.add((function.path, function.facts.at))
    values = classes.bind_parameters(m, function, arguments, at)
    if function.decorators and not arguments.args:  # `main()` of `@click.option("--source") def main(source)`
        values.update(
            {k: v for k, v in commands.option_values(m, function.decorators).items() if k not in arguments.keywords}
        )
    declared.given(m, function, values, at)
    result = declared.declared(m, function, function.facts.returns, enter(m, function, values, at), at)
    if key is not None and _is_plain(result):
        m.memo[key] = (m.heap.version, result)
    return result


def enter(m: Machine, function: Function, values: dict[str, Any], at: facts.At) -> Any:
    """Run a function's body with its names bound to `values`; what it returns."""
    scope = m.heap.new("scope", {"<parent>": _closure(function.scope), **values}, (function.path, function.facts.at))
    module_scope = m.module_scope_of(function.scope)
    if m.stack:
        m.call_places.append(m.span(at))
    exits, m.heap.exits = m.heap.exits, []
    with m.activation(scope, module_scope, function.path, function, values) as activation:
        reaches_end = m.execute(m.body(function.facts))
    m.heap.leave_call(exits)
    result = activation.returns
    if result is None:
        result = Constant(None)
    elif reaches_end and not function.facts.is_generator:
        result = join(result, Constant(None))
    if m.stack:
        if not function.facts.is_generator:
            m.now_returned(function, result, values)
        m.call_places.pop()
    if function.facts.is_generator:
        return _generator(m, function, activation, at)
    return result


def _closure(scope: Cell) -> Cell:
    """Names of a class body are not seen from its methods."""
    while scope.kind == "class":
        scope = scope.slots["<parent>"]
    return scope


def _generator(m: Machine, function: Function, ran: Activation, at: facts.At) -> Any:
    value = ran.yields if ran.yields is not None else Unknown()
    names = {d.name.rpartition(".")[2] for d in function.decorators if isinstance(d, External)}
    if names & {"contextmanager", "asynccontextmanager"}:
        return m.heap.new("object", {"type": "python.context", "held": value, "paused": ran.paused}, (m.now.path, at))
    slots: dict[Any, Any] = {"items": tuple(ran.yielded or ()), "<generated>": True}
    if not ran.yielded:
        slots["<rest>"] = value
    return m.heap.new("list", slots, (m.now.path if m.stack else function.path, at))


def _memo_key(function: Function, arguments: Arguments) -> Any:
    """A key where all arguments are plain values: a second call with them has nothing new to say."""
    if not arguments.args and not arguments.keywords:
        return None if function.facts.name == "__init__" else (id(function.facts), id(function.scope))
    if arguments.rest is not None or not all(map(_is_plain, arguments.args)):
        return None
    if not all(map(_is_plain, arguments.keywords.values())):
        return None
    return (id(function.facts), id(function.scope), arguments.args, tuple(sorted(arguments.keywords.items())))


def _is_plain(value: Any) -> bool:
    match value:
        case Constant() | Text() | External():
            return True
        case Tuple(items=items) | Choice(options=items):
            return all(map(_is_plain, items))
    return False


def qualified_name(m: Machine, name: str) -> str:
    """`package.module.Class.method` of something defined at the present place."""
    scope = m.now.scope
    if scope.kind == "class":
        return f"{scope.slots['<class>']}.{name}"
    if m.now.function is not None:
        return f"{m.now.function.qualified}.{name}"
    return f"{m.now.path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}.{name}"


# --------------------------------------------------------------------------------------------- decorators


def decorate(m: Machine, decorator: Any, function: Any, at: facts.At) -> Any:
    """What a decorator makes of a function: those of the repository are called, those of libraries noted."""
    match decorator:
        case Function() | Bound(function=Function()) | Class() | Partial():
            result = call(m, decorator, Arguments((function,)), at)
            return function if isinstance(result, Unknown) else result
        case Choice():
            return function
        case Bound(function="setter" | "deleter" as kind, receiver=Function() as getter):
            if kind == "deleter" or not isinstance(function, Function):
                return getter
            return msgspec.structs.replace(getter, decorators=(*getter.decorators, Bound(kind, function)))
    if isinstance(function, Function):
        served = routing.bare(m, decorator, at) if isinstance(decorator, External) else decorator
        if isinstance(served, Cell) and "route" in served.slots:
            routing.register(m, served, function)
        decorated.defined(m, decorator, function)
        function = msgspec.structs.replace(function, decorators=(*function.decorators, decorator))
        made = commands.decorated(m, decorator, function, at)
        return function if made is None else made
    return function


# ------------------------------------------------------------------------------------------------ modules


def load_module(m: Machine, path: str) -> Module:
    """The namespace of a module of the repository; its top level is interpreted at the first import."""
    if path in m.modules and path not in m.reloading:
        m.tracker.touch(m.modules[path])
        for name, span in m.seeds_of_module.get(path, ()):
            randomness.seed_generator(m, name, span)
        return Module(path, m.modules[path])
    m.reloading.discard(path)
    m.loaded.setdefault(m.entry, {})[path] = None
    with m.tracker.load(m, path, m.modules.get(path)) as made:
        scope = m.modules.setdefault(path, m.heap.new("scope", {}, (path, 0)))
        made(scope)
        return _run_module(m, path, scope)


def _run_module(m: Machine, path: str, scope: Cell) -> Module:
    scope.slots["__name__"] = Constant(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    scope.slots["__file__"] = Constant(f"{HERE}/{path}")
    if path.endswith("/"):  # a folder without __init__.py
        return Module(path, scope)
    m.tracker.file(path)
    facts_of_module = m.python[path]
    if facts_of_module is not None:
        with m.outside_branches(), m.activation(scope, scope, path, None):
            before = len(m.seed_calls)
            m.execute(facts_of_module.body)
            m.seeds_of_module[path] = list(dict.fromkeys(m.seed_calls[before:]))
    return Module(path, scope)


# ----------------------------------------------------------------------------------------------- contexts


def enter_context(m: Machine, context: Any, at: facts.At) -> Any:
    """What `with context as x` binds."""
    match context:
        case Choice(options=options):
            return join_all([enter_context(m, option, at) for option in options])
        case Cell(kind="instance"):
            method = classes.find_method(m, context, "__enter__") or classes.find_method(m, context, "__aenter__")
            return context if method is None else call(m, method, Arguments(), at)
        case Cell(kind="object") if context.get("type") == "python.context":
            return context.slots["held"]
        case Cell(kind="list") if "<generated>" in context.slots:  # a decorator of the repository makes a context of it
            return iteration.items_of(m, context, at).any
    return context


def library_attribute(m: Machine, owner: Any, name: str, at: facts.At) -> Any:
    return library.attribute_of(m, owner, name, at)


def object_item(m: Machine, owner: Cell, index: Any, at: facts.At) -> Any:
    return library.object_item(m, owner, index, at)


def assign_object_item(m: Machine, owner: Cell, index: Any, value: Any, at: facts.At) -> None:
    library.assign_object_item(m, owner, index, value, at)


def delete_item(m: Machine, owner: Any, index: Any) -> None:
    """`del owner[index]`."""
    if isinstance(owner, Cell) and isinstance(index, Constant):
        if owner.kind == "dict" and not is_inner(index.value):
            m.heap.delete(owner, index.value)
        elif owner.kind == "frame" and isinstance(index.value, str):
            m.heap.set(owner, "table", owner.slots["table"].drop([index.value]))
    elif isinstance(owner, Cell) and owner.kind == "frame":  # `del df[name]`: which one, is not known
        m.heap.set(owner, "table", msgspec.structs.replace(owner.slots["table"], partial=True))
