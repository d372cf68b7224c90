"""Classes of the repository, what they derive from, and whether anything refers to them.

    class AttentionHead(nn.Module): ...     # in vision/models.py, and nowhere else

References are looked for in the encoded facts of all files, as text: a name in a string, a config or a command keeps a
class alive, and so may a longer name that contains it. That errs on the side of silence, and costs no walk."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mllint.facts import python as facts
from mllint.facts.file import FileFacts, encode
from mllint.lineage.observations import Definition
from mllint.linker.project import Project
from mllint.linker.python.machine import Machine

_FINDS_ALL = (b"__subclasses__", b"getmembers", b"import_module", b"iter_modules", b"walk_packages", b"globals")
_encode = msgspec.msgpack.Encoder().encode


class _Class(msgspec.Struct):
    path: str
    module: str
    statement: facts.DefineClass
    bases: tuple[str, ...]

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.statement.name}"


def define(project: Project, m: Machine) -> None:
    """Fill in the observed definitions: classes at the top of modules, with their methods."""
    classes = [found for file in project.of_kind("python") for found in _classes(m, file)]
    if not classes:
        return
    blobs = {path: encode(file) for path, file in project.files.items()}
    by_name = {found.qualified: found for found in classes}
    everything = any(word in blob for blob in blobs.values() for word in _FINDS_ALL)
    reached = _reached_by_getattr(project, m, blobs)
    for found in classes:
        dynamic = everything or found.path in reached or _registers(found, by_name)
        project.observations.definitions += _definitions(m, found, _references(found, blobs), dynamic)


def _classes(m: Machine, file: FileFacts) -> Iterator[_Class]:
    if file.python is None:
        return
    module = _dotted(file.path)
    names = dict(_imported(m, file.path, file.python.body))
    names |= {s.name: f"{module}.{s.name}" for s in file.python.body if isinstance(s, facts.DefineClass)}
    for statement in file.python.body:
        if isinstance(statement, facts.DefineClass):
            bases = (_written(base) for base in statement.bases)
            yield _Class(file.path, module, statement, tuple(_resolved(base, names) for base in bases if base))


def _imported(m: Machine, path: str, body: tuple[facts.Stmt, ...]) -> Iterator[tuple[str, str]]:
    """What the names that a module imports mean: a module of the repository goes by its path."""
    for statement in body:
        match statement:
            case facts.Import(names=names):
                for alias in names:
                    first = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (first, first)
            case facts.ImportFrom(module=module, level=level, names=names):
                dotted = m.imports.absolute(module, level, path)
                found = m.imports.find(dotted, path)
                origin = _dotted(found) if found else dotted
                for alias in names:
                    yield alias.asname or alias.name, f"{origin}.{alias.name}"


def _dotted(path: str) -> str:
    return path.removesuffix("/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _written(e: facts.Expr) -> str:
    """`nn.Module`; the base of `Generic[T]` is `Generic`."""
    match e:
        case facts.Name(id=name):
            return name
        case facts.Attribute(value=value, name=name) if owner := _written(value):
            return f"{owner}.{name}"
        case facts.Subscript(value=value):
            return _written(value)
    return ""


def _resolved(base: str, names: dict[str, str]) -> str:
    first, _, rest = base.partition(".")
    return ".".join(part for part in (names.get(first, first), rest) if part)


def _references(found: _Class, blobs: dict[str, bytes]) -> int:
    """In how many files the class is named, its own definition left out."""
    name = found.statement.name.encode()
    own = _encode(found.statement).count(name)
    return sum(blob.count(name) > (own if path == found.path else 0) for path, blob in blobs.items())


def _registers(found: _Class, by_name: dict[str, _Class]) -> bool:
    """Whether a base notes each of its subclasses: `__init_subclass__`, or a metaclass (other than `abc`'s)."""
    todo, seen = list(found.bases), set[str]()
    while todo:
        base = by_name.get(todo.pop())
        if base is None or base.qualified in seen:
            continue
        seen.add(base.qualified)
        todo += base.bases
        methods = {s.function.name for s in base.statement.body if isinstance(s, facts.Define)}
        metaclasses = [_written(k.value) for k in base.statement.keywords if k.name == "metaclass"]
        if "__init_subclass__" in methods or any(not name.endswith("ABCMeta") for name in metaclasses):
            return True
    return False


def _reached_by_getattr(project: Project, m: Machine, blobs: dict[str, bytes]) -> set[str]:
    """Modules of which a class may be taken by a computed name: `getattr(models, config["model"])`."""
    takers = {path for path, blob in blobs.items() if b"getattr" in blob and _takes(project.files[path])}
    return takers | {path for path, importers in m.imports.importers.items() if importers & takers}


def _takes(file: FileFacts) -> bool:
    return file.python is not None and any(
        call.function.id == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], facts.Literal)
        for call in _calls(file.python.body)
        if isinstance(call.function, facts.Name)
    )


def _calls(node: object) -> Iterator[facts.Call]:
    if isinstance(node, facts.Function):
        node = facts.body_of(node)
    if isinstance(node, facts.Call):
        yield node
    if isinstance(node, tuple):
        for item in node:
            yield from _calls(item)
    elif isinstance(node, msgspec.Struct):
        for name in node.__struct_fields__:
            yield from _calls(getattr(node, name))


def _definitions(m: Machine, found: _Class, references: int, dynamic: bool) -> Iterator[Definition]:
    statement, span = found.statement, m.span(found.statement.at, found.path)
    decorated, lines = bool(statement.decorators), span.end_line - span.line + 1
    yield Definition(span, statement.name, found.qualified, "class", found.bases, decorated, references, lines, dynamic)
    for inner in statement.body:
        if isinstance(inner, facts.Define):
            at = m.span(inner.function.at, found.path)
            name, length = inner.function.name, at.end_line - at.line + 1
            yield Definition(at, name, f"{found.qualified}.{name}", "method", (), False, references, length, dynamic)
