r"""Variables of psql in the text of a script.

\set schema analytics                 psql -v schema=analytics -f load.sql
CREATE TABLE :schema.rides AS SELECT * FROM :"source".rides WHERE day >= :'day'

What has a value is put in as psql does it. A part of a table's name that has none is a hole, as in `{schema}.rides`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from mllint.linker.jinja.output import Origins
from mllint.linker.jinja.values import CLOSE, OPEN

_SIGN = re.compile(r":['\"]\w|:[a-z_]|^[ \t]*\\set\b", re.IGNORECASE | re.MULTILINE)
_PART = re.compile(
    r"^[ \t]*\\(?P<command>set|unset)[ \t]+(?P<name>\w+)(?P<value>[^\n]*)"
    r"|(?<![:\w\])\[]):(?:\"(?P<quoted>\w{1,80})\"|'(?P<text>\w{1,80})'|(?P<bare>[a-z_]\w{0,80})(?!\w))"
    r"|'(?:[^']|'')*'|--[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"'((?:[^'\\]|\\.|'')*)'|:\"?(\w+)\"?|(`)|([^\s':`]+|.)", re.DOTALL)
# before the name of a table; SELECT ... INTO :total sets a variable
_NAMES = re.compile(
    r"(?:\b(?:from|join|table|view|update|exists|only|using|on|(?:insert|merge|copy|replace)\s+into)\s+|\.)$",
    re.IGNORECASE,
)
_LONGEST = 1_000  # characters of a value
_MOST = 1_000_000  # characters that values add to a text

_OPTIONS = ("-v", "--set", "--variable")


def given(arguments: Iterable[str]) -> dict[str, str]:
    """The variables that a command gives: `-v schema=raw --set=day=1`. A value with an unknown part is none."""
    found: dict[str, str] = {}
    words = list(arguments)
    for flag, word in pairwise(["", *words]):
        name, _, rest = word.partition("=")
        told = word if flag in _OPTIONS else rest if name in _OPTIONS else word[2:] if word.startswith("-v") else ""
        key, sign, value = told.partition("=")
        if sign and key.isidentifier() and "{" not in value:
            found[key] = value
    return found


def agreed(known: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The values in which all commands agree that run a script: of several environments none is meant."""
    first, *rest = list(known) or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in rest)}


def filled(text: str, values: Mapping[str, str]) -> tuple[str, Origins] | None:
    """The text with its variables filled in, and where its pieces stood; `None` if it has none."""
    if _SIGN.search(text) is None:
        return None
    is_script = bool(values) or re.search(r"^[ \t]*\\set\b", text, re.MULTILINE) is not None
    parts: list[str] = []
    origins = Origins([], [], [])
    length = done = added = 0

    def put(part: str, source: int, verbatim: bool) -> int:
        parts.append(part)
        origins.starts.append(length)
        origins.sources.append(source)
        origins.verbatim.append(verbatim)
        return length + len(part)

    for found, new in _changes(text, dict(values), is_script):
        added += len(new)
        if added > _MOST:
            break
        length = put(text[done : found.start()], done, True)
        length = put(new, found.start(), False)
        done = found.end()
    if not done:
        return None
    put(text[done:], done, True)
    return "".join(parts), origins


def _changes(text: str, known: dict[str, str], is_script: bool) -> Iterator[tuple[re.Match[str], str]]:
    """Each variable, and what stands for it."""
    for found in _PART.finditer(text):
        name = found["quoted"] or found["text"] or found["bare"]
        if found["command"]:
            _set(known, found)
        elif name and name in known:
            value = known[name]
            quote = '"' if found["quoted"] else "'" if found["text"] else ""
            yield found, quote + value.replace(quote, quote * 2) + quote if quote else value
        elif found["text"]:
            yield found, f":{name}"
        elif found["quoted"] or (found["bare"] and _is_name(text, found, is_script)):
            yield found, OPEN + name + CLOSE


def _set(known: dict[str, str], found: re.Match[str]) -> None:
    value = _value(found["value"], known) if found["command"].lower() == "set" else None
    known.pop(found["name"], None)
    if value is not None:
        known[found["name"]] = value


def _value(written: str, known: Mapping[str, str]) -> str | None:
    r"""What `\set name 'a' :b c` puts together; `None` if a part is not known."""
    parts = []
    for quoted, variable, command, word in _WORD.findall(written.strip()[:_LONGEST]):
        if command or (variable and variable not in known):
            return None
        parts.append(known[variable] if variable else word.strip() or re.sub(r"\\(.)|''", _unquoted, quoted))
    value = "".join(parts)
    return value if len(value) <= _LONGEST else None


def _unquoted(found: re.Match[str]) -> str:
    return found[1] or "'"


def _is_name(text: str, found: re.Match[str], is_script: bool) -> bool:
    """Whether a variable stands where the name of a table does, or a part of it, rather than a value."""
    before = text[max(0, found.start() - 30) : found.start()]
    return _NAMES.search(before) is not None or (
        is_script and before.rstrip().endswith(",") and text[found.end() : found.end() + 1] == "."
    )
