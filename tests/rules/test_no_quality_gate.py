import msgspec

from mllint.rule import Deployment, Fitting, Trials
from mllint_rules.reproducibility.no_quality_gate import RULE
from tests.rules.by_hand import at, lineage, places, run, step

TRAIN = step("file:a.csv", "model:eta", "trains", "train.py:3")
FIT = Fitting("@fit:1", 1, at("train.py:3"), "train.py", "model:eta", "Ridge", "model", ("@rows:file:a.csv",))
TRIALS = Trials({}, {FIT.id: FIT})
REGISTER = Deployment("model:eta", at("train.py:9"), "train.py", 5)


def found(*deployments, **more):
    return run(RULE, lineage(TRAIN, deployments=list(deployments), trials=TRIALS, **more))


def test_a_registered_model_without_a_gate():
    (finding,) = found(REGISTER)
    assert places([finding]) == ["train.py:9"]
    assert "model `eta`" in finding.message
    assert [label.span for label in finding.related] == [at("train.py:3")]


def test_only_the_first_call_of_a_path_is_told():
    assert places(found(msgspec.structs.replace(REGISTER, span=at("train.py:12"), order=8), REGISTER)) == ["train.py:9"]


def test_gates():
    for gate in ("score", "order", "check"):
        assert found(msgspec.structs.replace(REGISTER, gates=(gate,))) == []


def test_a_test_that_is_not_resolved_is_a_gate_only_where_a_score_decides_something():
    unknown = msgspec.structs.replace(REGISTER, gates=("unknown",))
    assert places(found(unknown)) == ["train.py:9"]
    assert found(unknown, score_tests=[at("train.py:6")]) == []


def test_another_job_may_have_decided():
    other = msgspec.structs.replace(REGISTER, job="register.py", span=at("register.py:4"))
    assert places(found(other)) == ["register.py:4"]
    assert found(other, score_tests=[at("evaluate.py:6")]) == []
