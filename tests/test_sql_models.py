"""Models that SQL trains and asks are models of the graph, with features and label; rules see what they are given.

How they are trained and asked stands in `sql/statements.txt`, with all other statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import linked

TRAIN = """CREATE OR REPLACE MODEL `d.churn` OPTIONS(model_type='logistic_reg', input_label_cols=['gone']) AS
SELECT age, spend / 100 AS spent, CASE WHEN gone = 1 THEN 'a' ELSE 'b' END AS state, gone
FROM d.customers WHERE day < '2020-01-01'"""
EVALUATE = "SELECT * FROM ML.EVALUATE(MODEL d.churn, (SELECT age, spend / 100 AS spent, gone FROM d.later))"
SCORE = (
    "CREATE TABLE d.p AS SELECT * FROM ML.PREDICT(MODEL d.churn, (SELECT id, age, spend / 1000 AS spent FROM d.new))"
)
IN_PYTHON = 'from google.cloud import bigquery\nclient = bigquery.Client()\nclient.query("""{}""").result()\n'


@pytest.mark.parametrize("kind", ["sql", "py"])
def test_a_model_of_sql_is_one_like_any_other(tmp_path: Path, kind: str) -> None:
    texts = {"train": TRAIN, "evaluate": EVALUATE, "score": SCORE}
    files = {f"{n}.{kind}": IN_PYTHON.format(text) if kind == "py" else text for n, text in texts.items()}
    lineage = linked(tmp_path, files)
    node = lineage.graph.nodes["model:d.churn"]
    assert node.kind == "model"
    assert node.attributes["class"] == "logistic_reg"
    assert node.attributes["features"] == ["age", "spent", "state"]
    assert node.attributes["label"] == "gone"
    kinds = {(edge.source, edge.target): edge.kind for edge in lineage.graph.edges()}
    assert kinds["column:table:d.customers#spend", "model:d.churn"] == "trains"
    assert kinds["table:d.customers", "model:d.churn"] == "trains"
    assert kinds["model:d.churn", "table:d.p"] == "predicts"
    sides = {(feature.name, feature.side) for feature in lineage.observations.features}
    assert {("spent", "train"), ("spent", "serve"), ("age", "serve")} <= sides
    [(fit, score)] = lineage.observations.trials.pairs()
    assert (fit.model, score.kind) == ("model:d.churn", "metric")
    assert fit.label is not None
    assert fit.label.name == "gone"
