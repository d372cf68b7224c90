"""Spark ML: stages that work on named columns of one frame, in pipelines and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.lineage import Lineage
from tests.linking import columns, linked
from tests.model_examples import lineage_of

HEAD = """
from pyspark.sql import SparkSession
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import IndexToString, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.ml.tuning import CrossValidator

spark = SparkSession.builder.getOrCreate()
df = spark.read.csv("a.csv", header=True)
train, test = df.randomSplit([0.8, 0.2], seed=1)
"""

PIPELINE = """
cats = ["sex", "job"]
stages = [StringIndexer(inputCol=c, outputCol=f"{c}_ix") for c in cats]
stages.append(OneHotEncoder(inputCols=[f"{c}_ix" for c in cats], outputCols=[f"{c}_oh" for c in cats]))
assembler = VectorAssembler(inputCols=["age"] + [f"{c}_oh" for c in cats], outputCol="raw")
stages += [assembler, StandardScaler(inputCol=assembler.getOutputCol(), outputCol="features")]
forest = RandomForestClassifier(labelCol="sick", featuresCol="features")
pipeline = Pipeline(stages=[*stages, forest, IndexToString(inputCol="prediction", outputCol="answer")])
evaluator = BinaryClassificationEvaluator(labelCol="sick")
model = CrossValidator(estimator=pipeline, evaluator=evaluator, numFolds=3).fit(train)
predictions = model.transform(test)
print(evaluator.evaluate(predictions))
model.bestModel.write().overwrite().save("m")
predictions.select("id", "answer", "probability").write.csv("b.csv")
"""


def _edges(lineage: Lineage, target: str) -> set[str]:
    return {edge.source for edge in lineage.graph.edges() if edge.target == target}


def _attributes(lineage: Lineage, id: str) -> dict[str, object]:
    return lineage.graph.nodes[id].attributes


def test_a_search_over_a_pipeline_is_known_by_the_model_and_the_columns_that_come_in():
    lineage = lineage_of(HEAD + PIPELINE)
    told = _attributes(lineage, "model:m")
    assert told["class"] == "pyspark.ml.classification.RandomForestClassifier"
    assert told["features"] == ["age", "sex", "job"]
    assert told["label"] == "sick"
    columns = {f"column:file:a.csv#{name}" for name in ("age", "sex", "job", "sick")}
    assert _edges(lineage, "model:m") == columns | {"file:a.csv"}


def test_predictions_are_columns_of_the_rows_that_come_back():
    lineage = lineage_of(HEAD + PIPELINE)
    for name in ("answer", "probability"):
        assert "model:m" in _edges(lineage, f"column:file:b.csv#{name}")
    assert _edges(lineage, "column:file:b.csv#id") == {"column:file:a.csv#id"}
    (score,) = [m for m in lineage.observations.trials.measurings.values() if m.kind == "metric"]
    assert [lineage.observations.trials.row_sets[row].part for row in score.rows] == ["test"]


def test_a_loaded_pipeline_adds_a_prediction_and_reads_none():
    code = HEAD + 'PipelineModel.load("m").transform(df).select("prediction", "probability").write.csv("b.csv")'
    lineage = lineage_of(code)
    assert "file:m" in _edges(lineage, "column:file:b.csv#prediction")
    assert not {id for id in lineage.graph.nodes if id.startswith("column:file:a.csv#pr")}


def test_without_a_pipeline_the_features_are_those_of_the_vector():
    code = """
df = df.withColumnRenamed("years", "age").withColumnRenamed("ill", "sick")
df = StringIndexer(inputCol="sex", outputCol="sex_ix").fit(df).transform(df)
df = VectorAssembler(inputCols=["age", "sex_ix"], outputCol="vector").transform(df)
train, test = df.select("vector", "sick").randomSplit([0.8, 0.2])
RandomForestClassifier(labelCol="sick", featuresCol="vector").fit(train).save("m")
"""
    lineage = lineage_of(HEAD + code)
    told = _attributes(lineage, "model:m")
    assert (told["features"], told["label"]) == (["age", "sex"], "sick")
    assert {f"column:file:a.csv#{name}" for name in ("years", "sex", "ill")} <= _edges(lineage, "model:m")


def test_a_vector_of_columns_that_are_not_all_known_gives_no_list_of_features():
    code = """
assembler = VectorAssembler(inputCols=[c for c in df.columns if c != "sick"], outputCol="features")
Pipeline(stages=[assembler, RandomForestClassifier(labelCol="sick")]).fit(train).save("m")
"""
    lineage = lineage_of(HEAD + code)
    assert "features" not in _attributes(lineage, "model:m")
    assert {"file:a.csv", "column:file:a.csv#sick"} <= _edges(lineage, "model:m")


def test_a_pipeline_that_ends_in_what_is_not_known_is_no_assembler():
    code = """
def build(last):
    return Pipeline(stages=[VectorAssembler(inputCols=["age"], outputCol="features"), last])
import someone
build(someone.model()).fit(train).save("m")
"""
    assert _attributes(lineage_of(HEAD + code), "model:m")["class"] == "pyspark.ml.Pipeline"


def test_an_indexer_that_was_fitted_before_tells_nothing_of_the_pipeline_that_it_is_a_step_of():
    code = """
label = StringIndexer(inputCol="risk", outputCol="label").fit(df)
assembler = VectorAssembler(inputCols=["age"], outputCol="features")
Pipeline(stages=[label, assembler, RandomForestClassifier()]).fit(train).save("m")
"""
    told = _attributes(lineage_of(HEAD + code), "model:m")
    assert told["class"] == "pyspark.ml.classification.RandomForestClassifier"
    assert (told["features"], told["label"]) == (["age"], "label")
    assert "role" not in told


def test_names_that_several_modules_may_have_brought_along_are_those_that_are_known_of_one():
    code = """
from pyspark.ml.feature import *
from pyspark.sql.functions import *
from pyspark.ml.classification import *
df = VectorAssembler(inputCols=["age", "sex"], outputCol="features").transform(df)
LogisticRegression(labelCol="sick").fit(df).save("m")
"""
    told = _attributes(lineage_of(HEAD + code), "model:m")
    assert told["class"] == "pyspark.ml.classification.LogisticRegression"
    assert (told["features"], told["label"]) == (["age", "sex"], "sick")


def test_a_class_of_a_library_may_be_imported_by_its_name():
    code = """
import importlib
kind = getattr(importlib.import_module("pyspark.ml.classification"), "GBTClassifier")
kind(labelCol="sick").fit(df).save("m")
"""
    assert _attributes(lineage_of(HEAD + code), "model:m")["class"] == "pyspark.ml.classification.GBTClassifier"


def test_a_pipeline_of_transformers_predicts_nothing():
    code = """
indexer = StringIndexer(inputCol="sex", outputCol="sex_ix")
stages = [indexer, VectorAssembler(inputCols=["sex_ix"], outputCol="features")]
Pipeline(stages=stages).fit(df).save("p")
"""
    assert _attributes(lineage_of(HEAD + code), "model:p")["role"] == "transformer"


EITHER = """
import sys
from pyspark.ml.classification import GBTClassifier
assembler = VectorAssembler(inputCols=["age", "height"], outputCol="raw")
stages = [assembler]
if sys.argv[1] == "scaled":
    stages.append(StandardScaler(inputCol="raw", outputCol="features"))
    last = GBTClassifier(labelCol="sick")
else:
    assembler.setOutputCol("features")
    last = RandomForestClassifier(labelCol="sick")
stages.append(last)
Pipeline(stages=stages).fit(train).save("m")
"""


def test_stages_that_a_branch_has_told_something_are_what_either_side_made_of_them():
    told = _attributes(lineage_of(HEAD + EITHER), "model:m")
    assert told["features"] == ["age", "height"]
    assert told["classes"] == [f"pyspark.ml.classification.{name}Classifier" for name in ("GBT", "RandomForest")]


def test_no_column_of_a_file_is_what_a_stage_may_have_made():
    code = """
import someone
prepared = someone.prepare().fit(df).transform(df)
stage = VectorAssembler(inputCols=["age"], outputCol=someone.NAME)
RandomForestClassifier(labelCol="sick").fit(stage.transform(df)).save("m")
"""
    lineage = lineage_of(HEAD + code)
    assert "column:file:a.csv#features" not in lineage.graph.nodes
    assert _edges(lineage, "model:m") == {"file:a.csv", "column:file:a.csv#sick"}


def test_a_transformer_that_made_none_of_the_features_is_no_part_of_the_model():
    code = """
df = StringIndexer(inputCol="sex", outputCol="sex_ix").fit(df).transform(df)
df = VectorAssembler(inputCols=["age"], outputCol="features").transform(df)
RandomForestClassifier(labelCol="sick").fit(df).save("m")
"""
    assert "model:StringIndexer" not in _edges(lineage_of(HEAD + code), "model:m")


COLUMNS = """
from pyspark.sql.types import IntegerType, StructField, StructType
from pyspark.ml.classification import LogisticRegression
def train(rows):
    names = [c for c in rows.columns if c != "sick"]
    rows = VectorAssembler(inputCols=names, outputCol="features").transform(rows)
    LogisticRegression(labelCol="sick").fit(rows).save("m")
"""


@pytest.mark.parametrize(
    "read",
    [
        'spark.read.csv("b.csv", header=True)',
        'spark.read.option("header", "true").csv("b.csv")',
        'spark.read.options(header=True, inferSchema=True).format("csv").load("b.csv")',
        'spark.read.csv("c.csv", schema=StructType([StructField(n, IntegerType()) for n in ("age", "sick")]))',
        'spark.read.schema("age INT, sick STRUCT<a: INT, b: INT>").json("c.json")',
        'spark.read.csv("c.csv").toDF("age", "sick")',
        'spark.read.csv("c.csv").toDF(*["age", "sick"])',
        'spark.createDataFrame(spark.sparkContext.textFile("c.txt"), schema="age INT, sick INT")',
    ],
)
def test_all_columns_but_some_are_known_where_a_schema_or_a_header_is(read: str):
    lineage = lineage_of(f"{HEAD}{COLUMNS}train({read})", {"b.csv": "age,sick\n1,0\n", "c.csv": "17,1\n18,0\n"})
    told = _attributes(lineage, "model:m")
    assert (told["features"], told["label"]) == (["age"], "sick")
    assert "column:file:c.csv#17" not in lineage.graph.nodes


def test_a_first_line_that_is_no_header_names_no_columns():
    lineage = lineage_of(HEAD + 'spark.read.csv("c.csv").write.csv("d.csv")', {"c.csv": "17,x\n18,y\n"})
    assert not [id for id in lineage.graph.nodes if id.startswith("column:")]


def test_what_spark_says_of_a_frame_is_no_column_of_it():
    code = """
if df.count() > 10 and df.schema.names:
    df.show()
df.drop_duplicates().select("age").write.csv("b.csv")
"""
    columns = {id for id in lineage_of(HEAD + code).graph.nodes if id.startswith("column:file:a.csv")}
    assert columns == {"column:file:a.csv#age"}


@pytest.mark.parametrize(
    ("read", "source"),
    [
        ('format("bigquery").load("sales.rides")', "table:sales.rides"),
        ('format("jdbc").option("dbtable", "rides").load()', "table:rides"),
        ('format("jdbc").options(dbtable="(SELECT age FROM rides) AS r").load()', "table:rides"),
        ('format("mongodb").option("collection", "rides").load()', "collection:rides"),
        ('format("kafka").option("subscribe", "rides").load()', "topic:rides"),
        ('format("csv").option("path", "rides.csv").load()', "file:rides.csv"),
        ('format("parquet").load("rides")', "file:rides"),
    ],
)
def test_the_format_says_what_the_name_of_the_data_is_that_of(read: str, source: str):
    lineage = lineage_of(f'{HEAD}spark.read.{read}.select("age").write.csv("b.csv")')
    assert source in _edges(lineage, "file:b.csv")


def test_a_path_may_be_written_with_its_scheme_alone():
    lineage = lineage_of(HEAD + 'spark.read.csv("file:c.csv").union(spark.read.csv("file:/d.csv")).write.csv("b.csv")')
    assert {"file:c.csv", "file:/d.csv"} <= _edges(lineage, "file:b.csv")


def test_a_model_is_not_called_by_where_a_test_saves_it():
    code = """
def fit(path="models/m"):
    RandomForestClassifier(labelCol="sick").fit(train).save(path)
if __name__ == "__main__":
    fit()
"""
    test = "from main import fit\ndef test_fit():\n    fit('/tmp/m')\n"
    assert "model:models/m" in lineage_of(HEAD + code, {"tests/test_main.py": test}).graph.nodes


@pytest.mark.parametrize("name", ["createOrReplaceTempView", "write.saveAsTable"])
def test_a_star_has_the_columns_that_the_table_was_written_with(tmp_path: Path, name: str) -> None:
    code = """
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    rides = spark.read.parquet("in.parquet").select("km", "fare")
    if limit:
        rides = rides.limit(10)
    rides.NAME("rides")
    spark.sql("SELECT *, eta(km) AS minutes FROM rides").write.parquet("out")
    """
    lineage = linked(tmp_path, {"a.py": code.replace("NAME", name)})
    assert columns(lineage, "file:out") == {"km", "fare", "minutes"}
    assert lineage.graph.path("column:file:in.parquet#fare", "column:file:out#fare")
