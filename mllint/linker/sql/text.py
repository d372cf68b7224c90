"""SQL as people keep it in files and strings: with holes, Jinja and client commands between the statements.

`readable` makes of it what a parser takes, and tells where that stood.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping

from mllint.linker.jinja.expressions import World
from mllint.linker.jinja.interpreter import render
from mllint.linker.jinja.lenient import padded, without_tags
from mllint.linker.jinja.output import Origins
from mllint.linker.jinja.values import CLOSE as _CLOSE
from mllint.linker.jinja.values import OPEN as _OPEN
from mllint.linker.jinja.values import TO_BRACES
from mllint.linker.sql.names import Names
from mllint.linker.sql.psql import filled
from mllint.linker.sql.template import Reading

# `{'a': price}` and `{a: price}` are records of DuckDB, `{day:%Y}` is a hole
_HOLE = re.compile(
    r"\$?\{(?!\s*(?:\*|'[^'\n]{0,80}'\s{0,9}:|\w+:\s))([^{}\n]{0,200})\}|%\((\w{1,80})\)[sdif]|(?<![\w%'])%s(?![\w%'])"
)
# `%day`, filled in by a program of one's own: what stands before tells it from the right side of a division
_VALUE = re.compile(r"(?:(?<=[,(=<>*/+-])|(?<=[,(=<>*/+-]\s))%[a-z]\w{2,60}(?![\w%'(])", re.IGNORECASE)
_CLIENT = re.compile(
    r"^[ \t]*(?:\\[a-z!?].*|delimiter\b.*|go[ \t]*(?:\d+)?[ \t]*;?|/)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_STDIN = re.compile(r"\bfrom\s+stdin\b[^;\n]*;[ \t]*\r?\n", re.IGNORECASE)

_BEGINS = re.compile(
    r"(?:create|alter|drop|select|insert|update|delete|merge|with|begin|declare|grant|commit|truncate|comment|exec|set|"
    r"prompt|show|rem|exit)\b|--|/\*",
    re.IGNORECASE,
)


def readable(text: str, world: World | None = None, variables: Mapping[str, str] | None = None) -> tuple[str, Places]:
    """The text for the parser, and where its parts stand in the original: without Jinja (see `linker/jinja`), with
    holes as identifiers, and with the `variables` of psql; `GO`, `/` and `\\commands` of clients end a statement."""
    if "\0" in text:
        text = text.replace("\0", " ")
    original, origins = text, None
    if "{{" in text or "{%" in text or "{#" in text:
        made = render(text, world or Reading(Names()))
        text, origins = (made.text, made.origins) if made is not None else (without_tags(text), None)
    elif ":" in text and (put := filled(text, variables or {})) is not None:
        text, origins = put
    if "\n\\." in text:
        text = _without_rows(text)
    if "{" in text or "%" in text:
        text = _HOLE.sub(_hole, text)
    if "%" in text:
        text = _VALUE.sub(lambda found: "?".ljust(len(found[0])), text)
    return _CLIENT.sub(_client, text), Places(original, origins)


def _without_rows(text: str) -> str:
    """Blanks in place of the rows of a dump, which stand between `COPY rides FROM stdin;` and `\\.`."""
    parts, done = [], 0
    for found in _STDIN.finditer(text):
        end = text.find("\n\\.", found.end() - 1)
        if found.start() >= done and end >= 0:
            rows = re.sub(r"[^\n]", " ", text[found.end() : end + 3])
            parts += [text[done : found.end()], rows]
            done = max(end + 3, found.end())
    return "".join([*parts, text[done:]])


def _client(found: re.Match[str]) -> str:
    """A command of a client ends a statement; psql's `\\copy` is one."""
    line = found[0]
    if line.strip() == "/" and not _ends_statement(found.string, found.start(), found.end()):
        return line
    if line.lstrip().lower().startswith("\\copy "):
        return line.replace("\\", ";", 1)
    ends = ";;" if line.lstrip()[:2].lower() == "go" else ";"  # which ends a batch, and a procedure with it
    return ends + " " * (len(line) - len(ends))


def _ends_statement(text: str, start: int, end: int) -> bool:
    """Whether the `/` on a line of its own is SQL*Plus's end of a statement rather than a division."""
    before, after = text[max(0, start - 200) : start].rstrip(), text[end : end + 200].lstrip()
    return before.endswith(";") or not after or _BEGINS.match(after) is not None


def _hole(found: re.Match[str]) -> str:
    inside = found[1] if found[1] is not None else found[2]
    if inside is None:
        return " ?"
    # `{row['day']:%Y}` -> `{row__day____Y}`; the width stays
    name = re.sub(r"\W", "_", inside.strip()).strip("_")
    return padded(_OPEN + name + _CLOSE, found[0])


def named(identifier: str) -> str:
    """An identifier as we write it: lower case, with its holes in braces."""
    return identifier.translate(TO_BRACES).lower()


def is_hole(identifier: str) -> bool:
    return _OPEN in identifier or "{" in identifier


class Places:
    """Line and column of an offset in a text, or in what a template became; both count from 1."""

    def __init__(self, text: str, origins: Origins | None = None) -> None:
        self._starts = [0] + [found.end() for found in re.finditer("\n", text)]
        self._origins = origins

    def at(self, offset: int) -> tuple[int, int]:
        if self._origins is not None:
            offset = self._origins.of(offset)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Fixed(Places):
    """One place for all of a text that stands nowhere as it is."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__("")
        self._place = line, column

    def at(self, offset: int) -> tuple[int, int]:
        return self._place
