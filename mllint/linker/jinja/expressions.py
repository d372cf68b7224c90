"""Evaluating expressions of a template, as far as they are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from jinja2 import nodes

from mllint.linker.jinja import builtins
from mllint.linker.jinja.operators import binary, compared, concatenated
from mllint.linker.jinja.values import Budget, Exhausted, Function, Macro, Space, Unknown, is_small, shown, truth

_DEEPEST = 150
SLIPS = (TypeError, ValueError, IndexError, KeyError, AttributeError, ArithmeticError, RecursionError)
_MISSING = object()


class World(Protocol):
    """What a template finds outside of itself: macros of its project, `ref`, `var`, ..."""

    def find(self, name: str) -> Any:
        """The value of a name, `None` if there is no such name."""


class Scope:
    """Names and their values; `{% for %}` and macros open one of their own."""

    def __init__(self, values: dict[str, Any] | None = None, outer: Scope | None = None) -> None:
        self.values = values if values is not None else {}
        self.outer = outer

    def find(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return _MISSING


class Expressions:
    """Values of expressions. `expand` of the subclass calls a macro."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.budget = Budget()
        self.depth = 0

    def expand(self, macro: Macro, args: list[Any], keywords: dict[str, Any]) -> Any:
        raise NotImplementedError

    def value(self, node: nodes.Node | None, scope: Scope) -> Any:
        self.budget.step()
        if self.depth >= _DEEPEST:
            raise Exhausted
        self.depth += 1
        try:
            made = self._value(node, scope)
        except SLIPS:
            return Unknown()
        finally:
            self.depth -= 1
        if isinstance(made, str | list) and len(made) > 100:
            self.budget.step(len(made) // 100)
        return made

    def _value(self, node: nodes.Node | None, scope: Scope) -> Any:
        match node:
            case nodes.Const(value=constant) | nodes.TemplateData(data=constant):
                return constant
            case nodes.Name(name=name):
                return self._named(name, scope)
            case nodes.List(items=items):
                return [self.value(item, scope) for item in items]
            case nodes.Tuple(items=items):
                return tuple(self.value(item, scope) for item in items)
            case nodes.Dict(items=pairs):
                return {self._key(pair.key, scope): self.value(pair.value, scope) for pair in pairs}
            case nodes.Getattr(node=inner, attr=name):
                return self._attribute(self.value(inner, scope), name)
            case nodes.Getitem(node=inner, arg=nodes.Slice() as part):
                return self._slice(self.value(inner, scope), part, scope)
            case nodes.Getitem(node=inner, arg=key):
                whole, found = self.value(inner, scope), self.value(key, scope)
                return self._attribute(whole, found) if isinstance(whole, Space) else builtins.item(whole, found)
            case nodes.Call(node=called):
                return self.call(self.value(called, scope), *self._arguments(node, scope))
            case nodes.Filter():
                return self._filtered(node, scope)
            case nodes.Test(node=inner, name=name):
                test = builtins.TESTS.get(name)
                args, _ = self._arguments(node, scope)
                return self._guarded(test, [self.value(inner, scope), *args], {}) if test else Unknown()
            case nodes.CondExpr(test=test, expr1=first, expr2=second):
                holds = truth(self.value(test, scope))
                chosen = first if holds is not False else second
                return self.value(chosen, scope) if chosen is not None else ""
            case nodes.Concat(nodes=parts):
                return concatenated(*[self.value(part, scope) for part in parts])
        return self._operation(node, scope)

    def _operation(self, node: nodes.Node | None, scope: Scope) -> Any:
        match node:
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                first = self.value(left, scope)
                holds, stops = truth(first), isinstance(node, nodes.Or)
                if holds is stops:
                    return first
                second = self.value(right, scope)
                return second if holds is not None or truth(second) is stops else first
            case nodes.Not(node=inner):
                value = self.value(inner, scope)
                holds = truth(value)
                return Unknown(getattr(value, "name", "")) if holds is None else not holds
            case nodes.Neg(node=inner):
                return binary("-", 0, self.value(inner, scope))
            case nodes.Compare(expr=inner, ops=operands):
                left = self.value(inner, scope)
                result: Any = True
                for operand in operands:
                    right = self.value(operand.expr, scope)
                    result = compared(operand.op, left, right)
                    if result is not True:
                        return result
                    left = right
                return result
            case nodes.BinExpr(left=left, right=right):
                return binary(node.operator, self.value(left, scope), self.value(right, scope))
        return Unknown()

    def _named(self, name: str, scope: Scope) -> Any:
        found = scope.find(name)
        if found is not _MISSING:
            return found
        known = self.world.find(name)
        return known if known is not None else Unknown(name, missing=True)

    def _key(self, node: nodes.Expr, scope: Scope) -> Any:
        key = self.value(node, scope)
        return key if isinstance(key, str | int | float | bool | None) else shown(key)

    def _attribute(self, value: Any, name: Any) -> Any:
        match value:
            case Unknown(name=before):
                return Unknown(f"{before}_{name}")
            case Space(name=before, get=get):
                found = get(name)
                return found if found is not None else Unknown(f"{before}_{name}")
        return builtins.attribute(value, name)

    def _slice(self, value: Any, part: nodes.Slice, scope: Scope) -> Any:
        ends = [self.value(end, scope) if end is not None else None for end in (part.start, part.stop, part.step)]
        if isinstance(value, str | list | tuple) and all(isinstance(end, int | None) for end in ends):
            return value[slice(*ends)]
        return Unknown()

    def _arguments(self, node: Any, scope: Scope) -> tuple[list[Any], dict[str, Any]]:
        args = [self.value(arg, scope) for arg in node.args]
        if node.dyn_args is not None:
            more = self.value(node.dyn_args, scope)
            args += list(more) if isinstance(more, list | tuple) else []
        keywords = {keyword.key: self.value(keyword.value, scope) for keyword in node.kwargs}
        if node.dyn_kwargs is not None:
            given = self.value(node.dyn_kwargs, scope)
            keywords |= {str(key): value for key, value in given.items()} if isinstance(given, dict) else {}
        return args, keywords

    def call(self, function: Any, args: list[Any], keywords: dict[str, Any]) -> Any:
        match function:
            case Macro():
                return self.expand(function, args, keywords)
            case Function(name=name, call=call) | Space(name=name, call=call) if call is not None:
                made = self._guarded(call, args, keywords)
                return Unknown(name) if isinstance(made, Unknown) and not made.name else made
            case Unknown(name=name) if name.endswith("_get") and args and isinstance(args[0], str):
                default = args[1] if len(args) > 1 else keywords.get("default_var", keywords.get("default"))
                return default if isinstance(default, str) else Unknown(args[0])  # `var.value.get("schema", "ml")`
            case Unknown(name=name):
                return Unknown(name)
        return Unknown()

    def _guarded(self, call: Callable[..., Any], args: list[Any], keywords: dict[str, Any]) -> Any:
        for value in (*args, *keywords.values()):
            if isinstance(value, list | tuple | dict):
                self.budget.step(len(value) // 10)
                if not is_small(value):
                    return Unknown()
        try:
            return call(*args, **keywords)
        except SLIPS:
            return Unknown()

    def _filtered(self, node: nodes.Filter, scope: Scope) -> Any:
        value = self.value(node.node, scope)
        args, keywords = self._arguments(node, scope)
        function = builtins.FILTERS.get(node.name)
        if isinstance(value, Unknown) and node.name not in ("default", "d"):
            return value
        made = self._guarded(function, [value, *args], keywords) if function is not None else Unknown()
        return Unknown(node.name) if isinstance(made, Unknown) and not made.name else made
