"""Statements: each runs against the machine's state and tells whether control goes on after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import calls, classes, iteration, repetition
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Class, Constant, Function, Unknown, origins_of
from mllint.linker.python.branches import note_branch, note_choice
from mllint.linker.python.evaluation import evaluate
from mllint.linker.python.frames import expected, usage
from mllint.linker.python.import_statements import run_import, run_import_from
from mllint.linker.python.library import bindings, decisions, gates, services, telling, watching
from mllint.linker.python.library.circumstances import is_survived
from mllint.linker.python.machine import Machine
from mllint.linker.python.operations import assign_attribute, assign_item
from mllint.linker.python.operators import binary, truth


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
    m.statement = s
    value = evaluate(m, s.value)
    if m.loops and isinstance(s.value, facts.Binary) and _same_name(s.targets[0], s.value.left):
        value = _counted(value)
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
            telling.assigned(m, owner_value, value, target.at)
            assign_item(m, owner_value, evaluate(m, index), value, target.at)
        case facts.Collection(items=items):
            for item, part in zip(items, iteration.unpack(m, value, items), strict=True):
                bind(m, item.value if isinstance(item, facts.Star) else item, part)
        case facts.Star(value=inner):
            bind(m, inner, value)


def _augment(m: Machine, s: facts.Augment) -> bool:
    old, value = evaluate(m, s.target), evaluate(m, s.value)
    if s.operator == "+" and isinstance(old, Cell) and old.kind == "list":  # other names see what `+=` adds
        iteration.extend(old, m, iteration.items_of(m, value, s.at))
        return True
    result = binary(m, s.operator, old, value, s.at)
    bind(m, s.target, _counted(result) if m.loops else result)
    return True


def _same_name(target: facts.Expr, other: facts.Expr) -> bool:
    return isinstance(target, facts.Name) and isinstance(other, facts.Name) and target.id == other.id


def _counted(value: Any) -> Any:
    """What a loop of unknown length adds up: it is run here once or twice, and there as often as it takes."""
    if isinstance(value, Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return Unknown(why="a number that a loop adds up")
    return value


def _evaluate(m: Machine, s: facts.Evaluate) -> bool:
    m.statement = s
    call = (s.value.value if isinstance(s.value, facts.Wait) else None) or s.value
    key = (m.now.path, call.at)
    outer = m.discards.get(key)  # of the same call, where a function calls itself
    m.discards[key] = call
    try:
        usage.looked(m, evaluate(m, s.value))  # the last value of a cell is shown
    finally:
        if outer is None:
            m.discards.pop(key, None)
    return not _never_returns(s.value) or _left(m, "raise")


def _left(m: Machine, reason: str) -> bool:
    """Control does not go on after this."""
    m.heap.leaving = reason
    return False


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
    note_choice(m, s, test)
    decisions.branched(m, s, test)
    watching.guarded(m, s, test)
    if known is not None:
        return run(m, s.then if known else s.otherwise)
    usage.used(m, test)  # it decides what is done
    goes_on = gates.fork(m, test, s.test, lambda: run(m, s.then), lambda: run(m, s.otherwise))
    if goes_on and expected.always_raises(s.then):
        expected.made_sure(m, s.test, holds=False)
    return goes_on


def _with(m: Machine, s: facts.With) -> bool:
    scopes = 0
    for item in s.items:
        context = evaluate(m, item.context)
        scopes += bindings.enter(m, context)
        value = calls.enter_context(m, context, s.at)
        if item.target is not None:
            bind(m, item.target, value)
    goes_on = run(m, s.body)
    for _ in range(scopes):
        bindings.leave(m)
    return goes_on


def _try(m: Machine, s: facts.Try) -> bool:
    mark, first = len(m.heap.journal), len(m.heap.exits)
    survived = is_survived(s)
    m.tolerant += survived
    goes_on = run(m, s.body)
    m.tolerant -= survived
    goes_on = goes_on and run(m, s.otherwise)
    reason, m.heap.leaving = m.heap.leaving, ""
    if not goes_on and s.handlers and reason != "raise":
        m.heap.exits.append((reason, m.heap.changes(mark)))

    def handler(h: facts.Handler) -> bool:
        if h.name:
            m.assign(h.name, Unknown(why="it is an exception"))
        return run(m, h.body)

    if s.handlers:
        # the handlers start from the end of the body, which is later than they would; what the body found stays known
        alternatives: list[Callable[[], bool]] = [partial(handler, h) for h in s.handlers]
        if goes_on:
            alternatives.insert(0, lambda: True)
        goes_on = m.heap.fork(alternatives)
        reason = m.heap.leaving
    if s.final and not goes_on:  # whichever way it was left
        m.heap.join([state for _, state in m.heap.exits[first:]])
    if not run(m, s.final):
        return False
    m.heap.leaving = "" if goes_on else reason
    return goes_on


def _return(m: Machine, s: facts.Return) -> bool:
    m.returns(Constant(None) if s.value is None else evaluate(m, s.value))
    return _left(m, "return")


def _raise(m: Machine, s: facts.Raise) -> bool:
    if s.value is not None:
        evaluate(m, s.value)
    match s.value:
        case facts.Name(id="FileExistsError") | facts.Call(function=facts.Name(id="FileExistsError")):
            m.effects.spares = True
    return _left(m, "raise")


def _assert(m: Machine, s: facts.Assert) -> bool:
    test = evaluate(m, s.test)
    watching.asserted(m, s.test, test)
    gates.asserted(m, test, s.test)
    expected.made_sure(m, s.test, holds=True)
    return True


def _delete(m: Machine, s: facts.Delete) -> bool:
    for target in s.targets:
        match target:
            case facts.Subscript(value=owner, index=index):
                calls.delete_item(m, evaluate(m, owner), evaluate(m, index))
            case facts.Name(id=name):
                m.heap.delete(m.now.scope, name)
    return True


def _define(m: Machine, s: facts.Define) -> bool:
    function: Any = make_function(m, s.function)
    for decorator in reversed(s.function.decorators):
        function = calls.decorate(m, evaluate(m, decorator), function, decorator.at)
    m.assign(s.function.name, function)
    if m.now.scope is m.now.module_scope and isinstance(function, Function):
        services.function_defined(m, function)
    return True


def make_function(m: Machine, function: facts.Function) -> Function:
    scope = m.now.scope
    owner = scope.slots.get("<class>") if scope.kind == "class" else None
    qualified = calls.qualified_name(m, function.name)
    defaults = classes.defaults_of(m, function)
    if scope.kind == "scope":
        scope.slots["<closed over>"] = True
    return Function(function, scope, m.now.path, qualified, owner, (), defaults)


def _define_class(m: Machine, s: facts.DefineClass) -> bool:
    cls = classes.define(m, s)
    m.assign(s.name, cls)
    if isinstance(cls, Class):
        services.class_defined(m, cls)
    return True


def _global(m: Machine, s: facts.Global) -> bool:
    m.now.globals.update(s.names)
    return True


def _leave(m: Machine, s: facts.Leave) -> bool:
    return _left(m, s.kind)


def _match(m: Machine, s: facts.Match) -> bool:
    subject = evaluate(m, s.subject)
    paths: list[Callable[[], bool]] = []
    for case in s.cases:
        matches = _matches(m, case, subject)
        if matches is False:
            continue
        if matches and not paths:
            return run(m, case.body)
        paths.append(partial(_case, m, case, subject))
        if matches:
            break
    else:
        paths.append(lambda: True)
    return m.heap.fork(paths)


def _matches(m: Machine, case: facts.Case, subject: Any) -> bool | None:
    """Whether a case fits; `None` if that is not known. Its names are bound, also where its guard fails."""
    tests = [evaluate(m, test) for test in case.tests]
    known: bool | None = not tests or None
    if tests and isinstance(subject, Constant) and all(isinstance(t, Constant) for t in tests):
        known = any(t.value == subject.value for t in tests)
    if known is False or case.guard is None:
        if known:
            _bind_case(m, case, subject)
        return known
    _bind_case(m, case, subject)
    guard = truth(evaluate(m, case.guard))
    return False if guard is False else known if guard else None


def _bind_case(m: Machine, case: facts.Case, subject: Any) -> None:
    """A name within a pattern, such as `p` of `{"path": p}`, is a part of the subject that is not known."""
    is_whole = not any(isinstance(test, facts.Opaque) for test in case.tests)
    for name in case.binds:
        m.assign(name, subject if is_whole else Unknown(origins_of(subject), "it is a part of a matched value"))


def _case(m: Machine, case: facts.Case, subject: Any) -> bool:
    _bind_case(m, case, subject)
    return run(m, case.body)


_RUN: dict[type, Any] = {
    facts.Assign: _assign,
    facts.Augment: _augment,
    facts.Evaluate: _evaluate,
    facts.If: _if,
    facts.For: repetition.run_for,
    facts.While: repetition.run_while,
    facts.With: _with,
    facts.Try: _try,
    facts.Return: _return,
    facts.Raise: _raise,
    facts.Assert: _assert,
    facts.Delete: _delete,
    facts.Import: run_import,
    facts.ImportFrom: run_import_from,
    facts.Define: _define,
    facts.DefineClass: _define_class,
    facts.Global: _global,
    facts.Leave: _leave,
    facts.Match: _match,
}
