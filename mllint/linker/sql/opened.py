"""T-SQL's rows of elsewhere, in words that sqlglot knows: OPENROWSET of a file, queries in OPENQUERY and OPENROWSET.

What stands behind keeps its place: blanks fill what is longer in the old words.
"""

from __future__ import annotations

import re

SIGN = re.compile(r"\bopen(?:rowset|query)\b", re.IGNORECASE)
_INSIDE = r"(?>[^()'-]+|N?'(?:[^']|'')*'|--[^\n]*|-|\([^()]*\))*"
_BULK = re.compile(
    rf"\bopenrowset\s*\(\s*bulk\s*(?:--[^\n]*\s*)?\(?\s*N?'([^'\]]*)'{_INSIDE}\)(\s*with\s*\((?>[^()']+|'[^']*'|\([^()]*\))*\))?",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"\bopen(?:query\s*\(\s*[\w.\[\]\"]+|rowset\s*\(\s*N?'[^']*'\s*,\s*N?'[^']*'(?:\s*;\s*'[^']*'){0,2})\s*,\s*"
    r"N?'(\s*(?:select|with)\s(?:[^']|'')*)'\s*\)",
    re.IGNORECASE,
)


def opened(text: str) -> str:
    """The statement with tables and queries in place of the functions that open them, as long as before."""
    text = _BULK.sub(lambda found: _padded(f"text.[{found[1]}]", found[0]), text)
    return _QUERY.sub(lambda found: _padded("(" + found[1].replace("''", "'") + ")", found[0]), text)


def _padded(new: str, old: str) -> str:
    return new.ljust(len(old))
