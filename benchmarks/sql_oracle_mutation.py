"""Change one source column, see which outputs change: the queries of TPC-DS in DuckDB, against our lineage.

    PYTHONPATH=tests python benchmarks/sql_oracle_mutation.py [--scale 0.1] [--seconds 6] [--queries 1-10,64]

`tests/sql_mutation.py` says what counts as a miss. Each query is asked of small random tables that fit it, and with
`--scale` also of the tables that DuckDB's extension `tpcds` makes, once. (It is installed where it is missing; where
that does not work, `pip install duckdb-extensions duckdb-extension-tpcds`, in DuckDB's own version, brings it.) Half of
the seconds goes to each. A column that takes longer is `late`, and its query is named again at the end. Exit status 1
where a change lies outside our lineage.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time

import duckdb
from sql_mutation import Result, ask, mutate, tables_of, together
from sql_random_tables import Types
from tpcds import KEYS, QUERIES, TABLES

Source = tuple[str, str]
_SEEDS = 10
_VALUES = 40  # other values that a changed column takes
_MOVED = 40  # days, or what it counts


class GeneratedTables:
    """The benchmark's own tables. Behind views, so that a change copies nothing."""

    mutants = 3

    def __init__(self, scale: float) -> None:
        self.types: Types = {}
        self.connection = duckdb.connect(config={"allow_unsigned_extensions": True})
        _load(self.connection)
        self.connection.execute("CREATE SCHEMA generated")
        self.connection.execute(f"CALL dsdgen(sf={scale}, schema='generated')")
        self._values: dict[tuple[str, str], list[str]] = {}

    def read(self, types: Types) -> None:
        """The tables of the next query."""
        self.types = types
        for table in types:
            self.restore(table)

    def restore(self, table: str) -> None:
        self._view(table, {})

    def change(self, table: str, column: str, mutant: int) -> None:
        """Other values of the column in half of the rows, values that it never had, or none in a third of them."""
        stored = self._stored(table)[column]
        if mutant == 0:
            others = self._others(table, stored)
            chosen = f"[{', '.join(others)}][1 + (hash(rowid) // 7 % {len(others)})::INT]"
            new = f"CASE WHEN hash(rowid) % 2 = 0 THEN {chosen} ELSE {stored} END" if others else stored
        elif mutant == 1:
            new = f"{stored} || 'z'" if self.types[table][column] == "TEXT" else f"{stored} + {_MOVED}"
        else:
            new = f"CASE WHEN hash(rowid) % 3 = 0 THEN NULL ELSE {stored} END"
        self._view(table, {column: new})

    def _view(self, table: str, changed: dict[str, str]) -> None:
        listed = (f"{changed.get(column, stored)} AS {column}" for column, stored in self._stored(table).items())
        self.connection.execute(
            f"CREATE OR REPLACE VIEW main.{table} AS SELECT {', '.join(listed)} FROM generated.{table}"
        )

    def _stored(self, table: str) -> dict[str, str]:
        """What a column is called in the generated table: versions of the benchmark differ in a suffix."""
        have = [row[0] for row in self.connection.execute(f"DESCRIBE generated.{table}").fetchall()]
        return {
            each: each if each in have else next((one for one in have if one.startswith(each)), "NULL")
            for each in self.types[table]
        }

    def _others(self, table: str, stored: str) -> list[str]:
        if (table, stored) not in self._values:
            asked = (
                f"SELECT DISTINCT {stored}::VARCHAR, typeof({stored}) FROM generated.{table} "
                f"WHERE {stored} IS NOT NULL ORDER BY hash({stored}::VARCHAR) LIMIT {_VALUES}"
            )
            rows = self.connection.execute(asked).fetchall()
            self._values[table, stored] = [
                f"CAST('{text.replace(chr(39), chr(39) * 2)}' AS {type_})" for text, type_ in rows
            ]
        return self._values[table, stored]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--scale", type=float, help="scale factor of the generated tables; without it, only random ones"
    )
    parser.add_argument("--seconds", type=float, default=6, help="of computing, for one query")
    parser.add_argument("--queries", type=_numbers, default=range(1, len(QUERIES) + 1))
    args = parser.parse_args()
    generated = GeneratedTables(args.scale) if args.scale else None
    asked = changed = 0
    missed: list[str] = []
    claimed: set[tuple[int, Source, str]] = set()
    seen: set[tuple[int, Source, str]] = set()
    empty: list[int] = []
    late: list[int] = []
    start = time.monotonic()
    for number in args.queries:
        begin = time.process_time()
        result = _asked(QUERIES[number - 1], generated, args.seconds / 2 if generated else args.seconds)
        print(f"{number}: {_said(result)}, {time.process_time() - begin:.1f} s", flush=True)
        empty += [] if result.rows else [number]
        late += [number] if result.late else []
        asked += len(result.asked)
        changed += len(result.changed)
        missed += result.missed
        if result.rows:
            claimed |= {(number, source, output) for source, output in result.claimed}
            seen |= {(number, source, output) for source, output in result.seen}
    print(f"{len(args.queries)} queries in {time.monotonic() - start:.0f} s; no rows: {empty}; late columns: {late}")
    print(f"{asked} columns changed, {changed} outputs changed by them, {len(missed)} outside our lineage")
    for what, is_direct in (("direct edges", True), ("columns that choose rows", False)):
        edges = {edge for edge in claimed if bool(edge[2]) is is_direct}
        print(f"{what}: a change was seen for {len(edges & seen)} of {len(edges)}")
    return 1 if missed else 0


def _said(result: Result) -> str:
    late = f", late: {', '.join('.'.join(source) for source in sorted(result.late))}" if result.late else ""
    missed = f", OUTSIDE OUR LINEAGE: {', '.join(result.missed)}" if result.missed else ""
    unseen = [f"{'.'.join(source)} -> {output or '*'}" for source, output in sorted(result.claimed - result.seen)]
    never = f", never: {', '.join(unseen)}" if unseen and result.rows else ""
    return (
        f"{result.rows} rows, {len(result.asked)} columns, {len(result.changed)} changes, "
        f"{len(result.seen)} of {len(result.claimed)} edges seen{never}{late}{missed}"
    )


def _asked(sql: str, generated: GeneratedTables | None, seconds: float) -> Result:
    """What all tables together tell that have rows for the query."""
    results: list[Result] = []
    end = time.process_time() + seconds
    for seed in range(_SEEDS):
        result = mutate(sql, TABLES, seed, KEYS, limit=end - time.process_time())
        results += [result] if result.rows else []
        if len(results) == 2 or end < time.process_time():
            break
    if generated is not None:
        generated.read(tables_of(sql, TABLES))
        results.append(ask(sql, TABLES, generated, limit=seconds))
    return together([result for result in results if result.rows])


def _load(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        importlib.import_module("duckdb_extensions").import_extension("tpcds")
    except ModuleNotFoundError:
        connection.execute("INSTALL tpcds")
    connection.execute("LOAD tpcds")


def _numbers(text: str) -> list[int]:
    ends = [part.partition("-") for part in text.split(",")]
    return [number for first, _, last in ends for number in range(int(first), int(last or first) + 1)]


if __name__ == "__main__":
    sys.exit(main())
