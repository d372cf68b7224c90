"""What statements write: every kind, procedures, fallbacks, and texts that are no SQL."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_helpers import flows, one, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.dialects import recognise
from mllint.linker.sql.embedded import query
from mllint.linker.sql.schema import Schema

WRITES = {
    "insert with a column list": (
        "", "INSERT INTO t (a, b) SELECT x, y FROM s", "insert", "t", {"a": "s.x", "b": "s.y"}),
    "insert into known columns": (
        "", "INSERT INTO known SELECT x, y FROM s", "insert", "known", {"one": "s.x", "two": "s.y"}),
    "insert with the query in brackets": (
        "", "INSERT INTO t (a) ((SELECT x FROM s))", "insert", "t", {"a": "s.x"}),
    "CTE before insert": (
        "", "WITH c AS (SELECT x FROM s) INSERT INTO t SELECT x FROM c", "insert", "t", {"x": "s.x"}),
    "a partition that is fixed": (
        "hive", "INSERT OVERWRITE TABLE known PARTITION (one=1) SELECT y FROM s", "insert", "known", {"two": "s.y"}),
    "values": ("", "INSERT INTO t (a, b) VALUES (1, (SELECT max(x) FROM s))", "insert", "t", {"a": "", "b": "s.x"}),
    "create as": ("", "CREATE TABLE t AS SELECT x AS a FROM s", "create", "t", {"a": "s.x"}),
    "view with names": ("", "CREATE VIEW v (a, b) AS ((SELECT x, y FROM s))", "view", "v", {"a": "s.x", "b": "s.y"}),
    "like": ("", "CREATE TABLE t LIKE known", "create", "t", {"one": "known.one", "two": "known.two"}),
    "like in brackets": ("postgres", "CREATE TABLE t (LIKE known)", "create", "t",
                         {"one": "known.one", "two": "known.two"}),
    "clone": ("snowflake", "CREATE TABLE t CLONE known", "create", "t", {"one": "known.one", "two": "known.two"}),
    "select into": ("tsql", "SELECT x INTO #t FROM s", "create", "#t", {"x": "s.x"}),
    "cache table": ("spark", "CACHE TABLE t AS SELECT x FROM s", "create", "t", {"x": "s.x"}),
    "update from": ("", "UPDATE t SET a = s.x, b = 1 FROM s WHERE s.id = t.id", "update", "t", {"a": "s.x", "b": ""}),
    "update of an alias": ("tsql", "UPDATE q SET q.a = s.x FROM t q JOIN s ON s.i = q.i", "update", "t", {"a": "s.x"}),
    "update with join": ("mysql", "UPDATE t JOIN s ON s.i = t.i SET t.a = s.x", "update", "t", {"a": "s.x"}),
    "update by tuple": ("", "UPDATE t SET (a, b) = (SELECT x, y FROM s)", "update", "t", {"a": "s.x", "b": "s.y"}),
    "merge": (
        "", "MERGE INTO t USING (SELECT k, max(v) AS m FROM s GROUP BY k) q ON t.k = q.k WHEN MATCHED THEN UPDATE SET "
        "t.v = q.m WHEN NOT MATCHED THEN INSERT (k, v) VALUES (q.k, q.m)", "merge", "t", {"k": "s.k", "v": "s.v"}),
    "merge with stars": (
        "databricks", "MERGE INTO t USING known ON t.one = known.one WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED "
        "THEN INSERT *", "merge", "t", {"one": "known.one", "two": "known.two"}),
    "load": ("postgres", "COPY t (a) FROM 's3://b/k.csv'", "copy", "t", {"a": "s3://b/k.csv.a"}),
    "unload": ("postgres", "COPY (SELECT x FROM s) TO '/tmp/x.csv'", "copy", "file:/tmp/x.csv", {"x": "s.x"}),
    "unload of Redshift": ("redshift", "UNLOAD ('select x from s where y = ''z''') TO 's3://b/k'", "copy", "s3://b/k",
                           {"x": "s.x"}),
    "a directory": ("hive", "INSERT OVERWRITE DIRECTORY 'hdfs://d' SELECT x FROM s", "copy", "hdfs://d", {"x": "s.x"}),
    "a file": ("duckdb", "CREATE TABLE t AS SELECT x FROM read_csv('in.csv')", "create", "t", {"x": "file:in.csv.x"}),
    "a file by its name": ("duckdb", "CREATE TABLE t AS SELECT x FROM 'in.parquet'", "create", "t",
                           {"x": "file:in.parquet.x"}),
    "a file by its format": ("spark", "CREATE TABLE t AS SELECT x FROM csv.`data/in`", "create", "t",
                             {"x": "file:data/in.x"}),
    "external table": ("hive", "CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/k'", "ddl", "t", {"a": "s3://b/k.a"}),
    "a model": ("bigquery", "CREATE MODEL d.eta OPTIONS (model_type='linear_reg') AS SELECT x FROM s", "model",
                "model:d.eta", {"x": "s.x"}),
    "external table of BigQuery": (
        "bigquery", "CREATE EXTERNAL TABLE t (a INT64) OPTIONS (format='CSV', uris=['gs://b/k'])", "ddl", "t",
        {"a": "gs://b/k.a"}),
    "a comment is no source": ("bigquery", "CREATE TABLE t (a INT64) OPTIONS (description='ftp://x')", "ddl", "t", {}),
    "export": ("bigquery", "EXPORT DATA OPTIONS (uri='gs://b/k') AS SELECT x FROM s", "copy", "gs://b/k", {"x": "s.x"}),
    "a table variable": ("tsql", "INSERT INTO @t (a) SELECT x FROM s", "insert", "@t", {"a": "s.x"}),
    "FINAL": ("clickhouse", "INSERT INTO t SELECT x FROM s FINAL", "insert", "t", {"x": "s.x"}),
    "a view that feeds a table": ("clickhouse", "CREATE MATERIALIZED VIEW v TO t AS SELECT x FROM s", "insert", "t",
                                  {"x": "s.x"}),
    "rename": ("", "ALTER TABLE known RENAME TO t", "rename", "t", {"one": "known.one", "two": "known.two"}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_write(name: str) -> None:
    dialect, sql, kind, target, expected = WRITES[name]
    [statement, *more] = analyse(sql, dialect, Schema({"known": ["one", "two"]}))
    assert (statement.kind, statement.target, statement.problem) == (kind, target, "")
    assert flows(statement) == {column: set(sources.split()) for column, sources in expected.items()}
    assert [s.kind for s in more] in ([], ["ddl"])


def test_writes_inside_of_queries() -> None:
    text = """WITH new AS (INSERT INTO t SELECT x FROM s RETURNING x), gone AS (DELETE FROM old RETURNING y)
        SELECT y FROM gone"""
    statements = analyse(text, "postgres", Schema())
    assert [(s.kind, s.target, flows(s)) for s in statements] == [
        ("insert", "t", {"x": {"s.x"}}), ("delete", "old", {}), ("select", "", {"y": {"old.y"}}),
    ]  # fmt: skip


RETURNED = {
    "rows that go": (
        "WITH gone AS (DELETE FROM t WHERE day < '2020' RETURNING id, km / 2 AS half) "
        "INSERT INTO archive (id, half) SELECT id, half FROM gone",
        [("delete", "t", "", "t.day"), ("insert", "archive", "id: t.id; half: t.km", "t.day")],
    ),
    "rows that come": (
        "WITH src AS (SELECT a AS x FROM s WHERE ok), new AS (INSERT INTO t AS n (x) SELECT x FROM src "
        "RETURNING n.id, x) INSERT INTO log (id, x) SELECT id, x FROM new",
        [("insert", "t", "x: s.a", "s.ok"), ("insert", "log", "id: t.id; x: s.a", "s.ok")],
    ),
    "rows that change": (
        "WITH up AS (UPDATE t SET km = s.km FROM s WHERE s.id = t.id RETURNING t.id, t.km, s.day) "
        "INSERT INTO t (id, km) SELECT id, km FROM r WHERE id NOT IN (SELECT id FROM up)",
        [("update", "t", "km: s.km", "s.id t.id"), ("insert", "t", "id: r.id; km: r.km", "r.id s.id t.id")],
    ),
    "rows that are merged": (
        "WITH m AS (MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v RETURNING t.id, t.v) "
        "SELECT * FROM m",
        [("merge", "t", "v: s.v", "s.id t.id"), ("select", "", "id: t.id; v: s.v", "s.id t.id")],
    ),
}


@pytest.mark.parametrize("name", RETURNED)
def test_rows_that_a_change_hands_on(name: str) -> None:
    text, expected = RETURNED[name]
    found = []
    for statement in analyse(text, "postgres", Schema()):
        columns = "; ".join(f"{c.name}: {' '.join(sorted('.'.join(s) for s in c.sources))}" for c in statement.columns)
        chosen = " ".join(sorted(".".join(source) for source in statement.indirect))
        found.append((statement.kind, statement.target, columns, chosen))
    assert found == expected


def test_swap_exchanges_columns() -> None:
    schema = Schema({"a": ["x"], "b": ["y"]})
    statements = analyse("ALTER TABLE a SWAP WITH b", "snowflake", schema)
    assert [(s.target, flows(s)) for s in statements[:2]] == [("b", {"x": {"a.x"}}), ("a", {"y": {"b.y"}})]
    assert schema.columns("a") == ("y",)
    assert schema.columns("b") == ("x",)


def test_delete_reads_what_it_compares_with() -> None:
    statement = one("DELETE FROM t USING u WHERE t.id = u.id", "postgres")
    assert (statement.kind, statement.target, reads(statement)) == ("delete", "t", ["u"])
    assert ("u", "id") in statement.indirect


def test_several_targets() -> None:
    hive = analyse("FROM s INSERT OVERWRITE TABLE a SELECT s.x INSERT OVERWRITE TABLE b SELECT y", "hive", Schema())
    assert [(s.target, flows(s)) for s in hive] == [("a", {"x": {"s.x"}}), ("b", {"y": {"s.y"}})]
    oracle = analyse("INSERT ALL INTO a (p) VALUES (x) INTO b (q) VALUES (y) SELECT x, y FROM s", "oracle", Schema())
    assert [(s.target, flows(s)) for s in oracle] == [("a", {"p": {"s.x"}}), ("b", {"q": {"s.y"}})]


PROCEDURES = {
    "tsql": """CREATE PROCEDURE p @n int AS
        BEGIN
          SET NOCOUNT ON;
          IF @n > 1 BEGIN INSERT INTO t SELECT a FROM s END ELSE INSERT INTO t SELECT a FROM r
          UPDATE u SET b = 1
        END""",
    "bigquery": """CREATE PROCEDURE d.p(n INT64)
        BEGIN
          DECLARE i INT64 DEFAULT 0;
          LOOP
            SET i = i + 1;
            INSERT INTO t SELECT a FROM s;
            IF i > n THEN LEAVE; END IF;
          END LOOP;
          INSERT INTO t SELECT a FROM r;
        END""",
    "postgres": """CREATE FUNCTION p() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO t SELECT a FROM s;
          FOR x IN 1..3 LOOP INSERT INTO t SELECT a FROM r; END LOOP;
        END $$""",
}


@pytest.mark.parametrize("dialect", PROCEDURES)
def test_bodies_of_procedures(dialect: str) -> None:
    statements = analyse(PROCEDURES[dialect], dialect, Schema())
    inserts = [(s.target, reads(s), s.line) for s in statements if s.kind == "insert"]
    assert [insert[:2] for insert in inserts] == [("t", ["s"]), ("t", ["r"])]
    assert all(1 < line < 10 for *_, line in inserts)


def test_statements_without_semicolons() -> None:
    text = "INSERT INTO a SELECT x FROM s\nINSERT INTO b\nSELECT y FROM r\nSELECT z FROM q"
    assert [(s.kind, s.target, s.line) for s in analyse(text, "tsql", Schema())] == [
        ("insert", "a", 1), ("insert", "b", 2), ("select", "", 4),
    ]  # fmt: skip


FALLBACKS = {
    "an operator it does not know": ("tsql", "UPDATE q SET q.a += 'x' FROM t AS q JOIN s ON s.i = q.i", "t", ["s"]),
    "a function is no table": ("teradata", "UPDATE t FROM s SET a = f(1) WHERE ((t.i = s.i", "t", ["s"]),
    "nonsense between known words": ("", "INSERT INTO t SELECT ((a FROM s JOIN r ON", "t", ["s", "r"]),
    "an open quote": ("", "INSERT INTO t SELECT 'a FROM s", "t", ["s"]),
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_fallback_to_tables(name: str) -> None:
    dialect, sql, target, tables = FALLBACKS[name]
    statement = one(sql, dialect)
    assert (statement.target, reads(statement)) == (target, tables)
    assert statement.problem
    assert statement.open


def test_a_slash_on_its_own_line() -> None:
    division = "SELECT CASE WHEN a > 0 THEN b\n/\na ELSE NULL END AS x FROM t"
    assert flows(one(division)) == {"x": {"t.a", "t.b"}}
    plus = "INSERT INTO a SELECT x FROM s\n/\nINSERT INTO b SELECT y FROM s\n/\n"
    assert [s.target for s in analyse(plus, "oracle", Schema())] == ["a", "b"]


def test_a_system_variable_is_no_parameter() -> None:
    statement = one("SELECT @@ROWCOUNT AS n", "tsql")
    assert flows(statement) == {"n": set()}
    assert not statement.problem


def test_one_bad_statement_costs_one() -> None:
    statements = analyse("SELECT a FROM x; SELECT ((; SELECT b FROM y", "", Schema())
    assert [bool(s.problem) for s in statements] == [False, True, False]
    assert flows(statements[2]) == {"b": {"y.b"}}


HOSTILE = {
    "brackets": "SELECT " + "(" * 5000 + "1" + ")" * 5000 + " FROM t",
    "cases": "SELECT " + "CASE WHEN 1 THEN " * 3000 + "1" + " END" * 3000 + " FROM t",
    "a long sum": "SELECT " + " + ".join(["a"] * 5000) + " FROM t",
    "a long condition": "SELECT a FROM t WHERE " + " AND ".join(["a = 1"] * 3000),
    "nots": "SELECT " + "NOT " * 3000 + "a FROM t",
    "unions": " UNION ALL ".join(["SELECT a FROM t"] * 400),
    "nested queries": "SELECT a FROM (" * 300 + "SELECT a FROM t" + ") q" * 300,
    "minus signs": "SELECT " + "- " * 5000 + "1 FROM t",
    "CTEs that double": "WITH c0 AS (SELECT a, a AS b FROM t), "
    + ", ".join(f"c{i} AS (SELECT a + b AS a, a - b AS b FROM c{i - 1})" for i in range(1, 60))
    + " SELECT a FROM c59",
    "unclosed comments": "/* " * 40000,
    "unclosed comments after an unclosed quote": "'" + "/* " * 40000,
    "unclosed Jinja": "{{" * 40000,
    "unclosed Jinja blocks": "{% " * 40000,
    "a long word": "rename table " + "a" * 40000,
    "quotes": "select " + "'" * 40001,
    "holes": "{" * 5000 + "}" * 5000,
    "words": "create table if not exists " * 4000,
    "blanks": "from" + " " * 50000 + "x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends(name: str) -> None:
    statements = analyse(HOSTILE[name], "", Schema())
    assert len(statements) < 10


_WORDS = st.sampled_from(
    re.split(
        " ",
        "select from where insert into t a b , ( ) * + :: 'x \" ` [ ] $$ begin end case when with as create table "
        "procedure if then else union join on using values update set merge delete copy ; \n {{ }} {% %} { } -- /* */ "
        "? :p %s .",
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=30), st.sampled_from(["", "tsql", "bigquery", "snowflake", "postgres", "spark"]))
def test_any_words_are_survived(words: list[str], dialect: str) -> None:
    text = " ".join(words)
    for statement in analyse(text, dialect, Schema()):
        assert 1 <= statement.line <= text.count("\n") + 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    analyse(text, "", Schema())


DIALECTS = {
    "SELECT SAFE_CAST(a AS INT64) FROM `p.d.t`": "bigquery",
    "SELECT a::int FROM t": "postgres",
    "COPY INTO t FROM @stage": "snowflake",
    "SELECT a FROM t QUALIFY row_number() OVER (ORDER BY b) = 1": "snowflake",
    "SELECT e FROM t LATERAL VIEW explode(x) q AS e": "spark",
    "SELECT TOP 5 a FROM [dbo].[t]": "tsql",
    "SELECT a FROM read_parquet('x.parquet')": "duckdb",
    "SELECT a FROM t": "",
    'SELECT CASE WHEN a = 1 THEN "one" END FROM t': "hive",
    'SELECT "A" FROM "T" WHERE "B" = "C"': "",
    "-- a::int\nSELECT a FROM t": "",
}


@pytest.mark.parametrize("text", DIALECTS)
def test_recognise(text: str) -> None:
    assert recognise(text) == DIALECTS[text]


def test_a_query_is_remembered_for_its_schema() -> None:
    schema = Schema()
    assert query("SELECT a FROM t", "", schema) is query("SELECT a FROM t", "", schema)
    assert query("SELECT a FROM t", "", Schema()) is not query("SELECT a FROM t", "", schema)
