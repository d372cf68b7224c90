"""Models that SQL trains and asks: BigQuery ML, Redshift ML, Snowflake's ML functions, PostgresML.

CREATE MODEL d.eta OPTIONS (model_type = 'linear_reg', input_label_cols = ['minutes']) AS
SELECT km, hour, minutes FROM rides;

SELECT id, predicted_minutes FROM ML.PREDICT(MODEL d.eta, (SELECT id, km, hour FROM open_rides))
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from mllint.lineage.expressions import Unresolved
from mllint.linker.sql.columns import Columns
from mllint.linker.sql.relations import Output, Relation
from mllint.linker.sql.scope import Scope
from mllint.linker.sql.statements import Training
from mllint.linker.sql.text import named

_UNSUPERVISED = (
    "kmeans",
    "pca",
    "autoencoder",
    "arima",
    "matrix",
    "tensorflow",
    "onnx",
    "tflite",
    "xgboost",
    "transform",
)
_LABELS = ("input_label_cols", "time_series_data_col", "rating_col")
_NEITHER = ("data_split_col", "time_series_id_col", "time_series_timestamp_col")
_MEASURES = {"evaluate", "roc_curve", "confusion_matrix", "arima_evaluate"}
_LOOKS = {
    "weights", "advanced_weights", "feature_info", "training_info", "trial_info", "centroids", "arima_coefficients",
    "feature_importance", "global_explain", "principal_components", "principal_component_info", "holiday_info",
}  # fmt: skip
# columns that BigQuery's functions add
_PREDICTED = re.compile(
    r"predicted_|centroid_id$|nearest_centroids|forecast_|prediction_interval|is_anomaly|anomaly_probability|probability$|"
    r"normalized_distance|mean_squared_error$|top_feature_attributions|ml_generate_|ml_annotate_|principal_component_|"
    r"time_series_(?!id|timestamp)|lower_bound$|upper_bound$|trial_id$"
)


def training(tree: exp.Create) -> Training:
    """What the options of CREATE MODEL say."""
    options: dict[str, list[str]] = {}
    for part in tree.find_all(exp.Property):
        if isinstance(part.this, exp.Var | exp.Identifier | exp.Literal):
            value = part.args.get("value")
            words = value.find_all(exp.Literal) if isinstance(value, exp.Expr) else ()
            options[part.name.lower()] = [word.name.lower() for word in words]
    what = next(iter(options.get("model_type", ())), "")
    label = next((options[key][0] for key in _LABELS if options.get(key)), "")
    if not label and what and not what.startswith(_UNSUPERVISED):
        label = "label"
    left = [name for key in _NEITHER for name in options.get(key, ())]
    return Training(what, label, tuple(left))


def asked(reader: Columns, node: exp.Expr, name: str, scope: Scope) -> Relation:
    """FROM ML.PREDICT(MODEL d.eta, (SELECT ...)): what it is given, and what the model says of it."""
    model = "model:" + model_name(node.this)
    reader.note_read(node.this, model)
    source = node.args.get("expression")
    given = reader.query(source, scope.ctes, scope) if isinstance(source, exp.Expr) else Relation()
    how = "measure" if name in _MEASURES else "look" if name in _LOOKS or name.endswith("_info") else "predict"
    reader.note_model(model, how, given)
    features = reader.schema.features.get(model)
    used = [c for c in given.columns if features is None or c.name in features] or given.columns
    sources = tuple(dict.fromkeys([*Relation(used, given.open, given.every).row("").sources, (model, "*")]))
    if how != "predict":
        return Relation(every=Output("", sources, Unresolved(f"what ML.{name.upper()} tells of a model")))
    prediction = Unresolved("a prediction")
    label = reader.schema.labels.get(model, "")
    wanted = [f"predicted_{label}"] if label else []
    wanted += [word for word in _names_in(reader) if _PREDICTED.match(word)]
    made = [Output(each, sources, prediction) for each in dict.fromkeys(wanted) if each not in given.names]
    relation = Relation(made + given.columns, given.open, given.every)
    if source is None:  # ML.FORECAST(MODEL d.eta, STRUCT(30 AS horizon))
        relation = Relation(every=Output("", sources, prediction))
    return relation


def model_name(node: exp.Expr) -> str:
    return named(".".join(part.name for part in node.parts if part.name)) if isinstance(node, exp.Table) else ""


def _names_in(reader: Columns) -> Iterator[str]:
    tree = reader.parsed.tree
    yield from (column.name.lower() for column in tree.find_all(exp.Column)) if tree is not None else ()
