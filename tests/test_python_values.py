"""Constants across functions, classes, modules, collections, settings and commands: the datasets that programs name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from linking import linked
from programs import Case, complaints, parameters


@pytest.mark.parametrize("case", parameters("functions", "classes", "collections", "texts", "flow"))
def test_constants(case: Case) -> None:
    assert complaints(case) == []


@pytest.mark.parametrize("case", parameters("modules", "settings", "commands", "services"))
def test_constants_of_several_files(case: Case) -> None:
    assert complaints(case) == []


def test_what_a_score_carries_is_no_node(tmp_path: Path) -> None:
    lineage = linked(
        tmp_path,
        {
            "train.py": """
import json
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

frame = pd.read_csv("a.csv")
train, test = train_test_split(frame, random_state=0)
model = Ridge().fit(train[["x"]], train["y"])
scores = {"r2": r2_score(test["y"], model.predict(test[["x"]])), "rows": len(test), "text": str(len(train))}
json.dump(scores, open("metrics.json", "w"))
"""
        },
    )
    written = [edge for edge in lineage.graph.edges() if edge.target.endswith("metrics.json")]
    assert written
    assert all(edge.measure for edge in written)


def test_what_notebooks_start_is_followed(tmp_path: Path) -> None:
    cells = ["%run ./setup.py", "RAW.to_csv('raw2.csv')", "!python job.py in.csv", "%%bash\npython job.py more.csv",
             "%%sql\nINSERT INTO t2 SELECT a FROM t1"]  # fmt: skip
    notebook = {"cells": [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells],
                "metadata": {}, "nbformat": 4, "nbformat_minor": 5}  # fmt: skip
    lineage = linked(
        tmp_path,
        {
            "n.ipynb": json.dumps(notebook),
            "setup.py": "import pandas as pd\nRAW = pd.read_csv('raw.csv')\n",
            "job.py": "import sys, pandas as pd\npd.read_csv(sys.argv[1]).to_csv('out.csv')\n",
        },
    )
    edges = {(edge.source, edge.target) for edge in lineage.graph.edges()}
    wanted = {("raw", "raw2"), ("in", "out"), ("more", "out")}
    assert {(f"file:{a}.csv", f"file:{b}.csv") for a, b in wanted} | {("table:t1", "table:t2")} <= edges


def test_a_databricks_notebook_has_spark_and_widgets(tmp_path: Path) -> None:
    text = """# Databricks notebook source
dbutils.widgets.text("catalog", "main")
catalog = dbutils.widgets.get("catalog")

# COMMAND ----------
# MAGIC %run ./setup
# COMMAND ----------
spark.table(f"{catalog}.db.trips").write.saveAsTable(TARGET)
"""
    setup = "# Databricks notebook source\nTARGET = 'db.out'\n"
    lineage = linked(tmp_path, {"jobs/n.py": text, "jobs/setup.py": setup})
    assert {(e.source, e.target) for e in lineage.graph.edges()} == {("table:main.db.trips", "table:db.out")}


def test_what_is_chosen_by_a_prediction_comes_from_it(tmp_path: Path) -> None:
    code = """
    import joblib
    model, encoder = joblib.load("m.pkl"), joblib.load("e.pkl")
    place = int(model.predict(rows)[0])
    open("list.txt", "w").write(["bus", "taxi"][place])
    open("dict.txt", "w").write({0: "bus", 1: "taxi"}.get(place, "none"))
    open("classes.txt", "w").write(encoder.classes_[place])
    """
    lineage = linked(tmp_path, {"a.py": code})
    edges = {(edge.source, edge.target) for edge in lineage.graph.edges()}
    assert {("file:m.pkl", f"file:{name}.txt") for name in ("list", "dict", "classes")} <= edges
    assert ("file:e.pkl", "file:classes.txt") in edges
