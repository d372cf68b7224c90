"""Bodies of routines in SQL and in other languages, cursors, what T-SQL hands on, files behind tables."""

from __future__ import annotations

from pathlib import Path

import linking
import pytest
from effort import calls
from sql_helpers import flows, linked, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

JAVASCRIPT = """CREATE OR REPLACE PROCEDURE p() RETURNS STRING LANGUAGE JAVASCRIPT AS $$
  var sql = `INSERT INTO t (a) SELECT x FROM s`;
  snowflake.execute({sqlText: sql});
  snowflake.execute({sqlText: "UPDATE t SET b = " + value});
  return 'ok';
$$"""
PYTHON = """CREATE PROCEDURE p() RETURNS STRING LANGUAGE PYTHON HANDLER='main' AS $$
def main(session):
    session.sql("INSERT INTO t (a) SELECT x FROM s").collect()
    session.table('raw.rides').select('id').write.save_as_table('mart.fares')
$$"""
# dialect, script, the table that is written, its "column: sources"
SCRIPTS = {
    "JavaScript": ("snowflake", JAVASCRIPT, "t", "a: s.x"),
    "Python": ("snowflake", PYTHON, "t", "a: s.x"),
    "SQL in single quotes": (
        "snowflake",
        "CREATE PROCEDURE p() LANGUAGE SQL AS 'BEGIN INSERT INTO t (a) SELECT x FROM s WHERE y = ''z''; END'",
        "t",
        "a: s.x",
    ),
    "a cursor": (
        "snowflake",
        "CREATE PROCEDURE p() LANGUAGE SQL AS $$ DECLARE c CURSOR FOR SELECT x, y FROM s; BEGIN FOR r IN c DO "
        "INSERT INTO t (a) VALUES (r.y); END FOR; END $$",
        "t",
        "a: s.y",
    ),
    "a cursor of a package": (
        "oracle",
        "CREATE PACKAGE BODY k AS PROCEDURE p IS CURSOR c IS SELECT x, y FROM s; BEGIN FOR r IN c LOOP "
        "INSERT INTO t (a) VALUES (r.y); END LOOP; END; END;",
        "t",
        "a: s.y",
    ),
    "rows that are fetched": (
        "tsql",
        "DECLARE @x INT, @y INT; DECLARE c CURSOR FOR SELECT x, y FROM s; OPEN c; FETCH NEXT FROM c INTO @x, @y; "
        "INSERT INTO t (a) VALUES (@y);",
        "t",
        "a: s.y",
    ),
    "rows that Postgres fetches": (
        "postgres",
        "CREATE FUNCTION f() RETURNS void AS $$ DECLARE c CURSOR FOR SELECT x, y FROM s; v INT; w INT; BEGIN OPEN c; "
        "FETCH c INTO v, w; INSERT INTO t (a) VALUES (w); END $$ LANGUAGE plpgsql",
        "t",
        "a: s.y",
    ),
    "INSERT EXEC of a text": ("tsql", "INSERT INTO t (a, b) EXEC ('SELECT x, y FROM s')", "t", "a: s.x; b: s.y"),
    "INSERT EXEC of a procedure": (
        "tsql",
        "CREATE PROCEDURE dbo.p @d INT AS BEGIN SELECT x, y FROM s WHERE d = @d END\nGO\n"
        "INSERT INTO t (a, b) EXEC dbo.p 1",
        "t",
        "a: s.x; b: s.y",
    ),
    "rows that are deleted": (
        "tsql",
        "DELETE FROM s OUTPUT deleted.x, deleted.y AS z INTO dbo.t (a, b) WHERE d < 1",
        "dbo.t",
        "a: s.x; b: s.y",
    ),
    "rows that are inserted": ("tsql", "INSERT INTO u (k) OUTPUT inserted.k INTO t (a) SELECT x FROM s", "t", "a: s.x"),
    "rows before and after": (
        "tsql",
        "UPDATE u SET k = s.x OUTPUT deleted.k, inserted.k INTO t (a, b) FROM u JOIN s ON s.i = u.i",
        "t",
        "a: u.k; b: s.x",
    ),
    "rows of a merge": (
        "tsql",
        "MERGE u USING s ON u.i = s.i WHEN MATCHED THEN UPDATE SET k = s.x "
        "OUTPUT $action, inserted.k, s.y INTO t (a, b, c);",
        "t",
        "a: ; b: s.x; c: s.y",
    ),
    "where a table lies": (
        "spark",
        "CREATE TABLE d USING parquet LOCATION 's3://b/t' AS SELECT x AS a FROM s",
        "s3://b/t",
        "a: d.a",
    ),
    "where a table of Athena lies": (
        "athena",
        "CREATE TABLE d WITH (external_location = 's3://b/t') AS SELECT x AS a FROM s",
        "s3://b/t",
        "a: d.a",
    ),
    "a quoted query": (
        "redshift",
        "UNLOAD ($$SELECT x AS a FROM s WHERE y = 'z'$$) TO 's3://b/t' IAM_ROLE 'r'",
        "s3://b/t",
        "a: s.x",
    ),
    "a text in double quotes": ("bigquery", 'EXECUTE IMMEDIATE """INSERT INTO t (a) SELECT x FROM s"""', "t", "a: s.x"),
    "files of T-SQL": (
        "tsql",
        "COPY INTO t (a 1, b 2) FROM 'https://h/c.csv' WITH (FILE_TYPE='CSV')",
        "t",
        "*: https://h/c.csv.*",
    ),
    "rows of a file": (
        "tsql",
        "INSERT INTO t SELECT x AS a FROM OPENROWSET(BULK 'https://h/c.parquet', FORMAT='PARQUET') AS r",
        "t",
        "a: https://h/c.parquet.x",
    ),
    "files of Oracle": (
        "oracle",
        "CREATE TABLE t (a NUMBER) ORGANIZATION EXTERNAL (TYPE ORACLE_LOADER LOCATION (d:'c.csv'))",
        "t",
        "a: file:c.csv.a",
    ),
    "files in partitions": (
        "bigquery",
        "CREATE EXTERNAL TABLE t WITH PARTITION COLUMNS (d DATE) OPTIONS (format='CSV', uris=['gs://b/k'])",
        "t",
        "*: gs://b/k.*",
    ),
    "a snapshot": ("bigquery", "CREATE SNAPSHOT TABLE t CLONE s FOR SYSTEM_TIME AS OF x", "t", "*: s.*"),
    "changes that are applied": (
        "databricks",
        "APPLY CHANGES INTO t FROM STREAM(s) KEYS (id) SEQUENCE BY at",
        "t",
        "*: s.*",
    ),
    "a merge that adds columns": (
        "databricks",
        "MERGE WITH SCHEMA EVOLUTION INTO t USING s ON t.i = s.i WHEN MATCHED THEN UPDATE SET a = s.x",
        "t",
        "a: s.x",
    ),
    "the row that is there": (
        "mysql",
        "INSERT INTO t (a) SELECT x FROM s ON DUPLICATE KEY UPDATE a = a + VALUES(a)",
        "t",
        "a: s.x t.a",
    ),
    "a field of JSON in a call": (
        "postgres",
        "CREATE TABLE t AS SELECT json_array_elements(x -> 'k') ->> 'y' AS a FROM s",
        "t",
        "a: s.x",
    ),
    "tables of one day": ("bigquery", "CREATE TABLE t AS SELECT x AS a FROM `p.d.s_20240131`", "t", "a: p.d.s_*.x"),
    "tables of some days": (
        "bigquery",
        "CREATE TABLE t AS SELECT x AS a FROM `p.d.s_2024*` WHERE _TABLE_SUFFIX > '0101'",
        "t",
        "a: p.d.s_*.x",
    ),
    "no day": ("bigquery", "CREATE TABLE t AS SELECT x AS a FROM `p.d.s_20249999`", "t", "a: p.d.s_20249999.x"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_written(name: str) -> None:
    dialect, script, target, expected = SCRIPTS[name]
    written = [statement for statement in analyse(script, dialect, Schema()) if statement.target == target]
    told = {c: set(s.split()) for c, _, s in (part.partition(": ") for part in expected.split("; "))}
    assert [statement.problem for statement in written] == [""]
    assert flows(written[0]) == told


def test_python_of_a_procedure_is_read_by_words() -> None:
    [fares] = [s for s in analyse(PYTHON, "snowflake", Schema()) if s.target == "mart.fares"]
    assert reads(fares) == ["raw.rides"]
    assert fares.problem


def test_a_procedure_of_another_file() -> None:
    project = linked(
        dialect="tsql",
        a="INSERT INTO dbo.t (a) EXEC dbo.p",
        z="CREATE PROCEDURE dbo.p AS SELECT x FROM dbo.s",
    )
    assert "column:table:dbo.t#a" in {edge.target for edge in project.graph.out_edges("column:table:dbo.s#x")}


def test_a_procedure_that_nobody_defines() -> None:
    [statement] = analyse("INSERT INTO t EXEC dbo.p", "tsql", Schema())
    assert statement.target == "t"
    assert statement.problem


def test_what_stands_behind_a_procedure_is_none_of_its_rows() -> None:
    script = "CREATE PROCEDURE p AS BEGIN SELECT x FROM s END\nGO\nSELECT y FROM u\nGO\nINSERT INTO t (a) EXEC p"
    last = analyse(script, "tsql", Schema())[-1]
    assert flows(last) == {"a": {"s.x"}}


def test_chains_of_renames_and_clones_over_files() -> None:
    project = linked(
        dialect="snowflake",
        a_make="CREATE TABLE stage AS SELECT x FROM raw",
        b_clone="CREATE TABLE next CLONE stage",
        c_swap="ALTER TABLE live SWAP WITH next",
        d_rename="ALTER TABLE live RENAME TO final",
        e_read="CREATE TABLE report AS SELECT * FROM final",
    )
    todo, seen = ["column:table:raw#x"], set()
    while todo:
        seen.update(new := {edge.target for edge in project.graph.out_edges(todo.pop())} - seen)
        todo += new
    assert "column:table:report#x" in seen


HOSTILE = {
    "procedures": ("tsql", lambda n: "CREATE PROCEDURE p AS BEGIN SELECT a FROM s END\nGO\n" * n),
    "aggregates joined back": (
        "",
        lambda n: (
            "SELECT r.a FROM t r "
            + " ".join(f"JOIN (SELECT k, max(a) AS m FROM t GROUP BY k) x{i} ON x{i}.k = r.k" for i in range(n // 5))
        ),
    ),
    "calls of models": ("bigquery", lambda n: "SELECT * FROM ML.PREDICT(MODEL " * n),
    "models in brackets": ("redshift", lambda n: "CREATE MODEL a FROM (" + "(a)" * n + " FUNCTION f"),
    "trainings": ("postgres", lambda n: "SELECT " + "pgml.train( " * n),
    "quotes in a body": (
        "snowflake",
        lambda n: "CREATE PROCEDURE p() LANGUAGE PYTHON AS $$ " + "'select a \" " * n + "$$",
    ),
    "rows that are handed on": ("tsql", lambda n: "DELETE FROM a OUTPUT " + "deleted.x, " * n + "deleted.y INTO b"),
    "cursors": ("oracle", lambda n: "CREATE PROCEDURE p IS " + "CURSOR c IS SELECT a FROM b; " * n + " END"),
    "statements before an unclosed quote": ("", lambda n: "SELECT a FROM s;\n" * n + "SELECT 'oops"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_grows_with_length(name: str) -> None:
    dialect, make = HOSTILE[name]
    short, long = (calls(lambda count=count: analyse(make(count), dialect, Schema())) for count in (400, 1600))
    assert long < 8 * short  # four times as long: quadratic would be sixteen


IN_PYTHON = {
    "a handler": (
        "CREATE OR REPLACE PROCEDURE core.load(day VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11'\n"
        "PACKAGES = ('snowflake-snowpark-python') HANDLER = 'main' EXECUTE AS OWNER AS $$\n"
        "import snowflake.snowpark.functions as F\n\ndef main(session, day):\n"
        "    df = session.table('raw.rides').select('id', (F.col('km') * 2).alias('far'))\n"
        "    df.write.mode('overwrite').save_as_table('mart.rides')\n"
        '    session.sql(f"""insert into log select id, \'{day}\' from raw.rides""").collect()\n$$;\n',
        {
            ("column:table:raw.rides#id", "column:table:mart.rides#id", 6),
            ("column:table:raw.rides#km", "column:table:mart.rides#far", 6),
            ("column:table:raw.rides#id", "column:table:log#id", 8),
        },
    ),
    "a handler in single quotes": (
        "CREATE PROCEDURE p() LANGUAGE PYTHON HANDLER = 'run' AS '\ndef run(session):\n"
        "    session.sql(\"create table t as select a as b from s where c <> ''x''\").collect()\n';",
        {("column:table:s#a", "column:table:t#b", 3)},
    ),
    "a script": (
        'CREATE PROCEDURE d.p() WITH CONNECTION `c` OPTIONS (engine = \'SPARK\') LANGUAGE PYTHON AS r"""\n'
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
        "spark.table('raw.rides').select('id').write.saveAsTable('mart.ids')\n\"\"\";",
        {("column:table:raw.rides#id", "column:table:mart.ids#id", 4)},
    ),
    "one of two is not understood": (
        "CREATE PROCEDURE a() LANGUAGE PYTHON HANDLER = 'main' AS $$\ndef main(session:\n$$;\n"
        "CREATE PROCEDURE b() LANGUAGE PYTHON HANDLER = 'main' AS $$\ndef main(session):\n"
        "    session.table('s').select('a').write.save_as_table('t')\n$$;",
        {("column:table:s#a", "column:table:t#a", 6)},
    ),
}


@pytest.mark.parametrize("name", IN_PYTHON)
def test_python_of_a_procedure_is_interpreted(tmp_path: Path, name: str) -> None:
    text, expected = IN_PYTHON[name]
    lineage = linking.linked(tmp_path, {"proc.sql": text})
    found = {
        (edge.source, edge.target, edge.span.line)
        for edge in lineage.graph.edges()
        if edge.source.startswith("column:") and edge.target.startswith("column:") and edge.strength == "direct"
    }
    assert found == expected
