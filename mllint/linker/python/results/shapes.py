"""The statements of a file, one after the other, in a form in which copies look alike: names that the file gives are
left out, names of libraries stand as they are, and what only shows, logs, saves or parses arguments is not there.

    train, rest = train_test_split(rides, test_size=0.2)      # `_, _ = sklearn...train_test_split(_, test_size=0.2)`"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.walking import NODES, PARTS, getter, parts
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.results.vocabulary import Vocabulary

_SHOW = {"head", "tail", "info", "describe", "show", "summary", "print", "add_argument", "plot", "hist", "set", "close"}
_SCALARS = {"float", "int", "str", "bool"}  # what is turned into one of these is no column
_HEADS = (facts.If, facts.While, facts.For, facts.With, facts.Try, facts.Match)
MOST_LITERALS = 50  # of a statement, kept to tell an edit
_NO_WORK = (facts.Import, facts.ImportFrom, facts.Global, facts.Leave, facts.Raise, facts.Assert, facts.Delete)
_LEFT_OUT = {"at", "body", "then", "otherwise", "handlers", "final", "cases", "annotation"}
_TOLD = {kind: getter([n for n in reversed(kind.__struct_fields__) if n not in _LEFT_OUT]) for kind in NODES}
_BELOW = {kind: take for kind, take in PARTS.items() if kind is not facts.Function}


class Statement(msgspec.Struct, frozen=True):
    """`shape` is what copies have in common, `frame` the same without literals. `names` are those that were left out,
    in order. `is_work`: it works on data by itself, and not only on what was made of data. `definition` is the `def`
    that it stands in, 0 outside."""

    at: facts.At
    shape: int
    frame: int
    names: tuple[str, ...]
    literals: tuple[Any, ...]
    is_data: bool
    is_work: bool
    size: int
    definition: facts.At


def statements_of(module: facts.Module, vocabulary: Vocabulary, most: int) -> list[Statement]:
    """All statements of a file that count, in its order, functions in their place."""
    reading = _Reading(vocabulary, module.body)
    found: list[Statement] = []
    for statement in reading.walk(module.body, 0):
        found.append(statement)
        if len(found) >= most:
            break
    return found


class _Reading:
    def __init__(self, vocabulary: Vocabulary, body: tuple[facts.Stmt, ...]) -> None:
        self._words = vocabulary
        self._trains = self._is_loop(body)  # then what is done with tensors here is training
        self._imports: dict[str, str] = {}  # name in the file -> dotted name
        self._data: set[str] = set()  # names of the file that hold data
        self._frames: set[str] = set()  # those of them that are more than tensors of a model
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
                case facts.DefineClass(body=inner, bases=bases):
                    if not any(self._is_network(base) for base in bases):
                        yield from self.walk(inner, definition)
                case _:
                    read = self._read(statement, definition)
                    below = chain.from_iterable(self.walk(block, definition) for block in _blocks(statement))
                    first = next(below, None)
                    if read is not None and not (first is None and isinstance(statement, facts.For)):
                        yield read  # a loop that only shows something is not there
                    if first is not None:
                        yield first
                        yield from below

    def _function(self, function: facts.Function, at: facts.At) -> Iterator[Statement]:
        body = facts.body_of(function)
        before = self._data, self._dull, self._frames, self._trains
        self._trains = self._is_loop(body)
        parameters = {parameter.name for parameter in function.parameters}
        told = {parameter.name: self._annotated(parameter) for parameter in function.parameters}
        unsure = {name for name, is_frame in told.items() if is_frame is None}
        frames = {name for name, is_frame in told.items() if is_frame}
        self._data = (self._data - parameters) | frames | self._used_as_data(body, unsure)
        self._frames = (self._frames - parameters) | frames
        self._dull = self._dull - parameters
        yield from self.walk(body, at)
        self._data, self._dull, self._frames, self._trains = before

    def _is_loop(self, body: tuple[facts.Stmt, ...]) -> bool:
        todo: list[Any] = [*body]
        while todo:
            node = todo.pop()
            if isinstance(node, facts.Attribute) and node.name in self._words.loops:
                return True
            todo += parts(node)
        return False

    def _annotated(self, parameter: facts.Parameter) -> bool | None:
        """Whether a parameter is said to hold a frame, or a number or text; None if that is not said."""
        if parameter.annotation is None:
            return None
        tokens, names, _ = self._tokens(parameter.annotation)
        if self._words.roots(tokens) & (self._words.modules - self._words.layers):
            return True
        return False if names and _SCALARS.issuperset(names) else None

    def _is_network(self, base: facts.Expr) -> bool:
        """Whether a class is a network of layers: what stands in it is the model, and no work on its data."""
        root, _, rest = written(base).partition(".")
        full = self._imports.get(root, root) + ("." + rest if rest else "")
        return any(fnmatch.fnmatchcase(full, pattern) for pattern in self._words.networks)

    def _used_as_data(self, body: tuple[facts.Stmt, ...], parameters: set[str]) -> set[str]:
        """Parameters of which a column is computed with, or set, that a function on data is given, or of which a method
        of frames and models is called. A dictionary of settings is only asked: `rate = params["rate"]`."""
        found: set[str] = set()
        scalars: set[str] = set()
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
                used = tuple(side for side in (node.left, node.right) if isinstance(side, facts.Subscript))
            elif kind is facts.Compare:
                used = (node.left,) if isinstance(node.left, facts.Subscript) else ()
            elif kind is facts.Assign:
                used = tuple(target for target in node.targets if isinstance(target, facts.Subscript))
            elif kind is facts.Call and isinstance(node.function, facts.Name) and node.function.id in _SCALARS:
                scalars |= {arg.id for arg in node.args if isinstance(arg, facts.Name)}
            elif kind is facts.Call and isinstance(node.function, facts.Attribute):
                is_of_data = self._imports.get(_root(node.function), "").partition(".")[0] in self._words.modules
                used = node.args[:1] if is_of_data else ()
                used = (node.function.value,) if node.function.name in self._words.methods else used
            for each in used:
                while isinstance(each, facts.Subscript):
                    each = each.value
                if isinstance(each, facts.Name) and each.id in parameters:
                    found.add(each.id)
        return found - scalars

    def _read(self, statement: facts.Stmt, definition: facts.At) -> Statement | None:
        if isinstance(statement, _NO_WORK) or self._only_shows(statement):
            return None
        if isinstance(statement, facts.Return) and statement.value is None:
            return None
        if isinstance(statement, facts.Try):
            return None
        tokens, names, literals = self._tokens(statement)
        roots = self._words.roots(tokens)
        if self._configures(statement, names):
            return None
        makes_data = isinstance(statement, facts.Assign) and bool(roots & self._words.modules)
        if self._words.are_dull(roots) or not (makes_data or self._dull.isdisjoint(names)):
            self._dull.update(_targets(statement))
            return None
        is_data = bool(roots & self._words.modules) or not self._data.isdisjoint(names)
        is_data = is_data and "isinstance" not in names  # which kind of value it is, is no work on data
        told = [token for token in tokens if isinstance(token, str)]
        is_told = not self._words.describing.isdisjoint(told)  # `corr = df.corr()`: about data
        is_data = is_data and not is_told
        is_known = self._trains or not self._frames.isdisjoint(names)
        is_work = is_data and (is_known or self._is_work(roots, told, statement))
        targets = _targets(statement)
        (self._data.update if is_data else self._data.difference_update)(targets)
        (self._frames.update if is_work else self._frames.difference_update)(targets)
        frame = tuple(tokens)
        shape = hash((frame, tuple((type(value).__name__, value) for value in literals)))
        size = len(tokens) + len(literals)
        told_literals = tuple(literals[:MOST_LITERALS])
        return Statement(
            statement.at, shape, hash(frame), tuple(names), told_literals, is_data, is_work, size, definition
        )

    def _is_work(self, roots: set[str], tokens: list[str], statement: facts.Stmt) -> bool:
        """It names a module of frames, calls a method of frames, learns, or takes a column by its name. Sums of tensors
        are a model's own."""
        if roots & (self._words.modules - self._words.layers) or not self._words.working.isdisjoint(tokens):
            return True
        return _takes_column(statement)

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

    def _tokens(self, statement: facts.Stmt | facts.Expr) -> tuple[list[Any], list[str], list[Any]]:
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
                elif node.id in self._words.dull:
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


def _blocks(statement: facts.Stmt) -> tuple[tuple[facts.Stmt, ...], ...]:
    match statement:
        case facts.If(then=then, otherwise=otherwise):
            return then, otherwise
        case facts.While(body=body) | facts.For(body=body) | facts.With(body=body):
            return (body,)
        case facts.Try(body=body, final=final):
            return body, final
        case facts.Match(cases=cases):
            return tuple(case.body for case in cases)
    return ()


def _takes_column(statement: facts.Stmt) -> bool:
    """`rides["km"]`."""
    todo: list[Any] = [statement]
    while todo:
        node = todo.pop()
        kind = type(node)
        if kind is tuple:
            todo += node
        elif kind is facts.Subscript and isinstance(node.index, facts.Literal) and isinstance(node.index.value, str):
            return True
        elif kind in _TOLD and kind is not facts.Function:
            todo += _TOLD[kind](node)
    return False


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
