"""SQL files: their text, whether it is a Jinja template, and what of it is Python. The text is parsed when linking."""

from __future__ import annotations

import re

from mllint.facts.file import FileFacts
from mllint.facts.sql import SqlText

_PYTHON = re.compile(r"\blanguage\s+python\b", re.IGNORECASE)
_JINJA = re.compile(r"\{\{|\{%|\{#")


def read(path: str, kind: str, data: bytes) -> FileFacts:
    text = text_of(data).replace("\r\n", "\n")
    module = None
    if _PYTHON.search(text) is not None:
        from mllint.readers.routines import divided

        text, module = divided(text)
    return FileFacts(path, kind, python=module, sql=SqlText(text, jinja=_JINJA.search(text) is not None))


def text_of(data: bytes) -> str:
    """UTF-8, else Windows-1252, in which old warehouses' scripts keep their accented comments. SQL's own words are
    the same in both, and one byte stays one character, so columns hold."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
