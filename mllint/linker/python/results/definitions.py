"""Classes and functions of the repository, and how often something refers to them by name.

Names are counted in the encoded facts: a text of msgpack is its length and its bytes, so that a count of these bytes is
a count of the name, in code that was never decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage.observations import Definition
from mllint.linker.project import Project
from mllint.linker.python.abstract.values import Class, External, Function
from mllint.linker.python.machine import Machine
from mllint.source import Span

_encode = msgspec.msgpack.Encoder().encode
_FINDS_ALL = (b"__subclasses__", b"getmembers", b"import_module", b"iter_modules", b"walk_packages")


def observe_definitions(project: Project, m: Machine) -> None:
    """Fill in `definitions`: classes, with their methods, in path order."""
    classes = _classes(m)
    if not classes:
        return
    modules = [_encode(file.python) for file in project.files.values() if file.python is not None]
    others = [_encode(file) for file in project.files.values() if file.python is None]
    finds_all = any(word in data for data in modules for word in _FINDS_ALL)
    taken = _taken_by_name(project, m)
    for cls, statement in classes:
        outside = _count(modules, cls.name) - _encode(statement).count(_text(cls.name))
        mentions = sum(cls.name.encode() in data for data in others)
        registers = finds_all or cls.path in taken or _registers(cls)
        span = m.span(cls.at, cls.path)
        project.observations.definitions.append(
            Definition(
                span,
                cls.name,
                cls.qualified,
                "class",
                tuple(filter(None, map(_name, cls.bases))),
                bool(statement.decorators),
                outside + mentions,
                max(span.end_line - span.line + 1, 1),
                registers or _is_exported(modules, cls.name),
            )
        )
        for name, value in cls.scope.slots.items():
            if isinstance(value, Function) and value.scope is cls.scope:
                at = m.span(value.facts.at, cls.path)
                lines = max(at.end_line - at.line + 1, 1)
                project.observations.definitions.append(
                    Definition(at, name, f"{cls.qualified}.{name}", "method", (), False, 0, lines)
                )


def observe_functions(project: Project, m: Machine) -> None:
    """Where the functions stand that compute features."""
    wanted = {feature.function for feature in project.observations.features if feature.function}
    found: dict[str, Span] = {}
    for scope in {**m.scripts, **m.modules}.values():
        own = [*scope.slots.values()]
        inner = [value for cls in own if isinstance(cls, Class) for value in cls.scope.slots.values()]
        for value in (*own, *inner):
            if isinstance(value, Function) and value.qualified in wanted:
                found[value.qualified] = m.span(value.facts.at, value.path)
    project.observations.functions = dict(sorted(found.items()))


def _classes(m: Machine) -> list[tuple[Class, facts.DefineClass]]:
    found: dict[tuple[str, int], Class] = {}
    for path, scope in {**m.modules, **m.scripts}.items():
        for value in scope.slots.values():
            if isinstance(value, Class) and value.path == path:
                found[path, value.at] = value
    result = []
    for (path, at), cls in sorted(found.items(), key=lambda item: item[0]):
        module = m.project.files[path].python
        for statement in module.body if module is not None else ():
            if isinstance(statement, facts.DefineClass) and statement.at == at:
                result.append((cls, statement))
    return result


def _registers(cls: Class) -> bool:
    """Whether a base, near or far, notes each class that derives from it."""
    bases = [base for base in cls.bases if isinstance(base, Class)]
    return any("__init_subclass__" in base.scope.slots or _registers(base) for base in bases)


def _taken_by_name(project: Project, m: Machine) -> set[str]:
    """Modules of which a class may be taken by a computed name: `getattr(models, config["model"])`."""
    modules = {file.path: file.python for file in project.of_kind("python", "notebook") if file.python is not None}
    takers = {
        path
        for path, module in modules.items()
        if b"getattr" in _encode(module) and any(map(_takes, calls_in(module.body)))
    }
    return takers | {path for path, importers in m.imports.importers.items() if importers & takers}


def _takes(call: facts.Call) -> bool:
    is_getattr = isinstance(call.function, facts.Name) and call.function.id == "getattr"
    return is_getattr and len(call.args) > 1 and not isinstance(call.args[1], facts.Literal)


def calls_in(node: object) -> Iterator[facts.Call]:
    """Every call in facts, functions included."""
    if isinstance(node, facts.Function):
        node = facts.body_of(node)
    if isinstance(node, facts.Call):
        yield node
    if isinstance(node, tuple):
        for item in node:
            yield from calls_in(item)
    elif isinstance(node, msgspec.Struct):
        for name in node.__struct_fields__:
            yield from calls_in(getattr(node, name))


def _text(name: str) -> bytes:
    return _encode(name)


def _count(modules: list[bytes], name: str) -> int:
    wanted = _text(name)
    return sum(data.count(wanted) for data in modules)


def _is_exported(modules: list[bytes], name: str) -> bool:
    """Whether `__all__` and the name stand in one module: what a package offers to others."""
    wanted, exports = _text(name), _text("__all__")
    return any(exports in data and data.count(wanted) > 1 for data in modules)


def _name(base: Any) -> str:
    match base:
        case Class(qualified=qualified):
            return qualified
        case External(name=name):
            return name
    return ""
