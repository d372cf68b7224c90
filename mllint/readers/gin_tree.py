"""Files of gin-config as positioned values: `scope/module.train.path = 'data/a.csv'`.

A mapping of what is bound, as it is written (`scope/module.train.path`, of a macro its name), to literals, sequences
and mappings, of which the later of two counts. Tags tell what is no literal: `!macro` (`%PATH`), `!reference`
(`@Model`), `!call` (`@Model()`), `!tuple`; under the keys `include` and `import` stand what is tagged so. Nothing is
evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts.config import Entry, Value
from mllint.readers.budget import MAX_DEPTH, MAX_EVENTS, ReadingError, too_deep, too_many

_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*+"
_TOKEN = re.compile(
    rf"""(?P<blank>[ \t\r\f]+|\\\r?\n|\#[^\n]*) | (?P<newline>\n)
      | (?P<text>(?:[rRuUbB]{{1,2}})?(?:\"\"\"(?:[^"\\]|\\(?s:.)|"(?!""))*+\"\"\"
               | '''(?:[^'\\]|\\(?s:.)|'(?!''))*+'''))
      | (?P<open>(?:[rRuUbB]{{1,2}})?(?:\"\"\"|'''))
      | (?P<line>(?:[rRuUbB]{{1,2}})?(?:"(?:[^"\\\n]|\\(?s:.))*+" | '(?:[^'\\\n]|\\(?s:.))*+'))
      | (?P<number>[-+]?[ ]?(?:0[xXoObB][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?))
      | (?P<reference>[@%](?:[A-Za-z_]\w*/)*+{_NAME}) | (?P<name>(?:[A-Za-z_]\w*/)*+{_NAME})
      | (?P<mark>[\[\](){{}},:=])""",
    re.VERBOSE,
)
_KINDS = {"line": "text"}
_WORDS = {"True": True, "False": False, "None": None}
_CLOSES = {"[": "]", "(": ")", "{": "}"}
_MOST_DIGITS = 400


class _Token(msgspec.Struct, frozen=True):
    kind: str
    word: str
    line: int
    column: int
    end_line: int
    end_column: int


def read_gin(text: str) -> Value:
    """All statements of a file, or of a text that a program binds. Raises `ReadingError`."""
    scan = _Scan(text)
    found: list[Entry] = []
    while (token := scan.next()) is not None:
        if token.kind != "newline":
            found += _statement(scan, token)
    last = {entry.key: index for index, entry in enumerate(found) if not entry.value.tag.startswith("!i")}
    kept = tuple(entry for index, entry in enumerate(found) if last.get(entry.key, index) == index)
    lines = text.split("\n")
    return Value("mapping", 1, 1, max(len(lines), 1), len(lines[-1]) + 1, None, (), kept)


def _statement(scan: _Scan, first: _Token) -> Iterator[Entry]:
    if first.kind != "name":
        raise _wrong(first)
    then = scan.next()
    if first.word == "include" and then is not None and then.kind == "text":
        value = scan.value(then, 1)
        yield _entry(first, first.word, msgspec.structs.replace(value, tag="!include"))
    elif first.word in ("import", "from") and then is not None and then.kind == "name":
        yield _entry(first, "import", _import(scan, first, then))
    elif then is not None and then.word == "=":
        yield _entry(first, first.word, scan.value(scan.due(first), 1))
    elif then is not None and then.word == ":":
        yield from _block(scan, first)
        return
    else:
        raise _wrong(then or first)
    scan.end()


def _import(scan: _Scan, first: _Token, module: _Token) -> Value:
    """`import a.b`, `from a import b`: the module that is loaded."""
    name = module.word
    while (token := scan.next()) is not None and token.kind == "name":
        if token.word not in ("import", "as") and first.word == "from":
            name, first = f"{module.word}.{token.word}", module
    if token is not None:
        scan.push(token)
    return _scalar(module, name, "!import")


def _block(scan: _Scan, owner: _Token) -> Iterator[Entry]:
    """`scope/Model:` and below it, further in, `width = 3`."""
    scan.end()
    while (token := scan.next()) is not None:
        if token.kind == "newline":
            continue
        if token.column <= owner.column:
            scan.push(token)
            return
        equals = scan.next()
        if token.kind != "name" or equals is None or equals.word != "=":
            raise _wrong(token)
        yield _entry(token, f"{owner.word}.{token.word}", scan.value(scan.due(token), 1))
        scan.end()


def _entry(at: _Token, key: str, value: Value) -> Entry:
    return Entry(key, at.line, at.column, at.end_column, value)


def _scalar(at: _Token, value: Any, tag: str = "") -> Value:
    return Value("scalar", at.line, at.column, at.end_line, at.end_column, value, (), (), tag)


def _wrong(token: _Token) -> ReadingError:
    return ReadingError("ML001", token.line, f"gin: {token.word[:40]!r} is not expected here")


class _Scan:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._pushed: list[_Token] = []

    def next(self) -> _Token | None:
        return self._pushed.pop() if self._pushed else next(self._tokens, None)

    def push(self, token: _Token) -> None:
        self._pushed.append(token)

    def due(self, after: _Token) -> _Token:
        token = self.next()
        if token is None:
            raise ReadingError("ML001", after.end_line, f"gin: nothing follows {after.word[:40]!r}")
        return token

    def inner(self, after: _Token) -> _Token:
        """The next token between brackets, where lines do not count."""
        while (token := self.due(after)).kind == "newline":
            pass
        return token

    def end(self) -> None:
        token = self.next()
        if token is not None and token.kind != "newline":
            raise _wrong(token)

    def value(self, token: _Token, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise too_deep(token.line)
        match token.kind:
            case "text":
                return self._text(token)
            case "number":
                return _scalar(token, _literal(token))
            case "name" if token.word in _WORDS:
                return _scalar(token, _WORDS[token.word])
            case "reference":
                return self._reference(token)
            case "mark" if token.word == "{":
                return self._mapping(token, depth)
            case "mark" if token.word in "[(":
                return self._sequence(token, depth)
        raise _wrong(token)

    def _text(self, first: _Token) -> Value:
        """Literals side by side are one."""
        parts, last = [_literal(first)], first
        while (token := self.next()) is not None and token.kind == "text":
            parts.append(_literal(token))
            last = token
        if token is not None:
            self.push(token)
        text = "".join(part.decode("latin-1") if isinstance(part, bytes) else str(part) for part in parts)
        return Value("scalar", first.line, first.column, last.end_line, last.end_column, text)

    def _reference(self, token: _Token) -> Value:
        name = token.word[1:]
        if token.word[0] == "%":
            return _scalar(token, name, "!macro")
        opened = self.next()
        if opened is None or opened.word != "(":
            if opened is not None:
                self.push(opened)
            return _scalar(token, name, "!reference")
        closed = self.inner(opened)
        if closed.word != ")":
            raise _wrong(closed)
        return _scalar(token, name, "!call")

    def _sequence(self, first: _Token, depth: int) -> Value:
        items: list[Value] = []
        closing, has_comma = _CLOSES[first.word], False
        while (token := self.inner(first)).word != closing or token.kind != "mark":
            items.append(self._inner_value(token, depth))
            token = self.inner(first)
            if token.word == closing:
                break
            has_comma = True
            if token.word != ",":
                raise _wrong(token)
        if closing == ")" and len(items) == 1 and not has_comma:
            return items[0]
        tag = "!tuple" if closing == ")" else ""
        return Value(
            "sequence", first.line, first.column, token.end_line, token.end_column, None, tuple(items), (), tag
        )

    def _mapping(self, first: _Token, depth: int) -> Value:
        entries: dict[str, Entry] = {}
        while (token := self.inner(first)).word != "}":
            key = self.value(token, depth + 1)
            colon = self.inner(first)
            if colon.word != ":":
                raise _wrong(colon)
            name = str(key.value)
            entries[name] = _entry(token, name, self._inner_value(self.inner(first), depth))
            token = self.inner(first)
            if token.word == "}":
                break
            if token.word != ",":
                raise _wrong(token)
        at = (first.line, first.column, token.end_line, token.end_column)
        return Value("mapping", *at, None, (), tuple(entries.values()))

    def _inner_value(self, token: _Token, depth: int) -> Value:
        """A value between brackets, where a text may go on in the next line."""
        value = self.value(token, depth + 1)
        parts = [value]
        while token.kind == "text":
            following = self.inner(token)
            if following.kind != "text":
                self.push(following)
                break
            parts.append(self._text(following))
        if len(parts) == 1:
            return value
        text = "".join(str(part.value) for part in parts)
        return msgspec.structs.replace(value, value=text, end_line=parts[-1].end_line, end_column=parts[-1].end_column)


def _literal(token: _Token) -> Any:
    if token.kind == "number" and len(token.word) > _MOST_DIGITS:
        raise ReadingError("ML001", token.line, "gin: a number of very many digits")
    try:
        with warnings.catch_warnings():  # of an escape that means nothing
            warnings.simplefilter("ignore")
            value = ast.literal_eval(token.word.replace(" ", "") if token.kind == "number" else token.word)
    except (ValueError, SyntaxError, MemoryError):
        raise _wrong(token) from None
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # `'\ud800'` is no text that can be stored
    return value


def _tokens(text: str) -> Iterator[_Token]:
    line, line_start, at = 1, 0, 0
    for count in range(len(text) + 1):
        if at >= len(text):
            return
        if count > MAX_EVENTS * 2:
            raise too_many(line)
        match = _TOKEN.match(text, at)
        if match is None:
            raise ReadingError("ML001", line, f"gin: {text[at : at + 1]!r} is not expected here")
        kind, word = _KINDS.get(str(match.lastgroup), str(match.lastgroup)), match.group()
        column, breaks = at - line_start + 1, word.count("\n")
        at = match.end()
        end = (line + breaks, len(word) - word.rindex("\n")) if breaks else (line, column + len(word))
        if kind != "blank":
            yield _Token(kind, word, line, column, *end)
        if breaks:
            line, line_start = line + breaks, at - end[1] + 1
