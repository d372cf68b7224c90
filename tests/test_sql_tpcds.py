"""Our lineage of TPC-DS against DuckDB: a change of one source column changes nothing outside of it."""

from __future__ import annotations

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
