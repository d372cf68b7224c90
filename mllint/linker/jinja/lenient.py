"""Templates that are no Jinja, or too much of it: each tag is a hole or a blank, and nothing is followed."""

from __future__ import annotations

import re

from mllint.linker.jinja.values import hole

_TAG = re.compile(r"\{\{(?:(?!\{\{).){0,2000}?\}\}|\{%(?:(?!\{%).){0,4000}?%\}|\{#(?:(?!\{#).){0,20000}?#\}", re.DOTALL)
_CALL = re.compile(r"(ref|source)\s*\(\s*['\"]([^'\"]+)['\"]\s*(?:,\s*['\"]([^'\"]+)['\"])?")
_SILENT = re.compile(r"(?:config|log|print|exceptions\.)\b")
_WORD = re.compile(r"[\w.]*")


def without_tags(text: str) -> str:
    """The text with as many lines, and with holes as long as what they stand for, where there is room."""
    return _TAG.sub(_word, text)


def _word(found: re.Match[str]) -> str:
    tag = found[0]
    inside = tag[2:-2].strip("-+ \n\t")
    if not tag.startswith("{{") or _SILENT.match(inside):
        return padded("", tag)
    if call := _CALL.match(inside):  # ref('package', 'model') is the model; source('schema', 'table') is both
        first, second = call[2], call[3]
        name = f"{first}.{second}" if second and call[1] == "source" else second or first
        return padded(re.sub(r"[^\w.]", "_", name), tag)
    word = _WORD.match(inside)
    return padded(hole(word[0].replace(".", "_") if word else ""), tag)


def padded(word: str, original: str) -> str:
    """`word` and then blanks, as long as the original if it is not longer, and with all its line ends."""
    covered, rest = original[: len(word)], original[len(word) :]
    return word + "".join(c for c in covered if c in "\r\n") + "".join(c if c in "\r\n" else " " for c in rest)
