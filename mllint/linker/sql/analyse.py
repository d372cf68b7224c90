"""From the text of a query to its statements with their lineage."""

from __future__ import annotations

from mllint.linker.sql.parse import parse
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement
from mllint.linker.sql.writes import derive


def analyse(text: str, dialect: str, schema: Schema) -> list[Statement]:
    """The statements of a text in order, with their lineage.

    `dialect` is sqlglot's name, empty to recognise it from the text. `schema` expands stars and places unqualified
    columns, and learns from the statements that define tables. Holes written `{name}`, `%(name)s`, `:name` and
    `${name}` are understood. Never raises: a statement that cannot be understood has a `problem`.
    """
    return [statement for parsed in parse(text, dialect) for statement in derive(parsed, schema)]
