"""Models that scripts log to runs of a tracker, under names that say little."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.models import models
from tests.linking import edges, linked

TRAIN = """
import mlflow
import pandas as pd
from sklearn.linear_model import Ridge

rows = pd.read_csv("{rows}.csv")
with mlflow.start_run() as run:
    model = Ridge().fit(rows[["x"]], rows["y"])
    mlflow.sklearn.log_model(model, "model")
"""
REGISTER = 'mlflow.register_model(f"runs:/{run.info.run_id}/model", "eta")\n'
SERVE = """
import sys
import mlflow

print(mlflow.sklearn.load_model(f"runs:/{sys.argv[1]}/model").predict([[1]]))
"""


def test_scripts_that_log_under_one_name_make_models_of_their_own(tmp_path: Path) -> None:
    files = {f"{rows}.py": TRAIN.format(rows=rows) for rows in ("a", "b")}
    lineage = linked(tmp_path, {**files, "serve.py": SERVE})
    trained = {pair for pair in edges(lineage) if pair[0].startswith("file:")}
    assert trained == {("file:a.csv", "model:model"), ("file:b.csv", "model:model#2")}
    assert ("runs:/{run-id}/model", "consumer:serve.py") in edges(lineage)
    assert {model.id: model.members for model in models(lineage.graph) if model.id.startswith("model:")} == {
        "model:model": ("model:model",),
        "model:model#2": ("model:model#2",),
    }


@pytest.mark.parametrize("register", [REGISTER, "    " + REGISTER])
def test_one_script_that_logs_and_registers_makes_one(tmp_path: Path, register: str) -> None:
    lineage = linked(tmp_path, {"a.py": TRAIN.format(rows="a") + register, "serve.py": SERVE})
    (model,) = models(lineage.graph)
    assert {"model:eta", "runs:/{run-id}/model"} <= set(model.members)
