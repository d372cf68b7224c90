"""SQL inside other languages: what the interpreter of Python asks about a query string."""

from __future__ import annotations

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement

_MOST = 4096  # remembered texts


class Queries:
    """Remembers what each text means, for one project. Statements that define tables are analysed once, so their
    effect on the schema comes once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._known: dict[tuple[str, str], list[Statement]] = {}

    def query(self, text: str, dialect: str = "") -> list[Statement]:
        key = (text, dialect)
        if key not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = analyse(text, dialect, self.schema)
        return self._known[key]


def query(text: str, dialect: str, schema: Schema) -> list[Statement]:
    """The statements of a query string, memoised per schema object.

    Write an unknown part of the text as `{name}`: `SELECT a FROM {table}` reads the table `{table}`, a hole in the
    select list makes the statement `open`, and a hole among values is a constant that is not known.
    `dialect` is sqlglot's name or empty. Lines and columns count from 1 within `text`. Never raises.
    """
    memory: Queries | None = getattr(schema, "queries", None)
    if memory is None:
        memory = schema.queries = Queries(schema)
    return memory.query(text, dialect)
