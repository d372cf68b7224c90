"""Leaf columns of queries, ours against sqlglot's `lineage()`: its own lineage tests, TPC-H and TPC-DS.

    git clone --depth 1 https://github.com/tobymao/sqlglot
    python benchmarks/sql_oracle_sqlglot.py sqlglot [--verbose] [--at-least 0.97]

A leaf is a column of a table that nothing in the query defines. `count(*)` reads rows, not a column: what we call
`t.*` there has no leaf in sqlglot and is left out. `JUDGED` lists where the two differ and why ours stays as it is; the
second figure counts these as right.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

Leaves = set[tuple[str, str]]
_NAMES = "an unpivot yields the names of columns there, not their values: they only choose rows"
JUDGED = {
    ("test_unpivot", "metric_name"): _NAMES,
    ("test_unpivot_multi_column", "semesters"): _NAMES,
    ("test_unpivot_with_alias_columns", "m"): _NAMES,
    ("test_chained_pivots_with_alias_columns", "c"): _NAMES,
    ("test_chained_pivots_with_alias_columns", "e"): _NAMES,
    ("test_chained_pivots_consuming_alias_columns", "region"): _NAMES,
}


class Query(msgspec.Struct):
    """One call of `lineage()`, and the leaves that it found."""

    name: str
    column: str
    sql: str
    dialect: str
    schema: dict[str, Any]
    sources: dict[str, str]
    leaves: Leaves


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    worst = 1.0
    for title, queries in (
        ("lineage tests", of_lineage_tests(args.clone)),
        ("TPC-H", of_benchmark(args.clone, "tpc-h", "TPCH_SCHEMA")),
        ("TPC-DS", of_benchmark(args.clone, "tpc-ds", "TPCDS_SCHEMA")),
    ):
        equal = judged = total = 0
        for query in queries:
            got = ours(query)
            total += 1
            equal += got == query.leaves
            why = JUDGED.get((query.name, query.column), "") if got != query.leaves else ""
            judged += bool(why)
            if args.verbose and got != query.leaves:
                missing, extra = sorted(query.leaves - got), sorted(got - query.leaves)
                print(f"{query.name} {query.column}: missing {missing} extra {extra} ({why or '?'})")
        worst = min(worst, (equal + judged) / total)
        share = f"{equal}/{total} output columns with equal leaf sets = {equal / total:.3f}"
        print(f"{title}: {share}, judged {equal + judged}/{total}")
    return 0 if worst >= args.at_least else 1


# ------------------------------------------------------------------------------------------------ sqlglot's side


def of_lineage_tests(clone: Path) -> list[Query]:
    """Run sqlglot's lineage tests and write down each call of `lineage`."""
    module = _module("test_lineage", clone / "tests" / "test_lineage.py")
    queries: list[Query] = []
    running = ""

    def recorded(column: str, sql: Any, *positional: Any, **settings: Any) -> Node:
        node = lineage(column, sql, *positional, **settings)
        queries.append(
            Query(
                running,
                column,
                sql if isinstance(sql, str) else sql.sql(settings.get("dialect")),
                settings.get("dialect") or "",
                settings.get("schema") or (positional[0] if positional else None) or {},
                {k: s if isinstance(s, str) else s.sql() for k, s in (settings.get("sources") or {}).items()},
                leaves_of(node),
            )
        )
        return node

    module.lineage = recorded  # type: ignore[attr-defined]
    for test in unittest.defaultTestLoader.loadTestsFromTestCase(module.TestLineage):
        running = str(getattr(test, "_testMethodName", ""))
        test.run(unittest.TestResult())
    return queries


def of_benchmark(clone: Path, name: str, schema_name: str) -> Iterator[Query]:
    """Each output column of the queries as their authors wrote them; every other statement is sqlglot's result."""
    helpers = _module("sqlglot_test_helpers", clone / "tests" / "helpers.py")
    schema = getattr(helpers, schema_name)
    pairs = helpers.load_sql_fixture_pairs(f"optimizer/{name}/{name}.sql")
    for number, (_, sql, _) in enumerate(pairs, 1):
        tree = sqlglot.parse_one(sql)
        assert isinstance(tree, exp.Query)
        if tree.is_star:
            tree = qualify(tree, schema=schema)
        for column in dict.fromkeys(tree.named_selects):
            try:
                node = lineage(column, sql, schema=schema)
            except sqlglot.errors.SqlglotError as error:
                print(f"{name} {number} {column}: sqlglot says {str(error)[:80]}", file=sys.stderr)
                continue
            yield Query(f"{name} {number}", column, sql, "", schema, {}, leaves_of(node))


def leaves_of(node: Node) -> Leaves:
    found: Leaves = set()
    todo, seen = [node], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        todo += part.downstream
        if not part.downstream and isinstance(part.expression, exp.Table):
            table = ".".join(p.name for p in part.expression.parts)
            found.add((table.lower(), part.name.rpartition(".")[2].strip('"`').lower()))
    return found


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------------------------------------------ our side


def ours(query: Query) -> Leaves:
    schema = Schema(dict(_tables(query.schema)))
    text = "".join(f"CREATE VIEW {name} AS {sql};\n" for name, sql in query.sources.items()) + query.sql
    *views, last = analyse(text, query.dialect, schema)
    defined = {view.target: {column.name: column.sources for column in view.columns} for view in views}
    columns = {column.name: column.sources for column in last.columns}

    def followed(table: str, column: str, depth: int = 0) -> Iterator[tuple[str, str]]:
        known = defined.get(table)
        if known is None or depth > 9:
            yield table, column
        elif column in known:
            for source in known[column]:
                yield from followed(*source, depth + 1)
        else:
            for star, _ in known.get("*", ()):
                yield from followed(star, column, depth + 1)

    wanted = query.column.lower().strip('"')
    sources = columns.get(wanted)
    if sources is None:  # of a star that stayed open
        sources = tuple((table, wanted) for table, _ in columns.get("*", ()))
    found = {leaf for source in sources for leaf in followed(*source)}
    counted = {leaf for leaf in found if leaf[1] == "*"} if ("*" not in {c for _, c in query.leaves}) else set()
    return found - counted


def _tables(schema: dict[str, Any], parts: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """`{"db": {"t": {"c": "int"}}}` -> `db.t`: c"""
    for name, inner in schema.items():
        if isinstance(inner, dict) and any(isinstance(value, dict) for value in inner.values()):
            yield from _tables(inner, (*parts, name))
        else:
            yield ".".join((*parts, name)), list(inner)


if __name__ == "__main__":
    sys.exit(main())
