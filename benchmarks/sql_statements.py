"""Statements per second of column lineage: ours, sqlglot's own `lineage()` and sqllineage, on the same statements.

    python benchmarks/sql_statements.py [--seconds 3] [--at-least 10]

Ratios of one run on one machine. sqllineage is no dependency: without it its row is left out.
`--at-least` fails when the ratio to sqllineage is lower.
"""

from __future__ import annotations

import argparse
import contextlib
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
    from mllint.linker.sql.analyse import analyse
    from mllint.linker.sql.schema import Schema

    return sum(len(s.columns) for s in analyse(statement, "postgres", Schema()))


def sqlglots(statement: str) -> int:
    """One call of `lineage` for each named column of the statement's query, as its users do it. It knows no UPDATE and
    no MERGE."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.lineage import lineage

    tree = sqlglot.parse_one(statement, dialect="postgres")
    query = tree if isinstance(tree, exp.Query) else tree.expression
    names = [name for name in query.named_selects if name]
    return sum(lineage(name, query.copy(), schema={}, dialect="postgres") is not None for name in names)


def sqllineages(statement: str) -> int:
    from sqllineage.runner import LineageRunner

    return len(LineageRunner(statement, dialect="postgres").get_column_lineage())


def understood(work: Callable[[str], int]) -> list[str]:
    """The statements that do not fail; imports and caches are warm after this."""
    result = []
    for statement in STATEMENTS:
        with contextlib.suppress(Exception):
            work(statement)
            result.append(statement)
    return result


def rate(work: Callable[[str], int], statements: list[str], seconds: float) -> float:
    """Statements per second: the median of rounds."""
    rounds: list[float] = []
    end = time.perf_counter() + seconds
    while not rounds or time.perf_counter() < end:
        start = time.perf_counter()
        for statement in statements:
            work(statement)
        rounds.append(len(statements) / (time.perf_counter() - start))
    return statistics.median(rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    print(f"mllint understands {len(understood(ours))} of {len(STATEMENTS)} statements")
    ratio = 0.0
    others = {"sqlglot lineage()": sqlglots, "sqllineage": sqllineages}
    for name, work in others.items():
        if name == "sqllineage" and importlib.util.find_spec("sqllineage") is None:
            print("sqllineage is not installed")
            continue
        statements = understood(work)
        mine, theirs = rate(ours, statements, args.seconds), rate(work, statements, args.seconds)
        ratio = mine / theirs
        print(f"{name}: {theirs:.1f}/s on its {len(statements)} statements, mllint {mine:.1f}/s there: {ratio:.1f} x")
    return 0 if ratio >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
