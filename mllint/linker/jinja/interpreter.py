"""Walking through a template: what text it becomes, with holes where it depends on what is not known.

Of a test that is not known the first branch stays; what the others refer to is looked at too. A loop over unknown
values takes one turn.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from jinja2 import nodes

from mllint.linker.jinja import builtins
from mllint.linker.jinja.expressions import SLIPS, Expressions, Scope, World
from mllint.linker.jinja.output import Origins, Output
from mllint.linker.jinja.syntax import expression, parse
from mllint.linker.jinja.values import (
    Exhausted,
    Function,
    Macro,
    Namespace,
    Space,
    Unknown,
    shown,
    truth,
)

_MOST_MACROS = 25  # within each other


class Rendered(msgspec.Struct):
    text: str
    origins: Origins


class Returned(Exception):  # noqa: N818 - a way out, no error
    """`{{ return(value) }}` of dbt: a macro's value."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Break(Exception):  # noqa: N818
    pass


class _Continue(Exception):  # noqa: N818
    pass


def render(text: str, world: World) -> Rendered | None:
    """What a template becomes; `None` if it is no Jinja, or too much work."""
    return Interpreter(world).render(text)


def evaluate(written: str, world: World) -> Any:
    """The value of what stands between `{{` and `}}`."""
    tree = expression(written)
    return value_of(tree, world) if tree is not None else Unknown()


def value_of(tree: nodes.Expr, world: World) -> Any:
    try:
        return Interpreter(world).value(tree, Scope())
    except (Exhausted, Returned, RecursionError):
        return Unknown()


class Interpreter(Expressions):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.offset = 0  # where in the template the walk is
        self._macros = 0
        self._returns = Function("return", self._return)

    def render(self, text: str) -> Rendered | None:
        tree = parse(text)
        if tree is None:
            return None
        output = Output(self.budget)
        try:
            self._run(tree.body, Scope({"return": self._returns}), output)
        except (Returned, _Break, _Continue):
            pass
        except (Exhausted, RecursionError):
            return None
        return Rendered(output.text(), output.origins)

    @staticmethod
    def _return(value: Any = "") -> Any:
        raise Returned(value)

    # -------------------------------------------------------------------------------------------- statements

    def _run(self, body: list[Any], scope: Scope, output: Output) -> None:
        self.depth += 1
        try:
            for node in body:
                self.budget.step()
                if self._macros == 0:
                    self.offset = node.lineno
                self._statement(node, scope, output)
        finally:
            self.depth -= 1

    def _statement(self, node: nodes.Node, scope: Scope, output: Output) -> None:
        match node:
            case nodes.Output(nodes=parts):
                for part in parts:
                    self._print(part, scope, output)
            case nodes.If():
                self._if(node, scope, output)
            case nodes.For():
                self._for(node, scope, output)
            case nodes.Assign(target=target, node=value):
                self._assign(target, self.value(value, scope), scope)
            case nodes.AssignBlock(target=target, body=body):
                self._assign(target, self._text_of(body, Scope(outer=scope)), scope)
            case nodes.ExprStmt(node=value):
                self.value(value, scope)
            case nodes.Macro(name=name):
                scope.values[name] = Macro(name, node, scope=scope)
            case nodes.CallBlock():
                self._call_block(node, scope, output)
            case nodes.FilterBlock(body=body):
                output.write(self._text_of(body, Scope(outer=scope)), self.offset, False)
            case nodes.With(targets=targets, values=values, body=body):
                inner = Scope(outer=scope)
                for target, value in zip(targets, values, strict=False):
                    self._assign(target, self.value(value, scope), inner)
                self._run(body, inner, output)
            case nodes.Scope(body=body) | nodes.Block(body=body):
                self._run(body, Scope(outer=scope), output)
            case nodes.Break():
                raise _Break
            case nodes.Continue():
                raise _Continue

    def _print(self, part: nodes.Expr, scope: Scope, output: Output) -> None:
        if isinstance(part, nodes.TemplateData):
            output.write(part.data, part.lineno if self._macros == 0 else self.offset, self._macros == 0)
            return
        if self._macros == 0:
            self.offset = _begin(part)
        at = self.offset
        output.write(shown(self.value(part, scope)), at, False)

    def _text_of(self, body: list[Any], scope: Scope) -> str:
        output = Output(self.budget)
        self._run(body, scope, output)
        return output.text()

    def _if(self, node: nodes.If, scope: Scope, output: Output) -> None:
        branches = [(node.test, node.body), *((each.test, each.body) for each in node.elif_)]
        taken = False
        for test, body in branches:
            holds = truth(self.value(test, scope))
            if holds is False:
                continue
            if taken:
                self._glance(body, scope)
            else:
                self._run(body, scope, output)
                taken = True
            if holds:
                return
        if taken:
            self._glance(node.else_, scope)
        else:
            self._run(node.else_, scope, output)

    def _glance(self, body: list[Any], scope: Scope) -> None:
        """Look at a branch that may be taken instead: what it refers to counts, not what it yields."""
        with suppress(Returned, _Break, _Continue):
            self._text_of(body, Scope(outer=scope))

    def _for(self, node: nodes.For, scope: Scope, output: Output) -> None:
        source = self.value(node.iter, scope)
        known = builtins.iterated(source)
        if known is None:
            name = node.target.name if isinstance(node.target, nodes.Name) else ""
            known = [Unknown(name or getattr(source, "name", ""))]
        self.budget.step(len(known))
        turns = []
        for value in known:
            inner = Scope(outer=scope)
            self._assign(node.target, value, inner)
            if node.test is None or truth(self.value(node.test, inner)) is not False:
                turns.append((value, inner))
        values = [value for value, _ in turns]
        for index, (_, inner) in enumerate(turns):
            inner.values["loop"] = _loop(index, values)
            try:
                self._run(node.body, inner, output)
            except _Continue:
                continue
            except _Break:
                break
        if not turns:
            self._run(node.else_, Scope(outer=scope), output)

    def _assign(self, target: Any, value: Any, scope: Scope) -> None:
        match target:
            case nodes.Name(name=name):
                scope.values[name] = value
            case nodes.NSRef(name=name, attr=attribute):
                space = scope.find(name)
                if isinstance(space, Namespace):
                    space.values[attribute] = value
            case nodes.Tuple(items=items):
                is_known = isinstance(value, list | tuple) and len(value) == len(items)
                parts = value if is_known else [Unknown(getattr(item, "name", "")) for item in items]
                for item, part in zip(items, parts, strict=True):
                    self._assign(item, part, scope)

    # ------------------------------------------------------------------------------------------------ macros

    def _call_block(self, node: nodes.CallBlock, scope: Scope, output: Output) -> None:
        """`{% call statement('found') %} select ... {% endcall %}`"""

        def caller(*args: Any, **keywords: Any) -> Any:
            inner = Scope(outer=scope)
            self._bind(node, inner, list(args), keywords)
            return self._text_of(node.body, inner)

        called = self.value(node.call.node, scope)
        args, keywords = self._arguments(node.call, scope)
        given = Function("caller", caller)
        if isinstance(called, Macro):
            output.write(shown(self.expand(called, args, {**keywords, "caller": given})), self.offset, False)
        else:
            caller()

    def expand(self, macro: Macro, args: list[Any], keywords: dict[str, Any]) -> Any:
        if self._macros >= _MOST_MACROS:
            raise Exhausted
        scope = Scope({"return": self._returns}, macro.scope)
        before, self._macros = self._macros, self._macros + 1
        try:
            self._bind(macro.tree, scope, args, keywords)
            return self._text_of(macro.tree.body, scope)
        except Returned as returned:
            return returned.value
        except SLIPS:
            return Unknown(macro.name)
        finally:
            self._macros = before

    def _bind(self, tree: Any, scope: Scope, args: list[Any], keywords: dict[str, Any]) -> None:
        names = [each.name for each in tree.args]
        first_default = len(names) - len(tree.defaults)
        for index, name in enumerate(names):
            if index < len(args):
                scope.values[name] = args[index]
            elif name in keywords:
                scope.values[name] = keywords[name]
            elif index >= first_default:
                scope.values[name] = self.value(tree.defaults[index - first_default], scope)
            else:
                scope.values[name] = Unknown(name, missing=True)
        scope.values["varargs"] = tuple(args[len(names) :])
        scope.values["kwargs"] = {key: value for key, value in keywords.items() if key not in (*names, "caller")}
        if "caller" in keywords:
            scope.values["caller"] = keywords["caller"]


def _begin(node: nodes.Node) -> int:
    """Where an expression begins: of a call, jinja2 tells where its bracket stands."""
    for _ in range(100):
        inner = next((found for name in ("node", "left", "expr") if (found := getattr(node, name, None))), None)
        if inner is None:
            break
        node = inner
    return node.lineno


def _loop(index: int, values: list[Any]) -> Space:
    last = len(values) - 1
    known = {
        "index": index + 1, "index0": index, "first": index == 0, "last": index == last, "length": len(values),
        "revindex": last - index + 1, "revindex0": last - index, "depth": 1,
        "previtem": values[index - 1] if index else Unknown("previtem", missing=True),
        "nextitem": values[index + 1] if index < last else Unknown("nextitem", missing=True),
        "cycle": Function("cycle", lambda *args: args[index % len(args)]),
    }  # fmt: skip
    return Space("loop", known.get)
