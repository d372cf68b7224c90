import msgspec

from mllint.rule import Handover
from mllint_rules.anti_patterns.plain_old_data import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = step("file:a.csv", "model:churn", "trains", "ml/train.py:3")
HAND = Handover(
    at("ml/score.py:8"), "score", "prediction", "float", "model:churn", at("ml/score.py:11"), at("crm/a.py:4")
)


def test_a_bare_prediction_for_another_module():
    (finding,) = run(RULE, lineage(FIT, handovers=[HAND]))
    assert places([finding]) == ["ml/score.py:8"]
    assert "`score`" in finding.message
    assert "model `churn`" in finding.message
    assert [label.span for label in finding.related] == [HAND.return_span, HAND.receiver]


def test_several_receivers_are_one_finding():
    again = msgspec.structs.replace(HAND, receiver=at("crm/b.py:9"))
    assert len(run(RULE, lineage(FIT, handovers=[again, HAND]))) == 1


def test_what_is_passed_on_is_not_reported_again():
    body = msgspec.structs.replace(at("crm/a.py:2"), end_line=6)
    rank = Handover(body, "rank", "prediction", "list", "model:churn", at("crm/a.py:5"), at("web/b.py:7"))
    assert places(run(RULE, lineage(FIT, handovers=[rank, HAND]))) == ["ml/score.py:8"]


def test_the_same_module_and_tests_are_silent():
    inside = msgspec.structs.replace(HAND, receiver=at("ml/score.py:30"))
    test = msgspec.structs.replace(HAND, receiver=at("tests/test_score.py:3"))
    assert run(RULE, lineage(FIT, handovers=[inside, test])) == []
