"""The queries and tables of TPC-DS (`sql/tpcds.sql`)."""

from __future__ import annotations

import re
from pathlib import Path

import sqlglot
from sql_random_tables import Types

_FOLDER = Path(__file__).parent / "sql"
_FACTS = ("_sales", "_returns", "inventory")


def _tables() -> Types:
    created = sqlglot.parse((_FOLDER / "tpcds_tables.sql").read_text(), dialect="duckdb")
    return {
        tree.this.this.name: {column.name: column.kind.sql("duckdb") for column in tree.this.expressions}
        for tree in created
        if tree is not None
    }


QUERIES = [
    text.strip().rstrip(";") for text in re.split(r"(?m)^-- query \d+$", (_FOLDER / "tpcds.sql").read_text())[1:]
]
TABLES = _tables()
KEYS = frozenset(next(iter(columns)) for table, columns in TABLES.items() if not table.endswith(_FACTS))
