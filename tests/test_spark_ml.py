"""Spark ML: stages that work on named columns of one frame, in pipelines and without."""

from __future__ import annotations

from mllint.lineage.lineage import Lineage
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
