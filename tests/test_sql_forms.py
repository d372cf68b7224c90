"""Statements of all forms and dialects: `sql/statements.txt`.

A case starts with `=== its name`, its dialect in brackets. Each line of `>>>` tells of one statement of the script:

    >>> insert t: v <- s.v; id <- s.id | s.d     it writes columns of `t`, from columns of `s`; `s.d` only chooses rows
    >>> model model:m (kmeans, label y): ...     a model is trained
    >>> model:m is asked: predict                by the statement above

`t` has the columns `id` and `v`, `s` has `id`, `v` and `d`. A case that expects a problem stands below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sql_helpers import flows, one, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement

BLOCKS = (Path(__file__).parent / "sql" / "statements.txt").read_text("utf-8").split("=== ")[1:]
CASES = {name: rest for name, _, rest in (block.partition("\n") for block in BLOCKS)}


@pytest.mark.parametrize("name", CASES)
def test_form(name: str) -> None:
    sql, _, expected = CASES[name].partition("\n>>> ")
    dialect = re.search(r"\[(\w+)\]$", name)
    statements = analyse(sql, dialect[1] if dialect else "", Schema({"t": ["id", "v"], "s": ["id", "v", "d"]}))
    assert not [statement.problem for statement in statements if statement.problem]
    found = [line for each in statements if each.kind not in ("other", "drop") for line in told(each)]
    assert found == re.sub(r"\n>>> {5}", " ", expected.rstrip()).split("\n>>> ")


def told(statement: Statement) -> Iterator[str]:
    columns = [f"{name} <- {' '.join(sorted(sources))}".rstrip() for name, sources in flows(statement).items()]
    chosen = sorted(".".join(source) for source in statement.indirect)
    how = statement.training
    model = f" ({how.what}, label {how.label or 'unknown'})" if how is not None else ""
    what = f"{statement.kind} {statement.target}".rstrip() + model
    yield what + (": " + "; ".join(columns) if columns else "") + (" | " + " ".join(chosen) if chosen else "")
    for scored in statement.scored:
        assert scored.model in reads(statement)
        yield f"{scored.model} is asked: {scored.how}"


def test_other_words_keep_their_place() -> None:
    statement = one("SELECT 1 AS x\n  INTO OUTFILE 'o.csv'\n  FROM s", "mysql")
    assert (statement.line, statement.column) == (1, 1)
    assert [(r.name, r.line, r.column) for r in statement.reads] == [("s", 3, 8)]
    statement = one("CREATE MATERIALIZED VIEW x REFRESH\nAS SELECT v\nFROM s", "trino")
    assert (statement.line, statement.column) == (1, 1)
    assert [(r.name, r.line, r.column) for r in statement.reads] == [("s", 3, 6)]


def test_update_set_is_no_table() -> None:
    statement = one("INSERT INTO t SELECT ((a FROM s ON CONFLICT DO UPDATE SET b = 1", "postgres")
    assert statement.target == "t"


def test_a_dialect_that_is_told_stays() -> None:
    assert one("SELECT TOP 5 [x] FROM [dbo].[t] ORDER BY [y]", "postgres").problem


def test_what_no_dialect_understands_costs_little() -> None:
    [statement] = analyse("SELECT ((" + "a, " * 2000 + " FROM t", "", Schema())
    assert statement.problem
    assert reads(statement) == ["t"]
