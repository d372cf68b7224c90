"""The tables that a SQL text of another language reads and writes."""

from __future__ import annotations

import re

_MAX_LENGTH = 20_000
_MAX_BRACKETS = 25  # sqlglot recurses on each


def tables_of(text: str) -> tuple[list[str], list[str]]:
    """Names of the tables that a query reads, and of those that it writes; nothing for what is no SQL."""
    deepest = depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > _MAX_BRACKETS or len(text) > _MAX_LENGTH:
        return [], []
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [each for each in sqlglot.parse(re.sub(r"\{\w*\}", "unknown_part", text)) if each is not None]
    except (SqlglotError, RecursionError):
        return [], []
    read: dict[str, None] = {}
    written: dict[str, None] = {}
    for statement in statements:
        if not isinstance(statement, exp.Query | exp.Insert | exp.Create | exp.Update | exp.Merge | exp.Delete):
            continue
        target = None if isinstance(statement, exp.Query) else statement.this
        target = target.this if isinstance(target, exp.Schema) else target
        local = {cte.alias for cte in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            name = ".".join(part.name for part in table.parts)
            if "unknown_part" in name or name in local or not name:
                continue
            (written if table is target else read).setdefault(name)
    return list(read), list(written)
