"""Functions that a repository defines in SQL: who calls one reads what its query reads."""

from __future__ import annotations

from pathlib import Path

import linking
import pytest
from effort import calls
from sql_helpers import flows, linked, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

# dialect, definition and caller, "column: sources" of what the caller writes
CALLS = {
    "Postgres": (
        "postgres",
        "CREATE FUNCTION f(d date) RETURNS TABLE (a int, b int) AS $$ SELECT x, y FROM s WHERE day > d $$ LANGUAGE sql;"
        "INSERT INTO t SELECT a, b FROM f('2024-01-01')",
        "a: s.x; b: s.y",
    ),
    "rows of a table": (
        "postgres",
        "CREATE FUNCTION f() RETURNS SETOF s AS $$ SELECT * FROM s $$ LANGUAGE sql; INSERT INTO t SELECT x FROM f()",
        "x: s.x",
    ),
    "parameters that come out": (
        "postgres",
        "CREATE FUNCTION f(k int, OUT a int, OUT b int) RETURNS SETOF record AS $$ SELECT x, y FROM s $$ LANGUAGE sql;"
        "INSERT INTO t SELECT * FROM f(1)",
        "a: s.x; b: s.y",
    ),
    "branches that return": (
        "postgres",
        "CREATE FUNCTION f(d date) RETURNS TABLE (a int) AS $$ BEGIN PERFORM k FROM w; IF d IS NULL THEN RETURN QUERY "
        "SELECT x FROM s; ELSE RETURN QUERY SELECT y FROM u; END IF; END $$ LANGUAGE plpgsql;"
        "INSERT INTO t SELECT a FROM f(null)",
        "a: s.x u.y",
    ),
    "rows of a loop": (
        "postgres",
        "CREATE FUNCTION f() RETURNS SETOF s AS $$ DECLARE r record; BEGIN FOR r IN SELECT x AS a FROM s LOOP "
        "RETURN NEXT r; END LOOP; END $$ LANGUAGE plpgsql; INSERT INTO t SELECT a FROM f()",
        "a: s.x",
    ),
    "a body of SQL itself": (
        "postgres",
        "CREATE FUNCTION f() RETURNS TABLE (a int) LANGUAGE sql BEGIN ATOMIC SELECT x FROM s; END;"
        "INSERT INTO t SELECT a FROM f()",
        "a: s.x",
    ),
    "beside a table": (
        "postgres",
        "CREATE FUNCTION f(d date) RETURNS TABLE (a int) AS $$ SELECT x FROM s $$ LANGUAGE sql;"
        "INSERT INTO t SELECT z.name, r.b FROM z CROSS JOIN LATERAL f(z.day) AS r (b)",
        "name: z.name; b: s.x",
    ),
    "Snowflake": (
        "snowflake",
        "CREATE FUNCTION tools.f(d DATE) RETURNS TABLE (a INT) AS 'SELECT x FROM s WHERE day > d';"
        "INSERT INTO t SELECT a FROM TABLE(tools.f('2024-01-01'::DATE))",
        "a: s.x",
    ),
    "a procedure": (
        "snowflake",
        "CREATE PROCEDURE f() RETURNS TABLE (a INT) LANGUAGE SQL AS $$ BEGIN LET r RESULTSET := (SELECT x FROM s); "
        "RETURN TABLE(r); END $$; INSERT INTO t SELECT a FROM TABLE(f())",
        "a: s.x",
    ),
    "BigQuery": (
        "bigquery",
        "CREATE OR REPLACE TABLE FUNCTION d.f(k INT64) RETURNS TABLE<a INT64, b ARRAY<STRING>> AS SELECT x, y FROM s;"
        "INSERT INTO t SELECT a, b FROM d.f(1)",
        "a: s.x; b: s.y",
    ),
    "in brackets": (
        "bigquery",
        "CREATE TABLE FUNCTION d.f(k INT64) AS (SELECT x AS a FROM s); INSERT INTO t SELECT a FROM d.f(1)",
        "a: s.x",
    ),
    "Databricks": (
        "databricks",
        "CREATE FUNCTION f(k INT) RETURNS TABLE (a INT) RETURN SELECT x FROM s; INSERT INTO t SELECT a FROM f(1)",
        "a: s.x",
    ),
    "T-SQL": (
        "tsql",
        "CREATE FUNCTION dbo.f(@d date) RETURNS TABLE AS RETURN (SELECT x AS a FROM s WHERE day > @d)\nGO\n"
        "INSERT INTO t SELECT a FROM dbo.f('2024-01-01')",
        "a: s.x",
    ),
    "a variable of T-SQL": (
        "tsql",
        "CREATE FUNCTION dbo.f(@d date) RETURNS @out TABLE (a int) AS BEGIN INSERT INTO @out SELECT x FROM s; RETURN; "
        "END\nGO\nINSERT INTO t SELECT a FROM dbo.f('2024-01-01')",
        "a: s.x",
    ),
    "DuckDB": (
        "duckdb",
        "CREATE MACRO f(d) AS TABLE SELECT x AS a FROM s WHERE day > d; INSERT INTO t SELECT a FROM f(1)",
        "a: s.x",
    ),
    "one value": (
        "bigquery",
        "CREATE TEMP FUNCTION f(k INT64) AS ((SELECT MAX(x) FROM s WHERE u = k));"
        "INSERT INTO t SELECT f(id) AS a FROM v",
        "a: s.x v.id",
    ),
    "a function that calls one": (
        "postgres",
        "CREATE FUNCTION f() RETURNS TABLE (a int) AS $$ SELECT x FROM s $$ LANGUAGE sql;"
        "CREATE FUNCTION g() RETURNS TABLE (b int) AS $$ SELECT a FROM f() $$ LANGUAGE sql;"
        "INSERT INTO t SELECT b FROM g()",
        "b: s.x",
    ),
    "a body in Python": (
        "snowflake",
        "CREATE FUNCTION f(d DATE) RETURNS TABLE (a INT) LANGUAGE PYTHON HANDLER = 'H' AS $$ class H: ... $$;"
        "INSERT INTO t SELECT r.a FROM s, TABLE(f(s.day)) r",
        "a: s.day",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_called(name: str) -> None:
    dialect, script, expected = CALLS[name]
    *_, last = analyse(script, dialect, Schema())
    assert last.target == "t"
    assert not last.problem
    assert flows(last) == {c: set(s.split()) for c, _, s in (part.partition(": ") for part in expected.split("; "))}
    assert {s.rpartition(".")[0] for sources in flows(last).values() for s in sources} <= set(reads(last))


def test_what_chooses_rows_of_a_function_chooses_those_of_its_caller() -> None:
    *_, last = analyse(CALLS["beside a table"][1].replace("FROM s", "FROM s WHERE k > d"), "postgres", Schema())
    assert set(last.indirect) == {("s", "k"), ("z", "day")}


def test_of_two_schemas_with_such_a_function_neither_is_guessed() -> None:
    made = "CREATE FUNCTION {0}.f() RETURNS TABLE (a int) AS $$ SELECT x FROM {0}.s $$ LANGUAGE sql;"
    script = made.format("raw") + made.format("mart")
    assert flows(analyse(script + "INSERT INTO t SELECT a FROM mart.f()", "postgres", Schema())[-1]) == {
        "a": {"mart.s.x"}
    }
    assert flows(analyse(script + "INSERT INTO t SELECT a FROM f()", "postgres", Schema())[-1]) == {"a": set()}


def test_a_table_called_macro() -> None:
    last = analyse("CREATE TABLE macro (x INT); INSERT INTO t SELECT * FROM macro", "postgres", Schema())[-1]
    assert flows(last) == {"x": {"macro.x"}}


def test_a_function_of_another_file() -> None:
    project = linked(
        dialect="postgres",
        a="INSERT INTO t (a) SELECT a FROM tools.f(1)",
        z="CREATE FUNCTION tools.f(k int) RETURNS TABLE (a int) AS $$ SELECT x FROM s $$ LANGUAGE sql",
    )
    assert "column:table:t#a" in {edge.target for edge in project.graph.out_edges("column:table:s#x")}


def test_a_function_that_python_calls(tmp_path: Path) -> None:
    lineage = linking.linked(
        tmp_path,
        {
            "db/recent.sql": """
                CREATE OR REPLACE FUNCTION recent_rides(since date) RETURNS TABLE (id int, fare numeric) AS $$
                BEGIN
                    RETURN QUERY SELECT r.ride_id, r.fare FROM raw.rides r WHERE r.day >= since;
                END;
                $$ LANGUAGE plpgsql;
            """,
            "train.py": """
                import pandas as pd
                from sqlalchemy import create_engine, text

                engine = create_engine("postgresql://warehouse/shop")
                rides = pd.read_sql(text("SELECT * FROM recent_rides(:since)"), engine, params={"since": "2024-01-01"})
                rides.to_parquet("rides.parquet")
            """,
        },
    )
    out = "column:file:rides.parquet"
    assert linking.columns(lineage, "file:rides.parquet") == {"id", "fare"}
    assert [edge.source for edge in lineage.graph.in_edges(f"{out}#id")] == ["column:table:raw.rides#ride_id"]


@pytest.mark.parametrize("body", ["RETURN QUERY SELECT x FROM s; ", "IF a THEN CASE b WHEN 1 THEN END CASE; END IF; "])
def test_work_grows_with_length(body: str) -> None:
    def work(count: int) -> int:
        script = "CREATE FUNCTION f() RETURNS TABLE (a int) AS BEGIN " + body * count + "END; SELECT a FROM f()"
        return calls(lambda: analyse(script, "postgres", Schema()))

    assert work(1600) < 8 * work(400)
