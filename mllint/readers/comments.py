"""Suppression comments: `# mllint: ignore[train-serve-skew, ML2] reason`, with `--` in SQL and `//` in Java."""

from __future__ import annotations

import io
import re
import tokenize

from mllint.facts.file import Suppression

_COMMENT = re.compile(
    rb"(?:#|--|//|/\*|%%|;)[ \t]{0,8}mllint:[ \t]{0,8}ignore(?![-\w])(?:\[([^\]\r\n]{0,500})\])?([^\r\n]*)"
)


def find_suppressions(data: bytes, kind: str, *, cell: int | None = None) -> tuple[Suppression, ...]:
    """Every suppression in a text. Lines and columns count from 1, columns in characters; in a notebook call it once
    per cell, with kind `python` and the number of the cell."""
    if b"mllint:" not in data:
        return ()
    hits: dict[int, Suppression] = {}
    line, start = 1, 0
    for found in _COMMENT.finditer(data):
        line += data.count(b"\n", start, found.start())
        start = found.start()
        column = len(data[data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8", "replace")) + 1
        # A second mark on one line belongs to the first one's reason.
        hits.setdefault(line, Suppression(line, column, _rules(found[1]), _reason(found[2]), cell))
    if kind == "python" and hits:
        comments = _comment_lines(data)
        hits = {line: hit for line, hit in hits.items() if line in comments}
    return tuple(hits.values())


def _rules(text: bytes | None) -> tuple[str, ...]:
    words = (text or b"").decode("utf-8", "replace").split(",")
    return tuple(word.strip() for word in words if word.strip())


def _reason(text: bytes) -> str:
    reason = text.decode("utf-8", "replace").strip()
    for end in ("*/", "-->"):
        reason = reason.removesuffix(end).rstrip()
    return reason[:500]


def _comment_lines(data: bytes) -> set[int]:
    """Lines with a real comment: `print("# mllint: ignore")` holds none. What stands after an error is not seen."""
    lines = set()
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT and "mllint:" in token.string:
                lines.add(token.start[0])
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        pass
    return lines
