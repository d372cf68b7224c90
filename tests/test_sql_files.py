"""Files that SQL in Python reads and writes are those that other code speaks of."""

from __future__ import annotations

from pathlib import Path

from tests.linking import linked

CODE = """
from pathlib import Path
import duckdb
import pandas as pd
HERE = Path(__file__).resolve().parent
duckdb.sql(f"SELECT * FROM read_parquet('{HERE / 'scores.parquet'}')").df().to_csv("scores.csv")
def export(folder):
    duckdb.connect().execute(f"COPY (SELECT k FROM t) TO '{folder}/out/leads.csv'")
    duckdb.sql(f"SELECT k FROM read_parquet('{folder}/out/leads.parquet')").df().to_csv("leads.csv")
"""


def test_a_path_from_file_is_one_of_the_repository(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"work/export.py": CODE})
    assert "file:work/scores.parquet" in lineage.graph.nodes


def test_an_unknown_part_of_a_path_is_no_part_of_its_name(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"work/export.py": CODE})
    named = {access.id for access in lineage.observations.accesses}
    assert not [id for id in (*lineage.graph.nodes, *named) if "\u1438" in id]
    assert not [id for id in named if "leads.parquet" in id]
