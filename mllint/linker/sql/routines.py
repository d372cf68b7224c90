"""Procedures and functions that a script defines: how far they go, and what they yield.

CREATE FUNCTION recent(day DATE) RETURNS TABLE (id INT, km FLOAT) AS $$ SELECT ... $$ ... SELECT * FROM recent(today)
"""

from __future__ import annotations

import re

import msgspec
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.sql.cutting import BEFORE_MACRO, CLOSING, OPENING
from mllint.linker.sql.relations import Output, Relation
from mllint.linker.sql.schema import Schema, table_name
from mllint.linker.sql.statements import OutputColumn, Statement

_RETURNED = re.compile(r"\breturn\s+(?:query\s)?[\s(]*$", re.IGNORECASE)
_DEFINES = {"PROCEDURE", "PROC", "FUNCTION", "MACRO"}
_HEAD = 6  # tokens: CREATE OR REPLACE TEMP TABLE FUNCTION
_LONGEST = 400  # tokens between the name of a routine and its body
_MOST = 20  # queries of a routine
_CLOSED = {"IF", "LOOP", "WHILE", "FOR", "REPEAT"}  # END IF


class Routine(msgspec.Struct):
    """`columns` are the names that it declares, `into` is the variable of T-SQL whose rows it returns. `yields` are
    the queries that yield its rows, of the highest `rank` so far: those that it returns, its last one, its loop."""

    name: str
    columns: tuple[str, ...] = ()
    into: str = ""
    yields: list[Statement] = []
    rank: int = 0

    def note(self, statement: Statement, rank: int) -> None:
        if rank >= self.rank and len(self.yields) < _MOST:
            self.yields = [*self.yields, statement] if rank == self.rank == _RETURNS else [statement]
            self.rank = rank


_IS_LOOP, _IS_QUERY, _RETURNS = 1, 2, 3


def routines(tokens: list[Token], dialect: str) -> list[tuple[int, int, Routine]]:
    """The routines that a script defines, in order: from which to which offset they go, and what their heads say."""
    words = [token.text.upper() for token in tokens]
    heads = [i for i, word in enumerate(words[:-1]) if word in _DEFINES and _made_at(words, i) >= 0]
    found = []
    for n, i in enumerate(heads):
        at = i + 4 if words[i + 1 : i + 4] == ["IF", "NOT", "EXISTS"] else i + 1
        name = at + 1
        while name + 1 < len(tokens) and tokens[name].token_type is TokenType.DOT:
            name += 2
        stop = heads[n + 1] if n + 1 < len(heads) else len(tokens)
        is_batch = words[i] in ("PROCEDURE", "PROC") and dialect in ("", "tsql")
        last = (_end_of_batch if is_batch else _end)(words, name, stop)
        called = table_name("".join(token.text for token in tokens[at:name]))
        columns, into = _head(tokens[name : min(last, name + _LONGEST)])
        found.append((tokens[_made_at(words, i)].start, tokens[last - 1].end + 1, Routine(called, columns, into)))
    return found


def _made_at(words: list[str], i: int) -> int:
    """The place of the CREATE or ALTER of a routine, -1 if there is none."""
    for at in range(i - 1, max(-1, i - _HEAD), -1):
        if words[at] in ("CREATE", "ALTER"):
            return at
        if words[at] in (";", "DROP", "EXECUTE") or (words[i] == "MACRO" and words[at] not in BEFORE_MACRO):
            break
    return -1


def _end_of_batch(words: list[str], start: int, stop: int) -> int:
    """The place behind the last token of a procedure of T-SQL. One without BEGIN and END goes to the end of its batch,
    which two semicolons mark (see `text`), or to the next procedure."""
    body = next((i for i in range(start, stop) if words[i] == "AS"), stop) + 1
    if words[body : body + 1] == ["BEGIN"]:
        return _end_of_frame(words, body, stop)
    return next((i + 1 for i in range(body, stop) if words[i : i + 2] == [";", ";"]), stop)


def _end(words: list[str], start: int, stop: int) -> int:
    """Any other routine is one statement."""
    end = next((i for i in range(start, stop) if words[i] == ";"), stop)
    begin = next((i for i in range(start, end) if words[i] == "BEGIN"), -1)
    return _end_of_frame(words, begin, stop) if begin >= 0 else end


def _end_of_frame(words: list[str], begin: int, stop: int) -> int:
    depth = 0
    for i in range(begin, stop):
        after = words[i + 1 : i + 2]
        is_transaction = after in (["TRAN"], ["TRANSACTION"])
        if words[i] == "END" and not set(after) & _CLOSED:
            depth -= 1
        elif words[i] in ("BEGIN", "CASE") and not is_transaction and words[i - 1 : i] != ["END"]:
            depth += 1
        if depth == 0:
            return i + 1
    return stop


def _head(tokens: list[Token]) -> tuple[tuple[str, ...], str]:
    """RETURNS TABLE (id INT, km FLOAT), RETURNS TABLE<id INT64>, RETURNS @rides TABLE (id INT), f(OUT id INT)"""
    words = [token.text.upper() for token in tokens]
    at = words.index("RETURNS") if "RETURNS" in words else 0
    if not at or "TABLE" not in words[at : at + 4]:
        given = _listed(tokens) if words[:1] == ["("] else []
        return tuple(names[1] for names in given if names[0].upper() in ("OUT", "INOUT") and len(names) > 1), ""
    table = words.index("TABLE", at)
    into = "@" + words[table - 1].lower() if table - at > 1 and "@" in words[at:table] else ""
    if words[table + 1 : table + 2] not in (["("], ["<"]):
        return (), into
    return tuple(names[0] for names in _listed(tokens[table + 1 :])), into


def _listed(tokens: list[Token]) -> list[list[str]]:
    """The words of each part of `(id INT, km NUMERIC(10, 2))`, or of `<id INT64, tags ARRAY<STRING>>`."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        is_open = token.token_type in OPENING or token.token_type is TokenType.LT
        closes = token.token_type in CLOSING or token.token_type is TokenType.GT
        depth += is_open - closes * len(token.text)  # `>>` may be one token
        if depth <= 0:
            break
        if depth == 1 and token.token_type is TokenType.COMMA:
            parts.append([])
        elif not is_open:
            parts[-1].append(token.text.lower())
    return [part for part in parts if part]


def keep(routine: Routine, statement: Statement, before: str, loops: bool, schema: Schema) -> None:
    """Remember what a statement of a routine means for those that call it; `before` is the text before it."""
    is_returned = _RETURNED.search(before) is not None
    if statement.kind == "insert" and statement.target == routine.into != "":
        routine.note(statement, _RETURNS)
    elif statement.kind == "select":
        routine.note(statement, _RETURNS if is_returned else _IS_LOOP if loops else _IS_QUERY)
    else:
        return
    schema.yields(routine.name, _together(routine))


def _together(routine: Routine) -> Statement:
    """All queries of a routine as one; columns go by their place, and have the names that the head declares."""
    first, *rest = routine.yields
    is_open = any(each.open for each in routine.yields)
    columns = list(first.columns)
    for each in rest if not is_open else ():
        columns = [_both(a, b) for a, b in zip(columns, each.columns, strict=False)] + columns[len(each.columns) :]
    if is_open:
        columns += [column for each in rest for column in each.columns]
    elif routine.columns:
        columns = [msgspec.structs.replace(c, name=n) for n, c in zip(routine.columns, columns, strict=False)]
    return msgspec.structs.replace(
        first,
        reads=tuple(dict.fromkeys(read for each in routine.yields for read in each.reads)),
        columns=tuple(columns),
        indirect=tuple(dict.fromkeys(source for each in routine.yields for source in each.indirect)),
        open=is_open,
    )


def _both(one: OutputColumn, other: OutputColumn) -> OutputColumn:
    from mllint.lineage.expressions import Unresolved

    sources = tuple(dict.fromkeys(one.sources + other.sources))
    return msgspec.structs.replace(one, sources=sources, expression=Unresolved("a union of different computations"))


def routine_called(node: exp.Func, schema: Schema) -> Statement | None:
    """What a call of a function yields, `None` if no query of it is known."""
    if not isinstance(node, exp.Anonymous):
        return None
    around = node.parent
    parts: list[str] = []
    if isinstance(around, exp.Table):  # FROM tools.recent(today)
        parts = [part.name for part in (around.args.get("catalog"), around.args.get("db")) if part is not None]
    elif isinstance(around, exp.Dot) and around.expression is node:
        parts = [part.name for part in around.this.find_all(exp.Identifier)] or [around.this.name]
    found: Statement | None = schema.result(table_name(".".join([*parts, node.name])))
    return found


def rows_of(called: Statement) -> Relation:
    """What a routine yields, as a relation."""
    columns = [Output(c.name, c.sources, c.expression) for c in called.columns if c.name != "*"]
    starred = dict.fromkeys(table for c in called.columns if c.name == "*" for table, _ in c.sources)
    return Relation(columns, [(table,) for table in starred])
