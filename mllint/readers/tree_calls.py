"""Calls with literal arguments in languages that tree-sitter parses.

The walk is iterative and looks at the shape of calls, assignments and texts alone. `"/api/" + id` and
`` `/api/${id}` `` become `/api/{id}`; names that the file sets once to a literal are filled in. A call's name leaves
out the arguments of the calls that it is chained to: `spark.read.option("header", true).csv(p)` is
`spark.read.option.csv`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from mllint.facts.foreign import ForeignCall

if TYPE_CHECKING:
    from tree_sitter import Node

# TSX is close enough to a superset of JavaScript, JSX and TypeScript to read all four.
_GRAMMARS = {
    "javascript": ("tree_sitter_typescript", "language_tsx"),
    "scala": ("tree_sitter_scala", "language"),
    "java": ("tree_sitter_java", "language"),
    "julia": ("tree_sitter_julia", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}
_CALLS = {
    "call_expression",
    "new_expression",
    "instance_expression",
    "method_invocation",
    "object_creation_expression",
    "macrocall_expression",
}
_ASSIGNMENTS = {  # type -> fields of name and value; without fields: the first and the last child
    "variable_declarator": ("name", "value"),
    "assignment_expression": ("left", "right"),
    "val_definition": ("pattern", "value"),
    "var_definition": ("pattern", "value"),
    "init_declarator": ("declarator", "value"),
    "assignment": ("", ""),
}
_FUNCTIONS = {
    "arrow_function", "function_expression", "function_declaration", "method_definition", "method_declaration",
    "lambda_expression", "function_definition", "class_declaration", "class_definition", "object_definition",
    "class_body", "template_body",
}  # fmt: skip
_TEXTS = {
    "string", "string_literal", "template_string", "interpolated_string_expression", "interpolated_string",
    "raw_string_literal", "text_block",
}  # fmt: skip
_FILLED = {"template_substitution", "interpolation", "string_interpolation"}
_NAMES = {"identifier", "property_identifier", "field_identifier", "type_identifier", "namespace_identifier"}
_CONCATENATIONS = {"binary_expression", "infix_expression"}
_WRAPPERS = {"await_expression", "parenthesized_expression", "non_null_expression", "as_expression"}
# Calls that build a path of their arguments, by the last part of their name.
_JOINS = {"join": "/", "joinpath": "/", "resolve": "/", "get": "/", "of": "/", "File": "/", "Path": "/", "URL": ""}
_JOIN_OWNERS = re.compile(r"(?:^|\.)(?:path\.(?:join|resolve)|joinpath|Paths\.get|Path\.of|File|Path|URL)$")
_QUOTES = re.compile(r"""(?s)^[A-Za-z]{0,3}(\"\"\"|"|'|`)(.*?)\1?$""")
_MAX_DEPTH = 30
_MAX_CHAIN = 200
_MAX_LENGTH = 1_000
_MAX_NODES_OF_ARGUMENT = 200


@cache
def _parser(kind: str) -> Any:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[kind]
    return Parser(Language(getattr(importlib.import_module(module), function)()))


def tree_calls(kind: str, text: str, first_line: int = 1) -> Iterator[ForeignCall]:
    """Calls in the order of the text, which begins at `first_line`. Broken code gives what could be recovered."""
    source = text.encode()
    root = _parser(kind).parse(source).root_node
    nodes = list(_walk(root))
    reader = _Reader(kind, text.split("\n"), first_line, _constants(nodes))
    for node, target in nodes:
        call = reader.call(node, target)
        if call is not None:
            yield call


def _walk(root: Node) -> Iterator[tuple[Node, str]]:
    """Calls and assignments, each with the variable that receives its value, outer ones first."""
    stack = [(root, "")]
    while stack:
        node, target = stack.pop()
        kind = node.type
        if kind in _FUNCTIONS:
            target = ""
        elif kind in _ASSIGNMENTS:
            name, _ = _sides(node)
            target = _text(name) if name is not None and name.type in _NAMES else target
            yield node, target
        elif kind in _CALLS or kind == "declaration":
            yield node, target
        stack.extend((child, target) for child in reversed(node.named_children))


def _sides(node: Node) -> tuple[Node | None, Node | None]:
    left, right = _ASSIGNMENTS[node.type]
    if left:
        return node.child_by_field_name(left), node.child_by_field_name(right)
    children = node.named_children
    return (children[0], children[-1]) if len(children) > 1 else (None, None)


def _constants(nodes: list[tuple[Node, str]]) -> dict[str, Node | None]:
    """Names that are given a text once and nothing else."""
    found: dict[str, Node | None] = {}
    for node, target in nodes:
        if node.type in _ASSIGNMENTS and target:
            _, value = _sides(node)
            is_text = value is not None and (value.type in _TEXTS or value.type in _CONCATENATIONS)
            found[target] = value if is_text and target not in found else None
    return found


class _Arguments(msgspec.Struct):
    texts: list[str] = []
    names: list[str] = []
    uses: dict[str, None] = {}


class _Reader:
    def __init__(self, kind: str, lines: list[str], first_line: int, constants: dict[str, Node | None]) -> None:
        self.kind = kind
        self.lines = lines
        self.first_line = first_line
        self.constants = constants
        self.known: dict[str, str] = {}  # each constant is looked at once, however often it is used

    def call(self, node: Node, target: str) -> ForeignCall | None:
        if node.type in _ASSIGNMENTS:
            return self._assignment(node, target)
        arguments = _Arguments()
        name, receiver = _name(node)
        if node.type == "declaration":  # std::ifstream in("rows.csv");
            name, receiver, given = _constructed(node)
        else:
            given = _given(node)
        for argument in given:
            self._argument(argument, arguments, "")
        if receiver:
            arguments.uses.setdefault(receiver)
        if not name or not (arguments.texts or target):
            return None
        return self._made(node, name, arguments, target)

    def _assignment(self, node: Node, target: str) -> ForeignCall | None:
        """`total = left`: no call, but the value flows."""
        _, value = _sides(node)
        if value is None or not target or value.type in _CALLS | _FUNCTIONS | _WRAPPERS:
            return None
        arguments = _Arguments()
        self._argument(value, arguments, "")
        return self._made(node, "=", arguments, target)

    def _made(self, node: Node, name: str, arguments: _Arguments, target: str) -> ForeignCall:
        (line, column), (end_line, end_column) = self._place(node.start_point), self._place(node.end_point)
        uses = tuple(name for name in arguments.uses if name != target)
        texts, names = tuple(arguments.texts), tuple(arguments.names)
        return ForeignCall(name, texts, line, column, end_line, end_column, names, target, uses)

    def _place(self, point: Any) -> tuple[int, int]:
        """Line and column from 1, in characters: tree-sitter counts bytes."""
        line = self.lines[point[0]] if point[0] < len(self.lines) else ""
        column = point[1] if line.isascii() else len(line.encode()[: point[1]].decode("utf-8", "ignore"))
        return point[0] + self.first_line, column + 1

    def _argument(self, node: Node, into: _Arguments, name: str) -> None:
        if node.type in ("named_argument", "assignment_expression", "assignment"):  # julia, scala: sep = ","
            children = node.named_children
            if len(children) > 1:
                self._argument(children[-1], into, _text(children[0]))
            return
        if node.type == "object":  # fetch(url, {method: "POST"})
            for pair in node.named_children[:50]:
                key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if pair.type == "pair" and key is not None and value is not None and value.type != "object":
                    self._argument(value, into, _text(key).strip("\"'"))
                else:
                    into.uses.update(dict.fromkeys(_used(pair)))
            return
        into.uses.update(dict.fromkeys(_used(node)))
        text = self._value(node, 0)
        if text is not None and not re.fullmatch(r"(\{[^{}]*\})+", text):
            into.texts.append(text)
            into.names.append(name)

    def _value(self, node: Node, depth: int) -> str | None:
        """The text of an expression, its unknown parts as `{name}`; none if no part of it is a text."""
        if depth > _MAX_DEPTH:
            return None
        if node.type in _TEXTS:
            return re.sub(r"\{(\w+)\}", lambda match: self._named(match[1], depth), _literal(node))
        if node.type in _NAMES:
            return self._named(_text(node), depth)
        if node.type in _WRAPPERS:
            return self._value(node.named_children[0], depth + 1) if node.named_children else None
        if node.type in _CONCATENATIONS:
            return self._concatenated(node, depth)
        if node.type in _CALLS and _JOIN_OWNERS.search(_name(node)[0]):
            given = [self._value(argument, depth + 1) for argument in _given(node)]
            parts = [part if part is not None else "{value}" for part in given]
            separator = _JOINS.get(_name(node)[0].rpartition(".")[2], "/")
            return separator.join(parts) if parts else None
        return None

    def _named(self, name: str, depth: int) -> str:
        if name not in self.known:
            self.known[name] = "{" + name + "}"  # what it is while it is being looked at: `a = a + "x"`
            constant = self.constants.get(name)
            value = None if constant is None else self._value(constant, depth + 1)
            if value is not None and len(value) <= _MAX_LENGTH:
                self.known[name] = value
        return self.known[name]

    def _concatenated(self, node: Node, depth: int) -> str | None:
        """`a + "b" + c`, which leans to the left and may be very long."""
        parts: list[str] = []
        current: Node | None = node
        for _ in range(_MAX_CHAIN):
            if current is None or current.type not in _CONCATENATIONS:
                break
            children = current.named_children
            if len(children) < 2 or _operator(current) not in ("+", "*", "++"):
                return None
            parts.append(self._part(children[-1], depth))
            current = children[0]
        parts.append("{value}" if current is None else self._part(current, depth))
        text = "".join(reversed(parts))
        return text if re.sub(r"\{[^{}]*\}", "", text) else None

    def _part(self, node: Node, depth: int) -> str:
        value = self._value(node, depth + 1)
        return "{value}" if value is None else value


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    if operator is None:
        operator = next((child for child in node.children if child.type in ("operator", "+", "*")), None)
    return "" if operator is None else _text(operator)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _literal(node: Node) -> str:
    """The text of a string, with `{name}` for what is filled in."""
    raw, start = node.text or b"", node.start_byte
    inner = node
    if node.type == "interpolated_string_expression":  # s"db.$table"
        inner = next((child for child in node.named_children if child.type == "interpolated_string"), node)
    pieces, position = [], 0
    for child in inner.named_children:
        if child.type in _FILLED:
            pieces.append(raw[position : child.start_byte - start])
            name = re.sub(rb"\s+", b"", (child.text or b"").strip(b"${}()"))
            pieces.append(b"{" + re.sub(rb"[{}]", b"", name) + b"}")
            position = child.end_byte - start
    text = b"".join([*pieces, raw[position:]]).decode("utf-8", "replace")
    match = _QUOTES.match(text)
    content = match[2] if match else text
    return re.sub(r"\\(.)", r"\1", content) if "\\" in content else content


def _name(node: Node) -> tuple[str, str]:
    """The dotted name of what is called, and the variable it starts from (empty where there is none)."""
    parts: list[str] = []
    current: Node | None = node
    for _ in range(_MAX_CHAIN):
        if current is None:
            break
        following = None
        match current.type:
            case "call_expression" | "macrocall_expression":
                following = current.child_by_field_name("function") or _first(current)
            case "new_expression" | "instance_expression" | "object_creation_expression":
                made = current.child_by_field_name("constructor") or current.child_by_field_name("type")
                made = made or _first(current)
                parts.append("" if made is None else re.sub(r"[<(\[].*", "", _text(made), flags=re.DOTALL))
            case "method_invocation":
                name = current.child_by_field_name("name")
                parts.append("" if name is None else _text(name))
                following = current.child_by_field_name("object")
                if following is None:
                    break
            case "member_expression" | "field_expression" | "field_access" | "subscript_expression":
                children = current.named_children
                if current.type != "subscript_expression" and children:
                    parts.append(_text(children[-1]))
                following = children[0] if len(children) > 1 else None
            case "generic_function" | "parenthesized_expression" | "await_expression" | "template_function":
                following = _first(current)
            case "qualified_identifier" | "scoped_identifier":
                parts.append(_text(current))
            case kind if kind in _NAMES or kind in ("this", "macro_identifier"):
                parts.append(_text(current))
                return ".".join(reversed(parts)), parts[-1] if len(parts) > 1 else ""
            case _:
                parts.append("")
        if following is None:
            break
        current = following
    return ".".join(reversed(parts)).strip("."), ""


def _first(node: Node) -> Node | None:
    return node.named_children[0] if node.named_children else None


def _given(node: Node) -> list[Node]:
    """The arguments of a call."""
    listed = node.child_by_field_name("arguments")
    if listed is None:
        listed = next((c for c in node.named_children if c.type in ("argument_list", "arguments")), None)
    if listed is None or listed.type in _TEXTS:
        return []
    return listed.named_children[:50]


def _constructed(node: Node) -> tuple[str, str, list[Node]]:
    """C++: `std::ifstream in("rows.csv");` declares a variable with arguments."""
    kind = node.child_by_field_name("type")
    declared = node.child_by_field_name("declarator")
    value = None if declared is None else declared.child_by_field_name("value")
    if kind is None or value is None or value.type != "argument_list":
        return "", "", []
    return _text(kind), "", value.named_children[:50]


def _used(root: Node) -> Iterator[str]:
    """Variables in an expression; function bodies are left out."""
    stack = [root]
    for _ in range(_MAX_NODES_OF_ARGUMENT):
        if not stack:
            return
        node = stack.pop()
        if node.type == "identifier":
            yield _text(node)
        elif node.type not in _FUNCTIONS:
            stack.extend(reversed(node.named_children[:50]))
