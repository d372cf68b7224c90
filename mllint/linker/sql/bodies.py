"""Bodies of routines that stand in quotes: SQL itself, or JavaScript and Python that run SQL.

CREATE PROCEDURE load() LANGUAGE JAVASCRIPT AS $$ snowflake.execute({sqlText: `INSERT INTO t SELECT x FROM s`}) $$
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.sql.cutting import is_routine, quoted

_VERB = r"(?:insert|merge|update|delete|create|copy|with|select|truncate|alter|drop|call)\s"
# a text that begins like a statement, and that no further one is added to
_STATEMENT = re.compile(
    rf"(\"\"\"|'''|[`\"'])(\s*{_VERB}(?:(?!\1).)*)\1(?!\s*(?:\+|\.format|%))", re.IGNORECASE | re.DOTALL
)
_READS = re.compile(r"\.(?:table|to_pandas_batches)\(\s*['\"]([\w.$]+)['\"]")
_WRITES = re.compile(r"\.(?:save_as_table|saveAsTable|create_or_replace_view)\(\s*['\"]([\w.$]+)['\"]")
_LONGEST = 200_000  # characters of a body
_MOST = 200  # statements of one


class Body(msgspec.Struct):
    """A text of SQL within a text, and where it begins there. `worded`: it is of ours, and tells tables alone.
    `is_all`: the body is SQL itself."""

    text: str
    start: int
    worded: bool = False
    is_all: bool = False


def bodies(chunk: list[Token], text: str) -> list[Body] | None:
    """The SQL in the quoted body of a routine; `None` if the statement is none."""
    word = chunk[0].text.upper()
    if word != "DO" and not (word == "CREATE" and is_routine(chunk)):
        return None
    language = _language(chunk)
    token = quoted(chunk)
    inside = text.find(token.text, token.start) if token is not None and token.text else -1
    if token is not None and token.token_type is TokenType.STRING:
        inside = token.start + 1
    if token is None or inside < 0 or token.end - inside > _LONGEST:
        return None
    written = text[inside : token.end] if token.token_type is TokenType.STRING else token.text
    if language in ("sql", "plpgsql"):
        text = _plain(written) if token.token_type is TokenType.STRING else written
        return [Body(text, inside, is_all=True)]
    if language in ("javascript", "python"):
        return list(_run(written, inside, language))
    return None


def _language(chunk: list[Token]) -> str:
    """`LANGUAGE python AS $$ ... $$` holds no SQL."""
    for word, following in pairwise(chunk):
        if word.text.upper() == "LANGUAGE":
            return following.text.strip("'\"").lower()
    return "sql"


def _plain(written: str) -> str:
    """Without doubled quotes, as long as before: `''z''` -> ` 'z' `."""
    parts = written.split("''")
    return "".join(part + (("' " if i % 2 else " '") if i + 1 < len(parts) else "") for i, part in enumerate(parts))


def _run(written: str, offset: int, language: str) -> Iterator[Body]:
    for i, found in enumerate(_STATEMENT.finditer(written)):
        if i < _MOST:
            yield Body(found[2], offset + found.start(2))
    tables = list(dict.fromkeys(_READS.findall(written)))
    for target in dict.fromkeys(_WRITES.findall(written)) if language == "python" and tables else ():
        yield Body(f"insert into {target} select * from {', '.join(tables)}".replace(", ", " join "), offset, True)
