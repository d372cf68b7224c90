from msgspec.structs import replace

from mllint.rule import Fitting, Intake, Trials
from mllint_rules.train_serve.refit_at_serving import RULE
from tests.rules.by_hand import at, lineage, places, run, step

SCALER = Fitting("f1", 1, at("train.py:2"), "train.py", "model:S", "Scaler", "data", ("@rows:file:a.csv",))
AGAIN = replace(SCALER, id="f2", span=at("serve.py:4"), job="serve.py", model="model:S2", rows=("@rows:file:b.csv",))
FIT = Intake("model:eta", "fit", ("km",), at("train.py:3"), "train.py", learned=("f1",))
GIVEN = Intake("model:eta", "predict", ("km",), at("serve.py:8"), "serve.py", learned=("f2",), refits=("f2",))
STEP = step("file:a.csv", "model:eta", "trains", "train.py:3")


def found(fit=FIT, given=GIVEN, again=AGAIN):
    trials = Trials(fittings={"f1": SCALER, "f2": again})
    return run(RULE, lineage(STEP, intakes=[fit, given], trials=trials))


def test_the_same_type_is_fitted_when_serving():
    (finding,) = found()
    assert places([finding]) == ["serve.py:4"]
    assert [label.span for label in finding.related] == [at("train.py:2"), at("serve.py:8")]


def test_silent_on_what_was_loaded_goes_on_or_learns_nothing():
    assert found(given=replace(GIVEN, refits=())) == []
    assert found(again=replace(AGAIN, goes_on=True)) == []
    assert found(again=replace(AGAIN, learns="nothing")) == []
    assert found(again=replace(AGAIN, what="Encoder")) == []


def test_silent_where_the_same_run_trains_the_model():
    assert found(fit=replace(FIT, job="serve.py")) == []
    assert found(fit=replace(FIT, job="serve.py"), given=replace(GIVEN, endpoint="endpoint:POST /eta")) != []


def test_silent_on_a_fixed_list():
    assert found(again=replace(AGAIN, rows=())) == []
