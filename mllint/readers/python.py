"""Python modules: `ast` reads, and one pass lowers its tree to the data-flow language of `facts.python`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.readers import databricks
from mllint.readers.grammar import parse

_MAX_INT = 2**63
_IMPORTERS = ("import_module", "__import__")
_CELL = re.compile(rb"^# (?:%%|In\[[\d ]*\])", re.MULTILINE)


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of one module. Raises SyntaxError, ValueError, RecursionError or MemoryError as `ast.parse` does."""
    if databricks.is_notebook(data):
        above, _, named = lower(databricks.AMBIENT)
        body, docstring, imported = lower(databricks.python_of(_as_utf8(data).decode()))
        body, imported = (*above, *body), (*named, *imported)
    else:
        body, docstring, imported = lower(data)
    has_cells = databricks.is_notebook(data) or _CELL.search(data) is not None
    module = facts.Module(body, (), (), docstring, top_level(imported), imported, has_cells)
    return FileFacts(path, kind, python=module)


Imported = tuple[facts.Import | facts.ImportFrom, ...]


def top_level(imported: Imported) -> tuple[str, ...]:
    """Top-level names of the modules that are imported by their absolute names."""
    named = [alias.name for each in imported if isinstance(each, facts.Import) for alias in each.names]
    named += [each.module for each in imported if isinstance(each, facts.ImportFrom) and not each.level]
    return tuple(sorted({name.partition(".")[0] for name in named} - {""}))


def lower(source: bytes | str, first_line: int = 1) -> tuple[tuple[facts.Stmt, ...], str, Imported]:
    """Statements, docstring and imports of a source text whose first line has the number `first_line`."""
    tree, source = parse(source)
    text = _as_utf8(source) if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    lowering = _Lowering(text, first_line)
    body = lowering.block(tree.body)
    return body, (ast.get_docstring(tree, clean=False) or "")[:200], tuple(lowering.imported)


def _as_utf8(source: bytes) -> bytes:
    """The text over which `ast` counts columns: of a file in another encoding, its text in UTF-8."""
    if source.isascii():
        return source
    encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    return source if encoding.startswith("utf-8") else source.decode(encoding).encode()


class _Lowering:
    def __init__(self, text: bytes, first_line: int) -> None:
        self.shift = first_line - 1
        lines = [] if text.isascii() else text.split(b"\n")
        # only where a character takes several bytes do columns in bytes and characters differ
        self.wide = {number: line for number, line in enumerate(lines, 1) if not line.isascii()}
        self.generators = [False]
        self.imported: list[facts.Import | facts.ImportFrom] = []

    # ------------------------------------------------------------------------------------------- places

    def at(self, node: Any) -> int:
        line: int = node.lineno
        end_line: int = node.end_lineno
        column: int = node.col_offset
        end_column: int = node.end_col_offset
        if self.wide:
            column, end_column = self.characters(line, column), self.characters(end_line, end_column)
        rows = end_line - line
        line += self.shift
        # almost every place, without the calls that keep one within its bits
        if rows < 0x4000 and line < 0x100000 and column < 0x3FFF and end_column < 0x3FFF:
            return line << 42 | (column + 1) << 28 | rows << 14 | end_column + 1
        return facts.pack_at(line, column + 1, line + rows, end_column + 1)

    def characters(self, line: int, column: int) -> int:
        wide = self.wide.get(line)
        return column if wide is None else len(wide[:column].decode("utf-8", "replace"))

    # -------------------------------------------------------------------------------------- expressions

    def expr(self, node: Any) -> facts.Expr:
        return _EXPRESSIONS[type(node)](self, node)

    def maybe(self, node: Any) -> facts.Expr | None:
        return None if node is None else _EXPRESSIONS[type(node)](self, node)

    def exprs(self, nodes: list[Any]) -> tuple[facts.Expr, ...]:
        return tuple([_EXPRESSIONS[type(node)](self, node) for node in nodes])

    def constant(self, node: ast.Constant) -> facts.Expr:
        value: Any = node.value
        if isinstance(value, str):
            clean = value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
            return facts.Literal(self.at(node), clean)
        is_small = isinstance(value, int) and -_MAX_INT <= value < _MAX_INT
        if is_small or value is None or isinstance(value, float):
            return facts.Literal(self.at(node), value)
        return facts.Opaque(self.at(node))

    def call(self, node: ast.Call) -> facts.Expr:
        at = self.at(node)
        called = node.func.attr if type(node.func) is ast.Attribute else getattr(node.func, "id", "")
        if called in _IMPORTERS and node.args and isinstance(name := getattr(node.args[0], "value", None), str):
            self.imported.append(facts.Import(at, (facts.Alias(name, None),)))
        return facts.Call(at, self.expr(node.func), self.exprs(node.args), self.keywords(node.keywords))

    def keywords(self, nodes: list[ast.keyword]) -> tuple[facts.Keyword, ...]:
        return tuple([facts.Keyword(node.arg, self.expr(node.value)) for node in nodes])

    def joined(self, node: ast.JoinedStr) -> facts.Expr:
        parts: list[facts.Expr] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                inner = self.expr(value.value)
                spec = value.format_spec
                if isinstance(spec, ast.JoinedStr) and spec.values:
                    # f"{n:03d}" is format(n, "03d"): the text differs from str(n)
                    call = facts.Name(self.at(node), "format")
                    inner = facts.Call(self.at(node), call, (inner, self.joined(spec)), ())
                parts.append(inner)
            else:
                parts.append(self.expr(value))
        return facts.Text(self.at(node), tuple(parts))

    def lambda_(self, node: ast.Lambda) -> facts.Expr:
        self.generators.append(False)  # `lambda: (yield)` makes no generator of the function around it
        body = facts.encode_body((facts.Return(self.at(node.body), self.expr(node.body)),))
        self.generators.pop()
        parameters = self.parameters(node.args)
        function = facts.Function(self.at(node), "<lambda>", parameters, (), None, body, False, False)
        return facts.Lambda(self.at(node), function)

    def comprehension(self, node: Any, kind: Any, element: Any, value: Any = None) -> facts.Expr:
        generators = tuple(
            facts.Generator(self.expr(g.target), self.expr(g.iter), self.exprs(g.ifs)) for g in node.generators
        )
        return facts.Comprehension(self.at(node), kind, self.expr(element), self.maybe(value), generators)

    def wait(self, node: Any, kind: Any) -> facts.Expr:
        if kind != "await":
            self.generators[-1] = True
        return facts.Wait(self.at(node), kind, self.maybe(node.value))

    # --------------------------------------------------------------------------------------- statements

    def block(self, nodes: list[Any]) -> tuple[facts.Stmt, ...]:
        result = []
        for node in nodes:
            lower_statement = _STATEMENTS.get(type(node))
            if lower_statement is not None:  # `pass` and type aliases say nothing about data
                result.append(lower_statement(self, node))
        return tuple(result)

    def assign(self, node: ast.Assign) -> facts.Stmt:
        return facts.Assign(self.at(node), self.exprs(node.targets), self.expr(node.value))

    def annotated(self, node: ast.AnnAssign) -> facts.Stmt:
        value, annotation = self.maybe(node.value), self.expr(node.annotation)
        return facts.Assign(self.at(node), (self.expr(node.target),), value, annotation)

    def augment(self, node: ast.AugAssign) -> facts.Stmt:
        operator = _BINARY.get(type(node.op), "?")
        return facts.Augment(self.at(node), self.expr(node.target), operator, self.expr(node.value))

    def for_(self, node: Any) -> facts.Stmt:
        target, iterable = self.expr(node.target), self.expr(node.iter)
        return facts.For(self.at(node), target, iterable, self.block(node.body), self.block(node.orelse))

    def with_(self, node: Any) -> facts.Stmt:
        items = tuple(
            facts.WithItem(self.expr(item.context_expr), self.maybe(item.optional_vars)) for item in node.items
        )
        return facts.With(self.at(node), items, self.block(node.body))

    def try_(self, node: Any) -> facts.Stmt:
        handlers = tuple(facts.Handler(self.maybe(h.type), h.name, self.block(h.body)) for h in node.handlers)
        body, otherwise, final = self.block(node.body), self.block(node.orelse), self.block(node.finalbody)
        return facts.Try(self.at(node), body, handlers, otherwise, final)

    def import_(self, node: ast.Import) -> facts.Stmt:
        made = facts.Import(self.at(node), tuple(facts.Alias(a.name, a.asname) for a in node.names))
        self.imported.append(made)
        return made

    def import_from(self, node: ast.ImportFrom) -> facts.Stmt:
        names = tuple(facts.Alias(a.name, a.asname) for a in node.names)
        made = facts.ImportFrom(self.at(node), node.module or "", node.level, names)
        self.imported.append(made)
        return made

    def parameters(self, args: ast.arguments) -> tuple[facts.Parameter, ...]:
        result: list[facts.Parameter] = []
        positional = args.posonlyargs + args.args
        defaults: list[Any] = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
        for index, (arg, default) in enumerate(zip(positional, defaults, strict=True)):
            kind = "positional" if index < len(args.posonlyargs) else "plain"
            result.append(self.parameter(arg, kind, default))
        if args.vararg:
            result.append(self.parameter(args.vararg, "star", None))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            result.append(self.parameter(arg, "keyword", default))
        if args.kwarg:
            result.append(self.parameter(args.kwarg, "double star", None))
        return tuple(result)

    def parameter(self, arg: ast.arg, kind: Any, default: Any) -> facts.Parameter:
        return facts.Parameter(arg.arg, kind, self.maybe(default), self.maybe(arg.annotation), self.at(arg))

    def define(self, node: Any) -> facts.Stmt:
        self.generators.append(False)
        body = facts.encode_body(self.block(node.body))
        is_generator = self.generators.pop()
        function = facts.Function(
            self.at(node),
            node.name,
            self.parameters(node.args),
            self.exprs(node.decorator_list),
            self.maybe(node.returns),
            body,
            isinstance(node, ast.AsyncFunctionDef),
            is_generator,
        )
        return facts.Define(self.at(node), function)

    def define_class(self, node: ast.ClassDef) -> facts.Stmt:
        return facts.DefineClass(
            self.at(node),
            node.name,
            self.exprs(node.bases),
            self.keywords(node.keywords),
            self.exprs(node.decorator_list),
            self.block(node.body),
        )

    def match(self, node: ast.Match) -> facts.Stmt:
        cases = []
        for case in node.cases:
            tests: list[facts.Expr] = []
            binds: list[str] = []
            irrefutable = self.pattern(case.pattern, tests, binds)
            cases.append(
                facts.Case(
                    () if irrefutable else tuple(tests), tuple(binds), self.maybe(case.guard), self.block(case.body)
                )
            )
        return facts.Match(self.at(node), self.expr(node.subject), tuple(cases))

    def pattern(self, node: Any, tests: list[facts.Expr], binds: list[str]) -> bool:
        """Collect what a pattern compares with and binds; true if it accepts anything."""
        match node:
            case ast.MatchValue():
                tests.append(self.expr(node.value))
            case ast.MatchSingleton():
                tests.append(facts.Literal(self.at(node), node.value))
            case ast.MatchOr():
                return max([self.pattern(option, tests, binds) for option in node.patterns])  # all bind their names
            case ast.MatchAs():
                if node.name:
                    binds.append(node.name)
                return node.pattern is None or self.pattern(node.pattern, tests, binds)
            case _:
                tests.append(facts.Opaque(self.at(node)))
                for child in ast.walk(node):
                    if isinstance(child, ast.MatchAs | ast.MatchStar) and child.name:
                        binds.append(child.name)
        return False


_BINARY: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_UNARY: dict[type, str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not"}
_COMPARE: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip

_EXPRESSIONS: dict[type, Callable[[_Lowering, Any], facts.Expr]] = {
    ast.Constant: _Lowering.constant,
    ast.Name: lambda lo, n: facts.Name(lo.at(n), n.id),
    ast.Attribute: lambda lo, n: facts.Attribute(lo.at(n), lo.expr(n.value), n.attr),
    ast.Subscript: lambda lo, n: facts.Subscript(lo.at(n), lo.expr(n.value), lo.expr(n.slice)),
    ast.Slice: lambda lo, n: facts.Slice(lo.at(n), lo.maybe(n.lower), lo.maybe(n.upper), lo.maybe(n.step)),
    ast.Call: _Lowering.call,
    ast.BinOp: lambda lo, n: facts.Binary(lo.at(n), _BINARY[type(n.op)], lo.expr(n.left), lo.expr(n.right)),
    ast.UnaryOp: lambda lo, n: facts.Unary(lo.at(n), _UNARY[type(n.op)], lo.expr(n.operand)),
    ast.BoolOp: lambda lo, n: facts.Logical(lo.at(n), "and" if isinstance(n.op, ast.And) else "or", lo.exprs(n.values)),
    ast.Compare: lambda lo, n: facts.Compare(
        lo.at(n), lo.expr(n.left), tuple([_COMPARE[type(op)] for op in n.ops]), lo.exprs(n.comparators)
    ),
    ast.IfExp: lambda lo, n: facts.Conditional(lo.at(n), lo.expr(n.test), lo.expr(n.body), lo.expr(n.orelse)),
    ast.Tuple: lambda lo, n: facts.Collection(lo.at(n), "tuple", lo.exprs(n.elts)),
    ast.List: lambda lo, n: facts.Collection(lo.at(n), "list", lo.exprs(n.elts)),
    ast.Set: lambda lo, n: facts.Collection(lo.at(n), "set", lo.exprs(n.elts)),
    ast.Dict: lambda lo, n: facts.Mapping(lo.at(n), tuple([lo.maybe(k) for k in n.keys]), lo.exprs(n.values)),
    ast.JoinedStr: _Lowering.joined,
    ast.FormattedValue: lambda lo, n: lo.expr(n.value),
    ast.Lambda: _Lowering.lambda_,
    ast.ListComp: lambda lo, n: lo.comprehension(n, "list", n.elt),
    ast.SetComp: lambda lo, n: lo.comprehension(n, "set", n.elt),
    ast.GeneratorExp: lambda lo, n: lo.comprehension(n, "generator", n.elt),
    ast.DictComp: lambda lo, n: lo.comprehension(n, "dict", n.key, n.value),
    ast.Starred: lambda lo, n: facts.Star(lo.at(n), lo.expr(n.value)),
    ast.NamedExpr: lambda lo, n: facts.Walrus(lo.at(n), n.target.id, lo.expr(n.value)),
    ast.Await: lambda lo, n: lo.wait(n, "await"),
    ast.Yield: lambda lo, n: lo.wait(n, "yield"),
    ast.YieldFrom: lambda lo, n: lo.wait(n, "yield from"),
}

_STATEMENTS: dict[type, Callable[[_Lowering, Any], facts.Stmt]] = {
    ast.Assign: _Lowering.assign,
    ast.AnnAssign: _Lowering.annotated,
    ast.AugAssign: _Lowering.augment,
    ast.Expr: lambda lo, n: facts.Evaluate(lo.at(n), lo.expr(n.value)),
    ast.If: lambda lo, n: facts.If(lo.at(n), lo.expr(n.test), lo.block(n.body), lo.block(n.orelse)),
    ast.For: _Lowering.for_,
    ast.AsyncFor: _Lowering.for_,
    ast.While: lambda lo, n: facts.While(lo.at(n), lo.expr(n.test), lo.block(n.body), lo.block(n.orelse)),
    ast.With: _Lowering.with_,
    ast.AsyncWith: _Lowering.with_,
    ast.Try: _Lowering.try_,
    ast.TryStar: _Lowering.try_,
    ast.Return: lambda lo, n: facts.Return(lo.at(n), lo.maybe(n.value)),
    ast.Raise: lambda lo, n: facts.Raise(lo.at(n), lo.maybe(n.exc)),
    ast.Assert: lambda lo, n: facts.Assert(lo.at(n), lo.expr(n.test)),
    ast.Delete: lambda lo, n: facts.Delete(lo.at(n), lo.exprs(n.targets)),
    ast.Import: _Lowering.import_,
    ast.ImportFrom: _Lowering.import_from,
    ast.FunctionDef: _Lowering.define,
    ast.AsyncFunctionDef: _Lowering.define,
    ast.ClassDef: _Lowering.define_class,
    ast.Global: lambda lo, n: facts.Global(lo.at(n), tuple(n.names)),
    ast.Nonlocal: lambda lo, n: facts.Global(lo.at(n), tuple(n.names)),
    ast.Break: lambda lo, n: facts.Leave(lo.at(n), "break"),
    ast.Continue: lambda lo, n: facts.Leave(lo.at(n), "continue"),
    ast.Match: _Lowering.match,
}
