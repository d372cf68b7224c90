"""A light reader of Jinja in SQL: it runs nothing, and keeps the lines of the text.

`{{ ref('stg_rides') }}` is the table `stg_rides`, `{{ source('raw', 'rides') }}` is `raw.rides`; another expression is
a hole. Of `{% if %}` the first branch stays, of `{% for %}` one turn, or all if `names` knows the list; macros, tests
and block `set`s go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

_TAG = re.compile(r"\{\{(?:(?!\{\{).){0,2000}?\}\}|\{%(?:(?!\{%).){0,4000}?%\}|\{#(?:(?!\{#).){0,20000}?#\}", re.DOTALL)
# {{ config(post_hook="create index i on {{ this }} (id)") }}: other tags may stand in its texts
CONFIG = re.compile(r"\{\{-?\s*(config\s*\((?:[^'\"{}()]|'[^']*'|\"[^\"]*\"|\([^()]*\)|\{[^{}]*\})*\))\s*-?\}\}")
_CALL = re.compile(r"(ref|source)\s*\(\s*['\"]([^'\"]+)['\"]\s*(?:,\s*['\"]([^'\"]+)['\"])?")
_SILENT = re.compile(r"(?:config|log|print|exceptions\.|run_query|set_sql_header)\b")
_WORD = re.compile(r"[\w.]*")

_HIDDEN = {"macro", "test", "materialization", "docs", "call", "set"}
_MOST_OPEN = 200
_MOST_TAGS = 1_000  # in a text whose loops are followed
_ENDS = ("", " ", "\t", "\r", "\n", ",", ")")


class Names(Protocol):
    """What is known of the names in a text's Jinja; see `template.Reading`."""

    def expand(self, inside: str, hole: str) -> str | None: ...
    def assign(self, inside: str) -> None: ...
    def turns(self, inside: str, length: int) -> Sequence[Names] | None: ...


def without_jinja(text: str, hole: str, names: Names | None = None) -> str:
    """The SQL that stands between the Jinja. `hole` is a pair of characters that mark a hole's name."""
    if "config" in text:
        text = CONFIG.sub(lambda found: padded("", found[0]), text)
    parts: list[str] = []
    hidden: list[bool] = []  # of each open block, whether what it holds is dropped
    last = 0
    may_loop = names is not None and text.count("{%") <= _MOST_TAGS
    while found := _TAG.search(text, last):
        between = text[last : found.start()]
        gone = any(hidden)
        parts.append(padded("", between) if gone else between)
        last = found.end()
        tag, word = found[0], ""
        if tag.startswith("{%"):
            inside = tag[2:-2].strip("-+ \n\t")
            loop = _loop(text, last, inside, hole, names) if names is not None and may_loop and not gone else None
            if loop is not None:
                word, last = loop
                parts.append(padded("", tag) + word)
                continue
            if names is not None and not gone and inside.startswith("set ") and "=" in inside:
                names.assign(inside)
            if inside.startswith("endsnapshot"):  # the next snapshot is another statement
                word = ";"
            _block(inside, hidden)
        elif tag.startswith("{{") and not gone:
            word = _expression(tag, hole, names)
        # {{ method }}_amount and '{{ day }}' are one word, or one text: no blanks there
        is_part = word and text[last : last + 1] not in _ENDS
        parts.append(word + "".join(c for c in tag if c in "\r\n") if is_part else padded(word, tag))
    parts.append(padded("", text[last:]) if any(hidden) else text[last:])
    return "".join(parts)


def _loop(text: str, begin: int, inside: str, hole: str, names: Names) -> tuple[str, int] | None:
    """All turns of a `{% for %}` whose values are known, and where it ends. Lines count as those of one turn."""
    end = _end_of_loop(text, begin) if inside.startswith("for ") else None
    if end is None:
        return None
    body = text[begin : end.start()]
    turns = names.turns(inside, len(body))
    if turns is None:
        return None
    made = []
    for index, turn in enumerate(turns):
        whole = _SEPARATED.sub(r"\2\4" if index + 1 < len(turns) else "", body)
        rendered = without_jinja(whole, hole, turn)
        made.append(rendered if index == 0 else " ".join(_COMMENT.sub("", rendered).split()))
    return " ".join(made) + padded("", end[0]), end.end()


def _end_of_loop(text: str, begin: int) -> re.Match[str] | None:
    depth = 1
    for found in _LOOP.finditer(text, begin):
        depth += 1 if found[1] == "for" else -1
        if depth == 0:
            return found
    return None


_LOOP = re.compile(r"\{%[-+]?\s*(for|endfor)\b(?:(?!%\}).){0,4000}%\}", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*")
# {% if not loop.last %},{% endif %} and {{ "," if not loop.last }}: in all turns but the last
_SEPARATED = re.compile(
    r"\{%[-+]?\s*(if not loop\.last)\s*[-+]?%\}([^{]{0,200})\{%[-+]?\s*endif\s*[-+]?%\}"
    r"|\{\{[-+]?\s*(['\"])([^'\"{}]{0,200})\3\s+if not loop\.last\s*(?:else\s*(?:''|\"\")\s*)?[-+]?\}\}"
)


def _block(inside: str, hidden: list[bool]) -> None:
    word = _WORD.match(inside)
    name = word[0] if word else ""
    if name.startswith("end"):
        if hidden:
            hidden.pop()
    elif name in ("else", "elif"):
        if hidden:
            hidden[-1] = True
    elif name == "set" and "=" in inside:
        return  # {% set day = var('day') %} has no end
    elif (name in _HIDDEN or name in ("if", "for", "filter", "raw", "snapshot")) and len(hidden) < _MOST_OPEN:
        # {% if not loop.last %},{% endif %}: of one turn there is no next
        hidden.append(name in _HIDDEN or (name == "if" and "loop.last" in inside))


def _expression(tag: str, hole: str, names: Names | None) -> str:
    inside = tag[2:-2].strip("-+ \n\t")
    known = names.expand(inside, hole) if names is not None and not _SILENT.match(inside) else None
    if known is not None:
        return known
    call = _CALL.match(inside)
    if call:
        first, second = call[2], call[3]
        # ref('package', 'model') is the model; source('schema', 'table') is both
        name = f"{first}.{second}" if second and call[1] == "source" else second or first
        return re.sub(r"[^\w.]", "_", name)
    if _SILENT.match(inside):
        return ""
    word = _WORD.match(inside)
    return hole[0] + (word[0] if word else "").replace(".", "_") + hole[1]


def padded(word: str, original: str) -> str:
    """`word` and then blanks, as long as the original if it is not longer, and with all its line ends."""
    covered, rest = original[: len(word)], original[len(word) :]
    return word + "".join(c for c in covered if c in "\r\n") + "".join(c if c in "\r\n" else " " for c in rest)
