"""A second opinion on column lineage from a database: change one source column and see which outputs change.

What changes although our lineage says nothing of it is an edge that we miss. A column that chooses rows may change
everything; any other column only the outputs that are computed from it. Outputs are compared as bags of values, since
rows have no name. A column that chooses rows explains all it changes: it is only asked where the edges that are seen
count.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

import duckdb
import msgspec
import sqlglot
from sql_random_tables import RandomTables, Types
from sqlglot import exp

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

Source = tuple[str, str]  # table, column


class Tables(Protocol):
    """The tables that a query reads, in a database, and ways to change one column of them."""

    connection: duckdb.DuckDBPyConnection
    types: Types
    mutants: int

    def change(self, table: str, column: str, mutant: int) -> None: ...

    def restore(self, table: str) -> None: ...


class Result(msgspec.Struct):
    """`missed`: changes that our lineage does not explain. `asked`: columns that were changed. `late`: those of them
    for which the time did not suffice. `changed`: what they changed. `claimed`: what our lineage says, where an edge
    to no output is a column that chooses rows; `seen`: those of them that showed."""

    rows: int = 0
    missed: list[str] = []
    asked: set[Source] = set()
    late: set[Source] = set()
    changed: set[tuple[Source, int]] = set()
    claimed: set[tuple[Source, str]] = set()
    seen: set[tuple[Source, str]] = set()


def mutate(
    sql: str,
    types: Types,
    seed: int = 0,
    keys: frozenset[str] = frozenset(),
    only_misses: bool = False,
    limit: float = 120,
) -> Result:
    """What random tables tell of a query."""
    tables = RandomTables(sqlglot.parse_one(sql, dialect="duckdb"), types, seed, keys, tables_of(sql, types))
    return ask(sql, types, tables, only_misses, limit)


def tables_of(sql: str, types: Types) -> Types:
    """The tables that a query reads, with the columns that it may depend on: what it does not name changes nothing."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    named = {part.name.lower() for part in tree.find_all(exp.Identifier)}
    is_open = _is_open(tree)
    return {
        name: {column: type_ for column, type_ in types[name].items() if is_open or column in named} or types[name]
        for name in sorted({read.name for read in _statement(sql, types).reads} & types.keys())
    }


def ask(sql: str, types: Types, tables: Tables, only_misses: bool = False, limit: float = 120) -> Result:
    """Change each column; without a row nothing is asked. `limit`: seconds of computing, for one mutant a quarter."""
    statement = _statement(sql, types)
    tables.connection.execute("SET threads = 1")
    tables.connection.execute("SET scalar_subquery_error_on_multiple_rows = false")
    end = time.process_time() + limit
    try:
        before = _outputs(tables.connection, sql, limit / 4)
    except duckdb.InterruptException:
        return Result()
    # a star that stayed open stands for all columns behind it
    listed = [*statement.columns, *statement.columns[-1:] * (len(before) - len(statement.columns))]
    direct = {(source, i) for i, column in enumerate(listed) for source in column.sources}
    indirect = set(statement.indirect)
    result = Result(rows=sum(before[0].values()) if before else 0)
    if not result.rows:
        return result
    for source in [(table, column) for table, columns in tables.types.items() for column in columns]:
        if only_misses and source in indirect:
            continue
        result.asked.add(source)
        for mutant in range(tables.mutants):
            tables.change(*source, mutant)
            try:
                after = _outputs(tables.connection, sql, limit / 4 if time.process_time() < end else 0)
            except duckdb.InterruptException:
                result.late.add(source)
                break
            result.changed.update((source, i) for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b)
        tables.restore(source[0])
    names = [column.name for column in listed]
    changed = result.changed
    result.missed = sorted(f"{'.'.join(s)} -> {names[i]}" for s, i in changed - direct if s not in indirect)
    result.claimed = {(source, names[i]) for source, i in direct if source[1] != "*"}
    result.claimed |= {(source, "") for source in indirect if source[1] != "*"}
    result.seen = {(s, names[i]) for s, i in direct & changed} | {(s, "") for s, _ in changed if s in indirect}
    return result


def together(results: list[Result]) -> Result:
    """What several tables tell of one query. A column is late if it is with all of them."""
    whole = Result(late=set.intersection(*(result.late for result in results)) if results else set())
    for result in results:
        whole.rows = max(whole.rows, result.rows)
        whole.missed = sorted({*whole.missed, *result.missed})
        whole.asked |= result.asked
        whole.changed |= result.changed
        whole.claimed |= result.claimed
        whole.seen |= result.seen
    return whole


def _statement(sql: str, types: Mapping[str, Mapping[str, str]]) -> Any:
    statement = analyse(sql, "duckdb", Schema({table: list(columns) for table, columns in types.items()}))[-1]
    assert not statement.problem, statement.problem
    return statement


def _is_open(tree: exp.Expr) -> bool:
    """Whether a query may read columns of a table that it does not name."""
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        listed = [part.this for part in [select.args.get("from_"), *joins] if part is not None]
        is_table = any(isinstance(each, exp.Table) and each.name not in common for each in listed)
        has_star = any(e.is_star or e.find(exp.Columns) for e in select.expressions) and not isinstance(
            select.parent, exp.Exists
        )
        is_natural = any(join.method.upper() == "NATURAL" for join in joins)
        if (is_table and has_star) or is_natural:
            return True
    return False


def _outputs(connection: duckdb.DuckDBPyConnection, sql: str, seconds: float) -> list[Counter[Any]]:
    """The values of each output column, each with how often it occurs."""
    if seconds <= 0:
        raise duckdb.InterruptException
    alarm = threading.Timer(seconds, connection.interrupt)
    alarm.start()
    try:
        cursor = connection.execute(sql)
        width = len(cursor.description or ())
        rows = cursor.fetchall()
    finally:
        alarm.cancel()
    return [Counter(repr(_rounded(row[i])) for row in rows) for i in range(width)]


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value  # sums of floats depend on the order
