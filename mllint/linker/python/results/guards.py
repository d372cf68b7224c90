"""What stands before a route and may refuse a request: dependencies, decorators, hooks, middleware.

    def check(key: str = Header()):                    # a function that can answer 401 or 403 asks who is there
        if key != KEY: raise HTTPException(401)
    @app.post("/score", dependencies=[Depends(check)])

It is read, not interpreted: all names that the handler, its decorators and parameters, its routers and what these are
given speak of are followed to functions and classes. A library's own ones are told apart by its model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.facts.walking import NODES, PARTS
from mllint.lineage.observations import Route
from mllint.linker.project import Project
from mllint.linker.python import classes
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound, Choice, Class, External, Function, Module, Tuple
from mllint.linker.python.entries import is_test
from mllint.linker.python.library.routing import answered
from mllint.linker.python.library.services import Handler, functions_of
from mllint.linker.python.machine import Machine

_encode = msgspec.msgpack.Encoder().encode
REFUSALS = (401, 403)
DEEPEST = 6
MOST_NODES = 20_000


def observe_routes(project: Project, m: Machine) -> None:
    """Fill `observations.routes`."""
    guards = {name.rpartition(".")[2] for name, entry in m.library.calls.items() if entry.guards}
    calls = list(_guard_calls(m, guards)) if m.handlers else []
    routers = {handler.span: handler.router for handler in m.handlers.values()}
    for handler in answered(m):
        if not is_test(handler.path):
            guard = _guard_of(m, handler, [handler.router, routers.get(handler.span)], calls)
            record = m.effects.records.get(f"{handler.endpoint} {handler.path}")
            used = {id for made in (record.predictions if record else ()) for id in made.models}
            predicts = tuple(sorted(id for id in used if id in project.graph.nodes))
            route = Route(handler.endpoint, handler.span, handler.path, guard, predicts)
            project.observations.routes.append(route)


def _guard_of(m: Machine, handler: Handler, routers: list[Any], calls: list[tuple[facts.Expr, Any, str]]) -> str:
    judge = _Judge(m)
    chain = {router.site: router for router in routers if isinstance(router, Cell)}
    known = {r.site for r in (h.router for h in m.handlers.values()) if isinstance(r, Cell)}
    for function in functions_of(m, handler):
        for decorator in function.facts.decorators:
            judge.before(decorator, function.scope, is_decorator=True)
        judge.function(function)
    if isinstance(handler.function, Bound) and isinstance(handler.function.receiver, Cell):
        judge.view(handler.function.receiver.slots.get("<class>"))
    for site in chain:
        for call, scope in _creations(m, site):
            judge.before(call, scope)
    for call, scope, _ in calls:
        about = {cell.site for cell in _cells_in(call, scope)}
        if about & set(chain) or not about & known:
            judge.before(call, scope)
    return "seen" if judge.seen else "unsure" if judge.unsure else "none"


class _Judge:
    """Follows names. `seen`: something can refuse; `unsure`: something stands before the route that nobody models."""

    def __init__(self, m: Machine) -> None:
        self.m = m
        self.seen = False
        self.unsure = False
        self.visited: set[Any] = set()
        self.nodes = 0

    def before(self, expression: Any, scope: Any, is_decorator: bool = False) -> None:
        """What is put before the route: whatever it names, and nothing models, may refuse."""
        if is_decorator:
            root = expression.function if isinstance(expression, facts.Call) else expression
            value = resolve(root, scope)
            if value is None and not isinstance(resolve(_root(root), scope), Cell):
                self.unsure = True
        for name in _names_in(expression):
            self.value(resolve(name, scope), is_before=True)

    def function(self, function: Function, depth: int = 0) -> None:
        key = (function.path, function.facts.at)
        if key in self.visited or depth > DEEPEST:
            return
        self.visited.add(key)
        for parameter in function.facts.parameters:
            for part in (parameter.default, parameter.annotation):
                for name in _names_in(part):
                    self.value(resolve(name, function.scope), depth, is_before=True)
        for decorator in function.facts.decorators if depth else ():
            for name in _names_in(decorator):
                self.value(resolve(name, function.scope), depth)
        self.body(self.m.body(function.facts), function.scope, depth)

    def body(self, body: Any, scope: Any, depth: int) -> None:
        for node in walk(self.m, body):
            self.nodes += 1
            if self.nodes > MOST_NODES:
                self.unsure = True
                return
            match node:
                case facts.Literal(value=int() as number) if number in REFUSALS and not isinstance(number, bool):
                    self.seen = True
                case facts.Attribute(name=name) if any(str(code) in name for code in REFUSALS):
                    self.seen = True
                case facts.Attribute(name="UNAUTHORIZED" | "FORBIDDEN"):
                    self.seen = True
                case facts.Name() | facts.Attribute():
                    self.value(resolve(node, scope), depth)

    def value(self, value: Any, depth: int = 0, is_before: bool = False) -> None:
        match value:
            case Function():
                self.function(value, depth + 1)
            case Bound(function=Function() as function):
                self.function(function, depth + 1)
            case Choice(options=options):
                for option in options:
                    self.value(option, depth, is_before)
            case Class() if (value.path, value.at, "class") not in self.visited and depth <= DEEPEST:
                self.visited.add((value.path, value.at, "class"))
                for member in value.scope.slots.values():
                    if isinstance(member, Function):
                        self.function(member, depth + 1)
                for base in value.bases:
                    self.value(base, depth + 1, is_before)
            case External(name=name):
                self.library(name, is_before)
            case Cell(kind="object"):
                self.library(str(value.slots.get("class") or value.slots.get("type") or ""), is_before)
            case Cell(kind="instance"):
                self.value(value.slots.get("<class>"), depth, is_before)

    def view(self, cls: Any) -> None:
        """A class whose methods answer: `permission_classes = [IsAuthenticated]`, a mixin that asks who is there."""
        for base in classes.lineage_of(cls) if isinstance(cls, Class) else ():
            if isinstance(base, External):
                self.library(base.name, is_before=True)
                continue
            for value in base.scope.slots.values():
                named = value.slots["items"] if isinstance(value, Cell) and value.kind == "list" else ()
                for each in value.items if isinstance(value, Tuple) else named:
                    self.value(each, is_before=True)

    def library(self, name: str, is_before: bool) -> None:
        if self.m.library.guards(name):
            self.seen = True
        elif is_before and name and not self.m.library.lets_through(name):
            self.unsure = True


# ------------------------------------------------------------------------------------------------- reading


def walk(m: Machine, node: Any, depth: int = 60) -> Iterator[Any]:
    """All nodes of facts, bodies of inner functions included."""
    todo = [(node, depth)]
    while todo:
        node, depth = todo.pop()
        kind = type(node)
        if depth == 0:
            continue
        if kind is tuple:
            todo += [(item, depth - 1) for item in reversed(node)]
        elif kind is facts.Function:
            todo += [(facts.body_of(node), depth - 1), (node.decorators, depth - 1)]
        elif kind in NODES:
            yield node
            if kind in PARTS:
                todo += [(child, depth - 1) for child in reversed(PARTS[kind](node))]


def resolve(name: Any, scope: Any) -> Any:
    """The value of a name or a dotted name, as far as it can be told without interpreting anything."""
    match name:
        case facts.Name(id=id):
            for _ in range(20):
                if not isinstance(scope, Cell):
                    return None
                if id in scope.slots:
                    return scope.slots[id]
                scope = scope.slots.get("<parent>")
        case facts.Attribute(value=inner, name=last):
            owner = resolve(inner, scope)
            match owner:
                case External(name=dotted):
                    return External(f"{dotted}.{last}")
                case Module():
                    return owner.scope.slots.get(last)
                case Class():
                    return owner.scope.slots.get(last)
                case Cell(kind="instance"):
                    return owner.slots.get(last)
                case Cell(kind="object"):
                    return owner
    return None


def _root(name: Any) -> Any:
    while isinstance(name, facts.Attribute | facts.Call):
        name = name.value if isinstance(name, facts.Attribute) else name.function
    return name


def _names_in(expression: Any) -> Iterator[Any]:
    """Names and dotted names, the longest only."""
    match expression:
        case facts.Name():
            yield expression
        case facts.Attribute(value=inner):
            yield expression
            if not isinstance(inner, facts.Name | facts.Attribute):
                yield from _names_in(inner)
        case tuple():
            for item in expression:
                yield from _names_in(item)
        case msgspec.Struct():
            for field in expression.__struct_fields__:
                yield from _names_in(getattr(expression, field))


def _cells_in(call: Any, scope: Any) -> Iterator[Cell]:
    for name in _names_in(call):
        value = resolve(_root(name), scope)
        for option in value.options if isinstance(value, Choice) else (value,):
            if isinstance(option, Cell):
                yield option


def _modules(m: Machine) -> Iterable[tuple[str, Any]]:
    return sorted({**m.modules, **m.scripts}.items())


def _guard_calls(m: Machine, guards: set[str]) -> Iterator[tuple[facts.Expr, Any, str]]:
    """Calls that put something before all routes of a router, and functions under such decorators."""
    texts = [_encode(name) for name in sorted(guards)]
    for path, scope in _modules(m):
        module = m.python.get(path)
        if module is None or is_test(path):
            continue
        data = _encode(module)
        if not any(text in data for text in texts):
            continue
        for node in walk(m, module.body):
            match node:
                case facts.Call(function=facts.Attribute(name=name)) if name in guards:
                    yield node, scope, path
                case facts.Define(function=function):
                    for decorator in function.decorators:
                        called = decorator.function if isinstance(decorator, facts.Call) else decorator
                        if isinstance(called, facts.Attribute) and called.name in guards:
                            yield facts.Attribute(decorator.at, called.value, called.name), scope, path
                            yield facts.Name(function.at, function.name), scope, path


def _creations(m: Machine, site: Any) -> Iterator[tuple[facts.Expr, Any]]:
    """The call that made a router, by its place."""
    for path, scope in _modules(m):
        module = m.python.get(path)
        if path == site[0] and module is not None:
            for node in walk(m, module.body):
                if isinstance(node, facts.Call) and node.at == site[1]:
                    yield (*node.args, *(keyword.value for keyword in node.keywords)), scope  # type: ignore[misc]
