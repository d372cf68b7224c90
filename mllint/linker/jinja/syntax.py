"""Templates as jinja2's trees, in which `lineno` is an offset into the text, so that places can be told exactly."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

_LONGEST = 1_000_000  # characters of a template
_MOST_TAGS = 20_000


def parse(text: str) -> nodes.Template | None:
    """The tree of a template; `None` for what is none, or too large or deep."""
    if len(text) > _LONGEST or text.count("{%") + text.count("{{") > _MOST_TAGS:
        return None
    if "\r" in text:  # which the lexer makes line ends; the length stays
        text = text.replace("\r\n", " \n").replace("\r", "\n")
    try:
        tree: nodes.Template = _environment()._parse(text, None, None)  # `parse` would make a traceback of an error
        return tree
    except (TemplateError, RecursionError, MemoryError, ValueError, AssertionError):
        return None


def expression(written: str) -> nodes.Expr | None:
    """The tree of what stands between `{{` and `}}`."""
    tree = parse("{{ " + written.strip() + " }}") if len(written) <= 20_000 else None
    match tree.body if tree is not None else None:
        case [nodes.Output(nodes=[nodes.Expr() as single])] if not isinstance(single, nodes.TemplateData):
            return single
    return None


class _Offsets(Environment):
    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = self.lexer.tokeniter(source, name or "", filename, state)
        return TokenStream(self.lexer.wrap(_at_offsets(source, tokens), name, filename), name, filename)


def _at_offsets(source: str, tokens: Iterator[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """The lexer leaves out nothing but blanks, so that the next token is found by its text."""
    end = 0
    for _, kind, value in tokens:
        begin = source.find(value, end)
        begin = end if begin < 0 else begin
        yield begin, kind, value
        end = begin + len(value)


class _Blocks(Extension):
    """The blocks that dbt adds to the language. A snapshot's SELECT is a statement of its own; the others yield no SQL
    where they stand."""

    tags = {"snapshot", "test", "data_test", "materialization", "docs"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        token = next(parser.stream)
        kind = token.value
        name = parser.stream.expect("name").value if parser.stream.current.type == "name" else ""
        if kind in ("test", "data_test"):
            return _macro(parser, f"test_{name}", kind, token.lineno)
        while parser.stream.current.type != "block_end":  # {% materialization t, adapter='bigquery' %}
            next(parser.stream)
        body = parser.parse_statements((f"name:end{kind}",), drop_needle=True)
        if kind == "snapshot":
            end = nodes.Output([nodes.TemplateData("\n;", lineno=token.lineno)], lineno=token.lineno)
            return nodes.Scope([*body, end], lineno=token.lineno)
        return nodes.Macro(f"{kind} {name}", [], [], body, lineno=token.lineno)


def _macro(parser: Parser, name: str, kind: str, offset: int) -> nodes.Macro:
    made = nodes.Macro(lineno=offset)
    made.name = name
    parser.parse_signature(made)
    made.body = parser.parse_statements((f"name:end{kind}",), drop_needle=True)
    return made


@cache
def _environment() -> Any:
    extensions: list[str | type[Extension]] = ["jinja2.ext.do", "jinja2.ext.loopcontrols", _Blocks]
    # no cache and no optimizer: the latter would compute constant expressions, of any size
    return _Offsets(extensions=extensions, keep_trailing_newline=True, cache_size=0, optimized=False)
