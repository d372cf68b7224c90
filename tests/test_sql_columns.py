"""Column lineage of queries."""

from __future__ import annotations

import pytest
from sql_helpers import flows, one, reads

from mllint.lineage.algebra import show
from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

QUERIES = {
    "aliases": (
        "SELECT r.fare AS price, r.fare + r.tip total FROM rides AS r",
        {"price": "rides.fare", "total": "rides.fare rides.tip"},
    ),
    "a column without alias is called as it is written": (
        "SELECT Max( fare ),\n  sum(tip) / count(*) FROM rides",
        {"max( fare )": "rides.fare", "sum(tip) / count(*)": "rides.tip rides.*"},
    ),
    "casts": (
        "SELECT fare::int, CAST(tip AS int) FROM rides",
        {"fare": "rides.fare", "cast(tip as int)": "rides.tip"},
    ),
    "a nested common table expression": (
        "WITH a AS (SELECT id, fare FROM rides), b AS (SELECT a.id, a.fare * 2 AS f FROM a) SELECT f FROM b",
        {"f": "rides.fare"},
    ),
    "a CTE that hides the table of its name": (
        "WITH rides AS (SELECT id FROM rides) SELECT id FROM rides",
        {"id": "rides.id"},
    ),
    "a recursive CTE": (
        "WITH RECURSIVE up AS (SELECT id, boss FROM staff UNION ALL SELECT s.id, s.boss FROM staff s JOIN up ON "
        "up.boss = s.id) SELECT boss FROM up",
        {"boss": "staff.boss"},
    ),
    "a union takes the names of its left side": (
        "SELECT id AS a FROM x UNION ALL SELECT other FROM y",
        {"a": "x.id y.other"},
    ),
    "EXCEPT takes values from its left side": ("SELECT id FROM x EXCEPT SELECT id FROM y", {"id": "x.id"}),
    "subqueries in FROM": ("SELECT q.a FROM (SELECT b AS a FROM (SELECT b FROM t) i) q", {"a": "t.b"}),
    "a scalar subquery": ("SELECT (SELECT max(v) FROM u WHERE u.k = t.k) AS m FROM t", {"m": "u.v"}),
    "conditions of CASE are part of the value": (
        "SELECT CASE WHEN a > 0 THEN b ELSE c END AS d FROM t",
        {"d": "t.a t.b t.c"},
    ),
    "windows": (
        "SELECT sum(x) OVER (PARTITION BY k ORDER BY d) AS s FROM t",
        {"s": "t.x t.k t.d"},
    ),
    "a column of a join whose other side is known": (
        "SELECT fare, city FROM rides JOIN (SELECT id, city FROM places) p ON rides.place = p.id",
        {"fare": "rides.fare", "city": "places.city"},
    ),
    "a column that could be of two tables stays unresolved": ("SELECT fare FROM a JOIN b ON a.id = b.id", {"fare": ""}),
    "USING": ("SELECT id, a.x FROM a JOIN b USING (id)", {"id": "a.id", "x": "a.x"}),
    "brackets around joins": ("SELECT t2.v FROM ((b AS t2 JOIN a AS t1 ON t1.i = t2.i))", {"v": "b.v"}),
    "an open star": ("SELECT *, fare * 2 AS twice FROM rides", {"twice": "rides.fare", "*": "rides.*"}),
    "a star through a CTE": ("WITH c AS (SELECT * FROM rides) SELECT fare FROM c", {"fare": "rides.fare"}),
    "a correlated column": (
        "SELECT a.id, q.n FROM a, LATERAL (SELECT count(b.z) AS n FROM b WHERE b.id = a.id) q",
        {"id": "a.id", "n": "b.z"},
    ),
    "VALUES": ("SELECT a, b FROM (VALUES (1, 2), (3, 4)) AS v (a, b)", {"a": "", "b": ""}),
    "a lambda's parameter is no column": ("SELECT transform(xs, x -> x + y) AS z FROM t", {"z": "t.xs t.y"}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_query(name: str) -> None:
    sql, expected = QUERIES[name]
    statement = one(sql)
    assert flows(statement) == {column: set(sources.split()) for column, sources in expected.items()}
    assert not statement.problem


DIALECTS = {
    "lateral alias": ("snowflake", "SELECT a + 1 AS b, b * 2 AS c FROM t", {"b": "t.a", "c": "t.a"}),
    "no lateral alias without need": ("", "SELECT a + 1 AS b, b * 2 AS c FROM t", {"b": "t.a", "c": "t.b"}),
    "LATERAL VIEW": ("hive", "SELECT id, e FROM t LATERAL VIEW explode(xs) q AS e", {"id": "t.id", "e": "t.xs"}),
    "UNNEST": ("bigquery", "SELECT i.price AS p FROM orders o, UNNEST(o.items) AS i", {"p": "orders.items"}),
    "an array of a table in scope": ("bigquery", "SELECT i.price AS p FROM orders o, o.items i", {"p": "orders.items"}),
    "a field of a record": ("bigquery", "SELECT payload.user.id AS u FROM events", {"u": "events.payload"}),
    "FLATTEN": (
        "snowflake",
        "SELECT f.value:name::string AS n FROM t, LATERAL FLATTEN(input => t.v) f",
        {"n": "t.v"},
    ),
    "EXCEPT and REPLACE": (
        "bigquery",
        "SELECT * EXCEPT (id) REPLACE (fare / 100 AS fare) FROM rides",
        {"fare": "rides.fare", "tip": "rides.tip"},
    ),
    "PIVOT": (
        "bigquery",
        "SELECT * FROM rides PIVOT (sum(fare) FOR id IN (1 AS one, 2 AS two))",
        {"tip": "rides.tip", "one": "rides.fare", "two": "rides.fare"},
    ),
    "UNPIVOT": (
        "snowflake",
        "SELECT * FROM rides UNPIVOT (amount FOR what IN (fare, tip))",
        {"id": "rides.id", "what": "", "amount": "rides.fare rides.tip"},
    ),
    "PIVOT of a query": (
        "tsql",
        "SELECT id, a, b FROM (SELECT id, k, v FROM s) q PIVOT (max(v) FOR k IN ([a], [b])) p",
        {"id": "s.id", "a": "s.v", "b": "s.v"},
    ),
    "PIVOT with several aggregates": (
        "bigquery",
        "SELECT * FROM (SELECT id, k, v, w FROM s) PIVOT (sum(v) AS total, max(w) AS top FOR k IN ('x' AS ex, 'y'))",
        {"id": "s.id", "total_ex": "s.v", "top_ex": "s.w", "total_y": "s.v", "top_y": "s.w"},
    ),
    "UNPIVOT of several columns": (
        "bigquery",
        "SELECT id, a, b FROM s UNPIVOT ((a, b) FOR half IN ((q1, q2), (q3, q4)))",
        {"id": "s.id", "a": "s.q1 s.q3", "b": "s.q2 s.q4"},
    ),
    "LATERAL": (
        "postgres",
        "SELECT o.id, l.total FROM o CROSS JOIN LATERAL (SELECT sum(i.price * o.rate) AS total FROM i) l",
        {"id": "o.id", "total": "i.price o.rate"},
    ),
    "OUTER APPLY": (
        "tsql",
        "SELECT o.id, l.p FROM o OUTER APPLY (SELECT TOP 1 i.price AS p FROM i WHERE i.o = o.id ORDER BY i.day) l",
        {"id": "o.id", "p": "i.price"},
    ),
    "APPLY of values": (
        "tsql",
        "SELECT v.k, v.x FROM o CROSS APPLY (VALUES ('a', o.a), ('b', o.b)) v (k, x)",
        {"k": "", "x": "o.a o.b"},
    ),
    "QUALIFY by an alias": (
        "snowflake",
        "SELECT id, row_number() OVER (PARTITION BY id ORDER BY at) AS n FROM t QUALIFY n = 1",
        {"id": "t.id", "n": "t.id t.at"},
    ),
    "fields of JSON": (
        "postgres",
        "SELECT payload->'user'->>'id' AS u, payload #>> '{a,b}' AS ab FROM t",
        {"u": "t.payload", "ab": "t.payload"},
    ),
    "a field of a row": ("postgres", "SELECT (t).g AS g, (t.pair).f AS f FROM t", {"g": "t.g", "f": "t.pair"}),
    "arrays by position": (
        "trino",
        "SELECT u.n, u.m FROM t CROSS JOIN UNNEST(t.xs, t.ys) AS u (n, m)",
        {"n": "t.xs", "m": "t.ys"},
    ),
    "an array with positions": (
        "postgres",
        "SELECT x.a, x.o FROM t, unnest(t.xs) WITH ORDINALITY AS x (a, o)",
        {"a": "t.xs", "o": ""},
    ),
    "an array of a query": (
        "bigquery",
        "SELECT ARRAY(SELECT x.v FROM UNNEST(t.xs) AS x WHERE x.ok) AS vs FROM t",
        {"vs": "t.xs"},
    ),
    "pipes": (
        "bigquery",
        "FROM t |> WHERE a > 1 |> EXTEND a + b AS c |> AGGREGATE sum(c) AS s GROUP BY d",
        {"d": "t.d", "s": "t.a t.b"},
    ),
    "values named in WITH": (
        "clickhouse",
        "WITH (SELECT max(d) FROM t) AS last, 5 AS n SELECT a + n AS a, last FROM s WHERE d = last",
        {"a": "s.a", "last": "t.d"},
    ),
    "CONNECT BY": (
        "oracle",
        "SELECT level, PRIOR id AS up, CONNECT_BY_ROOT name AS r FROM staff CONNECT BY PRIOR id = boss",
        {"level": "", "up": "staff.id", "r": "staff.name"},
    ),
    "T-SQL's alias": ("tsql", "SELECT total = fare + tip FROM rides", {"total": "rides.fare rides.tip"}),
    "a semi join's right side is not seen": (
        "spark",
        "SELECT * FROM rides LEFT SEMI JOIN places ON rides.id = places.id",
        {"id": "rides.id", "fare": "rides.fare", "tip": "rides.tip"},
    ),
    "UNION BY NAME": ("duckdb", "SELECT 1 AS z, fare FROM rides UNION BY NAME SELECT fare FROM other",
                      {"z": "", "fare": "rides.fare other.fare"}),
}  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_query_of_a_dialect(name: str) -> None:
    dialect, sql, expected = DIALECTS[name]
    statement = one(sql, dialect, rides="id fare tip") if "rides" in sql else one(sql, dialect)
    assert flows(statement) == {column: set(sources.split()) for column, sources in expected.items()}


def test_filters_joins_and_groups_are_indirect() -> None:
    statement = one(
        "SELECT a.x FROM a JOIN b ON a.id = b.id WHERE b.day > 3 GROUP BY a.x, a.k HAVING max(a.m) > 1 ORDER BY b.o"
    )
    assert {".".join(s) for s in statement.indirect} == {"a.id", "b.id", "b.day", "a.x", "a.k", "a.m", "b.o"}


def test_the_key_of_a_pivot_chooses() -> None:
    for sql in (
        "SELECT * FROM (SELECT id, k, v FROM s) PIVOT (sum(v) FOR k IN ('x', 'y'))",
        "SELECT * FROM s PIVOT (sum(v) FOR k IN (ANY ORDER BY k))",
    ):
        assert ("s", "k") in one(sql, "snowflake").indirect


def test_rows_for_each_element_depend_on_the_array() -> None:
    assert one("SELECT inline(xs) FROM t", "spark").indirect == (("t", "xs"),)


def test_stars_expand_by_the_session_schema() -> None:
    schema = Schema()
    analyse("CREATE TABLE raw.rides (id int, fare decimal(9, 2))", "", schema)
    [made, read] = analyse("CREATE VIEW v AS SELECT *, fare * 2 AS twice FROM rides; SELECT * FROM v", "", schema)
    assert flows(made) == {"id": {"rides.id"}, "fare": {"rides.fare"}, "twice": {"rides.fare"}}
    assert flows(read) == {"id": {"v.id"}, "fare": {"v.fare"}, "twice": {"v.twice"}}
    assert not read.open


def test_the_schema_follows_changes() -> None:
    schema = Schema({"t": ["a", "b"]})
    analyse(
        "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t RENAME COLUMN a TO z; ALTER TABLE t DROP COLUMN b;"
        "ALTER TABLE t RENAME TO u",
        "",
        schema,
    )
    assert schema.columns("u") == ("z", "c")
    assert schema.columns("t") is None


def test_a_name_without_schema_must_be_unique() -> None:
    schema = Schema({"a.rides": ["x"], "b.rides": ["y"], "c.places": ["z"]})
    assert schema.columns("rides") is None
    assert schema.columns("places") == ("z",)
    assert schema.columns("db.c.places") == ("z",)


def test_places_point_at_the_table() -> None:
    [_, statement] = analyse("SELECT 1;\n\nSELECT *\nFROM a\n  JOIN raw.b ON TRUE", "", Schema())
    assert [(r.name, r.line, r.column) for r in statement.reads] == [("a", 4, 6), ("raw.b", 5, 8)]
    assert (statement.line, statement.column) == (3, 1)


def test_expressions_pass_through_subqueries() -> None:
    statement = one("SELECT m / 1000 AS km FROM (SELECT metres - 5 AS m FROM rides) q")
    assert show(statement.columns[0].expression) == "(metres - 5) / 1000"


HOLES = {
    "SELECT fare FROM {table} WHERE day = '{day}'": (["{table}"], {"fare": "{table}.fare"}, False),
    "SELECT {columns} FROM rides": (["rides"], {"*": "rides.*"}, True),
    "SELECT id, {columns} FROM rides": (["rides"], {"id": "rides.id", "*": "rides.*"}, True),
    "SELECT id FROM {db}.rides_{env} LIMIT {n}": (["{db}.rides_{env}"], {"id": "{db}.rides_{env}.id"}, False),
    "SELECT id FROM rides WHERE a = %(a)s AND b = :b AND c IN (%s, ?)": (["rides"], {"id": "rides.id"}, False),
    "SELECT id FROM ${database}.rides": (["{database}.rides"], {"id": "{database}.rides.id"}, False),
    "SELECT '{not_a_hole}' AS x, id FROM rides": (["rides"], {"x": "", "id": "rides.id"}, False),
}  # fmt: skip


@pytest.mark.parametrize("sql", HOLES)
def test_holes(sql: str) -> None:
    tables, expected, is_open = HOLES[sql]
    statement = one(sql)
    assert reads(statement) == tables
    assert flows(statement) == {column: set(sources.split()) for column, sources in expected.items()}
    assert statement.open == is_open
