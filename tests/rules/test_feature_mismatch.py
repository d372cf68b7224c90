from msgspec.structs import replace

from mllint.rule import Intake
from mllint_rules.train_serve.feature_mismatch import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = Intake("model:eta", "fit", ("km", "hour"), at("train.py:3"), "train.py")
GIVEN = Intake("model:eta", "predict", ("km",), at("serve.py:8"), "serve.py")
STEP = step("file:a.csv", "model:eta", "trains", "train.py:3")


def found(*intakes):
    return run(RULE, lineage(STEP, intakes=list(intakes)))


def test_a_feature_is_missing():
    (finding,) = found(FIT, GIVEN)
    assert places([finding]) == ["serve.py:8"]
    assert "without `hour`" in finding.message
    assert finding.related[0].message == "fitted on: km, hour"


def test_order_counts_only_without_names():
    turned = replace(GIVEN, names=("hour", "km"))
    assert found(FIT, turned) == []
    assert "another order" in found(replace(FIT, named=False), turned)[0].message
    assert found(replace(FIT, named=False), replace(turned, picks=True)) == []


def test_without_names_a_count_alone_is_no_evidence():
    assert found(FIT, replace(GIVEN, names=("", "", ""), named=False)) == []
    assert found(FIT, replace(GIVEN, names=("x", "y", "z"), named=False)) == []


def test_silent_where_a_fit_is_not_known_or_another_one_agrees():
    assert found(FIT, replace(FIT, names=None), GIVEN) == []
    assert found(FIT, replace(FIT, names=("km",)), GIVEN) == []
    assert found(FIT, replace(GIVEN, names=None)) == []


def test_silent_in_tests_and_where_the_model_is_not_certain():
    assert found(FIT, replace(GIVEN, job="tests/test_serve.py")) == []
    assert found(FIT, replace(GIVEN, sure=False)) == []
