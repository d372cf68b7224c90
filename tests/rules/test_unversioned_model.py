import msgspec

from mllint.rule import Loading
from mllint_rules.boundaries.unversioned_model import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = step("file:a.csv", "model:eta", "trains", "train.py:3")
SAVE = step("model:eta", "file:eta.pkl", "saves", "train.py:4")
SERVE = step("file:eta.pkl", "endpoint:GET /eta", "serves", "app.py:9", "app.py:4")
LOAD = Loading("file:eta.pkl", at("app.py:4"), "app.py", "eta.pkl")


def test_a_path_that_every_training_run_overwrites():
    (finding,) = run(RULE, lineage(FIT, SAVE, SERVE, loadings=[LOAD]))
    assert places([finding]) == ["app.py:4"]
    assert "`train.py`" in finding.message
    assert [label.span for label in finding.related] == [at("train.py:4")]


def test_versions_that_are_kept_are_silent():
    tree = lineage(FIT, SAVE, SERVE, loadings=[LOAD])
    tree.graph.nodes["file:eta.pkl"].attributes["versioned"] = "dvc"
    assert run(RULE, tree) == []


def test_a_stage_moves_and_an_alias_does_not():
    serve = step("model:eta", "endpoint:GET /eta", "serves", "app.py:9", "app.py:4")
    stage = Loading("model:eta", at("app.py:4"), "app.py", "models:/eta/Production", "stage")
    assert places(run(RULE, lineage(FIT, serve, loadings=[stage]))) == ["app.py:4"]
    alias = msgspec.structs.replace(stage, name="models:/eta@champion", version="alias")
    assert run(RULE, lineage(FIT, serve, loadings=[alias])) == []


def test_the_training_job_and_evaluations_are_silent():
    own = msgspec.structs.replace(LOAD, job="train.py", span=at("train.py:9"))
    assert run(RULE, lineage(FIT, SAVE, SERVE, loadings=[own])) == []
    measured = step("file:eta.pkl", "file:metrics.json", "predicts", "app.py:9", measure=True)
    assert run(RULE, lineage(FIT, SAVE, measured, loadings=[LOAD])) == []
