from mllint.rule import Output
from mllint_rules.feedback_loops import direct_feedback_loop, hidden_feedback_loop
from tests.rules.by_hand import at, lineage, places, run, step

OUT = Output("model:a", "table:scores", at("score.py:5"), "score.py")
BACK = step("table:scores", "model:a", "trains", "train.py:9", read="train.py:3")


def direct(*steps, outputs=(OUT,)):
    return run(direct_feedback_loop.RULE, lineage(*steps, outputs=list(outputs)))


def hidden(*steps, outputs=(OUT,)):
    return run(hidden_feedback_loop.RULE, lineage(*steps, outputs=list(outputs)))


def test_predictions_come_back_at_the_read():
    (finding,) = direct(BACK)
    assert places([finding]) == ["train.py:3"]
    assert [label.span for label in finding.related] == [at("score.py:5"), at("train.py:9")]


def test_what_no_prediction_goes_to_is_no_loop():
    written = step("model:a", "table:scores", "writes", "score.py:5")  # a transformer's rows
    assert direct(BACK, written, outputs=()) == []


def test_a_measure_and_a_declared_way_close_nothing():
    measured = step("table:scores", "file:auc.json", "derives", "m.py:4", measure=True)
    told = step("table:scores", "file:auc.json", "derives", "dvc.yaml.py:4", strength="declared")
    again = step("file:auc.json", "model:a", "trains", "train.py:9")
    assert direct(measured, again) == []
    assert direct(told, again) == []
    assert places(hidden(told, again)) == ["train.py:9"]


def test_columns_that_are_known_to_hold_predictions_stand_for_their_table():
    column = Output("model:a", "column:table:scores#p", at("score.py:5"), "score.py")
    other = step("column:table:scores#x", "model:a", "trains", "train.py:9")
    assert direct(BACK, other, outputs=[OUT, column]) == []
    same = step("column:table:scores#p", "model:a", "trains", "train.py:9")
    assert places(direct(BACK, same, outputs=[OUT, column])) == ["train.py:9"]


def test_a_cycle_through_two_models_is_hidden_and_told_once():
    there = step("table:scores", "model:b", "trains", "b/train.py:9", read="b/train.py:2")
    back = step("table:prices", "model:a", "trains", "a/train.py:9", read="a/train.py:4")
    outputs = [OUT, Output("model:b", "table:prices", at("b/run.py:7"), "b/run.py")]
    assert direct(there, back, outputs=outputs) == []
    (finding,) = hidden(there, back, outputs=outputs)
    assert places([finding]) == ["a/train.py:4"]
    assert "`a` -> `b` -> `a`" in finding.message
    assert hidden(there, outputs=outputs) == []
