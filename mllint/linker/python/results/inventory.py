"""What there is besides data flow: imports, definitions, branches that settings decide."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.config import Value
from mllint.lineage.observations import Branch, Setting
from mllint.linker.project import Project
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.values import Class, Function
from mllint.linker.python.machine import Machine
from mllint.source import Span

_encode = msgspec.msgpack.Encoder().encode


def imported_modules(project: Project) -> dict[str, tuple[str, ...]]:
    """Top-level names of the modules that each Python file imports."""
    files = project.of_kind("python", "notebook")
    return {file.path: file.python.imports for file in files if file.python is not None}


def observe(project: Project, m: Machine) -> None:
    """What the interpreter saw, and what its library models say, of scripts and branches."""
    observe_hosts(project, m)
    observe_branches(project, m)


def observe_hosts(project: Project, m: Machine) -> None:
    """A file that imports a scheduler's library is started by it: a DAG of Airflow, a page of Streamlit."""
    imported = imported_modules(project)
    project.observations.scripts = [
        msgspec.structs.replace(
            script, is_mentioned=script.is_mentioned or bool(m.library.hosts & {*imported[script.path]})
        )
        for script in project.observations.scripts
    ]


def observe_branches(project: Project, m: Machine) -> None:
    """Branches whose outcome is the same for every value that a setting takes."""
    configs = defaultdict(list)
    for path, file in project.files.items():
        if file.config is not None:
            configs[posixpath.dirname(path)].append(path)
    made = {edge.target.removeprefix("file:") for edge in project.graph.edges() if edge.strength != "declared"}
    for (path, at), outcomes in sorted(m.branches.items(), key=lambda item: item[0]):
        settings = outcomes.settings
        if len(outcomes.known) != 1 or None in outcomes.known or not settings:
            continue
        statement = _statement(m.python[path], at)
        if statement is None:
            continue
        outcome = True in outcomes.known
        dead = statement.otherwise if outcome else statement.then
        if not dead:
            continue
        if any(_differs_beside(project, configs[posixpath.dirname(place.path)], place) for place in settings):
            continue  # `conf/pipeline/prod.yaml` beside `local.yaml`: whoever starts it chooses
        if any(place.path in made for place in settings):
            continue  # `json.dump(registry, ...)`: what a job writes may be anything tomorrow
        span = m.span(statement.test.at, path)
        first, last = m.span(dead[0].at, path), m.span(dead[-1].at, path)
        cut = Span(path, first.line, first.column, last.end_line, last.end_column, first.cell)
        values = tuple(Setting(value_of(project, place), place) for place in sorted(settings))
        project.observations.branches.append(
            Branch(
                span,
                written(_subject(statement.test)),
                written(statement.test),
                outcome,
                values,
                (cut,),
                cut.end_line - cut.line + 1,
                all(_refuses(m, statement) for statement in dead)
                or all(map(_gives_nothing, dead))
                or (outcome and all(map(_is_nothing, dead))),
            )
        )


def _statement(node: Any, at: facts.At) -> facts.If | None:
    """The `if` at a place of a module."""
    if isinstance(node, facts.If) and node.at == at:
        return node
    if isinstance(node, facts.Function):
        return _statement(facts.body_of(node), at)
    if isinstance(node, msgspec.Struct):
        node = tuple(getattr(node, name) for name in node.__struct_fields__)
    parts = node if isinstance(node, tuple) else ()
    return next((found for part in parts if (found := _statement(part, at)) is not None), None)


def _subject(test: facts.Expr) -> facts.Expr:
    """What a test asks about: `params["model"]` of `params["model"] == "forest"`."""
    match test:
        case facts.Unary(operator="not", operand=operand):
            return _subject(operand)
        case facts.Compare(left=facts.Literal(), rights=(right,)):
            return right
        case facts.Compare(left=left):
            return left
    return test


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


_REPORTS = ("print", "display", "log", "logging", "logger", "plt", "sns", "warnings", "pprint", "mlflow")


def _is_nothing(statement: facts.Stmt) -> bool:
    """What stands for a thing that is switched off, where the switch is on: `else: forest = None`."""
    match statement:
        case facts.Assign(value=facts.Literal(value=None)) | facts.Return(value=facts.Literal(value=None) | None):
            return True
    return _reports(statement)


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


def value_of(project: Project, place: Span) -> Any:
    """The value that is written at a place in a configuration file."""
    found = _written_at(project, place)
    return found[1] if found else None


def _written_at(project: Project, place: Span) -> tuple[tuple[str | int, ...], Any] | None:
    """The keys that lead to a place in a configuration file, and the value there."""
    root = project.config(place.path)
    todo: list[tuple[tuple[str | int, ...], Value]] = [((), root)] if root is not None else []
    while todo:
        keys, value = todo.pop()
        if value.kind == "scalar" and (value.line, value.column) == (place.line, place.column):
            return keys, value.value
        todo += [((*keys, number), item) for number, item in enumerate(value.items)]
        todo += [((*keys, entry.key), entry.value) for entry in value.entries]
    return None


def _differs_beside(project: Project, paths: list[str], place: Span) -> bool:
    """Whether another of the files of one folder, of the same kind, gives the setting another value."""
    found = _written_at(project, place)
    if found is None or not found[0]:
        return False
    keys, value = found
    kind = posixpath.splitext(place.path)[1]
    beside = [path for path in paths if path.endswith(kind) and path != place.path]
    others = [_at(project.config(path), keys) for path in beside]
    return any(other is not None and other.kind == "scalar" and other.value != value for other in others)


def _at(value: Value | None, keys: tuple[str | int, ...]) -> Value | None:
    for key in keys:
        if value is None or isinstance(key, int):
            return None
        value = next((entry.value for entry in value.entries if entry.key == key), None)
    return value
