"""Aggregates that are joined with the rows they were computed of are windows; others are not."""

from __future__ import annotations

import pytest
from sql_helpers import one

from mllint.lineage.expressions import Apply, Column, Constant, Expression
from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

CITY = (Column("table:rides", "city"),)
MEAN = Apply("MEAN", (Column("table:rides", "price"),))


def window(*keys: Expression) -> Expression:
    return Apply("CALL", (Constant("OVER"), MEAN, *keys, Constant("")))


MEANS = "(SELECT city, avg(price) AS m FROM rides GROUP BY city)"
BACK = {
    "ON": (f"SELECT c.m AS x FROM rides r JOIN {MEANS} c ON c.city = r.city", CITY),
    "USING": (f"SELECT c.m AS x FROM rides r LEFT JOIN {MEANS} c USING (city)", CITY),
    "a common table": (f"WITH c AS {MEANS} SELECT m AS x FROM rides JOIN c ON rides.city = c.city", CITY),
    "through a common table of all rows": (
        "WITH r AS (SELECT * FROM rides), c AS (SELECT city AS town, avg(price) AS m FROM r GROUP BY 1) "
        "SELECT c.m AS x FROM r JOIN c ON c.town = r.city", CITY),
    "without keys": ("SELECT m AS x FROM rides CROSS JOIN (SELECT avg(price) AS m FROM rides) s", ()),
    "a subquery": ("SELECT (SELECT avg(price) FROM rides) AS x FROM rides", ()),
}  # fmt: skip
APART = {
    "of chosen rows": "SELECT c.m AS x FROM rides r JOIN "
    "(SELECT city, avg(price) AS m FROM rides WHERE day < 9 GROUP BY city) c ON c.city = r.city",
    "of another table": "SELECT c.m AS x FROM trips r JOIN (SELECT city, avg(price) AS m FROM rides GROUP BY city) c "
    "ON c.city = r.city",
    "of other keys": "SELECT c.m AS x FROM rides r JOIN "
    "(SELECT city, day, avg(price) AS m FROM rides GROUP BY city, day) c ON c.city = r.city",
    "of the group of another column": f"SELECT c.m AS x FROM rides r JOIN {MEANS} c ON c.city = r.home",
    "of earlier groups": "SELECT c.m AS x FROM rides r JOIN (SELECT day, avg(price) AS m FROM rides GROUP BY day) c "
    "ON c.day = r.day - 1",
    "a subquery of chosen rows": "SELECT (SELECT avg(price) FROM rides WHERE day < 9) AS x FROM rides",
}


@pytest.mark.parametrize("name", BACK)
def test_joined_back(name: str) -> None:
    sql, keys = BACK[name]
    statement = one(f"CREATE TABLE t AS {sql}", rides="id city home day price")
    assert statement.columns[0].expression == window(*keys)
    assert not statement.rejoins


@pytest.mark.parametrize("name", APART)
def test_not_of_the_same_rows(name: str) -> None:
    columns = "id city home day price"
    statement = one(f"CREATE TABLE t AS {APART[name]}", rides=columns, trips=columns)
    assert "OVER" not in str(statement.columns[0].expression)


def test_a_table_of_aggregates() -> None:
    script = """CREATE TABLE c AS SELECT city, avg(price) AS m FROM rides GROUP BY city;
    CREATE VIEW v AS SELECT m FROM rides JOIN c USING (city)"""
    [_, view] = analyse(script, "", Schema({"rides": ["city", "price"]}))
    assert view.columns[0].expression == window(*CITY)
