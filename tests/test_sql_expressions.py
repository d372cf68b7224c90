"""What SQL's expressions mean, by dialect."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.lineage.algebra import equal, show, to_sqlglot, witness
from mllint.lineage.expressions import Apply, Column, Constant, Expression, Unresolved
from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.translate import from_sqlglot


def meaning(sql: str, dialect: str = "", types: str = "") -> Expression:
    schema = Schema()
    analyse(f"CREATE TABLE t ({types})" if types else "", dialect, schema)
    [statement] = analyse(f"SELECT {sql} AS it FROM t", dialect, schema)
    return statement.columns[0].expression


CASES = [
    ("", "a + b * 2", "a + b * 2"),
    ("", "(a + b) * 2", "(a + b) * 2"),
    ("postgres", "7 / 2", "integer_div(7, 2)"),
    ("postgres", "a / 1000", "a / 1000"),
    ("postgres", "a / 1000.0", "a / 1000"),
    ("postgres", "length(a) / 2", "integer_div(length(a), 2)"),
    ("bigquery", "7 / 2", "7 / 2"),
    ("bigquery", "DIV(a, 2)", "integer_div(a, 2)"),
    ("bigquery", "SAFE_DIVIDE(a, b)", "case when b = 0 then null else a / b end"),
    ("snowflake", "IFF(a > 1, a, 0)", "case when a > 1 then a else 0 end"),
    ("", "ROUND(a)", "round(a)"),
    ("", "ROUND(a, 2)", "round(a, 2)"),
    ("spark", "bround(a)", "round_half_even(a)"),
    ("", "SUBSTRING(a, 2, 3)", "substring(a, 1, 4)"),
    ("", "SUBSTR(a, 2)", "substring(a, 1, null)"),
    ("postgres", "LEFT(a, 2)", "substring(a, 0, 2)"),
    ("bigquery", "LOG(a)", "ln(a)"),
    ("bigquery", "LOG(a, 2)", "log2(a)"),
    ("postgres", "LOG(a)", "log10(a)"),
    ("snowflake", "LOG(2, a)", "log2(a)"),
    ("snowflake", "LOG(3, a)", "ln(a) / ln(3)"),
    ("tsql", "LOG(a)", "ln(a)"),
    ("spark", "log1p(a)", "log1p(a)"),
    ("postgres", "EXTRACT(dow FROM a)", "weekday_from_sunday_0(a)"),
    ("postgres", "EXTRACT(isodow FROM a)", "weekday_from_monday_1(a)"),
    ("bigquery", "EXTRACT(dayofweek FROM a)", "weekday_from_sunday_1(a)"),
    ("snowflake", "DAYOFWEEK(a)", "weekday_from_sunday_0(a)"),
    ("spark", "weekday(a)", "weekday_from_monday_0(a)"),
    ("mysql", "DAYOFWEEK(a)", "weekday_from_sunday_1(cast(a as date))"),
    ("spark", "pmod(a, 3)", "a % 3"),
    ("", "MOD(a, 3)", "rem(a, 3)"),
    ("bigquery", "DATE_DIFF(a, b, DAY)", "days_between(a, b)"),
    ("snowflake", "DATEDIFF('day', a, b)", "days_between(b, a)"),
    ("", "COALESCE(a, b, 0)", "coalesce(a, b, 0)"),
    ("snowflake", "NVL(a, 0)", "coalesce(a, 0)"),
    ("", "NULLIF(a, 0)", "case when a = 0 then null else a end"),
    ("", "CASE a WHEN 1 THEN 'x' ELSE 'y' END", "case when a = 1 then 'x' else 'y' end"),
    ("", "a IS NOT NULL", "not a is null"),
    ("", "a BETWEEN 1 AND 2", "a >= 1 and a <= 2"),
    ("", "a IN (1, 2)", "a in (1, 2)"),
    ("", "a LIKE '%x%'", "contains(a, 'x')"),
    ("", "a LIKE 'x%'", "startswith(a, 'x')"),
    ("", "a LIKE '%sale%'", "contains(a, 'sale')"),
    ("", "a || b", "concat(a, b)"),
    ("postgres", "CONCAT(a, 'x')", "concat(coalesce(a, ''), 'x')"),
    ("", "CAST(a AS date)", "cast(a as date)"),
    ("snowflake", "CAST(a / 2 AS int)", "cast(round(a / 2) as int)"),
    ("spark", "CAST(a / 2 AS int)", "cast(a / 2 as int)"),
    ("postgres", "(a / 2.0)::double precision::int", "cast(round_half_even(cast(a / 2 as float)) as int)"),
    ("mysql", "STDDEV(a)", "stddev_pop(a)"),
    ("", "COUNT(*)", "count(1)"),
    ("", "SUM(a) / COUNT(b)", "sum(a) / count(b)"),
    ("", "my_function(a, 3)", "my_function(a, 3)"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql", "shown"), CASES)
def test_meaning(dialect: str, sql: str, shown: str) -> None:
    assert show(meaning(sql, dialect)) == shown


def test_declared_types_decide_the_division() -> None:
    whole = meaning("a / 1000", "postgres", "a int")
    exact = meaning("a / 1000", "postgres", "a numeric(10, 2)")
    assert show(whole) == "integer_div(a, 1000)"
    assert show(exact) == "a / 1000"
    found = witness(whole, exact)
    assert found is not None
    assert found.kind == "value"


def test_what_is_not_understood_is_unresolved() -> None:
    assert isinstance(meaning("a + (SELECT max(b) FROM u)"), Unresolved)
    assert isinstance(meaning("a + {x}"), Unresolved)
    assert isinstance(meaning("a + ?"), Unresolved)
    assert equal(meaning("my_function(a)"), meaning("other(a)")) is None


def test_two_dialects_say_the_same() -> None:
    assert equal(meaning("IFF(a IS NULL, 0, a)", "snowflake"), meaning("COALESCE(a, 0)", "postgres")) is True
    assert equal(meaning("DAYOFWEEK(a)", "mysql"), meaning("EXTRACT(dow FROM a) + 1", "postgres")) is True
    by_case = meaning("CASE WHEN 1 < GREATEST(a, 0) THEN 1 ELSE GREATEST(a, 0) END")
    assert equal(meaning("LEAST(GREATEST(a, 0), 1)"), by_case) is True


_leaves = st.one_of(st.sampled_from([Column("t", c) for c in "abc"]), st.sampled_from([0, 1, 2.5, "x"]).map(Constant))


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    two = ["ADD", "SUB", "MUL", "DIV", "EQ", "LT", "GE", "AND", "OR", "POW", "REM"]
    return st.one_of(
        st.builds(Apply, st.sampled_from(two), st.tuples(inner, inner)),
        st.builds(Apply, st.sampled_from(["ABS", "LN", "LOWER", "IS_NULL", "FLOOR", "SQRT"]), st.tuples(inner)),
        st.builds(Apply, st.sampled_from(["COALESCE", "LEAST", "IN"]), st.tuples(inner, inner, inner)),
        st.builds(Apply, st.just("CASE"), st.tuples(inner, inner, inner)),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(_leaves, _grown, max_leaves=12))
def test_there_and_back(expression: Expression) -> None:
    back = from_sqlglot(to_sqlglot(expression), lambda column: Column("t", column.name), "")
    assert back == expression
