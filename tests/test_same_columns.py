"""Columns whose names SQL and Python write in different case."""

from __future__ import annotations

from pathlib import Path

import pytest
from linking import linked

START = """
import duckdb
import pandas as pd
from sqlalchemy import create_engine

engine = create_engine("postgresql://warehouse/shop")
"""


def sources(tmp_path: Path, code: str, column: str, **files: str) -> set[str]:
    lineage = linked(tmp_path, {"job.py": START + code, **{f"{name}.csv": text for name, text in files.items()}})
    return {edge.source for edge in lineage.graph.in_edges(column)}


def test_a_column_that_a_frame_has_brought_into_a_table(tmp_path: Path) -> None:
    code = """
pd.read_csv("trips.csv")[["TotalKm"]].to_sql("trips", engine)
pd.read_sql("select TotalKm as km from trips", engine).to_csv("out.csv")
pd.read_sql_table("trips", engine)[["TotalKm"]].to_csv("whole.csv")
"""
    lineage = linked(tmp_path, {"job.py": START + code})
    [here] = [id for id in lineage.graph.nodes if id.startswith("column:table:trips#")]
    assert {edge.source for edge in lineage.graph.in_edges(here)} == {"column:file:trips.csv#TotalKm"}
    assert {edge.target for edge in lineage.graph.out_edges(here)} == {
        "column:file:out.csv#km",
        "column:file:whole.csv#TotalKm",
    }


@pytest.mark.parametrize(
    "use",
    [
        'df[["KM"]].rename(columns={"KM": "out"})',
        'df.rename(columns={"KM": "out"})[["out"]]',
        'df.assign(out=df["KM"] * 2)[["out"]]',
    ],
)
def test_a_column_of_a_query_in_another_case(tmp_path: Path, use: str) -> None:
    code = f'df = pd.read_sql("select km, fare from trips", engine)\n{use}.to_csv("out.csv")'
    assert sources(tmp_path, code, "column:file:out.csv#out") == {"column:table:trips#km"}


def test_what_is_dropped_or_set_is_not_there_twice(tmp_path: Path) -> None:
    code = """
df = pd.read_sql("select km, fare from trips", engine)
df["KM"] = df["KM"] * 2
df.drop(columns=["FARE"]).to_csv("out.csv")
"""
    lineage = linked(tmp_path, {"job.py": START + code})
    assert {id for id in lineage.graph.nodes if id.startswith("column:file:out.csv#")} == {"column:file:out.csv#KM"}


def test_other_frames_know_one_case(tmp_path: Path) -> None:
    code = 'df = pd.DataFrame({"x": pd.read_csv("a.csv")["x"]})\npd.DataFrame({"y": df["X"]}).to_csv("out.csv")'
    assert sources(tmp_path, code, "column:file:out.csv#y") <= {"file:a.csv"}


def test_a_file_is_asked_in_the_case_of_its_header(tmp_path: Path) -> None:
    code = """duckdb.sql("select KM as km from 'trips.csv'").df().to_csv("out.csv")"""
    assert sources(tmp_path, code, "column:file:out.csv#km", trips="KM,x,X\n1,2,3\n") == {"column:file:trips.csv#KM"}


def test_columns_of_a_file_that_differ_in_case_alone(tmp_path: Path) -> None:
    code = """duckdb.sql("select x as out from 'trips.csv'").df().to_csv("out.csv")"""
    assert sources(tmp_path, code, "column:file:out.csv#out", trips="KM,x,X\n1,2,3\n") == {"column:file:trips.csv#x"}
