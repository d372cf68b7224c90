"""What the names in dbt's Jinja stand for: `ref('rides')`, `source('raw', 'rides')`, `var('day')`, own macros.

Expressions are read as Python syntax, which they nearly are, and looked up; nothing is run. The unknown is `None`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.linker.sql.jinja import CONFIG, without_jinja

_MACRO = re.compile(r"\{%[-+]?\s*macro\s+(\w+)\s*\(((?:(?!%\}).){0,400})\)\s*[-+]?%\}", re.DOTALL)
_LONGEST = 20_000  # characters of a macro
_MOST_NESTED = 150  # brackets, dots and signs of an expression
_DEEPEST = 4  # macros in macros
_LARGEST = 200_000  # characters that macros may add to one text


class Macro(msgspec.Struct, frozen=True):
    parameters: tuple[tuple[str, Any], ...]  # name and default
    body: str


class Names(msgspec.Struct):
    """What can be named: `tables` by the name of their resource, `sources` by (source, table), both lower case."""

    variables: dict[str, Any] = {}
    tables: dict[str, str] = {}
    sources: dict[tuple[str, str], str] = {}
    macros: dict[str, Macro] = {}

    def ref(self, name: str, version: str = "") -> str:
        versioned = self.tables.get(f"{name}_v{version}".lower()) if version else None
        return versioned or self.tables.get(name.lower()) or re.sub(r"[^\w.]", "_", name)

    def source(self, source: str, table: str) -> str:
        return self.sources.get((source.lower(), table.lower())) or re.sub(r"[^\w.]", "_", f"{source}.{table}")


class Reading:
    """The Jinja of one text: what its `{% set %}` and the macros around it give names to."""

    def __init__(self, names: Names, local: dict[str, Any] | None = None, depth: int = 0) -> None:
        self.names = names
        self.local = dict(local or {})
        self.depth = depth
        self.added = [0]

    def expand(self, inside: str, hole: str) -> str | None:
        """The text that `{{ inside }}` becomes, `None` if it is not known."""
        value = self.value(_parsed(inside), hole)
        match value:
            case bool() | None | list():
                return None
            case _:
                return str(value)

    def assign(self, inside: str) -> None:
        """`{% set methods = ['card', 'cash'] %}`"""
        name, _, written = inside.removeprefix("set").partition("=")
        value = self.value(_parsed(written), "{}")
        if value is None:
            self.local.pop(name.strip(), None)
        else:
            self.local[name.strip()] = value

    def turns(self, inside: str, length: int) -> list[Reading] | None:
        """The names in each turn of `{% for name in ['a', 'b'] %}` around `length` characters, if all are known."""
        name, _, written = inside.removeprefix("for").partition(" in ")
        values = self.value(_parsed(written), "{}")
        if not isinstance(values, list) or not name.strip().isidentifier():
            return None
        self.added[0] += length * len(values)
        return None if self.added[0] > _LARGEST else [self._within({name.strip(): value}) for value in values]

    def _within(self, local: dict[str, Any], depth: int = 0) -> Reading:
        inner = Reading(self.names, {**self.local, **local}, self.depth + depth)
        inner.added = self.added
        return inner

    def value(self, node: ast.expr | None, hole: str) -> Any:
        match node:
            case ast.Constant(value=str() | int() | float() as constant):
                return constant
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                values = [self.value(part, hole) for part in parts]
                return None if None in values else values
            case ast.Name(id=name):
                return self.local.get(name)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                first, second = self.value(left, hole), self.value(right, hole)
                is_same = isinstance(first, str) and isinstance(second, str)
                return first + second if is_same and len(first) + len(second) < _LARGEST else None
            case ast.Call(func=function):
                keywords = {k.arg: self.value(k.value, hole) for k in node.keywords if k.arg}
                return self._called(_dotted(function), [self.value(a, hole) for a in node.args], keywords, hole)
        return None

    def _called(self, name: str, args: list[Any], keywords: dict[str, Any], hole: str) -> Any:
        match name.rpartition(".")[2] if name.startswith("builtins.") else name, args:
            case "ref", [str() as model]:
                return self.names.ref(model, str(keywords.get("v", keywords.get("version", ""))))
            case "ref", [str(), str() as model]:  # of a package
                return self.names.ref(model, str(keywords.get("v", keywords.get("version", ""))))
            case "source", [str() as source, str() as table]:
                return self.names.source(source, table)
            case "var", [str() as variable, *default]:
                known = self.names.variables.get(variable)
                return known if known is not None else (default or [keywords.get("default")])[0]
            case "env_var", [str(), *default]:
                return default[0] if default else None
            case (("dbt_utils.generate_surrogate_key" | "dbt_utils.surrogate_key"), [list() as columns]):
                return f"md5(concat({', '.join(map(str, columns))}))"
            case "dbt_utils.star", _:
                return "*"
        return self._expanded(name, args, keywords, hole)

    def _expanded(self, name: str, args: list[Any], keywords: dict[str, Any], hole: str) -> str | None:
        macro = self.names.macros.get(name.rpartition(".")[2])
        if macro is None or self.depth >= _DEEPEST or self.added[0] > _LARGEST:
            return None
        given = dict(zip((parameter for parameter, _ in macro.parameters), args, strict=False))
        inner = Reading(self.names, {**dict(macro.parameters), **given, **keywords}, self.depth + 1)
        inner.added = self.added
        made = re.sub(r"--[^\n]*", "", without_jinja(macro.body, hole, inner))
        self.added[0] += len(made)
        return " ".join(made.split())  # one line: the lines behind it stay where they are


def rendered(text: str, names: Names) -> str:
    """A text of a properties file with its Jinja looked up; `{{ target.database }}` becomes `{target_database}`."""
    return without_jinja(text, "{}", Reading(names)).strip()


def macros_in(text: str) -> dict[str, Macro]:
    """The macros that a file defines: `{% macro cents(column, scale=2) %}...{% endmacro %}`."""
    found = {}
    end = 0
    while match := _MACRO.search(text, end):
        end = text.find("endmacro", match.end())
        if end < 0:
            break
        call, body = _parsed(f"f({match[2]})"), text[match.end() : end].rpartition("{%")[0]
        if isinstance(call, ast.Call) and len(body) <= _LONGEST:
            parameters = [(arg.id, None) for arg in call.args if isinstance(arg, ast.Name)]
            parameters += [(k.arg, Reading(Names()).value(k.value, "{}")) for k in call.keywords if k.arg]
            found[match[1]] = Macro(tuple(parameters), body)
    return found


def config_of(text: str, names: Names) -> dict[str, Any]:
    """What the `{{ config(schema="mart") }}` of a text gives, `None` for what is not known."""
    match = CONFIG.search(text)
    call = _parsed(match[1]) if match else None
    reading = Reading(names)
    return {k.arg: reading.value(k.value, "{}") for k in call.keywords if k.arg} if isinstance(call, ast.Call) else {}


def references(written: str, names: Names) -> Iterator[str]:
    """The tables that `ref('rides')` and `source('raw', 'rides')` name, as `depends_on` lists them."""
    call = _parsed(written.strip().removeprefix("{{").removesuffix("}}").strip())
    if isinstance(call, ast.Call) and _dotted(call.func) in ("ref", "source"):
        found = Reading(names).value(call, "{}")
        if isinstance(found, str):
            yield found


def _parsed(written: str) -> ast.expr | None:
    if len(written) > 4_000 or max(map(written.count, ".+([")) > _MOST_NESTED:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # `\d` in a text: a SyntaxWarning of theirs
            return ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    return ""
