"""Statements per second: our column lineage against sqlglot's own `lineage()` and sqllineage, on the same statements.

    python benchmarks/sql_statements.py [--seconds 3] [--at-least 10]

Ratios of one run on one machine. sqllineage is no dependency: without it its row is left out (`pip install sqllineage`).
`--at-least` fails when the ratio to sqllineage is lower.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

STATEMENTS = [
    part.strip() for part in (Path(__file__).parent / "sql_statements.sql").read_text().split(";\n") if part.strip()
]


def ours(statement: str) -> int:
    from mllint.linker.sql.statements import Schema, analyse

    return sum(len(s.columns) for s in analyse(statement, "postgres", Schema()))


def sqlglots(statement: str) -> int:
    """One call of `lineage` for each column of the statement's query, as its users do it."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage

    tree = sqlglot.parse_one(statement, dialect="postgres")
    query = tree if isinstance(tree, exp.Query) else tree.expression
    return sum(
        lineage(name, query.copy(), dialect="postgres") is not None for name in query.named_selects if name != "*"
    )


def sqllineages(statement: str) -> int:
    from sqllineage.runner import LineageRunner

    return len(LineageRunner(statement, dialect="postgres").get_column_lineage())


def rate(work: Callable[[str], int], seconds: float) -> tuple[float, int]:
    """Statements per second (the median of rounds), and how many statements failed."""
    failed = 0
    for statement in STATEMENTS:  # imports and caches are warm
        try:
            work(statement)
        except Exception:
            failed += 1
    rounds: list[float] = []
    end = time.perf_counter() + seconds
    while not rounds or time.perf_counter() < end:
        start = time.perf_counter()
        for statement in STATEMENTS:
            try:
                work(statement)
            except Exception:
                continue
        rounds.append(len(STATEMENTS) / (time.perf_counter() - start))
    return statistics.median(rounds), failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    mine, failed = rate(ours, args.seconds)
    print(f"{len(STATEMENTS)} statements")
    print(f"mllint            {mine:8.1f}/s  failed {failed}")
    ratio = 0.0
    others = {"sqlglot lineage()": sqlglots, "sqllineage": sqllineages}
    for name, work in others.items():
        if name == "sqllineage" and importlib.util.find_spec("sqllineage") is None:
            print("sqllineage        not installed")
            continue
        theirs, failed = rate(work, args.seconds)
        ratio = mine / theirs
        print(f"{name:17s} {theirs:8.1f}/s  failed {failed}  mllint is {ratio:.1f} x")
    return 0 if ratio >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
