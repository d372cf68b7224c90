from mllint.rule import Declarations, Declared, declared_ids, is_seen, models, owner_of, place
from tests.rules.by_hand import at, lineage, step

TRAIN = step("file:trips.csv", "model:LGBMRegressor", "trains", "train.py:9")
SAVE = step("model:LGBMRegressor", "file:models/eta.joblib", "saves", "train.py:10")
EXPORT = step("file:models/eta.joblib", "file:models/eta.onnx", "saves", "export.py:4")
PREDICT = step("file:models/eta.joblib", "column:table:ml.eta#minutes", "predicts", "score.py:7")


def test_a_fitted_object_and_all_it_is_saved_to_are_one_model():
    tree = lineage(TRAIN, SAVE, EXPORT, PREDICT)
    (model,) = models(tree.graph)
    assert model.members == ("file:models/eta.joblib", "file:models/eta.onnx", "model:LGBMRegressor")
    assert model.jobs == ("score.py", "train.py")
    assert model.outputs == ("column:table:ml.eta#minutes",)


def test_the_dataset_of_a_predicted_column_is_an_output_where_it_is_known():
    tree = lineage(TRAIN, SAVE, PREDICT, step("table:ml.eta", "consumer:x.py", "consumes", "x.py:1"))
    assert "table:ml.eta" in models(tree.graph)[0].outputs


def test_a_model_trained_on_another_stays_another():
    tree = lineage(TRAIN, SAVE, step("model:LGBMRegressor", "model:Ridge", "trains", "stack.py:3"))
    assert [model.id for model in models(tree.graph)] == ["model:LGBMRegressor", "model:Ridge"]


def test_people_call_a_model_by_its_artifact():
    (model,) = models(lineage(TRAIN, SAVE).graph)
    assert [model.is_called(n) for n in ("eta", "model:eta", "models/eta.joblib", "LGBMRegressor", "et")] == [
        True, True, True, True, False
    ]  # fmt: skip


def test_a_declared_source_means_its_columns_too_and_globs_hold():
    tree = lineage(TRAIN, step("column:file:trips.csv#km", "model:LGBMRegressor", "trains", "train.py:9"))
    entry = Declared("source", "file:tr*.csv", at("mllint.yaml:2"))
    assert declared_ids(tree.graph, entry, []) == {"file:trips.csv", "column:file:trips.csv#km"}


def test_the_last_owner_that_matches_wins():
    declarations = Declarations(owners=[("*", "@a/all"), ("/jobs/", "@a/jobs"), ("jobs/x.py", "@a/x")])
    assert [owner_of(declarations, p) for p in ("m.py", "jobs/y.py", "jobs/x.py")] == ["@a/all", "@a/jobs", "@a/x"]
    assert owner_of(Declarations(), "m.py") == ""


def test_the_read_is_the_first_mention_of_the_source_in_the_file_of_the_edge():
    edge = step("file:trips.csv", "file:out.csv", "writes", "job.py:9")
    tree = lineage(edge)
    assert place(tree.graph, edge) == at("job.py:9")
    for mention in ("job.py:4", "job.py:12", "a.py:1"):
        tree.graph.add_node("file:trips.csv", "dataset", at(mention))
    assert place(tree.graph, edge) == at("job.py:4")
    told = step("file:trips.csv", "file:out.csv", "writes", "job.py:9", read="io.py:3")
    assert place(tree.graph, told) == at("io.py:3")


def test_a_step_that_only_transforms_is_no_model_and_an_unknown_name_is_no_way():
    tree = lineage(step("file:texts.csv", "model:CountVectorizer", "trains", "prep.py:3"))
    tree.graph.nodes["model:CountVectorizer"].attributes["class"] = "sklearn.feature_extraction.text.CountVectorizer"
    assert models(tree.graph) == []
    assert not is_seen(step("file:{unknown}", "file:out.csv", "writes", "job.py:9"))
    assert is_seen(step("endpoint:GET /items/{id}", "consumer:web.py", "consumes", "web.py:9"))
