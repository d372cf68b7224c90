"""Change one source column, see which outputs change: TPC-H and TPC-DS in DuckDB, against our lineage.

    git clone --depth 1 https://github.com/tobymao/sqlglot
    PYTHONPATH=tests python benchmarks/sql_oracle_mutation.py sqlglot [--seeds 2] [--only tpc-ds] [--verbose]

`tests/sql_mutation.py` says what counts as a miss. Queries that DuckDB refuses, or that yield no row on random tables,
are counted apart. Exit status 1 where a change lies outside our lineage.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Any

import duckdb
from sql_mutation import mutate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--seeds", type=int, default=2, help="how often each query is asked, of other tables")
    parser.add_argument("--only", choices=["tpc-h", "tpc-ds"])
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    helpers = _helpers(args.clone)
    missed = 0
    for name, schema in (("tpc-h", helpers.TPCH_SCHEMA), ("tpc-ds", helpers.TPCDS_SCHEMA)):
        if args.only not in (None, name):
            continue
        types = {table: {c: _type(c, t) for c, t in columns.items()} for table, columns in schema.items()}
        ran = empty = refused = claimed = seen = 0
        for number, (_, sql, _) in enumerate(helpers.load_sql_fixture_pairs(f"optimizer/{name}/{name}.sql"), 1):
            try:
                results = [mutate(sql, types, seed) for seed in range(args.seeds)]
            except duckdb.Error as error:
                refused += 1
                if args.verbose:
                    print(f"{name} {number} refused: {str(error).splitlines()[0][:100]}")
                continue
            result = max(results, key=lambda result: result.rows)
            ran += 1
            empty += result.rows == 0
            claimed += result.claimed
            seen += max(result.seen for result in results)
            wrong = sorted({miss for result in results for miss in result.missed})
            missed += len(wrong)
            if wrong:
                print(f"{name} {number}: {'; '.join(wrong)}", flush=True)
        print(f"{name}: {ran} ran, {empty} without rows, {refused} refused; {seen} of {claimed} direct edges seen")
    print(f"changes outside our lineage: {missed}")
    return 1 if missed else 0


def _type(column: str, written: str) -> str:
    if written != "string":
        return written
    return "DATE" if column.endswith(("date", "_date_begin", "_date_end")) else "VARCHAR"


def _helpers(clone: Path) -> Any:
    spec = importlib.util.spec_from_file_location("sqlglot_test_helpers", clone / "tests" / "helpers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
