"""TOML as positioned values: tomllib says what the values are, one pass over the tokens where they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mllint.facts.config import Entry, Value
from mllint.readers.budget import MAX_DEPTH, MAX_NODES, ReadingError, too_deep, too_many

MAX_LINES = 10_000  # tomllib is written in Python
_LINE_OF_ERROR = re.compile(r"\(at line (\d+), column \d+\)")
# tomllib needs quadratic time for a key of many parts, so such a key is refused beforehand.
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}""")
_TOKEN = re.compile(
    r'''[ \t\r]+ | (?P<comment>\#[^\n]*) | (?P<newline>\n)
      | (?P<text>"""(?:[^"\\]|\\(?s:.)|"(?!""))*"{3,5} | \'\'\'(?:[^']|'(?!''))*'{3,5}
               | "(?:[^"\\\n]|\\.)*" | '[^'\n]*')
      | (?P<mark>\[\[|\]\]|[\[\]{},=.]) | (?P<bare>[^\s\#"'\[\]{},=.]+)''',
    re.VERBOSE,
)


def read_toml(text: str) -> Value:
    """The table of a whole file. Dates become text. Raises `ReadingError`."""
    if text.count("\n") > MAX_LINES:
        raise too_many(MAX_LINES)
    if long_key := _LONG_KEY.search(text):
        raise too_deep(text.count("\n", 0, long_key.start()) + 1)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE_OF_ERROR.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise ReadingError("ML001", line, f"TOML: {error}") from None
    except RecursionError:
        raise too_deep(1) from None
    except ValueError as error:  # an integer of thousands of digits, a date that is none
        raise ReadingError("ML001", 1, f"TOML: {error}") from None
    return _Builder(_places(text)).value(table, (), _Place(1, 1, 1, 1))


class _Place(msgspec.Struct, frozen=True):
    line: int
    column: int
    end_line: int
    end_column: int


Path = tuple[str | int, ...]


class _Builder:
    """Puts values and places together. A place that was not found is that of what it stands in."""

    def __init__(self, places: Mapping[tuple[str, Path], _Place]) -> None:
        self.places = places
        self.nodes = 0

    def value(self, value: Any, path: Path, outer: _Place) -> Value:
        place = self.places.get(("value", path)) or self.places.get(("key", path)) or outer
        at = (place.line, place.column, place.end_line, place.end_column)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise too_many(place.line)
        if len(path) > MAX_DEPTH:
            raise too_deep(place.line)
        match value:
            case dict():
                return Value("mapping", *at, None, (), tuple(self._entries(value, path, place)))
            case list():
                items = tuple(self.value(item, (*path, index), place) for index, item in enumerate(value))
                return Value("sequence", *at, None, items)
            case bool() | float() | str():
                return Value("scalar", *at, value)
            case int() if -(2**63) <= value < 2**64:
                return Value("scalar", *at, value)
            case _:
                return Value("scalar", *at, str(value))

    def _entries(self, table: dict[str, Any], path: Path, outer: _Place) -> Iterator[Entry]:
        for key, value in table.items():
            place = self.places.get(("key", (*path, key)), outer)
            yield Entry(key, place.line, place.column, place.end_column, self.value(value, (*path, key), outer))


def _places(text: str) -> dict[tuple[str, Path], _Place]:
    """Where each key and value stands. The text is TOML, so that a lax walk over its tokens is enough."""
    scan = _Scan(text)
    table: Path = ()
    arrays: dict[Path, int] = {}
    while (token := scan.next()) is not None:
        kind, word, _ = token
        if kind == "newline":
            continue
        if word in ("[", "[["):
            table = _header(scan, arrays, word == "[[")
        else:
            scan.push(token)
            keys = scan.keys("=")
            path = scan.record(table, keys)
            scan.value(path)
    return scan.places


def _header(scan: _Scan, arrays: dict[Path, int], is_array: bool) -> Path:
    """`[a.b]` or `[[a.b]]`: the path of the table that begins; where `a` is an array, its last item is meant."""
    path: Path = ()
    keys = scan.keys("]]" if is_array else "]")
    for index, (key, place) in enumerate(keys):
        path = (*path, key)
        scan.places.setdefault(("key", path), place)
        if is_array and index == len(keys) - 1:
            arrays[path] = arrays.get(path, -1) + 1
            path = (*path, arrays[path])
            scan.places[("value", path)] = place
        elif path in arrays:
            path = (*path, arrays[path])
    return path


_Token = tuple[str, str, _Place]


class _Scan:
    def __init__(self, text: str) -> None:
        self.places: dict[tuple[str, Path], _Place] = {}
        self._tokens = _tokens(text)
        self._pushed: list[_Token] = []

    def next(self) -> _Token | None:
        return self._pushed.pop() if self._pushed else next(self._tokens, None)

    def push(self, token: _Token) -> None:
        self._pushed.append(token)

    def keys(self, end: str) -> list[tuple[str, _Place]]:
        """`a."b c".d` up to `end`."""
        keys: list[tuple[str, _Place]] = []
        while (token := self.next()) is not None and token[1] != end and token[0] != "newline":
            if token[0] in ("bare", "text"):
                keys.append((_key(token[1]), token[2]))
        return keys

    def record(self, table: Path, keys: list[tuple[str, _Place]]) -> Path:
        path = table
        for key, place in keys:
            path = (*path, key)
            self.places.setdefault(("key", path), place)
        return path

    def value(self, path: Path) -> None:
        """Record the place of the value that follows, and of what stands in it. Nesting is bounded by tomllib's
        own recursion, far below Python's limit for this."""
        token = self._next_but_newlines()
        if token is None:
            return
        _, word, start = token
        if word in ("[", "[["):
            end = self._array(path, start, doubled=word == "[[")
        elif word == "{":
            end = self._inline(path)
        else:
            end = self._plain(start)
        self.places[("value", path)] = _Place(start.line, start.column, end.end_line, end.end_column)

    def _array(self, path: Path, start: _Place, doubled: bool) -> _Place:
        if doubled:  # `[[1], [2]]`: the scanner took two brackets for the head of a table
            inner = _Place(start.line, start.column + 1, start.end_line, start.end_column)
            self.push(("mark", "[", inner))
        index, end = 0, start
        while (token := self._next_but_newlines()) is not None:
            end = token[2]
            if token[1] == "]]":
                self.push(("mark", "]", end))
                break
            if token[1] == "]":
                break
            if token[1] != ",":
                self.push(token)
                self.value((*path, index))
                index += 1
        return end

    def _inline(self, path: Path) -> _Place:
        end = _Place(1, 1, 1, 1)
        while (token := self._next_but_newlines()) is not None:
            end = token[2]
            if token[1] == "}":
                break
            if token[1] != ",":
                self.push(token)
                self.value(self.record(path, self.keys("=")))
        return end

    def _plain(self, end: _Place) -> _Place:
        """The rest of a number or date that has points or spaces in it: `1.5`, `1979-05-27 07:32:00`."""
        while (token := self.next()) is not None:
            if token[0] == "newline" or token[1] in (",", "]", "]]", "}"):
                self.push(token)
                break
            end = token[2]
        return end

    def _next_but_newlines(self) -> _Token | None:
        while (token := self.next()) is not None and token[0] == "newline":
            pass
        return token


def _tokens(text: str) -> Iterator[_Token]:
    line, line_start = 1, 0
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup, match.group()
        if kind is not None and kind != "comment":
            start = match.start() - line_start + 1
            end_line, end_column = line, start + len(word)
            if "\n" in word and kind == "text":
                end_line, end_column = line + word.count("\n"), len(word) - word.rindex("\n")
            yield kind, word, _Place(line, start, end_line, end_column)
        if "\n" in word:
            line, line_start = line + word.count("\n"), match.start() + word.rindex("\n") + 1


def _key(word: str) -> str:
    if word[:1] == '"':
        parsed: str = tomllib.loads("k = " + word)["k"]
        return parsed
    return word[1:-1] if word[:1] == "'" else word
