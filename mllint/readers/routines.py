"""Python in routines of SQL: what a procedure runs, and the text around it.

CREATE PROCEDURE load() LANGUAGE PYTHON HANDLER = 'main' AS $$ def main(session): session.table("a").write... $$
BigQuery: CREATE PROCEDURE d.load() OPTIONS (engine = 'SPARK') LANGUAGE PYTHON AS, and a script in three quotes.
"""

from __future__ import annotations

import re
import textwrap

from mllint.facts.python import Import, ImportFrom, Module, Stmt
from mllint.readers.python import Imported, lower, top_level

_ROUTINE = re.compile(
    r"\bcreate\s(?:\s*(?:or|replace|alter|temporary|temp|secure)\s)*\s*procedure\b(?P<head>(?:(?!\$\$|\bas\b(?!\s+(?:owner|caller)\b))[^;]){0,1500}?)\bas\s*"
    r"(?:(?P<quote>\$\$|r?(?P<marks>\"{3}|'{3}))(?P<body>.*?)(?(marks)(?P=marks)|\$\$)|'(?P<quoted>(?:[^']|'')*)')",
    re.IGNORECASE | re.DOTALL,
)
_HANDLER = re.compile(r"\bhandler\s*=\s*'(\w+)'", re.IGNORECASE)
_LANGUAGE = re.compile(r"\blanguage\s+python\b", re.IGNORECASE)
_MOST = 100  # bodies of a text
_LARGEST = 1_000_000  # characters of one
_CALL = "import snowflake.snowpark\n{}(snowflake.snowpark.Session.builder.getOrCreate())\n"
_Body = tuple[tuple[Stmt, ...], Imported]


def divided(text: str) -> tuple[str, Module | None]:
    """The text with blanks in place of bodies that are Python, and these as one module. A body that Python does not
    understand, or that says no handler, stays."""
    if len(text) > _LARGEST:
        return text, None
    body: list[Stmt] = []
    imported: list[Import | ImportFrom] = []
    kept, last = [], 0
    for i, found in enumerate(_ROUTINE.finditer(text)):
        part = "body" if found["body"] is not None else "quoted"
        lowered = _lowered(found, part, text.count("\n", 0, found.start(part)) + 1) if i < _MOST else None
        if lowered is not None:
            body += lowered[0]
            imported += lowered[1]
            kept += [text[last : found.start(part)], re.sub(r"[^\n]", " ", found[part])]
            last = found.end(part)
    if not body:
        return text, None
    names = tuple(imported)
    return "".join(kept) + text[last:], Module(tuple(body), (), (), "", top_level(names), names)


def _lowered(found: re.Match[str], part: str, line: int) -> _Body | None:
    handler = _HANDLER.search(found["head"])
    if _LANGUAGE.search(found["head"]) is None or (handler is None and found["quote"] in (None, "$$")):
        return None
    written = found[part].replace("''", "'") if part == "quoted" else found[part]
    try:
        body, _, imported = lower(textwrap.dedent(written), line)
        if handler is None:
            return body, imported
        call, _, more = lower(_CALL.format(handler[1]), line + written.count("\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return (*body, *call), (*imported, *more)
