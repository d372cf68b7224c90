"""Our lineage against a database that runs the query: what changes an output must be in it (see `sql_mutation`)."""

from __future__ import annotations

import pytest
from sql_mutation import mutate

TYPES = {
    "sales": {
        "day": "DATE", "customer": "INT", "item": "INT", "store": "INT", "quantity": "INT", "price": "INT",
        "tags": "VARCHAR[]",
    },
    "returned": {"day": "DATE", "customer": "INT", "item": "INT", "quantity": "INT", "amount": "INT"},
    "items": {"item": "INT", "category": "VARCHAR", "brand": "VARCHAR", "cost": "INT"},
    "stores": {"store": "INT", "state": "VARCHAR", "size": "INT"},
    "customers": {"customer": "INT", "name": "VARCHAR", "city": "VARCHAR", "age": "INT"},
    "staff": {"id": "INT", "boss": "INT", "name": "VARCHAR", "pay": "INT"},
    "quarters": {"id": "INT", "q1": "INT", "q2": "INT", "q3": "INT"},
}  # fmt: skip

QUERIES = {
    "a join with groups": (
        "SELECT i.category, s.state, sum(f.quantity * f.price) AS total, count(*) AS n FROM sales f JOIN "
        "items i ON f.item = i.item JOIN stores s USING (store) WHERE s.size > 2 GROUP BY i.category, s.state "
        "HAVING sum(f.quantity) > 3"
    ),
    "commas and filters": (
        "SELECT c.name, f.price FROM sales f, customers c WHERE f.customer = c.customer AND c.age > 3"
    ),
    "left join": (
        "SELECT f.customer, f.quantity, r.amount, coalesce(r.quantity, 0) AS back FROM sales f LEFT JOIN "
        "returned r ON f.item = r.item AND f.customer = r.customer"
    ),
    "full join": (
        "SELECT customer, f.price, r.amount FROM sales f FULL JOIN returned r USING (customer)"
    ),
    "natural join": (
        "SELECT name, size FROM (SELECT customer, store FROM sales) NATURAL JOIN customers NATURAL JOIN "
        "stores"
    ),
    "semi and anti joins": (
        "SELECT price FROM sales SEMI JOIN items ON sales.item = items.item AND items.cost > 3 UNION ALL "
        "SELECT amount FROM returned ANTI JOIN stores ON returned.item = stores.store"
    ),
    "common tables": (
        "WITH big AS (SELECT customer, sum(price) AS spent FROM sales GROUP BY customer), young AS (SELECT "
        "customer, name FROM customers WHERE age < 5) SELECT y.name, b.spent FROM big b JOIN young y ON "
        "b.customer = y.customer"
    ),
    "a correlated average": (
        "SELECT f.item, f.price FROM sales f WHERE f.price > (SELECT avg(g.price) FROM sales g WHERE g.store "
        "= f.store)"
    ),
    "scalar subqueries": (
        "SELECT c.name, (SELECT max(f.price) FROM sales f WHERE f.customer = c.customer) AS top, (SELECT "
        "count(*) FROM returned r WHERE r.customer = c.customer) AS back FROM customers c"
    ),
    "exists": (
        "SELECT c.city, EXISTS (SELECT 1 FROM sales f WHERE f.customer = c.customer AND f.quantity > 3) AS "
        "buys FROM customers c"
    ),
    "in": (
        "SELECT name, age IN (SELECT quantity FROM returned WHERE amount > 20) AS odd FROM customers WHERE "
        "customer NOT IN (SELECT customer FROM returned WHERE amount < 20)"
    ),
    "all and any": (
        "SELECT name FROM customers WHERE age > ANY (SELECT size FROM stores) OR age = ALL (SELECT cost FROM "
        "items)"
    ),
    "windows": (
        "SELECT item, sum(price) OVER (PARTITION BY store) AS s, sum(quantity) OVER w AS q FROM sales WINDOW "
        "w AS (PARTITION BY customer)"
    ),
    "the last of each": (
        "SELECT customer, price FROM sales QUALIFY row_number() OVER (PARTITION BY customer ORDER BY day "
        "DESC, price, item, store, quantity) = 1"
    ),
    "ranks": (
        "SELECT * EXCLUDE (r) FROM (SELECT name, city, rank() OVER (PARTITION BY city ORDER BY age) AS r FROM "
        "customers) WHERE r < 3"
    ),
    "lag": (
        "SELECT id, pay - lag(pay) OVER (ORDER BY id, pay, boss, name) AS d FROM staff"
    ),
    "distinct": (
        "SELECT DISTINCT category, brand FROM items"
    ),
    "distinct on": (
        "SELECT DISTINCT ON (category) category, cost FROM items ORDER BY category, cost, brand"
    ),
    "count of the distinct": (
        "SELECT store, count(DISTINCT customer) AS c FROM sales GROUP BY store"
    ),
    "union": (
        "SELECT item, quantity FROM sales UNION SELECT item, quantity FROM returned"
    ),
    "union all": (
        "SELECT item, price AS v FROM sales UNION ALL SELECT item, amount FROM returned"
    ),
    "union by name": (
        "SELECT item, price FROM sales UNION ALL BY NAME SELECT amount AS price, item FROM returned"
    ),
    "except": (
        "SELECT item, quantity FROM sales EXCEPT SELECT item, quantity FROM returned"
    ),
    "intersect": (
        "SELECT item FROM sales INTERSECT SELECT item FROM returned WHERE amount > 5"
    ),
    "rollup": (
        "SELECT category, brand, sum(cost) AS c, grouping(brand) AS g FROM items GROUP BY ROLLUP (category, "
        "brand)"
    ),
    "grouping sets": (
        "SELECT category, brand, min(cost) AS c FROM items GROUP BY GROUPING SETS ((category), (brand), ())"
    ),
    "positions": (
        "SELECT category, brand, max(cost) FROM items GROUP BY 1, 2 ORDER BY 3, 1, 2 LIMIT 5"
    ),
    "all groups": (
        "SELECT city, age % 3 AS a, count(name) AS n FROM customers GROUP BY ALL"
    ),
    "filter and case": (
        "SELECT store, sum(price) FILTER (WHERE quantity > 3) AS big, sum(CASE WHEN item = 2 THEN price ELSE "
        "0 END) AS two FROM sales GROUP BY store"
    ),
    "an alias beside it": (
        "SELECT price * 2 AS p, p + quantity AS q FROM sales WHERE p > 10"
    ),
    "a recursive table": (
        "WITH RECURSIVE up AS (SELECT id, boss, pay, 0 AS depth FROM staff WHERE boss = 1 UNION ALL SELECT "
        "s.id, s.boss, up.pay + s.pay, depth + 1 FROM staff s JOIN up ON s.boss = up.id WHERE depth < 3) "
        "SELECT id, pay, depth FROM up"
    ),
    "lateral": (
        "SELECT c.name, t.price FROM customers c, LATERAL (SELECT f.price FROM sales f WHERE f.customer = "
        "c.customer ORDER BY f.price DESC, f.item LIMIT 2) t"
    ),
    "unnest": (
        "SELECT item, tag FROM sales, UNNEST(tags) AS u (tag) WHERE tag <> 'a'"
    ),
    "unnest in the list": (
        "SELECT item, unnest(tags) AS tag FROM sales"
    ),
    "lists": (
        "SELECT customer, [x || name FOR x IN tags] AS t, len(tags) AS n FROM sales JOIN customers USING "
        "(customer)"
    ),
    "structs": (
        "SELECT r.a + 1 AS a, r.b FROM (SELECT {'a': price, 'b': quantity} AS r FROM sales)"
    ),
    "a star of a struct": (
        "SELECT r.* FROM (SELECT {'a': price, 'b': quantity} AS r, item FROM sales) WHERE item > 2"
    ),
    "whole rows": (
        "SELECT f.item, to_json(i) AS j FROM sales f JOIN items i ON f.item = i.item"
    ),
    "pivot": (
        "SELECT * FROM (SELECT store, quantity, price FROM sales) PIVOT (sum(price) FOR quantity IN (1, 2, "
        "3))"
    ),
    "pivot with groups": (
        "FROM (PIVOT sales ON quantity IN (1, 2) USING sum(price) GROUP BY store)"
    ),
    "unpivot": (
        "SELECT * FROM quarters UNPIVOT (v FOR q IN (q1, q2)) WHERE v > 2"
    ),
    "unpivot of pairs": (
        "SELECT id, a, b FROM quarters UNPIVOT ((a, b) FOR h IN ((q1, q2), (q2, q3)))"
    ),
    "an unpivot statement": (
        "SELECT * FROM (UNPIVOT quarters ON q1, q2, q3 INTO NAME q VALUE v)"
    ),
    "stars": (
        "SELECT * REPLACE (cost * 2 AS cost) RENAME (brand AS maker) FROM items"
    ),
    "columns": (
        "SELECT min(COLUMNS(* EXCLUDE (category))) FROM items GROUP BY category"
    ),
    "asof": (
        "SELECT f.item, f.price, r.amount FROM sales f ASOF JOIN (SELECT item, day, min(amount) AS amount "
        "FROM returned GROUP BY item, day) r ON f.item = r.item AND f.day >= r.day"
    ),
    "values": (
        "SELECT f.item, v.name FROM sales f JOIN (VALUES (1, 'x'), (2, 'y')) AS v (id, name) ON f.store = "
        "v.id"
    ),
    "first values": (
        "SELECT store, arg_max(item, price * 1000 + item) AS best, list(quantity ORDER BY quantity) AS all_of "
        "FROM sales GROUP BY store"
    ),
    "nested": (
        "SELECT category, avg(n) AS n FROM (SELECT i.category, f.customer, count(*) AS n FROM sales f JOIN "
        "items i ON f.item = i.item WHERE f.day > DATE '2000-01-20' GROUP BY ALL) GROUP BY category ORDER BY "
        "category LIMIT 4"
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", QUERIES)
def test_nothing_outside_our_lineage_changes(name: str) -> None:
    results = [mutate(QUERIES[name], TYPES, seed) for seed in range(3)]
    assert sorted({miss for result in results for miss in result.missed}) == []
    assert max(result.rows for result in results) > 0


def test_a_missed_edge_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle itself: lineage of another query does not explain the changes."""
    import sql_mutation

    analyse = sql_mutation.analyse
    other = "SELECT item, price FROM sales WHERE store = 1"
    monkeypatch.setattr(sql_mutation, "analyse", lambda _, *rest: analyse(other, *rest))
    missed = mutate("SELECT item, quantity FROM sales WHERE customer = 1", TYPES).missed
    assert missed == ["sales.customer -> item", "sales.customer -> price", "sales.quantity -> price"]
