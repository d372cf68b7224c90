"""Statements: each runs against the machine's state and tells whether control goes on after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import calls, classes, iteration
from mllint.linker.python.branches import note_branch
from mllint.linker.python.evaluation import evaluate
from mllint.linker.python.machine import Machine
from mllint.linker.python.operations import assign_attribute, assign_item, attribute, binary, truth
from mllint.linker.python.values import Constant, External, Function, Module, Unknown

MOST_UNROLLED = 24


def run(m: Machine, statements: tuple[facts.Stmt, ...]) -> bool:
    """Run a block. False if control does not reach its end (return, raise, break, continue)."""
    for statement in statements:  # noqa: SIM110 (a loop takes one Python frame less for each nested block)
        if not _RUN[type(statement)](m, statement):
            return False
    return True


def _assign(m: Machine, s: facts.Assign) -> bool:
    if s.value is None:
        if isinstance(s.targets[0], facts.Name) and m.now.scope.kind == "class":
            # a field without default: `class Config: path: Path`
            m.heap.set(m.now.scope, s.targets[0].id, Unknown(why=f"field `{s.targets[0].id}` has no default"))
            classes.note_field(m, s.targets[0].id, s.annotation)
        return True
    value = evaluate(m, s.value)
    for target in s.targets:
        bind(m, target, value)
    if s.annotation is not None and isinstance(s.targets[0], facts.Name) and m.now.scope.kind == "class":
        classes.note_field(m, s.targets[0].id, s.annotation)
    return True


def bind(m: Machine, target: facts.Expr, value: Any) -> None:
    """Assign a value to a target: a name, attribute, subscript, or a pattern of them."""
    match target:
        case facts.Name(id=name):
            m.assign(name, value)
        case facts.Attribute(value=owner, name=name):
            assign_attribute(m, evaluate(m, owner), name, value, target.at)
        case facts.Subscript(value=owner, index=index):
            owner_value = evaluate(m, owner)
            assign_item(m, owner_value, evaluate(m, index), value, target.at)
        case facts.Collection(items=items):
            for item, part in zip(items, iteration.unpack(m, value, items), strict=True):
                bind(m, item.value if isinstance(item, facts.Star) else item, part)
        case facts.Star(value=inner):
            bind(m, inner, value)


def _augment(m: Machine, s: facts.Augment) -> bool:
    old, value = evaluate(m, s.target), evaluate(m, s.value)
    bind(m, s.target, binary(m, s.operator, old, value, s.at))
    return True


def _evaluate(m: Machine, s: facts.Evaluate) -> bool:
    evaluate(m, s.value)
    return not _never_returns(s.value)


def _never_returns(value: facts.Expr) -> bool:
    match value:
        case facts.Call(function=facts.Attribute(value=facts.Name(id="sys"), name="exit")):
            return True
        case facts.Call(function=facts.Name(id="exit" | "quit")):
            return True
    return False


def _if(m: Machine, s: facts.If) -> bool:
    test = evaluate(m, s.test)
    known = truth(test)
    note_branch(m, s, test, known)
    if known is not None:
        return run(m, s.then if known else s.otherwise)
    return m.heap.fork([lambda: run(m, s.then), lambda: run(m, s.otherwise)])


def _for(m: Machine, s: facts.For) -> bool:
    items = iteration.items_of(m, evaluate(m, s.iterable), s.at)
    if items.known is not None and len(items.known) <= MOST_UNROLLED:
        for item in items.known:
            bind(m, s.target, item)
            if not _loop_body(m, s.body):
                break
        return run(m, s.otherwise)
    # unknown length: twice, so that what one round leaves behind reaches the next; or not at all
    m.heap.fork([lambda: _rounds(m, s, items.any), lambda: True])
    return run(m, s.otherwise)


def _rounds(m: Machine, s: facts.For, item: Any) -> bool:
    for _ in rounds(m):
        bind(m, s.target, item)
        _loop_body(m, s.body)
    return True


def rounds(m: Machine) -> Iterator[int]:
    """Two rounds through an outermost loop, one through those inside it: nested loops stay linear."""
    m.loops += 1
    try:
        yield from range(2 if m.loops == 1 else 1)
    finally:
        m.loops -= 1


def _loop_body(m: Machine, body: tuple[facts.Stmt, ...]) -> bool:
    """Run a body once; false if it certainly leaves the loop."""
    if run(m, body):
        return True
    return not (body and isinstance(body[-1], facts.Leave | facts.Return | facts.Raise)) or (
        isinstance(body[-1], facts.Leave) and body[-1].kind == "continue"
    )


def _while(m: Machine, s: facts.While) -> bool:
    test = truth(evaluate(m, s.test))
    if test is False:
        return run(m, s.otherwise)

    def body() -> bool:
        for _ in rounds(m):
            run(m, s.body)
        return True

    m.heap.fork([body] if test else [body, lambda: True])
    return run(m, s.otherwise)


def _with(m: Machine, s: facts.With) -> bool:
    for item in s.items:
        context = evaluate(m, item.context)
        value = calls.enter_context(m, context, s.at)
        if item.target is not None:
            bind(m, item.target, value)
    return run(m, s.body)


def _try(m: Machine, s: facts.Try) -> bool:
    goes_on = run(m, s.body) and run(m, s.otherwise)

    def handler(h: facts.Handler) -> bool:
        if h.name:
            m.assign(h.name, Unknown(why="an exception"))
        return run(m, h.body)

    if s.handlers:
        # the handlers start from the end of the body, which is later than they would; what the body found stays known
        alternatives: list[Callable[[], bool]] = [partial(handler, h) for h in s.handlers]
        if goes_on:
            alternatives.insert(0, lambda: True)
        goes_on = m.heap.fork(alternatives)
    return run(m, s.final) and goes_on


def _return(m: Machine, s: facts.Return) -> bool:
    m.returns(Constant(None) if s.value is None else evaluate(m, s.value))
    return False


def _raise(m: Machine, s: facts.Raise) -> bool:
    if s.value is not None:
        evaluate(m, s.value)
    return False


def _assert(m: Machine, s: facts.Assert) -> bool:
    evaluate(m, s.test)
    return True


def _delete(m: Machine, s: facts.Delete) -> bool:
    for target in s.targets:
        match target:
            case facts.Subscript(value=owner, index=index):
                calls.delete_item(m, evaluate(m, owner), evaluate(m, index))
            case facts.Name(id=name):
                m.heap.delete(m.now.scope, name)
    return True


def _import(m: Machine, s: facts.Import) -> bool:
    for alias in s.names:
        module = m.imports.find(alias.name, m.now.path)
        if alias.asname is None and "." in alias.name:
            # `import a.b` binds `a`
            top = alias.name.partition(".")[0]
            if module is not None:
                calls.load_module(m, module)
            package = m.imports.find(top, m.now.path)
            if package is not None:
                m.assign(top, calls.load_module(m, package))
            elif module is not None:
                m.assign(top, External(top))
            else:
                m.assign(top, External(top))
            continue
        value: Any = External(alias.name) if module is None else calls.load_module(m, module)
        m.assign(alias.asname or alias.name, value)
    return True


def _import_from(m: Machine, s: facts.ImportFrom) -> bool:
    dotted = m.imports.absolute(s.module, s.level, m.now.path)
    path = m.imports.find(dotted, m.now.path)
    module: Any = calls.load_module(m, path) if path is not None else None
    for alias in s.names:
        if alias.name == "*":
            if isinstance(module, Module):
                for name, value in list(module.scope.slots.items()):
                    if not name.startswith("_") and not name.startswith("<"):
                        m.assign(name, value)
            continue
        m.assign(alias.asname or alias.name, _member(m, dotted, path, module, alias.name, s.at))
    return True


def _member(m: Machine, dotted: str, path: str | None, module: Any, name: str, at: facts.At) -> Any:
    if isinstance(module, Module) and name in module.scope.slots:
        return module.scope.slots[name]
    below = m.imports.find(f"{dotted}.{name}" if dotted else name, m.now.path)
    if below is not None:
        return calls.load_module(m, below)
    if isinstance(module, Module):
        return attribute(m, module, name, at)
    return External(f"{dotted}.{name}" if dotted else name)


def _define(m: Machine, s: facts.Define) -> bool:
    function: Any = make_function(m, s.function)
    for decorator in reversed(s.function.decorators):
        function = calls.decorate(m, evaluate(m, decorator), function, decorator.at)
    m.assign(s.function.name, function)
    return True


def make_function(m: Machine, function: facts.Function) -> Function:
    scope = m.now.scope
    owner = scope.slots.get("<class>") if scope.kind == "class" else None
    qualified = calls.qualified_name(m, function.name)
    return Function(function, scope, m.now.path, qualified, owner)


def _define_class(m: Machine, s: facts.DefineClass) -> bool:
    m.assign(s.name, classes.define(m, s))
    return True


def _global(m: Machine, s: facts.Global) -> bool:
    m.now.globals.update(s.names)
    return True


def _leave(m: Machine, s: facts.Leave) -> bool:
    return False


def _match(m: Machine, s: facts.Match) -> bool:
    subject = evaluate(m, s.subject)
    paths: list[Callable[[], bool]] = []
    for case in s.cases:
        tests = [evaluate(m, test) for test in case.tests]
        if tests and isinstance(subject, Constant) and all(isinstance(t, Constant) for t in tests):
            if all(t.value != subject.value for t in tests):
                continue
            return _case(m, case, subject)
        paths.append(partial(_case, m, case, subject))
        if not case.tests and case.guard is None:
            break
    else:
        paths.append(lambda: True)
    return m.heap.fork(paths)


def _case(m: Machine, case: facts.Case, subject: Any) -> bool:
    for name in case.binds:
        m.assign(name, subject)
    if case.guard is not None:
        evaluate(m, case.guard)
    return run(m, case.body)


_RUN: dict[type, Any] = {
    facts.Assign: _assign,
    facts.Augment: _augment,
    facts.Evaluate: _evaluate,
    facts.If: _if,
    facts.For: _for,
    facts.While: _while,
    facts.With: _with,
    facts.Try: _try,
    facts.Return: _return,
    facts.Raise: _raise,
    facts.Assert: _assert,
    facts.Delete: _delete,
    facts.Import: _import,
    facts.ImportFrom: _import_from,
    facts.Define: _define,
    facts.DefineClass: _define_class,
    facts.Global: _global,
    facts.Leave: _leave,
    facts.Match: _match,
}
