"""SQL as people keep it in files and strings: with holes, Jinja and client commands between the statements.

`readable` makes of it what a parser takes, and tells where that stood.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from mllint.linker.jinja.expressions import World
from mllint.linker.jinja.interpreter import render
from mllint.linker.jinja.lenient import padded, without_tags
from mllint.linker.jinja.output import Origins
from mllint.linker.jinja.values import CLOSE as _CLOSE
from mllint.linker.jinja.values import OPEN as _OPEN
from mllint.linker.sql.names import Names
from mllint.linker.sql.template import Reading

_TO_BRACES = str.maketrans({_OPEN: "{", _CLOSE: "}"})

_HOLE = re.compile(r"\$?\{([^{}\n]{0,200})\}|%\((\w{1,80})\)[sdif]|(?<![\w%'])%s(?![\w%'])")
_CLIENT = re.compile(
    r"^[ \t]*(?:\\[a-z!?].*|delimiter\b.*|go[ \t]*(?:\d+)?[ \t]*;?|/)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)


def readable(text: str, world: World | None = None) -> tuple[str, Places]:
    """The text for the parser, and where its parts stand in the original: without Jinja (see `linker/jinja`), with
    holes as identifiers; `GO`, `/` and `\\commands` of clients end a statement."""
    if "\0" in text:
        text = text.replace("\0", " ")
    original, origins = text, None
    if "{{" in text or "{%" in text or "{#" in text:
        made = render(text, world or Reading(Names()))
        text, origins = (made.text, made.origins) if made is not None else (without_tags(text), None)
    if "{" in text or "%" in text:
        text = _HOLE.sub(_hole, text)
    return _CLIENT.sub(lambda found: ";" + " " * (len(found[0]) - 1), text), Places(original, origins)


def _hole(found: re.Match[str]) -> str:
    inside = found[1] if found[1] is not None else found[2]
    if inside is None:
        return " ?"
    # `{row['day']:%Y}` -> `{row__day____Y}`; the width stays
    name = re.sub(r"\W", "_", inside.strip()).strip("_")
    return padded(_OPEN + name + _CLOSE, found[0])


def named(identifier: str) -> str:
    """An identifier as we write it: lower case, with its holes in braces."""
    return identifier.translate(_TO_BRACES).lower()


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
