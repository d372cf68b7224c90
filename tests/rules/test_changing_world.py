from msgspec.structs import replace

from mllint.rule import Check, Decision, Fitting, Intake, Trials, Watch
from mllint_rules.changing_world import fixed_threshold, unmonitored_model, unvalidated_data
from tests.rules.by_hand import at, lineage, places, run, step

CUT = Decision(
    "model:m", at("app.py:9"), "p > 0.8", (0.8,), (), at("app.py:8"), at("app.py:9"), "", "app.py"
)  # fmt: skip
TRAINS = step("file:a.csv", "model:m", "trains", "train.py:3", read="train.py:1")
SAVES = step("model:m", "file:m.pkl", "saves", "train.py:4")
ROUTE = "endpoint:POST /p"
SERVES = step("file:m.pkl", ROUTE, "serves", "app.py:5")
GIVEN = Intake("file:m.pkl", "predict", None, at("app.py:8"), "app.py", ROUTE)


def cut(*decisions, steps=(TRAINS,)):
    return run(fixed_threshold.RULE, lineage(*steps, decisions=list(decisions)))


def test_a_number_at_the_comparison_once_for_a_ladder():
    (finding,) = cut(CUT, replace(CUT, span=at("app.py:11"), values=(0.5,)))
    assert places([finding]) == ["app.py:9"]
    assert "0.8 and 0.5" in finding.message


def test_a_number_from_a_file_that_a_job_writes_is_silent():
    chosen = replace(CUT, settings=(at("limit.json:1"),))
    assert len(cut(chosen)) == 1
    written = step("file:held.csv", "file:limit.json", "writes", "train.py:8")
    assert cut(chosen, steps=(TRAINS, written)) == []
    assert cut(replace(CUT, job="tests/test_app.py")) == []


def served(*intakes, watches=()):
    return run(unmonitored_model.RULE, lineage(TRAINS, SAVES, SERVES, intakes=list(intakes), watches=list(watches)))


def test_a_served_prediction_that_nothing_keeps():
    assert places(served(GIVEN)) == ["app.py:8"]
    assert len(served(GIVEN, replace(GIVEN, span=at("app.py:9")))) == 1
    assert served(GIVEN, watches=[Watch(ROUTE, at("app.py:10"))]) == []
    assert served(replace(GIVEN, endpoint="")) == []
    assert served(GIVEN, replace(GIVEN, side="fit", span=at("app.py:3"))) == []


FIT = Fitting("f", 5, at("train.py:3"), "train.py", "model:m", "Ridge", "model", ("@rows:file:a.csv",))


def unchecked(*checks, steps=(TRAINS, SAVES)):
    tree = lineage(*steps, checks=list(checks), trials=Trials(fittings={"f": FIT}))
    tree.graph.nodes["file:a.csv"].kind = "source"
    return run(unvalidated_data.RULE, tree)


def test_a_source_without_a_check_at_its_read():
    assert places(unchecked()) == ["train.py:1"]
    assert unchecked(steps=(TRAINS,)) == []  # nobody keeps the model


def test_a_check_counts_before_the_fit_and_of_these_data_only():
    check = Check(("file:a.csv",), at("train.py:2"), "train.py", 1)
    assert unchecked(check) == []
    assert len(unchecked(replace(check, order=6))) == 1
    assert len(unchecked(replace(check, data=("file:b.csv",)))) == 1
    assert len(unchecked(replace(check, data=("file:a.csv", "model:m")))) == 1
