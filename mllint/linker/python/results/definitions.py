"""Classes and functions of the repository, and how often something refers to them by name.

Names are counted in the encoded facts: a text of msgpack is its length and its bytes, so that a count of these bytes is
a count of the name, in code that was never decoded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.facts.walking import PARTS
from mllint.lineage.observations import Definition
from mllint.linker.project import Project
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.defined import Defined, defined_in
from mllint.source import Span

_encode = msgspec.msgpack.Encoder().encode
_FINDS_ALL = (b"__subclasses__", b"getmembers", b"import_module", b"iter_modules", b"walk_packages")


def observe_definitions(project: Project, m: Machine) -> None:
    """Fill in `definitions`: classes, with their methods, in path order."""
    classes = _classes(m)
    if not classes:
        return
    modules = {path: _encode(file.python) for path, file in project.files.items() if file.python is not None}
    finds_all = any(word in data for data in modules.values() for word in _FINDS_ALL)
    taken = _taken_by_name(modules, m)
    names = _Names(modules.values())
    others = _Words(file for file in project.files.values() if file.python is None)
    for cls, statement in classes:
        outside = names.count(cls.name) - _encode(statement).count(_text(cls.name))
        mentions = others.count(cls.name)
        registers = finds_all or cls.path in taken or cls.registers
        span = m.span(cls.at, cls.path)
        project.observations.definitions.append(
            Definition(
                span,
                cls.name,
                cls.qualified,
                "class",
                cls.bases,
                bool(statement.decorators),
                outside + mentions,
                max(span.end_line - span.line + 1, 1),
                registers or names.is_exported(cls.name),
            )
        )
        for name, place in cls.methods:
            at = m.span(place, cls.path)
            lines = max(at.end_line - at.line + 1, 1)
            project.observations.definitions.append(
                Definition(at, name, f"{cls.qualified}.{name}", "method", (), False, 0, lines)
            )


def observe_functions(project: Project, m: Machine) -> None:
    """Where the functions stand that compute features: those of a module, and the methods of its classes."""
    found: dict[str, Span] = {}
    for feature in project.observations.features:
        file = project.files.get(feature.span.path)
        if not feature.function or feature.function in found or file is None or file.python is None:
            continue
        name = feature.function.rpartition(".")[2]
        inner = (s for each in file.python.body if isinstance(each, facts.DefineClass) for s in each.body)
        for statement in (*file.python.body, *inner):
            if isinstance(statement, facts.Define) and statement.function.name == name:
                found.setdefault(feature.function, m.span(statement.function.at, file.path))
    project.observations.functions = dict(sorted(found.items()))


def _classes(m: Machine) -> list[tuple[Defined, facts.DefineClass]]:
    found = {(cls.path, cls.at): cls for ghost in m.ghosts.values() for cls in ghost.classes}
    for path, scope in m.namespaces().items():
        found.update({(path, cls.at): cls for cls in defined_in(scope, path)})
    result = []
    for (path, at), cls in sorted(found.items(), key=lambda item: item[0]):
        module = m.project.files[path].python
        for statement in module.body if module is not None else ():
            if isinstance(statement, facts.DefineClass) and statement.at == at:
                result.append((cls, statement))
    return result


def _taken_by_name(modules: Mapping[str, bytes], m: Machine) -> set[str]:
    """Modules of which a class may be taken by a computed name: `getattr(models, config["model"])`."""
    takers = set()
    for path, data in modules.items():
        module = m.python[path]
        if b"getattr" in data and module is not None and any(map(_takes, calls_in(module.body))):
            takers.add(path)
    return takers | {path for path, importers in m.imports.importers.items() if importers & takers}


def _takes(call: facts.Call) -> bool:
    is_getattr = isinstance(call.function, facts.Name) and call.function.id == "getattr"
    return is_getattr and len(call.args) > 1 and not isinstance(call.args[1], facts.Literal)


def calls_in(node: object) -> Iterator[facts.Call]:
    """Every call in facts, functions included."""
    todo: list[Any] = [node]
    while todo:
        part = todo.pop()
        kind = type(part)
        if kind is tuple:
            todo += part
        elif kind is facts.Function:
            todo.append(facts.body_of(part))
        elif kind in PARTS:
            if kind is facts.Call:
                yield part
            todo += PARTS[kind](part)


def _text(name: str) -> bytes:
    return _encode(name)


_SHORT = re.compile(
    rb"[\xa1-\xbf][A-Za-z0-9_]+"
)  # msgpack's short text: its length and its letters, then whatever follows
_SHORTEST_LONG = 32


class _Names:
    """How often names stand in encoded modules, counted in one pass."""

    def __init__(self, modules: Iterable[bytes]) -> None:
        self._modules = list(modules)
        self._counts: Counter[bytes] = Counter()
        self._exported: set[bytes] = set()
        for data in self._modules:
            counts = Counter(
                [text[1 : (text[0] & 31) + 1] for text in _SHORT.findall(data) if len(text) > text[0] & 31]
            )
            self._counts.update(counts)
            if _text("__all__") in data:
                self._exported.update(name for name, count in counts.items() if count > 1)

    def count(self, name: str) -> int:
        if _is_short(name):
            return self._counts[name.encode()]
        return sum(data.count(_text(name)) for data in self._modules)

    def is_exported(self, name: str) -> bool:
        """Whether `__all__` and the name stand in one module: what a package offers to others."""
        if _is_short(name):
            return name.encode() in self._exported
        return any(_text("__all__") in data and data.count(_text(name)) > 1 for data in self._modules)


def _is_short(name: str) -> bool:
    return name.isascii() and len(name) < _SHORTEST_LONG


class _Words:
    """In how many files a name stands as it is, or within a longer word."""

    def __init__(self, files: Iterable[FileFacts]) -> None:
        self._files = [_encode(file) for file in files]
        self._words = [b"\n".join({*re.findall(rb"\w+", data)}) for data in self._files]

    def count(self, name: str) -> int:
        return sum(name.encode() in data for data in (self._words if name.isascii() else self._files))
