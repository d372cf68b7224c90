from msgspec.structs import replace

from mllint.rule import Apply, Column, Constant, Feature
from mllint_rules.train_serve.duplicated_extraction import RULE
from tests.rules.by_hand import at, lineage, places, run, step

KM = Apply("DIV", (Column("file:a.csv", "m"), Constant(1000)))
TRAIN = Feature("model:eta", "km", "train", KM, at("train.py:3"), "train.py", function="train.prepare")
SERVE = replace(TRAIN, side="serve", span=at("serve.py:7"), job="serve.py", function="serve.prepare")
STEPS = (
    step("file:a.csv", "model:eta", "trains", "train.py:9"),
    step("column:file:a.csv#m", "model:eta", "trains", "train.py:9"),
)


def found(*features):
    return run(RULE, lineage(*STEPS, features=list(features), functions={"serve.prepare": at("serve.py:5")}))


def test_a_copy_at_its_def_or_at_the_statement():
    assert places(found(TRAIN, SERVE)) == ["serve.py:5"]
    assert places(found(replace(TRAIN, function=""), SERVE)) == ["serve.py:7"]


def test_one_finding_for_each_function():
    others = [replace(feature, name="km2") for feature in (TRAIN, SERVE)]
    (finding,) = found(TRAIN, SERVE, *others)
    assert "`km`, `km2`" in finding.message


def test_silent_on_shared_code_and_on_no_work():
    assert found(TRAIN, replace(SERVE, function="train.prepare")) == []
    assert found(TRAIN, replace(SERVE, span=TRAIN.span)) == []
    cast = Apply("CAST", (Column("file:a.csv", "m"), Constant("float")))
    assert found(*(replace(feature, expression=cast) for feature in (TRAIN, SERVE))) == []


def test_silent_on_another_computation_language_or_job():
    miles = Apply("DIV", (Column("file:a.csv", "m"), Constant(1609)))
    assert found(TRAIN, replace(SERVE, expression=miles)) == []
    assert found(replace(TRAIN, span=at("features.sql:3")), SERVE) == []
    assert found(replace(TRAIN, elsewhere=True), SERVE) == []
