"""Code behind a setting that is no experiment: a refusal, a message, what stands in for a thing that is off."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts import python as facts
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.values import Class, Function
from mllint.linker.python.machine import Machine


def is_no_experiment(m: Machine, dead: tuple[facts.Stmt, ...], outcome: bool, is_on: bool) -> bool:
    """Whether the side of a branch that never runs does no work. `outcome` is that of the test, `is_on` that the
    setting is true wherever it is set."""
    if all(_refuses(m, statement) for statement in dead) or all(map(_gives_nothing, dead)):
        return True
    return (outcome and all(map(_is_nothing, dead))) or (is_on and all(map(_stands_in, dead)))


def _is_end(statement: facts.Stmt) -> bool:
    match statement:
        case facts.Raise():
            return True
        case facts.Evaluate(value=facts.Call(function=facts.Name(id="exit" | "quit"))):
            return True
        case facts.Evaluate(value=facts.Call(function=facts.Attribute(value=facts.Name(id="sys"), name="exit"))):
            return True
    return False


def _refuses(m: Machine, statement: facts.Stmt) -> bool:
    """A check of a setting, not a choice: `fail("window must be positive")`, `problems.append("no target given")`."""
    match statement:
        case facts.Evaluate(value=facts.Call(function=facts.Attribute(name="append" | "add"), args=(told,))):
            return _is_sentence(told)
        case facts.Evaluate(value=facts.Call(function=facts.Name(id=name) | facts.Attribute(name=name))):
            if any(_always_ends(function) for function in _functions_called(m, name)):
                return True
    return _is_end(statement) or _reports(statement)


def _functions_called(m: Machine, name: str) -> Iterator[Function]:
    for scope in m.modules.values():
        scopes = [scope, *(value.scope for value in scope.slots.values() if isinstance(value, Class))]
        for value in (each.slots.get(name) for each in scopes):
            if isinstance(value, Function):
                yield value


def _always_ends(function: Function) -> bool:
    """`def fail(why): raise ConfigError(why)`."""
    body = facts.body_of(function.facts)
    return bool(body) and _is_end(body[-1])


def _is_sentence(told: facts.Expr) -> bool:
    match told:
        case facts.Literal(value=str() as text):
            return " " in text
        case facts.Text(parts=parts):
            return any(map(_is_sentence, parts))
    return False


_REPORTS = (
    "print", "display", "log", "logging", "logger", "plt", "sns", "warnings", "pprint", "mlflow", "st", "click",
)  # fmt: skip


def _is_nothing(statement: facts.Stmt) -> bool:
    """What stands for a thing that is switched off, where the switch is on: `else: forest = None`."""
    match statement:
        case facts.Assign(value=facts.Literal(value=None)) | facts.Return(value=facts.Literal(value=None) | None):
            return True
    return _reports(statement)


def _stands_in(statement: facts.Stmt) -> bool:
    """What is told of a thing that is switched off: `else: drift = {"skipped": True, "reason": "disabled"}`."""
    match statement:
        case facts.Assign(value=value) | facts.Return(value=value):
            return value is None or _is_literal(value)
    return _reports(statement)


def _is_literal(value: facts.Expr) -> bool:
    match value:
        case facts.Literal():
            return True
        case facts.Collection(items=items):
            return all(map(_is_literal, items))
        case facts.Mapping(keys=keys, values=values):
            return all(key is not None and _is_literal(key) for key in keys) and all(map(_is_literal, values))
    return False


def _gives_nothing(statement: facts.Stmt) -> bool:
    """The way out of a step that is switched off: `if not config.backup: log.info("skipped"); return None, None`."""
    match statement:
        case facts.Return(value=facts.Literal(value=None) | None):
            return True
        case facts.Return(value=facts.Collection(items=items)):
            return all(isinstance(item, facts.Literal) and item.value is None for item in items)
    return _reports(statement)


def _reports(statement: facts.Stmt) -> bool:
    """Whether a statement only tells people something: `print(tree.get_depth())`, `plt.show()`, `pass`. Refusing a
    wrong setting is telling too: `if split not in ("random", "time"): raise ValueError(split)`."""
    match statement:
        case _ if _is_end(statement):
            return True
        case facts.Evaluate(value=facts.Call(function=function)):
            return written(function).partition(".")[0] in _REPORTS
        case facts.Evaluate(value=facts.Literal() | facts.Opaque()):
            return True
        case facts.If(then=then, otherwise=otherwise):
            return all(map(_reports, (*then, *otherwise)))
        case facts.For(body=body):
            return all(map(_reports, body))
    return False
