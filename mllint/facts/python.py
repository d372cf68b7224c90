"""What a Python module or notebook says: a small data-flow language of expressions and statements.

It is a tree, lowered from `ast`, that knows no library: names, attributes, calls, literals and control flow, each
with its place. What a call means for data stands in `mllint/libraries/*.yaml` and is applied when linking.

A place (`At`) is one integer, so that a tree of a million nodes stays small; see `pack_at`. Bodies of functions are
kept encoded until the linker has a reason to look inside.
"""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

At = int


def pack_at(line: int, column: int, end_line: int, end_column: int) -> At:
    """Pack a place in 62 bits. `line` counts from 1 over the whole module, columns count from 1 in characters."""
    rows = min(max(end_line - line, 0), 0x3FFF)
    return min(line, 0xFFFFF) << 42 | min(column, 0x3FFF) << 28 | rows << 14 | min(end_column, 0x3FFF)


def unpack_at(at: At) -> tuple[int, int, int, int]:
    """`(line, column, end_line, end_column)` of a packed place."""
    line = at >> 42
    return line, at >> 28 & 0x3FFF, line + (at >> 14 & 0x3FFF), at & 0x3FFF


class _Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    at: At


# ----------------------------------------------------------------------------------------------- expressions


class Literal(_Node, frozen=True, tag=1):
    value: bool | int | float | str | None


class Name(_Node, frozen=True, tag=2):
    id: str


class Attribute(_Node, frozen=True, tag=3):
    value: Expr
    name: str


class Subscript(_Node, frozen=True, tag=4):
    value: Expr
    index: Expr


class Slice(_Node, frozen=True, tag=5):
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


class Keyword(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str | None  # None is `**value`
    value: Expr


class Call(_Node, frozen=True, tag=6):
    function: Expr
    args: tuple[Expr, ...]  # a `Star` is `*value`
    keywords: tuple[Keyword, ...]


class Binary(_Node, frozen=True, tag=7):
    operator: str  # as written: + - * / // % ** @ & | ^ << >>
    left: Expr
    right: Expr


class Unary(_Node, frozen=True, tag=8):
    operator: str  # - + ~ not
    operand: Expr


class Logical(_Node, frozen=True, tag=9):
    operator: str  # and, or
    values: tuple[Expr, ...]


class Compare(_Node, frozen=True, tag=10):
    left: Expr
    operators: tuple[str, ...]  # == != < <= > >= in, not in, is, is not
    rights: tuple[Expr, ...]


class Conditional(_Node, frozen=True, tag=11):
    test: Expr
    then: Expr
    otherwise: Expr


class Collection(_Node, frozen=True, tag=12):
    kind: OneOf["tuple", "list", "set"]
    items: tuple[Expr, ...]


class Mapping(_Node, frozen=True, tag=13):
    keys: tuple[Expr | None, ...]  # None is `**value`
    values: tuple[Expr, ...]


class Text(_Node, frozen=True, tag=14):
    """An f-string: literals and values in order."""

    parts: tuple[Expr, ...]


class Lambda(_Node, frozen=True, tag=15):
    function: Function


class Generator(msgspec.Struct, frozen=True, array_like=True, gc=False):
    target: Expr
    iterable: Expr
    conditions: tuple[Expr, ...]


class Comprehension(_Node, frozen=True, tag=16):
    kind: OneOf["list", "set", "generator", "dict"]
    element: Expr
    value: Expr | None  # of a dict comprehension
    generators: tuple[Generator, ...]


class Star(_Node, frozen=True, tag=17):
    value: Expr


class Walrus(_Node, frozen=True, tag=18):
    name: str
    value: Expr


class Wait(_Node, frozen=True, tag=19):
    """`await`, `yield` and `yield from`."""

    kind: OneOf["await", "yield", "yield from"]
    value: Expr | None


class Opaque(_Node, frozen=True, tag=20):
    """An expression whose value is of no use to lineage (complex numbers, ellipsis)."""


Expr = (
    Literal
    | Name
    | Attribute
    | Subscript
    | Slice
    | Call
    | Binary
    | Unary
    | Logical
    | Compare
    | Conditional
    | Collection
    | Mapping
    | Text
    | Lambda
    | Comprehension
    | Star
    | Walrus
    | Wait
    | Opaque
)

# ------------------------------------------------------------------------------------------------ statements


class Assign(_Node, frozen=True, tag=41):
    targets: tuple[Expr, ...]
    value: Expr | None  # None: an annotation alone
    annotation: Expr | None = None


class Augment(_Node, frozen=True, tag=42):
    target: Expr
    operator: str
    value: Expr


class Evaluate(_Node, frozen=True, tag=43):
    value: Expr


class If(_Node, frozen=True, tag=44):
    test: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


class For(_Node, frozen=True, tag=45):
    target: Expr
    iterable: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


class While(_Node, frozen=True, tag=46):
    test: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]


class WithItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    context: Expr
    target: Expr | None


class With(_Node, frozen=True, tag=47):
    items: tuple[WithItem, ...]
    body: tuple[Stmt, ...]


class Handler(msgspec.Struct, frozen=True, array_like=True, gc=False):
    error: Expr | None
    name: str | None
    body: tuple[Stmt, ...]


class Try(_Node, frozen=True, tag=48):
    body: tuple[Stmt, ...]
    handlers: tuple[Handler, ...]
    otherwise: tuple[Stmt, ...]
    final: tuple[Stmt, ...]


class Return(_Node, frozen=True, tag=49):
    value: Expr | None


class Raise(_Node, frozen=True, tag=50):
    value: Expr | None


class Assert(_Node, frozen=True, tag=51):
    test: Expr


class Delete(_Node, frozen=True, tag=52):
    targets: tuple[Expr, ...]


class Alias(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    asname: str | None


class Import(_Node, frozen=True, tag=53):
    names: tuple[Alias, ...]


class ImportFrom(_Node, frozen=True, tag=54):
    module: str
    level: int
    names: tuple[Alias, ...]  # `*` for all


class Define(_Node, frozen=True, tag=55):
    function: Function


class DefineClass(_Node, frozen=True, tag=56):
    name: str
    bases: tuple[Expr, ...]
    keywords: tuple[Keyword, ...]
    decorators: tuple[Expr, ...]
    body: tuple[Stmt, ...]


class Global(_Node, frozen=True, tag=57):
    names: tuple[str, ...]


class Leave(_Node, frozen=True, tag=58):
    kind: OneOf["break", "continue"]


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One case of a `match`: `tests` are the literal values it accepts, `binds` the names it sets."""

    tests: tuple[Expr, ...]
    binds: tuple[str, ...]
    guard: Expr | None
    body: tuple[Stmt, ...]


class Match(_Node, frozen=True, tag=59):
    subject: Expr
    cases: tuple[Case, ...]


Stmt = (
    Assign
    | Augment
    | Evaluate
    | If
    | For
    | While
    | With
    | Try
    | Return
    | Raise
    | Assert
    | Delete
    | Import
    | ImportFrom
    | Define
    | DefineClass
    | Global
    | Leave
    | Match
)


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    kind: OneOf["positional", "plain", "star", "keyword", "double star"]
    default: Expr | None
    annotation: Expr | None
    at: At


class Function(msgspec.Struct, frozen=True, array_like=True, gc=False):
    at: At  # the whole definition, from `def`
    name: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None
    body: msgspec.Raw  # encoded `tuple[Stmt, ...]`; see `body_of`
    is_async: bool
    is_generator: bool


class Module(msgspec.Struct, frozen=True, array_like=True, gc=False):
    body: tuple[Stmt, ...]
    cells: tuple[int, ...]  # first line of each notebook cell, over the whole module; empty for a plain file
    cell_numbers: tuple[int, ...]  # the number of each of those cells in the notebook, from 1
    docstring: str = ""
    imports: tuple[str, ...] = ()  # top-level names of the modules imported anywhere in it, absolute imports only
    imported: tuple[Import | ImportFrom, ...] = ()  # every import, also in functions, and `import_module("name")`
    has_cells: bool = False  # a plain file with marks between cells, as Jupytext, Databricks and editors write them


_bodies = msgspec.msgpack.Decoder(tuple[Stmt, ...])
_encoder = msgspec.msgpack.Encoder()


def encode_body(statements: tuple[Stmt, ...]) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(statements))


def body_of(function: Function) -> tuple[Stmt, ...]:
    """The statements of a function, decoded anew at each call."""
    return _bodies.decode(function.body)
