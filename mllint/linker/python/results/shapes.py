"""The statements of a file, one after the other, in a form in which copies look alike: names that the file gives are
left out, names of libraries stand as they are, and what only shows, logs, saves or parses arguments is not there.

    train, rest = train_test_split(rides, test_size=0.2)      # `_, _ = sklearn...train_test_split(_, test_size=0.2)`"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.walking import NODES, PARTS, getter
from mllint.libraries.models import Entry, Library

_DULL = {
    "argparse",
    "logging",
    "warnings",
    "click",
    "typer",
    "print",
    "display",
    "tqdm",
    "time",
    "sys",
    "getpass",
    "pprint",
}
_SHOW = {"head", "tail", "info", "describe", "show", "summary", "print", "add_argument", "plot", "hist", "set", "close"}
_HEADS = (facts.If, facts.While, facts.For, facts.With, facts.Try, facts.Match)
MOST_LITERALS = 50  # of a statement, kept to tell an edit
_NO_WORK = (facts.Import, facts.ImportFrom, facts.Global, facts.Leave, facts.Raise, facts.Assert, facts.Delete)
_LEFT_OUT = {"at", "body", "then", "otherwise", "handlers", "final", "cases", "annotation"}
_TOLD = {kind: getter([n for n in reversed(kind.__struct_fields__) if n not in _LEFT_OUT]) for kind in NODES}
_BELOW = {kind: take for kind, take in PARTS.items() if kind is not facts.Function}


class Statement(msgspec.Struct, frozen=True):
    """`shape` is what copies have in common, `frame` the same without literals. `names` are those that were left out,
    in order. `definition` is the `def` that it stands in, 0 outside."""

    at: facts.At
    shape: int
    frame: int
    names: tuple[str, ...]
    literals: tuple[Any, ...]
    is_data: bool
    size: int
    definition: facts.At


class Vocabulary:
    """What library models say of names: modules that work on data, those that draw, methods of frames and models."""

    def __init__(self, library: Library) -> None:
        self.modules = {"numpy", "torch", "tensorflow", "keras", "sklearn"} & library.modules
        self.drawing = set(library.hosts)  # pages and schedulers
        self.methods: set[str] = set()
        self.idle: set[str] = set()  # methods that change nothing: called for what they show
        self.saving: set[str] = set()
        acts: set[str] = set()
        for full, entry in library.calls.items():
            top, last = full.partition(".")[0], full.rpartition(".")[2]
            if entry.evaluates == "plot":
                self.drawing.add(top)
            if _is_about_data(entry):
                self.modules.add(top)
                self.methods.add(last)
            if entry.writes is not None or entry.saves is not None:
                self.saving.add(last)
            (self.idle if (entry.frame or entry.column) and not entry.mutates else acts).add(last)
        self.idle -= acts
        self.methods -= {name for kind in (dict, list, set, str) for name in dir(kind)}  # `results.values()`
        self.modules -= self.drawing | {"builtins", "python", "json", "csv", "io", "os", "datetime", "math"}


def _is_about_data(entry: Entry) -> bool:
    learns = entry.fits is not None or entry.predicts or entry.transforms or entry.splits
    return bool(entry.frame or entry.column or learns)


def statements_of(module: facts.Module, vocabulary: Vocabulary, most: int) -> list[Statement]:
    """All statements of a file that count, in its order, functions in their place."""
    reading = _Reading(vocabulary)
    found: list[Statement] = []
    for statement in reading.walk(module.body, 0):
        found.append(statement)
        if len(found) >= most:
            break
    return found


class _Reading:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = vocabulary
        self._imports: dict[str, str] = {}  # name in the file -> dotted name
        self._data: set[str] = set()  # names of the file that hold data
        self._dull: set[str] = set()

    def walk(self, body: Iterable[facts.Stmt], definition: facts.At) -> Iterator[Statement]:
        for statement in body:
            match statement:
                case facts.Import(names=names):
                    for alias in names:
                        self._imports[alias.asname or alias.name.partition(".")[0]] = (
                            alias.name if alias.asname else alias.name.partition(".")[0]
                        )
                case facts.ImportFrom(module=module, names=names):
                    self._imports.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in names})
                case facts.Define(function=function):
                    yield from self._function(function, statement.at)
                case facts.DefineClass(body=inner):
                    yield from self.walk(inner, definition)
                case _:
                    read = self._read(statement, definition)
                    if read is not None:
                        yield read
                    for block in _blocks(statement):
                        yield from self.walk(block, definition)

    def _function(self, function: facts.Function, at: facts.At) -> Iterator[Statement]:
        body = facts.body_of(function)
        before = self._data, self._dull
        parameters = {parameter.name for parameter in function.parameters}
        self._data = (self._data - parameters) | _used_as_data(body, parameters, self._words.methods)
        self._dull = self._dull - parameters
        yield from self.walk(body, at)
        self._data, self._dull = before

    def _read(self, statement: facts.Stmt, definition: facts.At) -> Statement | None:
        if isinstance(statement, _NO_WORK) or self._only_shows(statement):
            return None
        if isinstance(statement, facts.Return) and statement.value is None:
            return None
        if isinstance(statement, facts.Try):
            return None
        tokens, names, literals = self._tokens(statement)
        roots = {token.partition(".")[0] for token in tokens if isinstance(token, str) and token[:1].isalpha()}
        if self._configures(statement, names):
            return None
        if roots & (self._words.drawing | _DULL) or not self._dull.isdisjoint(names):
            self._dull.update(_targets(statement))
            return None
        is_data = bool(roots & self._words.modules) or not self._data.isdisjoint(names)
        is_data = is_data and "isinstance" not in names  # which kind of value it is, is no work on data
        targets = _targets(statement)
        (self._data.update if is_data else self._data.difference_update)(targets)
        frame = tuple(tokens)
        shape = hash((frame, tuple((type(value).__name__, value) for value in literals)))
        size = len(tokens) + len(literals)
        return Statement(
            statement.at, shape, hash(frame), tuple(names), tuple(literals[:MOST_LITERALS]), is_data, size, definition
        )

    def _only_shows(self, statement: facts.Stmt) -> bool:
        if not isinstance(statement, facts.Evaluate):
            return False
        match statement.value:
            case facts.Call(function=facts.Attribute(name=name), keywords=keywords):
                if any(keyword.name == "inplace" for keyword in keywords):
                    return False
                return name in self._words.idle or name in self._words.saving or name in _SHOW
            case facts.Call() | facts.Wait():
                return False
        return True  # `df.shape` at the end of a cell, a docstring

    def _configures(self, statement: facts.Stmt, names: list[str]) -> bool:
        """`pd.options.display.max_rows = 100`, `np.random.seed(0)`: a library is told how to behave."""
        match statement:
            case facts.Assign(targets=(facts.Attribute() as target,)):
                return _root(target) in self._imports
            case facts.Evaluate(value=facts.Call(function=function)):
                return not names and _root(function) in self._imports
        return False

    def _tokens(self, statement: facts.Stmt) -> tuple[list[Any], list[str], list[Any]]:
        """In the order of the tree: kinds of nodes, names of libraries, attributes and keywords; names of the file; and
        literals."""
        tokens: list[Any] = []
        names: list[str] = []
        literals: list[Any] = []
        imports = self._imports
        todo: list[Any] = [statement]
        while todo:
            node = todo.pop()
            kind = type(node)
            if kind is facts.Name:
                if node.id in imports:
                    tokens.append(imports[node.id])
                elif node.id in _DULL:
                    tokens.append(node.id)
                else:
                    tokens.append(0)
                    names.append(node.id)
            elif kind is facts.Literal:
                tokens.append(1)
                literals.append(node.value)
            elif kind is facts.Attribute:
                tokens.append("." + node.name)
                todo.append(node.value)
            elif kind is tuple:
                tokens.append(len(node))
                todo.extend(reversed(node))
            elif kind is str:
                tokens.append("'" + node)
            elif kind in NODES:
                tokens.append(kind)
                if kind is not facts.Function:  # a lambda
                    todo += _TOLD[kind](node)
        return tokens, names, literals


def _blocks(statement: facts.Stmt) -> Iterator[tuple[facts.Stmt, ...]]:
    match statement:
        case facts.If(then=then, otherwise=otherwise):
            yield from (then, otherwise)
        case facts.While(body=body) | facts.For(body=body) | facts.With(body=body):
            yield body
        case facts.Try(body=body, final=final):
            yield from (body, final)
        case facts.Match(cases=cases):
            yield from (case.body for case in cases)


def _root(expression: facts.Expr) -> str:
    while isinstance(expression, facts.Attribute):
        expression = expression.value
    return expression.id if isinstance(expression, facts.Name) else ""


def _targets(statement: facts.Stmt) -> set[str]:
    match statement:
        case facts.Assign(targets=targets):
            return {name for target in targets for name in _names(target)}
        case facts.For(target=target):
            return set(_names(target))
        case facts.With(items=items):
            return {name for item in items if item.target is not None for name in _names(item.target)}
    return set()


def _names(target: facts.Expr) -> Iterator[str]:
    match target:
        case facts.Name(id=id):
            yield id
        case facts.Collection(items=items):
            for item in items:
                yield from _names(item)


def _used_as_data(body: tuple[facts.Stmt, ...], parameters: set[str], methods: set[str]) -> set[str]:
    """Parameters of which a column is computed with, or set, or a method of frames and models is called. A dictionary
    of settings is only asked: `rate = params["rate"]`."""
    found: set[str] = set()
    todo: list[Any] = [*body] if parameters else []
    while todo:
        node = todo.pop()
        kind = type(node)
        if kind is tuple:
            todo += node
            continue
        if kind in _BELOW:
            todo += _BELOW[kind](node)
        used: tuple[Any, ...] = ()
        if kind is facts.Binary:
            used = (node.left, node.right)
        elif kind is facts.Compare:
            used = (node.left,)
        elif kind is facts.Assign:
            used = tuple(target for target in node.targets if isinstance(target, facts.Subscript))
        elif kind is facts.Call and isinstance(node.function, facts.Attribute) and node.function.name in methods:
            used = (node.function.value,)
        for each in used:
            while isinstance(each, facts.Subscript):
                each = each.value
            if isinstance(each, facts.Name) and each.id in parameters:
                found.add(each.id)
    return found
