"""Our lineage of TPC-DS against DuckDB: a change of one source column changes nothing outside of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sql_mutation import Result, mutate
from tpcds import KEYS, QUERIES, TABLES

# no row comes out of small random tables: they want sales in three channels or years, or sums within narrow bounds;
# `benchmarks/sql_oracle_mutation.py` asks these of the benchmark's own tables
EMPTY = {2, 6, 8, 21, 24, 34, 39, 49, 58, 59, 64, 69}


def _results(sql: str) -> list[Result]:
    """Two results of tables for which the query yields rows, as far as ten random ones have any."""
    found: list[Result] = []
    for seed in range(10):
        result = mutate(sql, TABLES, seed, KEYS, only_misses=True)
        found += [result] if result.rows else []
        if len(found) == 2:
            break
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, len(QUERIES) + 1))
def test_nothing_outside_our_lineage_changes(number: int) -> None:
    results = _results(QUERIES[number - 1])
    assert sorted({miss for result in results for miss in result.missed}) == []
    assert bool(results) != (number in EMPTY)


@pytest.mark.slow
def test_the_benchmark_ends_and_tells_what_it_saw() -> None:
    script = Path(__file__).parent.parent / "benchmarks" / "sql_oracle_mutation.py"
    asked = [sys.executable, str(script), "--queries", "3,7,42,52,96", "--seconds", "20"]
    places = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    done = subprocess.run(asked, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": places}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" edges seen") == 5
    assert "0 outside our lineage" in done.stdout
    assert "no rows: []" in done.stdout
