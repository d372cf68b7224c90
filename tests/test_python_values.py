"""Constants across functions, classes, modules, collections, settings and commands: the datasets that programs name."""

from __future__ import annotations

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
