"""Files that a pattern or a folder stands for, written one by one and read together, and the other way round."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.linking import edges, linked

HEAD = "import glob, os\nimport pandas as pd\n"


@pytest.mark.parametrize(
    ("written", "read", "through"),
    [
        ("raw/monday.csv", "glob.glob('raw/*.csv')[0]", "file:raw/monday.csv"),
        ("raw/eu/monday.csv", "glob.glob('raw/**/*.csv')[0]", "file:raw/eu/monday.csv"),
        ("s3://b/raw/1.csv", "'s3://b/raw/?.csv*'", "s3://b/raw/1.csv"),
        ("s3://b/raw/eu/1.csv", "'s3://b/raw/*'", "s3://b/raw/eu/1.csv"),
        ("trips/part-0.csv", "'trips'", "file:trips/part-0.csv"),
        ("trips", "'trips/part-0.csv'", "file:trips/part-0.csv"),
    ],
)
def test_what_is_written_leads_to_what_reads_it(tmp_path: Path, written: str, read: str, through: str) -> None:
    write = f"pd.read_csv('in.csv')[['x', 'y']].to_csv({written!r})\n"
    lineage = linked(tmp_path, {"a.py": HEAD + write, "b.py": HEAD + f"pd.read_csv({read})[['x']].to_csv('out.csv')\n"})
    found = edges(lineage)
    assert {("file:in.csv", through), (through, "file:out.csv")} <= found
    files = {id for edge in found for id in edge} - {"file:in.csv", "file:out.csv"}
    assert not [edge for edge in found if files >= set(edge)], "part and whole are not made of each other"
    assert lineage.graph.path(f"column:{through}#x", "column:file:out.csv#x")
    assert not lineage.graph.path("column:file:in.csv#y", "column:file:out.csv#x")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("raw/monday.parquet", "glob.glob('raw/*.csv')[0]"),
        ("raw/eu/monday.csv", "glob.glob('raw/*.csv')[0]"),
        ("raw/eu/monday.csv", "glob.glob('raw/*')[0]"),
        ("s3://b/raw/eu/monday.csv", "'s3://b/raw/*.csv'"),
        ("raw2/monday.csv", "'raw'"),
        ("monday.csv", "os.path.join(os.environ['HOME'], '*.csv')"),
    ],
)
def test_what_the_name_does_not_cover_stays_apart(tmp_path: Path, written: str, read: str) -> None:
    write = f"pd.read_csv('in.csv').to_csv({written!r})\n"
    lineage = linked(tmp_path, {"a.py": HEAD + write, "b.py": HEAD + f"pd.read_csv({read}).to_csv('out.csv')\n"})
    assert not lineage.graph.path("file:in.csv", "file:out.csv")


def test_a_folder_that_is_written_as_a_whole_is_not_read_for_what_else_lies_in_it(tmp_path: Path) -> None:
    code = """
        pd.read_csv("in.csv").to_parquet("m")
        pd.read_csv("notes.csv").to_csv("m/notes.csv")
        pd.read_parquet("m").to_csv("out.csv")
    """
    assert ("file:m/notes.csv", "file:out.csv") not in edges(linked(tmp_path, {"a.py": HEAD + dedent(code)}))
