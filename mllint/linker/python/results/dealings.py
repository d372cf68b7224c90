"""Which modules are made of conversions to and from the types of one package.

    doc = Doc(vocab, words=row["words"])                    # into its types: a type is made of something plain
    return [(e.text, e.label_) for e in doc.ents]           # and back: what is taken of them becomes plain

It is read, not interpreted. Only packages are looked at whose types modules of several folders name; what is no type
(`requests.get(url)`), and what is done with an object for its own sake (`ax.plot(x)`), converts nothing."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.lineage.observations import Dealing
from mllint.linker.project import Project
from mllint.linker.python.entries import is_test
from mllint.linker.python.machine import Machine

COMMON = {"numpy", "pandas", "polars", "pyspark", "sklearn", "torch"}  # what every module of the field speaks
FEWEST_FOLDERS = 3  # of modules that name a type of the package: one converts, two others see the objects too
_INTO = ("from_", "From", "as_", "parse_")
_OUT_OF = ("to_", "To", "as_", "tolist", "numpy", "item", "items", "values", "json", "dict", "model_dump", "asdict")
_PLAIN = {
    "float", "int", "str", "bool", "list", "dict", "tuple", "set", "array", "asarray", "DataFrame", "Series", "tensor",
    "Tensor", "from_numpy", "stack", "concatenate", "vstack", "hstack", "sorted",
}  # fmt: skip


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
        if len(found) >= FEWEST_FOLDERS and package not in COMMON and package not in sys.stdlib_module_names
    }
    for file in files:
        for package in sorted(wanted.intersection(_packages(file))):
            dealing = _dealing(m, file, package)
            if dealing is not None:
                project.observations.dealings.append(dealing)


def _packages(file: FileFacts) -> set[str]:
    return set(file.python.imports) if file.python is not None else set()


def _dealing(m: Machine, file: FileFacts, package: str) -> Dealing | None:
    assert file.python is not None
    reader = _Reader(m, package)
    first = next((each for each in file.python.imported if reader.takes_names(each)), None)
    if first is None or m.imports.path_of(package, file.path) is not None:
        return None  # a package of the repository itself
    reader.block(file.python.body, {})
    if not reader.types:
        return None
    places = tuple(m.span(at, file.path) for at in reader.converting)
    return Dealing(package, m.span(first.at, file.path), tuple(sorted(reader.types)), reader.statements, places)


class _Reader:
    """Counts statements, and those that convert. `objects` tells of names of a scope that hold more than a literal
    whether it is an object of the package."""

    def __init__(self, m: Machine, package: str) -> None:
        self.m = m
        self.package = package
        self.names: dict[str, str] = {}  # as the module calls what it imports -> the name in the package
        self.types: set[str] = set()
        self.statements = 0
        self.converting: list[int] = []

    def takes_names(self, statement: facts.Import | facts.ImportFrom) -> bool:
        """Note the names that an import binds, if it is one of the package."""
        if isinstance(statement, facts.ImportFrom):
            if statement.level or statement.module.partition(".")[0] != self.package:
                return False
            self.names.update({alias.asname or alias.name: alias.name for alias in statement.names})
            self.types.update(alias.name for alias in statement.names if _is_type(alias.name))
            return True
        found = {
            alias.asname or self.package: alias.name
            for alias in statement.names
            if alias.name.partition(".")[0] == self.package
        }
        self.names.update(found)
        return bool(found)

    # -------------------------------------------------------------------------------------- statements

    def block(self, statements: tuple[facts.Stmt, ...], objects: dict[str, bool]) -> None:
        for statement in statements:
            self.statement(statement, objects)

    def statement(self, statement: facts.Stmt, objects: dict[str, bool]) -> None:
        match statement:
            case facts.Import() | facts.ImportFrom():
                self.takes_names(statement)
                return
            case facts.Define(function=function):
                inner = dict(objects)
                for parameter in function.parameters:
                    inner[parameter.name] = self.is_package(parameter.annotation)
                before = len(self.converting)
                self.block(self.m.body(function), inner)
                if function.name == "__init__":  # what an object is set up with: a client, the parts of a stack
                    del self.converting[before:]
                return
            case facts.DefineClass(body=body):  # fields of a class are declared, not converted
                self.block(tuple(part for part in body if isinstance(part, facts.Define)), dict(objects))
                return
            case facts.Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                for part in (body, *(handler.body for handler in handlers), otherwise, final):
                    self.block(part, objects)
                return
            case facts.Evaluate(value=facts.Literal()) | facts.Raise():
                return
        self.statements += 1
        heads, blocks = _parts(statement)
        if any(self.converts(head, objects) for head in heads):
            self.converting.append(statement.at)
        self.bind(statement, objects)
        for part in blocks:
            self.block(part, objects)

    def bind(self, statement: facts.Stmt, objects: dict[str, bool]) -> None:
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

    def converts(self, expression: Any, objects: dict[str, bool]) -> bool:
        """Whether anything in an expression makes the package's types of something plain, or the other way round."""
        match expression:
            case facts.Call(function=function, args=args, keywords=keywords):
                given = [*args, *(keyword.value for keyword in keywords)]
                is_held = any(self.is_object(value, objects) for value in given)
                last = _last(function)
                if self.is_package(function) and (_is_type(last) or last.startswith(_INTO)):
                    self.types.update([last] if _is_type(last) else [])
                    if any(self.is_data(value, objects) for value in given):
                        return True
                elif (last in _PLAIN and is_held) or (_receives(function, self, objects) and last.startswith(_OUT_OF)):
                    return True
            case facts.Comprehension(element=element, value=value, generators=generators):
                inner = dict(objects)
                for generator in generators:
                    held = self.is_object(generator.iterable, objects)
                    inner.update(dict.fromkeys(_bound(generator.target), held))
                parts = (element, *((value,) if value is not None else ()))
                return any(self.takes_out(part, inner) or self.converts(part, inner) for part in parts)
            case facts.Mapping(values=values):
                if any(self.takes_out(value, objects) for value in values):
                    return True
            case facts.Collection(items=items):
                if any(self.takes_out(item, objects) for item in items):
                    return True
            case facts.Lambda():
                return False
        return any(self.converts(part, objects) for part in _inside(expression))

    def is_data(self, expression: Any, objects: dict[str, bool]) -> bool:
        """Whether an expression speaks of a value that the code has, and that is none of the package's objects."""
        if self.is_object(expression, objects):
            return False
        if isinstance(expression, facts.Name):
            return expression.id in objects and expression.id not in ("self", "cls")
        return any(self.is_data(part, objects) for part in _inside(expression))

    def takes_out(self, expression: facts.Expr, objects: dict[str, bool]) -> bool:
        """`entity.text`, alone or in a tuple"""
        if isinstance(expression, facts.Collection):
            return any(self.takes_out(item, objects) for item in expression.items)
        return isinstance(expression, facts.Attribute | facts.Subscript) and self.is_object(expression.value, objects)

    def is_object(self, expression: Any, objects: dict[str, bool]) -> bool:
        match expression:
            case facts.Name(id=id):
                return objects.get(id, False)
            case facts.Call(function=facts.Attribute(value=value, name=name)) if self.is_object(value, objects):
                return not name.startswith(_OUT_OF)
            case facts.Call(function=function):
                return self.is_package(function) or self.is_object(function, objects)
            case facts.Attribute(value=value) | facts.Subscript(value=value) | facts.Star(value=value):
                return self.is_object(value, objects)
            case facts.Wait(value=value):
                return self.is_object(value, objects)
        return False

    def is_package(self, expression: Any) -> bool:
        """Whether a name, or a type in an annotation, is one of the package."""
        while isinstance(expression, facts.Attribute):
            expression = expression.value
        return isinstance(expression, facts.Name) and expression.id in self.names


def _bound(target: facts.Expr) -> Iterator[str]:
    """The names that an assignment or loop binds."""
    for each in target.items if isinstance(target, facts.Collection) else (target,):
        if isinstance(each, facts.Name):
            yield each.id


def _receives(function: facts.Expr, reader: _Reader, objects: dict[str, bool]) -> bool:
    return isinstance(function, facts.Attribute) and reader.is_object(function.value, objects)


def _is_type(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _last(function: facts.Expr) -> str:
    match function:
        case facts.Attribute(name=name):
            return name
        case facts.Name(id=id):
            return id
    return ""


def _parts(statement: facts.Stmt) -> tuple[list[Any], list[tuple[facts.Stmt, ...]]]:
    """The expressions of a statement itself, and the blocks below it."""
    match statement:
        case facts.If(test=test, then=then, otherwise=otherwise):
            return [test], [then, otherwise]
        case facts.For(iterable=iterable, body=body, otherwise=otherwise):
            return [iterable], [body, otherwise]
        case facts.While(test=test, body=body, otherwise=otherwise):
            return [test], [body, otherwise]
        case facts.With(items=items, body=body):
            return [item.context for item in items], [body]
        case facts.Match(subject=subject, cases=cases):
            return [subject], [case.body for case in cases]
    return list(_inside(statement)), []


def _inside(node: Any) -> Iterator[Any]:
    """The nodes just below one, through tuples."""
    todo = [getattr(node, name) for name in node.__struct_fields__] if isinstance(node, msgspec.Struct) else []
    for part in todo:
        if isinstance(part, tuple):
            todo.extend(part)
        elif isinstance(part, msgspec.Struct) and not isinstance(part, facts.Function):
            yield part
