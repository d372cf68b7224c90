"""Statements of all forms and dialects: what they write, which columns make values, and which only choose rows."""

from __future__ import annotations

import pytest
from sql_helpers import flows, one, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

T = {"t": "id v", "s": "id v d"}
# dialect, statement, kind, target, "column: sources" of each column, columns that choose rows
FORMS = {
    "merge": (
        "snowflake",
        "MERGE INTO t USING (SELECT id, v, d FROM s WHERE ok) x ON t.id = x.id WHEN MATCHED AND x.d > 1 "
        "THEN UPDATE SET t.v = x.v + t.w WHEN NOT MATCHED THEN INSERT (id, v) VALUES (x.id, x.v)",
        "merge", "t", "v: s.v t.w; id: s.id", "s.d s.id s.ok t.id",
    ),
    "merge of all columns": (
        "databricks",
        "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        "merge", "t", "id: s.id; v: s.v; d: s.d", "s.id t.id",
    ),
    "merge under an alias that differs in case": (
        "tsql",
        "MERGE dbo.t WITH (HOLDLOCK) AS T USING dbo.s AS S ON T.id = S.id WHEN MATCHED THEN UPDATE SET v = S.v "
        "WHEN NOT MATCHED BY TARGET THEN INSERT (id, v) VALUES (S.id, S.v) OUTPUT $action, inserted.id;",
        "merge", "dbo.t", "v: dbo.s.v; id: dbo.s.id", "dbo.s.id dbo.t.id",
    ),
    "merge that deletes": (
        "bigquery", "MERGE t USING s ON t.id = s.id WHEN MATCHED AND s.d > 1 THEN DELETE",
        "merge", "t", "", "s.d s.id t.id",
    ),
    "update from": (
        "postgres", "UPDATE t SET a = s.x, b = t.b + s.y FROM s WHERE t.id = s.id AND s.z > 0",
        "update", "t", "a: s.x; b: s.y t.b", "s.id s.z t.id",
    ),
    "update of a join": (
        "mysql", "UPDATE t JOIN s ON t.id = s.id SET t.a = s.x WHERE s.y > 2",
        "update", "t", "a: s.x", "s.id s.y t.id",
    ),
    "update of an alias": (
        "tsql", "UPDATE x SET a = s.x FROM dbo.t AS x JOIN dbo.s s ON s.id = x.id",
        "update", "dbo.t", "a: dbo.s.x", "dbo.s.id dbo.t.id",
    ),
    "update of several columns": (
        "oracle",
        "UPDATE t SET (a, b) = (SELECT x, y FROM s WHERE s.id = t.id) WHERE EXISTS (SELECT 1 FROM r WHERE r.id = t.id)",
        "update", "t", "a: s.x; b: s.y", "r.id s.id t.id",
    ),
    "update of a common table": (
        "tsql", "WITH q AS (SELECT a, b FROM t WHERE c > 1) UPDATE q SET a = b", "update", "t", "a: t.b", "t.c",
    ),
    "update with the source first": (
        "teradata", "UPDATE t FROM s SET a = s.b WHERE t.id = s.id", "update", "t", "a: s.b", "s.id t.id",
    ),
    "update in a merge with a condition": (
        "oracle", "MERGE INTO t USING s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.a = s.b WHERE s.c = 1",
        "merge", "t", "a: s.b", "s.c s.id t.id",
    ),
    "merge that deletes what it changed": (
        "oracle",
        "MERGE INTO t USING s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.a = s.b WHERE s.c = 1 "
        "DELETE WHERE s.d = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
        "merge", "t", "a: s.b; id: s.id", "s.c s.d s.id t.id",
    ),
    "delete of doubles": (
        "tsql",
        "WITH q AS (SELECT *, row_number() OVER (PARTITION BY a ORDER BY b) AS n FROM t) DELETE FROM q WHERE n > 1",
        "delete", "t", "", "t.a t.b",
    ),
    "delete using": (
        "postgres", "DELETE FROM t USING s WHERE t.id = s.id AND s.old", "delete", "t", "", "s.id s.old t.id",
    ),
    "delete with a subquery": (
        "", "DELETE FROM t WHERE id IN (SELECT id FROM s WHERE d < 5)", "delete", "t", "", "s.d s.id t.id",
    ),
    "copy into from a query": (
        "snowflake", "COPY INTO t (id, v) FROM (SELECT $1, f.$2 * 2 FROM @raw/t.csv f) FILE_FORMAT = (TYPE = CSV)",
        "copy", "t", "id: file:@raw/t.csv.$1; v: file:@raw/t.csv.$2", "",
    ),
    "copy into a stage": (
        "snowflake", "COPY INTO @out/t/ FROM (SELECT id FROM s WHERE d > 1)", "copy", "file:@out/t/", "id: s.id", "s.d",
    ),
    "copy of psql": (
        "postgres", "\\copy t (id, v) FROM 't.csv' CSV HEADER", "copy", "t", "id: file:t.csv.id; v: file:t.csv.v", "",
    ),
    "unload": (
        "redshift", "UNLOAD ('select id, v*2 as w from s where d > 0') TO 's3://b/out_' IAM_ROLE 'r'",
        "copy", "s3://b/out_", "id: s.id; w: s.v", "s.d",
    ),
    "unload of a query": (
        "athena", "UNLOAD (SELECT id FROM s WHERE d > 0) TO 's3://b/out/' WITH (format = 'PARQUET')",
        "copy", "s3://b/out/", "id: s.id", "s.d",
    ),
    "export": (
        "bigquery", "EXPORT DATA OPTIONS(uri='gs://b/x-*.csv', format='CSV') AS SELECT id FROM s",
        "copy", "gs://b/x-*.csv", "id: s.id", "",
    ),
    "into a file": (
        "mysql", "SELECT id, v INTO OUTFILE '/tmp/x.csv' FIELDS TERMINATED BY ',' FROM s",
        "copy", "file:/tmp/x.csv", "id: s.id; v: s.v", "",
    ),
    "into a folder": (
        "spark", "INSERT OVERWRITE DIRECTORY 's3://b/x' USING parquet SELECT id FROM s",
        "copy", "s3://b/x", "id: s.id", "",
    ),
    "into a function": (
        "clickhouse", "INSERT INTO FUNCTION s3('https://b/x.csv', 'CSV') SELECT id FROM s",
        "insert", "https://b/x.csv", "id: s.id", "",
    ),
    "load data": (
        "mysql", "LOAD DATA LOCAL INFILE 'in.csv' INTO TABLE t FIELDS TERMINATED BY ','",
        "insert", "t", "*: file:in.csv.*", "",
    ),
    "load data with a list of columns": (
        "mysql",
        "LOAD DATA LOW_PRIORITY INFILE \"in.csv\" REPLACE INTO TABLE d.t FIELDS TERMINATED BY ',' IGNORE 1 LINES "
        "(id, @skipped, @day) SET d = str_to_date(@day, '%Y,%m'), v = null",
        "insert", "d.t", "id: file:in.csv.id; d: file:in.csv.day; v:", "",
    ),
    "load data in place of what is there": (
        "bigquery", "LOAD DATA OVERWRITE d.t (id INT64, v STRING) PARTITION BY id FROM FILES (uris = ['gs://b/*.csv'])",
        "copy", "d.t", "id: gs://b/*.csv.id; v: gs://b/*.csv.v", "",
    ),
    "bulk insert": ("tsql", "BULK INSERT t FROM 'in.csv' WITH (FORMAT='CSV')", "copy", "t", "*: file:in.csv.*", ""),
    "external table": (
        "hive", "CREATE EXTERNAL TABLE x (id INT) STORED AS PARQUET LOCATION 's3://b/x/'",
        "ddl", "x", "id: s3://b/x/.id", "",
    ),
    "external table on a stage": (
        "snowflake", "CREATE EXTERNAL TABLE x WITH LOCATION = @st/x FILE_FORMAT = (TYPE = PARQUET)",
        "ddl", "x", "*: file:@st/x.*", "",
    ),
    "table on a file": (
        "spark", "CREATE TABLE x USING csv OPTIONS (path '/d/x.csv', header 'true')",
        "ddl", "x", "*: file:/d/x.csv.*", "",
    ),
    "foreign table": (
        "postgres", "CREATE FOREIGN TABLE x (id int) SERVER f OPTIONS (filename '/d/x.csv')",
        "ddl", "x", "id: file:/d/x.csv.id", "",
    ),
    "table engine": (
        "clickhouse", "CREATE TABLE x (id UInt32) ENGINE = S3('https://b/x.csv', 'CSV')",
        "ddl", "x", "id: https://b/x.csv.id", "",
    ),
    "clone": ("snowflake", "CREATE TABLE x CLONE s", "create", "x", "id: s.id; v: s.v; d: s.d", ""),
    "shallow clone": (
        "databricks", "CREATE TABLE x SHALLOW CLONE t VERSION AS OF 3", "create", "x", "id: t.id; v: t.v", "",
    ),
    "stream": ("snowflake", "CREATE OR REPLACE STREAM x ON TABLE t", "create", "x", "id: t.id; v: t.v", ""),
    "synonym": ("oracle", "CREATE PUBLIC SYNONYM x FOR t", "create", "x", "id: t.id; v: t.v", ""),
    "append": ("redshift", "ALTER TABLE x APPEND FROM t", "insert", "x", "id: t.id; v: t.v", ""),
    "exchange of a partition": (
        "hive", "ALTER TABLE x EXCHANGE PARTITION (d='1') WITH TABLE t", "insert", "x", "id: t.id; v: t.v", "",
    ),
    "replace": ("mysql", "REPLACE INTO t (id) SELECT id FROM s", "insert", "t", "id: s.id", ""),
    "insert by name": ("duckdb", "INSERT INTO t BY NAME SELECT v, id FROM s", "insert", "t", "v: s.v; id: s.id", ""),
    "insert and conflict": (
        "postgres", "INSERT INTO t (id, v) SELECT id, d FROM s ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v",
        "insert", "t", "id: s.id; v: s.d", "",
    ),
    "insert and conflict with what is there": (
        "postgres",
        "INSERT INTO t AS o (id, v) SELECT id, d FROM s ON CONFLICT (id) DO UPDATE "
        "SET v = EXCLUDED.v + o.v WHERE o.d > 1",
        "insert", "t", "id: s.id; v: s.d t.v", "t.d",
    ),
    "insert and duplicate key": (
        "mysql", "INSERT INTO t (id, v) SELECT id, d FROM s ON DUPLICATE KEY UPDATE v = VALUES(v) + v",
        "insert", "t", "id: s.id; v: s.d t.v", "",
    ),
    "recursive view": (
        "", "CREATE RECURSIVE VIEW x (n) AS SELECT id FROM s UNION ALL SELECT n + 1 FROM x", "view", "x", "n: s.id", "",
    ),
    "from a function": (
        "clickhouse", "INSERT INTO t SELECT id FROM s3('https://b/k.parquet')", "insert", "t",
        "id: https://b/k.parquet.id", "",
    ),
    "a table given to a function": (
        "trino", "SELECT id FROM TABLE(exclude_columns(input => TABLE(d.r), columns => DESCRIPTOR(a)))", "select", "",
        "id: d.r.id", "",
    ),
    "materialized view with options": (
        "trino", "CREATE MATERIALIZED VIEW x REFRESH AS SELECT v FROM s GROUP BY v", "view", "x", "v: s.v", "s.v",
    ),
    "live table": (
        "databricks", "CREATE OR REFRESH LIVE TABLE x AS SELECT id FROM live.r", "create", "x", "id: live.r.id", "",
    ),
    "task": (
        "snowflake", "CREATE TASK k SCHEDULE = '1 minute' AS INSERT INTO t (id) SELECT id FROM s",
        "insert", "t", "id: s.id", "",
    ),
    "pipe": ("snowflake", "CREATE PIPE p AS COPY INTO t FROM @st", "copy", "t", "id: file:@st.id; v: file:@st.v", ""),
    "a statement in a string": (
        "oracle", "EXECUTE IMMEDIATE 'INSERT INTO t (id) SELECT id FROM s'", "insert", "t", "id: s.id", "",
    ),
    "a string with quotes": (
        "tsql", "EXEC sp_executesql N'INSERT INTO t (id) SELECT id FROM s WHERE d = ''x''  '",
        "insert", "t", "id: s.id", "s.d",
    ),
    "openrowset with columns": (
        "tsql",
        "INSERT INTO t (id, v) SELECT p.id, p.v FROM OPENROWSET(BULK N'raw/rides/', -- abfss://lake/raw (Delta)\n"
        "DATA_SOURCE = 'lake', FORMAT = 'DELTA') WITH (id INT, v VARCHAR(20) '$.name') AS p WHERE p.id > 0",
        "insert", "t", "id: file:raw/rides.id; v: file:raw/rides.v", "file:raw/rides.id",
    ),
    "a query of another server": (
        "tsql", "SELECT q.a FROM OPENQUERY(oldsrv, 'SELECT a, b FROM hr.people WHERE c = ''x''') AS q",
        "select", "", "a: hr.people.a", "hr.people.c",
    ),
    "a query of another provider": (
        "tsql", "INSERT INTO t SELECT r.* FROM OPENROWSET('SQLNCLI', 'Server=x;', 'SELECT id, v FROM s') AS r",
        "insert", "t", "id: s.id; v: s.v", "",
    ),
    "openrowset": (
        "tsql", "SELECT * FROM OPENROWSET(BULK 'https://b/x.parquet', FORMAT='PARQUET') AS r",
        "select", "", "*: https://b/x.parquet.*", "",
    ),
    "semantic view": (
        "snowflake",
        "SELECT month, n FROM SEMANTIC_VIEW(v METRICS n DIMENSIONS date_trunc('month', at) AS month WHERE z > 1)",
        "select", "", "month: v.at; n: v.n", "v.z",
    ),
    "dictionary": (
        "clickhouse", "SELECT dictGet('db.prices', 'fare', k) AS f FROM r",
        "select", "", "f: db.prices.fare r.k", "",
    ),
    "partition decorator": ("bigquery", "SELECT id FROM `p.d.r$20240101`", "select", "", "id: p.d.r.id", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str) -> None:
    dialect, sql, kind, target, expected, indirect = FORMS[name]
    statement = one(sql, dialect, **T)
    assert (statement.kind, statement.target) == (kind, target)
    assert flows(statement) == columns(expected)
    assert {".".join(source) for source in statement.indirect} == set(indirect.split())
    assert not statement.problem


def columns(expected: str) -> dict[str, set[str]]:
    pairs = (part.strip().partition(":") for part in expected.split(";") if part.strip())
    return {name: set(sources.split()) for name, _, sources in pairs}


SCRIPTS = {
    "rename": (
        "postgres", "ALTER TABLE t RENAME TO x; INSERT INTO o SELECT * FROM x",
        {"x": "id: t.id; v: t.v", "o": "id: x.id; v: x.v"},
    ),
    "sp_rename": (
        "tsql", "EXEC sp_rename 't', 'x'; INSERT INTO o SELECT * FROM x",
        {"x": "id: t.id; v: t.v", "o": "id: x.id; v: x.v"},
    ),
    "swap": (
        "snowflake", "ALTER TABLE t SWAP WITH s", {"s": "id: t.id; v: t.v", "t": "id: s.id; v: s.v; d: s.d"},
    ),
    "exchange": (
        "clickhouse", "EXCHANGE TABLES t AND s", {"s": "id: t.id; v: t.v", "t": "id: s.id; v: s.v; d: s.d"},
    ),
    "temporary tables": (
        "postgres",
        "CREATE TEMP TABLE x AS SELECT id, v * 2 AS w FROM t; INSERT INTO o SELECT * FROM x; DROP TABLE x",
        {"x": "id: t.id; w: t.v", "o": "id: x.id; w: x.w"},
    ),
    "table variables": (
        "tsql", "DECLARE @x TABLE (id INT); INSERT INTO @x SELECT id FROM t; INSERT INTO o (id) SELECT id FROM @x",
        {"@x": "id: t.id", "o": "id: @x.id"},
    ),
    "insert into several tables": (
        "snowflake",
        "INSERT ALL WHEN d > 1 THEN INTO a (p) VALUES (id) ELSE INTO b (q) VALUES (v) SELECT id, v, d FROM s",
        {"a": "p: s.id", "b": "q: s.v"},
    ),
    "one source, several targets": (
        "hive", "FROM s INSERT OVERWRITE TABLE a SELECT id WHERE d > 1 INSERT INTO TABLE b SELECT v",
        {"a": "id: s.id", "b": "v: s.v"},
    ),
    "variables of a procedure": (
        "oracle",
        "CREATE PROCEDURE p(today IN DATE, n NUMBER(10, 2)) IS last NUMBER; BEGIN SELECT max(v) INTO last FROM t "
        "WHERE d > today; INSERT INTO o (id, m) SELECT id, last FROM s WHERE d < today; END;",
        {"o": "id: s.id; m: t.v"},
    ),
    "rows of a loop": (
        "postgres",
        "CREATE FUNCTION f(day date) RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT id, v "
        "FROM a WHERE d = day LOOP INSERT INTO o (id, w) VALUES (r.id, r.v * 2); END LOOP; END $$",
        {"o": "id: a.id; w: a.v"},
    ),
    "variables of a script": (
        "bigquery",
        "DECLARE first, last DATE; CREATE TABLE o AS SELECT id, last AS day FROM a WHERE d BETWEEN first AND last",
        {"o": "id: a.id; day:"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str) -> None:
    dialect, sql, expected = SCRIPTS[name]
    statements = analyse(sql, dialect, Schema({table: listed.split() for table, listed in T.items()}))
    assert not [statement.problem for statement in statements if statement.problem]
    written = {s.target: flows(s) for s in statements if s.target and s.kind not in ("drop", "ddl")}
    assert written == {target: columns(listed) for target, listed in expected.items()}


def test_a_variable_is_no_column() -> None:
    sql = "CREATE PROCEDURE p(today IN DATE) IS BEGIN INSERT INTO o (id) SELECT id FROM a WHERE d < today; END;"
    [insert] = [s for s in analyse(sql, "oracle", Schema()) if s.kind == "insert"]
    assert insert.indirect == (("a", "d"),)


def test_a_column_of_a_known_table_goes_before_a_variable() -> None:
    sql = "DECLARE d DATE; CREATE TABLE o AS SELECT id FROM s WHERE d > 1"
    *_, create = analyse(sql, "bigquery", Schema({"s": ["id", "d"]}))
    assert create.indirect == (("s", "d"),)


def test_a_loop_reads_the_tables_of_its_query() -> None:
    sql = "BEGIN FOR r IN (SELECT id FROM a) LOOP INSERT INTO o (id) VALUES (r.id); END LOOP; END;"
    [insert] = [s for s in analyse(sql, "oracle", Schema()) if s.kind == "insert"]
    assert reads(insert) == ["a"]


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


UNSAID = {
    "SELECT a:b.c::int AS x FROM t": ("x", "t.a"),
    "SELECT x FROM t ARRAY JOIN xs AS x": ("x", "t.xs"),
    "SELECT TOP 5 [x] FROM [dbo].[t] ORDER BY [y]": ("x", "dbo.t.x"),
    "SELECT ARRAY<STRUCT<a INT64>>[(1)] AS k, x FROM t": ("x", "t.x"),
    "SELECT a AS x FROM t LIMIT 2 BY b": ("x", "t.a"),
    "SELECT PERCENTILE(a, 0.5) AS x FROM t LATERAL VIEW EXPLODE(xs) e AS v": ("x", "t.a"),
    "SELECT a AS x FROM t SAMPLE 0.1 PREWHERE b > 1": ("x", "t.a"),
    "SELECT a AS x FROM t, u WHERE t.id = u.id (+)": ("x", ""),
}


@pytest.mark.parametrize("sql", UNSAID)
def test_nothing_tells_the_dialect(sql: str) -> None:
    name, source = UNSAID[sql]
    statement = one(sql)
    assert not statement.problem
    assert flows(statement)[name] == set(source.split())


def test_a_dialect_that_is_told_stays() -> None:
    assert one("SELECT TOP 5 [x] FROM [dbo].[t] ORDER BY [y]", "postgres").problem


def test_what_no_dialect_understands_costs_little() -> None:
    [statement] = analyse("SELECT ((" + "a, " * 2000 + " FROM t", "", Schema())
    assert statement.problem
    assert reads(statement) == ["t"]
