"""JSON as positioned values: Python's own parser decides what is JSON, one pass over its tokens finds the places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.config import Entry, Value
from mllint.readers.budget import MAX_DEPTH, MAX_EVENTS, ReadingError, too_deep, too_many

# An unterminated string or comment matches as far as it goes: trying again at each later quote would be quadratic.
_TOKEN = re.compile(
    r"""[ \t\r]+ | (?P<string>"(?:[^"\\\n]|\\.)*"?) | (?P<newline>\n) | (?P<mark>[{}\[\],:])
      | (?P<comment>//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)) | (?P<plain>[^\s"{}\[\],:/]+)""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_SPACE = re.compile(r"[ \t\r\n]*")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


def read_json(text: str) -> Iterator[Value]:
    """The value of a JSON file, or each of a stream of them. Comments and trailing commas are let pass, as the
    many tools do that call such a file JSON. Raises `ReadingError`."""
    if text.count(",") > MAX_EVENTS:
        raise too_many(1)
    _check(text)
    yield from _values(text)


def _check(text: str) -> None:
    """Raise `ReadingError` unless it is JSON."""
    try:
        _decode_stream(text)
        return
    except json.JSONDecodeError as error:
        problem = ReadingError("ML001", error.lineno, f"JSON: {error.msg}")
    except (RecursionError, MemoryError):
        raise too_deep(1) from None
    except ValueError as error:  # an integer of thousands of digits
        raise ReadingError("ML005", 1, f"JSON: {error}") from None
    relaxed = _TOKEN.sub(lambda match: " " if match["comment"] else match.group(), text)
    try:
        _decode_stream(_drop_trailing_commas(relaxed))
    except ValueError:
        raise problem from None
    except RecursionError:
        raise too_deep(1) from None


def _decode_stream(text: str) -> None:
    decoder, position = json.JSONDecoder(), _skip(text, 0)
    if position == len(text):
        raise json.JSONDecodeError("the file is empty", text, 0)
    while position < len(text):
        _, position = decoder.raw_decode(text, position)
        position = _skip(text, position)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _drop_trailing_commas(text: str) -> str:
    """Without the commas before a closing bracket, strings left alone."""
    parts = re.split(r'("(?:[^"\\\n]|\\.)*"?)', text)
    # a comma and its bracket never have a string between them, so each part can be looked at alone
    return "".join(part if index % 2 else _TRAILING_COMMA.sub(" ", part) for index, part in enumerate(parts))


class _Open(msgspec.Struct):
    kind: str
    line: int
    column: int
    items: list[Value] = []
    entries: dict[str, Entry] = {}
    key: tuple[str, int, int, int] | None = None


def _values(text: str) -> Iterator[Value]:
    stack: list[_Open] = []
    line, line_start = 1, 0
    for count, match in enumerate(_TOKEN.finditer(text)):
        column = match.start() - line_start + 1
        if count > 2 * MAX_EVENTS:
            raise too_many(line)
        match match.lastgroup:
            case "newline":
                line, line_start = line + 1, match.end()
            case "comment":
                comment = match.group()
                if "\n" in comment:
                    line, line_start = line + comment.count("\n"), match.start() + comment.rindex("\n") + 1
            case "mark":
                closed = _mark(match.group(), stack, line, column)
                if closed is not None and not _put(closed, stack):
                    yield closed
            case "string" | "plain":
                token = match.group()
                value = _scalar(token, line, column)
                if stack and stack[-1].kind == "mapping" and stack[-1].key is None:
                    stack[-1].key = (str(value.value), line, column, column + len(token))
                elif not _put(value, stack):
                    yield value


def _mark(mark: str, stack: list[_Open], line: int, column: int) -> Value | None:
    if mark in "{[":
        if len(stack) >= MAX_DEPTH:
            raise too_deep(line)
        stack.append(_Open("mapping" if mark == "{" else "sequence", line, column))
    elif mark in "}]":
        done = stack.pop()
        entries = tuple(done.entries.values())
        return Value(done.kind, done.line, done.column, line, column + 1, None, tuple(done.items), entries)
    return None


def _put(value: Value, stack: list[_Open]) -> bool:
    """Put a value into the collection that is open; false if none is."""
    if not stack:
        return False
    top = stack[-1]
    if top.kind == "sequence":
        top.items.append(value)
    elif top.key is not None:
        key, line, column, end_column = top.key
        top.entries[key] = Entry(key, line, column, end_column, value)
        top.key = None
    return True


def _scalar(token: str, line: int, column: int) -> Value:
    value: bool | int | float | str | None
    if token in _WORDS:
        value = _WORDS[token]
    else:
        value = json.loads(token)
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            value = token
        elif isinstance(value, str) and not value.isascii():
            value = value.encode("utf-8", "replace").decode()  # "\ud800" alone is no text
    return Value("scalar", line, column, line, column + len(token), value)
