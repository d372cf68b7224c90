"""SQL as people keep it in files and strings: with holes, Jinja and client commands between the statements.

`readable` makes of it what a parser takes, of the same length, so that every place in it stays where it was.
"""

from __future__ import annotations

import re
from bisect import bisect_right

# Letters (Canadian syllabics) that no SQL dialect gives a meaning: they take the place of the braces of a hole
# `{name}`, which thereby becomes an identifier.
_OPEN, _CLOSE = "\u1438", "\u1433"
_TO_BRACES = str.maketrans({_OPEN: "{", _CLOSE: "}"})

_HOLE = re.compile(r"\$?\{([^{}\n]{0,200})\}|%\((\w{1,80})\)[sdif]|(?<![\w%])%s")
_JINJA = re.compile(
    r"\{\{(?:(?!\{\{).){0,2000}?\}\}|\{%(?:(?!\{%).){0,4000}?%\}|\{#(?:(?!\{#).){0,20000}?#\}", re.DOTALL
)
_REF = re.compile(
    r"\{\{-?\s*(ref|source)\s*\(\s*['\"]([^'\"]+)['\"]\s*(?:,\s*['\"]([^'\"]+)['\"]\s*)?[^()]*\)\s*-?\}\}"
)
_CLIENT = re.compile(
    r"^[ \t]*(?:\\[a-z!?].*|delimiter\b.*|go[ \t]*(?:\d+)?[ \t]*;?|/)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)


def readable(text: str) -> str:
    """The text for the parser. Jinja's `ref` and `source` become the names of tables, its other expressions holes,
    its blocks spaces; `GO`, `/` and `\\commands` of clients end a statement."""
    if "\0" in text:
        text = text.replace("\0", " ")
    text = _JINJA.sub(lambda found: _jinja(found[0]), text) if "{{" in text or "{%" in text or "{#" in text else text
    if "{" in text or "%" in text:
        text = _HOLE.sub(_hole, text)
    return _CLIENT.sub(lambda found: ";" + " " * (len(found[0]) - 1), text)


def _hole(found: re.Match[str]) -> str:
    inside = found[1] if found[1] is not None else found[2]
    if inside is None:
        return " ?"
    # `{row['day']:%Y}` -> `{row__day____Y}`; the width stays
    name = re.sub(r"\W", "_", inside.strip()).strip("_")
    return _padded(_OPEN + name + _CLOSE, found[0])


def _jinja(block: str) -> str:
    ref = _REF.match(block)
    if ref:  # {{ ref('package', 'model') }} is the table `model`; {{ source('raw', 'trips') }} is `raw.trips`
        first, second = ref[2], ref[3]
        name = f"{first}.{second}" if second and ref[1] == "source" else second or first
        return _padded(re.sub(r"[^\w.]", "_", name), block)
    inside = block[2:-2].strip("- \n\t")
    if not block.startswith("{{") or inside.startswith("config"):
        return _padded("", block)
    word = re.match(r"[\w.]*", inside)
    return _padded(_OPEN + (word[0] if word else "").replace(".", "_") + _CLOSE, block)


def _padded(word: str, original: str) -> str:
    """`word` and then blanks, as long as the original and with its line ends."""
    return word + "".join(c if c in "\r\n" else " " for c in original[len(word) :])


def named(identifier: str) -> str:
    """An identifier as we write it: lower case, with its holes in braces."""
    return identifier.translate(_TO_BRACES).lower()


def is_hole(identifier: str) -> bool:
    return _OPEN in identifier or "{" in identifier


class Places:
    """Line and column of an offset in a text; both count from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0] + [found.end() for found in re.finditer("\n", text)]

    def at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
