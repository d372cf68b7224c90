"""Suppression comments: `# mllint: ignore[train-serve-skew, ML2] reason`, with `--` in SQL and `//` in Java."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

from mllint.facts.file import Suppression

_COMMENT = re.compile(
    rb"(?:#|--|//|/\*|%%|;)[ \t]{0,8}mllint:[ \t]{0,8}ignore(?![-\w])(?:\[([^\]\r\n]{0,500})\])?([^\n]*)"
)


def find_suppressions(data: bytes, kind: str, *, cell: int | None = None) -> tuple[Suppression, ...]:
    """Every suppression in a text, at most one on a line: a second mark belongs to the first one's reason. Lines and
    columns count from 1, columns in characters; in a notebook call it once per cell, with kind `python` and the number
    of the cell."""
    if b"mllint:" not in data or _COMMENT.search(data) is None:
        return ()
    found = _in_comments(data, cell) if kind == "python" else _in_text(data, cell)
    return tuple({suppression.line: suppression for suppression in reversed(list(found))}.values())[::-1]


def _in_text(data: bytes, cell: int | None) -> Iterator[Suppression]:
    line, start = 1, 0
    for found in _COMMENT.finditer(data):
        line += data.count(b"\n", start, found.start())
        start = found.start()
        column = len(data[data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8", "replace")) + 1
        yield Suppression(line, column, _rules(found[1]), _reason(found[2]), cell)


def _in_comments(data: bytes, cell: int | None) -> Iterator[Suppression]:
    """In real comments only: `print("# mllint: ignore")` holds none. What stands after an error is not seen."""
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT and "mllint:" in token.string:
                for found in _in_text(token.string.encode("utf-8", "replace"), cell):
                    line, column = token.start
                    yield Suppression(line, column + found.column, found.rules, found.reason, cell)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        pass


def _rules(text: bytes | None) -> tuple[str, ...]:
    words = (text or b"").decode("utf-8", "replace").split(",")
    return tuple(word.strip() for word in words if word.strip())


def _reason(text: bytes) -> str:
    reason = text.decode("utf-8", "replace").strip()
    for end in ("*/", "-->"):
        reason = reason.removesuffix(end).rstrip()
    return reason[:500]
