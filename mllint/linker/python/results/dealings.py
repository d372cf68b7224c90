"""Which modules are made of conversions to and from the types of one package.

    doc = Doc(vocab, words=row["words"])                    # into its types: a type is made of something plain
    return [(e.text, e.label_) for e in doc.ents]           # and back: what is taken of them becomes plain

It is read, not interpreted. Only packages are looked at whose types modules of several folders name; what is no type
(`requests.get(url)`), and what is done with an object for its own sake (`ax.plot(x)`), converts nothing."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.facts.walking import parts
from mllint.lineage.observations import Dealing
from mllint.linker.project import Project
from mllint.linker.python.entries import is_test
from mllint.linker.python.machine import Machine

Objects = dict[str, int]
FEWEST_FOLDERS = 3  # of modules that name a type of the package: one converts, two others see the objects too


def observe_dealings(project: Project, m: Machine) -> None:
    """Fill in `dealings`."""
    files = [file for file in project.of_kind("python") if file.python is not None and not is_test(file.path)]
    folders: dict[str, set[str]] = defaultdict(set)
    for file in files:
        for package in _packages(file):
            folders[package].add(posixpath.dirname(file.path))
    wanted = {
        package
        for package, found in folders.items()
        if len(found) >= FEWEST_FOLDERS and package not in m.library.common and package not in sys.stdlib_module_names
    }
    for file in files:
        packages = sorted(wanted.intersection(_packages(file)))
        if packages:
            project.observations.dealings += _dealings(m, file, packages)


def _packages(file: FileFacts) -> set[str]:
    return set(file.python.imports) if file.python is not None else set()


def _dealings(m: Machine, file: FileFacts, packages: list[str]) -> Iterator[Dealing]:
    assert file.python is not None
    first: dict[str, facts.At] = {}
    for statement in file.python.imported:
        for package in _imported(statement):
            first.setdefault(package, statement.at)
    packages = [
        package for package in packages
        if package in first and m.imports.path_of(package, file.path) is None  # no package of the repository itself
    ]  # fmt: skip
    if not packages:
        return
    reader = _Reader(m, packages)
    for statement in file.python.imported:
        reader.take_names(statement, {package for package in _imported(statement) if first[package] == statement.at})
    reader.block(file.python.body, {})
    for package, bit in reader.bits.items():
        if reader.types[bit]:
            places = tuple(m.span(at, file.path) for at, mask in reader.converting if mask & bit)
            types = tuple(sorted(reader.types[bit]))
            yield Dealing(package, m.span(first[package], file.path), types, reader.statements, places)


def _imported(statement: facts.Import | facts.ImportFrom) -> list[str]:
    """The top-level packages that a statement imports."""
    if isinstance(statement, facts.ImportFrom):
        return [] if statement.level else [statement.module.partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in statement.names]


class _Reader:
    """Counts statements, and those that convert, for all packages at once: a set of packages is a number, with a bit
    for each. `objects` tells of names of a scope that hold more than a literal of which packages it is an object; it is
    None where none of them is spoken of, so that statements are only counted."""

    def __init__(self, m: Machine, packages: list[str]) -> None:
        self.m = m
        self.into, self.out_of = tuple(m.library.into), tuple(m.library.out_of)
        self.bits = {package: 1 << i for i, package in enumerate(packages)}
        self.all = (1 << len(packages)) - 1
        self.names: dict[str, int] = {}  # as the module calls what it imports -> the packages
        self.types: dict[int, set[str]] = {bit: set() for bit in self.bits.values()}
        self.statements = 0
        self.converting: list[tuple[facts.At, int]] = []

    def take_names(self, statement: facts.Import | facts.ImportFrom, packages: set[str] | None = None) -> None:
        """Note the names that an import binds, of these packages."""
        for alias in statement.names:
            if isinstance(statement, facts.ImportFrom):
                package = "" if statement.level else statement.module.partition(".")[0]
            else:
                package = alias.name.partition(".")[0]
            bit = self.bits.get(package, 0)
            if not bit or (packages is not None and package not in packages):
                continue
            if isinstance(statement, facts.ImportFrom):
                name = alias.asname or alias.name
                self.types[bit].update([alias.name] if _is_type(alias.name) else [])
            else:
                name = alias.asname or package
            self.names[name] = self.names.get(name, 0) | bit

    # -------------------------------------------------------------------------------------- statements

    def block(self, statements: tuple[facts.Stmt, ...], objects: Objects | None) -> None:
        for statement in statements:
            self.statement(statement, objects)

    def statement(self, statement: facts.Stmt, objects: Objects | None) -> None:
        match statement:
            case facts.Import() | facts.ImportFrom():
                self.take_names(statement)
                return
            case facts.Define(function=function):
                self.function(function, objects)
                return
            case facts.DefineClass(body=body):  # fields of a class are declared, not converted
                inner = dict(objects) if objects is not None else None
                self.block(tuple(part for part in body if isinstance(part, facts.Define)), inner)
                return
            case facts.Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                for part in (body, *(handler.body for handler in handlers), otherwise, final):
                    self.block(part, objects)
                return
            case facts.Evaluate(value=facts.Literal()) | facts.Raise():
                return
        self.statements += 1
        if objects is not None:
            mask = self.convert(_heads(statement), objects, self.all)
            if mask:
                self.converting.append((statement.at, mask))
            self.bind(statement, objects)
        for block in _blocks(statement):
            self.block(block, objects)

    def function(self, function: facts.Function, objects: Objects | None) -> None:
        inner: Objects | None = None
        if objects is not None:
            inner = objects | {each.name: self.is_package(each.annotation) for each in function.parameters}
            inner = inner if self.speaks(function, inner) else None
        before = len(self.converting)
        self.block(self.m.body(function), inner)
        if function.name == "__init__":  # what an object is set up with: a client, the parts of a stack
            del self.converting[before:]

    def speaks(self, function: facts.Function, objects: Objects) -> bool:
        """Whether a name that matters stands anywhere in a function; rather too often."""
        text = bytes(function.body)
        names = (*self.bits, *self.names, *(name for name, mask in objects.items() if mask))
        return any(name.encode("utf-8", "replace") in text for name in names)

    def bind(self, statement: facts.Stmt, objects: Objects) -> None:
        match statement:
            case facts.Assign(targets=targets, value=value):
                if value is None or isinstance(value, facts.Literal):
                    return
                held = self.is_object(value, objects)
            case facts.For(target=target, iterable=value):
                targets, held = (target,), self.is_object(value, objects)
            case facts.With(items=items):
                for item in items:
                    if isinstance(item.target, facts.Name):
                        objects[item.target.id] = self.is_object(item.context, objects)
                return
            case _:
                return
        for target in targets:
            objects.update(dict.fromkeys(_bound(target), held))

    # ------------------------------------------------------------------------------------- expressions

    def convert(self, expressions: Iterable[Any], objects: Objects, wanted: int) -> int:
        """The packages, among those wanted, of which any of these expressions makes types of something plain, or the
        other way round. What comes after the one that does is not looked at."""
        found = 0
        for expression in expressions:
            found |= self.converts(expression, objects, wanted & ~found)
            if found == wanted:
                break
        return found

    def converts(self, expression: Any, objects: Objects, wanted: int) -> int:
        found = 0
        match expression:
            case facts.Name() | facts.Literal() | facts.Lambda():
                return 0
            case facts.Call():
                found = self.call_converts(expression, objects, wanted)
            case facts.Comprehension(element=element, value=value, generators=generators):
                inner = dict(objects)
                for generator in generators:
                    held = self.is_object(generator.iterable, objects)
                    inner.update(dict.fromkeys(_bound(generator.target), held))
                for part in (element, *((value,) if value is not None else ())):
                    found |= self.takes_out(part, inner) & wanted
                    found |= self.converts(part, inner, wanted & ~found)
                return found
            case facts.Mapping(values=values) | facts.Collection(items=values):
                for part in values:
                    found |= self.takes_out(part, objects) & wanted
        return found if found == wanted else found | self.convert(_inside(expression), objects, wanted & ~found)

    def call_converts(self, call: facts.Call, objects: Objects, wanted: int) -> int:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        last = _last(call.function)
        found = made = 0
        if _is_type(last) or last.startswith(self.into):
            made = self.is_package(call.function) & wanted
            for bit in self.types if made and _is_type(last) else ():
                if made & bit:
                    self.types[bit].add(last)
            for value in given if made else ():
                found |= self.is_data(value, objects, made & ~found)
        if last in self.m.library.plain:
            for value in given:
                found |= self.is_object(value, objects) & wanted & ~made
        if isinstance(call.function, facts.Attribute) and last.startswith(self.out_of):
            found |= self.is_object(call.function.value, objects) & wanted & ~made
        return found

    def is_data(self, expression: Any, objects: Objects, wanted: int) -> int:
        """The packages for which an expression speaks of a value that the code has, and that is none of their
        objects."""
        wanted &= ~self.is_object(expression, objects)
        if not wanted:
            return 0
        if isinstance(expression, facts.Name):
            return wanted if expression.id in objects and expression.id not in ("self", "cls") else 0
        found = 0
        for part in _inside(expression):
            found |= self.is_data(part, objects, wanted & ~found)
        return found

    def takes_out(self, expression: facts.Expr, objects: Objects) -> int:
        """`entity.text`, alone or in a tuple"""
        match expression:
            case facts.Collection(items=items):
                found = 0
                for item in items:
                    found |= self.takes_out(item, objects)
                return found
            case facts.Attribute(value=value) | facts.Subscript(value=value):
                return self.is_object(value, objects)
        return 0

    def is_object(self, expression: Any, objects: Objects) -> int:
        match expression:
            case facts.Name(id=id):
                return objects.get(id, 0)
            case facts.Call(function=function):
                called = self.is_object(function, objects)
                made = self.is_package(function) & ~called
                is_plain = isinstance(function, facts.Attribute) and function.name.startswith(self.out_of)
                return made if is_plain else made | called
            case facts.Attribute(value=value) | facts.Subscript(value=value) | facts.Star(value=value):
                return self.is_object(value, objects)
            case facts.Wait(value=value):
                return self.is_object(value, objects)
        return 0

    def is_package(self, expression: Any) -> int:
        """Of which packages a name, or a type in an annotation, is."""
        while isinstance(expression, facts.Attribute):
            expression = expression.value
        return self.names.get(expression.id, 0) if isinstance(expression, facts.Name) else 0


def _bound(target: facts.Expr) -> Iterator[str]:
    """The names that an assignment or loop binds."""
    for each in target.items if isinstance(target, facts.Collection) else (target,):
        if isinstance(each, facts.Name):
            yield each.id


def _is_type(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _last(function: facts.Expr) -> str:
    match function:
        case facts.Attribute(name=name):
            return name
        case facts.Name(id=id):
            return id
    return ""


def _heads(statement: facts.Stmt) -> list[Any]:
    """The expressions of a statement itself, without the blocks below it."""
    match statement:
        case facts.If(test=head) | facts.For(iterable=head) | facts.While(test=head) | facts.Match(subject=head):
            return [head]
        case facts.With(items=items):
            return [item.context for item in items]
    return _inside(statement)


def _blocks(statement: facts.Stmt) -> list[tuple[facts.Stmt, ...]]:
    match statement:
        case facts.If(then=first, otherwise=second):
            return [first, second]
        case facts.For(body=first, otherwise=second) | facts.While(body=first, otherwise=second):
            return [first, second]
        case facts.With(body=body):
            return [body]
        case facts.Match(cases=cases):
            return [case.body for case in cases]
    return []


def _inside(node: Any) -> list[Any]:
    return [part for part in parts(node) if not isinstance(part, facts.Function)]
