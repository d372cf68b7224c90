"""Models that SQL trains and asks are models of the graph, with features and label; rules see what they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from sql_helpers import flows, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema
from tests.linking import linked

# dialect, statement, model, what it is, label, "column: sources"
TRAININGS = {
    "BigQuery": (
        "bigquery",
        "CREATE OR REPLACE MODEL `d.eta` OPTIONS(model_type='linear_reg', input_label_cols=['minutes']) AS "
        "SELECT km, hour * 2 AS h, minutes FROM d.rides",
        "d.eta", "linear_reg", "minutes", "km: d.rides.km; h: d.rides.hour; minutes: d.rides.minutes",
    ),
    "BigQuery's usual label": (
        "bigquery", "CREATE MODEL d.eta OPTIONS(model_type='logistic_reg') AS SELECT km, label FROM d.rides",
        "d.eta", "logistic_reg", "label", "km: d.rides.km; label: d.rides.label",
    ),
    "without a label": (
        "bigquery", "CREATE MODEL d.groups OPTIONS(model_type='kmeans', num_clusters=3) AS SELECT km FROM d.rides",
        "d.groups", "kmeans", "", "km: d.rides.km",
    ),
    "Redshift": (
        "redshift",
        "CREATE MODEL eta FROM (SELECT km, minutes FROM rides WHERE day < '2020-01-01') TARGET minutes "
        "FUNCTION fn_eta IAM_ROLE default AUTO OFF MODEL_TYPE XGBOOST SETTINGS (S3_BUCKET 'b')",
        "eta", "xgboost", "minutes", "km: rides.km; minutes: rides.minutes",
    ),
    "Redshift, of a table": (
        "redshift",
        "CREATE MODEL m.eta FROM rides TARGET minutes FUNCTION fn_eta IAM_ROLE 'arn' SETTINGS (S3_BUCKET 'b')",
        "m.eta", "redshift ml", "minutes", "*: rides.*",
    ),
    "Snowflake": (
        "snowflake",
        "CREATE OR REPLACE SNOWFLAKE.ML.CLASSIFICATION churn(INPUT_DATA => SYSTEM$REFERENCE('VIEW', 'train_v'), "
        "TARGET_COLNAME => 'GONE')",
        "churn", "snowflake.ml.classification", "gone", "*: train_v.*",
    ),
    "Snowflake, of a query": (
        "snowflake",
        "CREATE SNOWFLAKE.ML.FORECAST f(INPUT_DATA => SYSTEM$QUERY_REFERENCE('SELECT at, units FROM sales'), "
        "TIMESTAMP_COLNAME => 'AT', TARGET_COLNAME => 'UNITS')",
        "f", "snowflake.ml.forecast", "units", "at: sales.at; units: sales.units",
    ),
    "PostgresML": (
        "postgres", "SELECT * FROM pgml.train('eta', 'regression', 'raw.rides', 'minutes', 'xgboost')",
        "eta", "xgboost", "minutes", "*: raw.rides.*",
    ),
    "PostgresML by names": (
        "postgres",
        "SELECT * FROM pgml.train(project_name => 'eta', relation_name => 'rides', y_column_name => 'minutes')",
        "eta", "pgml", "minutes", "*: rides.*",
    ),
    "MADlib": (
        "postgres", "SELECT madlib.linregr_train('houses', 'prices', 'price', 'ARRAY[1, tax, bath]')",
        "prices", "linregr", "price", "tax: houses.tax; bath: houses.bath; price: houses.price",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAININGS)
def test_training(name: str) -> None:
    dialect, sql, model, what, label, expected = TRAININGS[name]
    [statement] = analyse(sql, dialect, Schema())
    assert (statement.kind, statement.target, statement.problem) == ("model", f"model:{model}", "")
    assert statement.training is not None
    assert (statement.training.what, statement.training.label) == (what, label)
    told = {c: set(s.split()) for c, _, s in (part.partition(": ") for part in expected.split("; "))}
    assert flows(statement) == told


# dialect, script, column of the last statement, its sources, model, how it is asked
ASKED = {
    "ML.PREDICT": (
        "bigquery",
        "CREATE MODEL d.eta OPTIONS(input_label_cols=['minutes'], model_type='linear_reg') AS "
        "SELECT km, minutes FROM d.r;"
        "CREATE TABLE d.p AS SELECT id, predicted_minutes FROM ML.PREDICT(MODEL d.eta, (SELECT id, km FROM d.open))",
        "predicted_minutes", "d.open.km model:d.eta.*", "d.eta", "predict",
    ),
    "ML.PREDICT of a table": (
        "bigquery", "CREATE TABLE d.p AS SELECT predicted_label FROM ML.PREDICT(MODEL `d.eta`, TABLE d.open)",
        "predicted_label", "d.open.* model:d.eta.*", "d.eta", "predict",
    ),
    "ML.EVALUATE": (
        "bigquery", "CREATE TABLE d.p AS SELECT roc_auc FROM ML.EVALUATE(MODEL d.eta, (SELECT km, label FROM d.test))",
        "roc_auc", "d.test.km d.test.label model:d.eta.*", "d.eta", "measure",
    ),
    "ML.EVALUATE on what was held out": (
        "bigquery", "CREATE TABLE d.p AS SELECT roc_auc FROM ML.EVALUATE(MODEL d.eta)",
        "roc_auc", "model:d.eta.*", "d.eta", "measure",
    ),
    "ML.WEIGHTS": (
        "bigquery", "CREATE TABLE d.w AS SELECT weight FROM ML.WEIGHTS(MODEL d.eta)",
        "weight", "model:d.eta.*", "d.eta", "look",
    ),
    "ML.FORECAST": (
        "bigquery", "CREATE TABLE d.w AS SELECT forecast_value FROM ML.FORECAST(MODEL d.f, STRUCT(30 AS horizon))",
        "forecast_value", "model:d.f.*", "d.f", "predict",
    ),
    "a function of Redshift": (
        "redshift",
        "CREATE MODEL eta FROM (SELECT km, minutes FROM rides) TARGET minutes FUNCTION fn_eta "
        "IAM_ROLE 'x' SETTINGS (a 'b');"
        "CREATE TABLE p AS SELECT id, public.fn_eta(metres / 1000) AS guess FROM open_rides",
        "guess", "open_rides.metres model:eta.*", "eta", "predict",
    ),
    "a method of Snowflake": (
        "snowflake", "CREATE TABLE p AS SELECT churn!PREDICT(INPUT_DATA => {*}) AS guess FROM score_v",
        "guess", "score_v.* model:churn.*", "churn", "predict",
    ),
    "a table function of Snowflake": (
        "snowflake", "CREATE TABLE p AS SELECT forecast FROM TABLE(f!FORECAST(FORECASTING_PERIODS => 3))",
        "forecast", "model:f.*", "f", "predict",
    ),
    "PostgresML": (
        "postgres", "CREATE TABLE p AS SELECT pgml.predict('eta', ARRAY[km, hour]) AS guess FROM rides",
        "guess", "rides.km rides.hour model:eta.*", "eta", "predict",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_asked(name: str) -> None:
    dialect, sql, column, expected, model, how = ASKED[name]
    last = analyse(sql, dialect, Schema())[-1]
    assert flows(last)[column] == set(expected.split())
    assert f"model:{model}" in reads(last)
    assert [(scored.model, scored.how) for scored in last.scored] == [(f"model:{model}", how)]


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
