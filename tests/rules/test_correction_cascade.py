from mllint.rule import Fitting, Trials
from mllint_rules.boundaries.correction_cascade import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIRST = step("file:a.csv", "model:first", "trains", "first.py:3")
SECOND = step("file:b.csv", "model:second", "trains", "second.py:7")
KEPT = step("model:second", "file:second.pkl", "saves", "second.py:9")


def trials(learns="model"):
    predicted = (("model:first", at("second.py:5")),)
    fit = Fitting("@fit:2", 2, at("second.py:7"), "second.py", "model:second", "Ridge", learns, (), predicted=predicted)
    return Trials({}, {fit.id: fit})


def test_predictions_among_the_data_of_a_fit():
    (finding,) = run(RULE, lineage(FIRST, SECOND, KEPT, trials=trials()))
    assert places([finding]) == ["second.py:7"]
    assert "`second`" in finding.message
    assert "`first`" in finding.message
    assert [label.span for label in finding.related] == [at("second.py:5")]


def test_a_transformer_and_a_fit_of_the_model_itself_are_silent():
    assert run(RULE, lineage(FIRST, SECOND, KEPT, trials=trials(learns="data"))) == []
    kept = step("model:first", "model:second", "saves", "first.py:9")
    assert run(RULE, lineage(FIRST, SECOND, kept, trials=trials())) == []


def test_predictions_that_are_stored_in_between():
    column = "column:file:scores.csv#p"
    stored = step("model:first", column, "predicts", "first.py:6")
    fit = step(column, "model:second", "trains", "second.py:7", "second.py:2")
    assert places(run(RULE, lineage(FIRST, SECOND, KEPT, stored, fit))) == ["second.py:7"]


def test_what_is_known_of_the_whole_dataset_only_is_silent():
    stored = step("model:first", "file:scores.csv", "predicts", "first.py:6")
    fit = step("file:scores.csv", "model:second", "trains", "second.py:7")
    assert run(RULE, lineage(FIRST, SECOND, KEPT, stored, fit)) == []


def test_what_is_fitted_and_never_put_to_use_is_silent():
    assert run(RULE, lineage(FIRST, SECOND, trials=trials())) == []


def test_codes_that_an_encoder_kept_with_the_model_makes_are_no_predictions():
    column = "column:file:scores.csv#code"
    stored = step("model:first", column, "predicts", "first.py:6")
    fit = step(column, "model:second", "trains", "second.py:7", "second.py:2")
    assert run(RULE, lineage(FIRST, SECOND, KEPT, stored, fit, outputs=[])) == []


def test_many_that_one_file_tries_are_one_finding():
    predicted = (("model:first", at("second.py:5")),)
    steps, fits = [], {}
    for number in range(5):
        id, model, line = f"@fit:{number}", f"model:m{number}", f"second.py:{7 + number}"
        fits[id] = Fitting(id, number, at(line), "second.py", model, "Ridge", "model", (), predicted=predicted)
        steps += [step("file:b.csv", model, "trains", line), step(model, f"file:m{number}.pkl", "saves", "second.py:9")]
    (finding,) = run(RULE, lineage(FIRST, *steps, trials=Trials({}, fits)))
    assert places([finding]) == ["second.py:7"]
    assert "`m0`, `m1`, `m2` and 2 more are trained" in finding.message
