"""Which of the functions that compute features a test may reach: by names, through what the tests import.

A test reaches what it names, what that names, and what runs when a module is imported. Where two functions of one name
may be meant, both are reached: this may say too often that something is tested, never too seldom."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.walking import PARTS
from mllint.lineage.ownership import is_test
from mllint.linker.project import Project
from mllint.linker.python.imports import Imports
from mllint.linker.python.machine import Machine

_WORD = re.compile(r"[A-Za-z_][\w.]*(?:\.py)?")
_LONGEST_TEXT = 2000


class _Unit(msgspec.Struct, frozen=True):
    """A function, a class or a module (whose name is empty), apart from what stands in it and has a name of its own."""

    path: str
    name: str
    node: Any


def observe_tests(project: Project, m: Machine) -> None:
    """Fill in `tests` and `tested`. Costs nothing where no function computes a feature."""
    if not project.observations.functions:
        return
    modules = {f.path: f.python for f in project.of_kind("python") if f.python is not None}
    tests = [path for path in modules if is_test(path) or _lies_among_tests(path)]
    project.observations.tests = sorted(path for path in tests if any(_is_case(s) for s in modules[path].body))
    reached = _Reach(m.imports, modules).from_tests(tests)
    wanted = project.observations.functions
    project.observations.tested = sorted(
        name for name, span in wanted.items() if (span.path, name.rpartition(".")[2]) in reached
    )


def _lies_among_tests(path: str) -> bool:
    """`unit_tests/`, `integration-tests/`."""
    folders = posixpath.dirname(path).split("/")
    return any(re.split(r"[_-]", folder)[-1] in ("test", "tests") for folder in folders)


def _is_case(statement: facts.Stmt) -> bool:
    match statement:
        case facts.Define(function=facts.Function(name=name)):
            return name.startswith("test")
        case facts.DefineClass(name=name, body=body):
            return "Test" in name or any(map(_is_case, body))
    return False


class _Reach:
    def __init__(self, imports: Imports, modules: dict[str, facts.Module]) -> None:
        self._imports = imports
        self._modules = modules
        self._by_name: dict[str, list[_Unit]] = defaultdict(list)
        self._by_path: dict[str, list[_Unit]] = defaultdict(list)
        self._by_file: dict[str, list[str]] = defaultdict(list)  # modules by the name of their file
        self._by_route: dict[str, list[_Unit]] = defaultdict(list)
        for path, module in modules.items():
            self._by_file[posixpath.basename(path)].append(path)
            self._define(path, module.body)
        self._imported: dict[str, set[str]] = {}
        self._below: dict[str, set[str]] = {}
        self._done: set[tuple[str, str, int]] = set()
        self._todo: list[_Unit] = []

    def _define(self, path: str, statements: Iterable[facts.Stmt]) -> None:
        for statement in statements:
            match statement:
                case facts.Define(function=function):
                    self._add(_Unit(path, function.name, function))
                    for route in _routes(function):
                        self._by_route[route].append(_Unit(path, function.name, function))
                case facts.DefineClass(name=name, body=body):
                    self._add(_Unit(path, name, statement))
                    self._define(path, body)
                case facts.If() | facts.Try() | facts.With():
                    self._define(path, _blocks(statement))

    def _answer(self, text: str) -> None:
        """A test asks a service by its address: `requests.post("http://localhost:8000/predict")`."""
        path = re.sub(r"^https?://[^/]*", "", text).partition("?")[0].rstrip("/")
        for unit in self._by_route.get(path, ()):
            self._visit(unit)

    def _add(self, unit: _Unit) -> None:
        self._by_name[unit.name].append(unit)
        self._by_path[unit.path].append(unit)

    def from_tests(self, tests: list[str]) -> set[tuple[str, str]]:
        """Paths and names of the functions and classes that are reached."""
        for path in tests:
            self._run(path)
        found: set[tuple[str, str]] = set()
        while self._todo:
            unit = self._todo.pop()
            found.add((unit.path, unit.name))
            self._follow(unit)
        return found

    def _visit(self, unit: _Unit) -> None:
        key = (unit.path, unit.name, getattr(unit.node, "at", 0))
        if key not in self._done:
            self._done.add(key)
            self._todo.append(unit)

    def _load(self, path: str) -> None:
        """A module is imported."""
        self._visit(_Unit(path, "", tuple(s for s in self._modules[path].body if not _is_main(s))))

    def _run(self, path: str) -> None:
        """A module is a script that is started, or tests: nothing in it is left out."""
        self._visit(_Unit(path, "<script>", self._modules[path].body))
        for unit in self._by_path[path]:
            self._visit(unit)

    def _follow(self, unit: _Unit) -> None:
        """What one unit names, of what its file sees."""
        names, texts = _named(unit.node)
        for module in self._imports_of(unit.path):
            self._load(module)
        for text in texts:
            if "." in text:
                self._told(unit.path, text)
            if "/" in text and is_test(unit.path):
                self._answer(text)
        seen = self._seen_by(unit.path)
        for name in names:
            for other in self._by_name.get(name, ()):
                if other.path in seen:
                    self._visit(other)
                    if isinstance(other.node, facts.DefineClass):
                        self._make(other.path, other.node)

    def _make(self, path: str, cls: facts.DefineClass) -> None:
        """Of a class that somebody makes, what is called without a name: all methods of one that is derived from
        something, since that may call them."""
        for inner in cls.body:
            if isinstance(inner, facts.Define):
                method = inner.function
                if cls.bases or cls.decorators or method.decorators or method.name.startswith("__"):
                    self._visit(_Unit(path, method.name, method))

    def _told(self, path: str, text: str) -> None:
        """A text may name a script that is started, a module, or a function with its module."""
        for word in _WORD.findall(text):
            if word.endswith(".py"):
                for other in self._by_file.get(posixpath.basename(word), ()):
                    self._run(other)
            elif "." in word:
                parts = word.split(".")
                dotted = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
                module = next((m for d in dotted if (m := self._imports.path_of(d, path)) in self._modules), None)
                if module is not None:
                    self._run(module)

    def _seen_by(self, path: str) -> set[str]:
        """A file and all modules that it imports, also through others."""
        if path not in self._below:
            found = {path}
            todo = [path]
            while todo:
                added = self._imports_of(todo.pop()) - found
                found |= added
                todo += added
            self._below[path] = found
        return self._below[path]

    def _imports_of(self, path: str) -> set[str]:
        if path not in self._imported:
            module = self._modules[path]
            body: tuple[facts.Stmt, ...] = tuple(
                s for s in module.body if isinstance(s, facts.Import | facts.ImportFrom)
            )
            if len(body) < len(module.imported):  # some stand further in
                body = module.body
            dotted = _imported(body, self._imports, path)
            modules = {self._imports.path_of(name, path) for name in dotted}
            self._imported[path] = {module for module in modules if module in self._modules}
        return self._imported[path]


def _imported(node: Any, imports: Imports, path: str) -> Iterator[str]:
    """Dotted names of what a module imports, anywhere in it."""
    match node:
        case facts.Import(names=names):
            for alias in names:
                parts = alias.name.split(".")
                yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        case facts.ImportFrom(module=module, level=level, names=names):
            dotted = imports.absolute(module, level, path)
            yield dotted
            yield from (f"{dotted}.{alias.name}" if dotted else alias.name for alias in names)
        case facts.Function():
            yield from _imported(facts.body_of(node), imports, path)
        case tuple():
            for item in node:
                yield from _imported(item, imports, path)
        case facts.Define(function=function):
            yield from _imported(function, imports, path)
        case facts.DefineClass() | facts.If() | facts.Try() | facts.With() | facts.For() | facts.While():
            yield from _imported(tuple(_blocks(node)), imports, path)


def _blocks(statement: Any) -> Iterator[facts.Stmt]:
    """The statements within a statement."""
    for name in ("body", "then", "otherwise", "final"):
        yield from getattr(statement, name, ())
    for handler in getattr(statement, "handlers", ()):
        yield from handler.body


def _named(node: Any) -> tuple[set[str], list[str]]:
    """Names and texts in a function with all that stands in it, or in a class or module without its functions."""
    names: set[str] = set()
    texts: list[str] = []
    leaves_out = not isinstance(node, facts.Function)
    todo: list[Any] = [node]
    if isinstance(node, facts.DefineClass):
        todo = [node.bases, node.decorators, node.body]
    while todo:
        part = todo.pop()
        kind = type(part)
        if kind is facts.Name:
            names.add(part.id)
        elif kind is facts.Attribute:
            names.add(part.name)
            todo.append(part.value)
        elif kind is facts.Literal:
            if isinstance(part.value, str) and len(part.value) <= _LONGEST_TEXT:
                texts.append(part.value)
        elif kind is tuple:
            todo += part
        elif kind is facts.Function and leaves_out and part.name != "<lambda>":
            todo += [part.decorators, *(parameter.default for parameter in part.parameters)]
            names.update([part.name] if part.decorators else [])  # registered, so that others call it
        elif kind is facts.Function:
            todo += [part.decorators, part.parameters, facts.body_of(part)]
        elif kind is facts.DefineClass and leaves_out:
            todo += [part.decorators, part.bases]
            names.update([part.name] if part.decorators else [])
        elif kind in PARTS:
            todo += PARTS[kind](part)
    return names, texts


def _routes(function: facts.Function) -> Iterator[str]:
    """The addresses in its decorators: `@app.post("/predict")`."""
    for decorator in function.decorators:
        for argument in decorator.args if isinstance(decorator, facts.Call) else ():
            if isinstance(argument, facts.Literal) and isinstance(argument.value, str) and argument.value[:1] == "/":
                yield argument.value.rstrip("/")


def _is_main(statement: facts.Stmt) -> bool:
    """`if __name__ == "__main__":`"""
    if not isinstance(statement, facts.If) or not isinstance(statement.test, facts.Compare):
        return False
    return any(isinstance(s, facts.Name) and s.id == "__name__" for s in (statement.test.left, *statement.test.rights))
