import msgspec

from mllint.lineage.expressions import Column, Constant, Expression, Unresolved, apply
from mllint.rule import Feature
from mllint_rules.train_serve.train_serve_skew import RULE
from tests.rules.by_hand import at, lineage, places, run, step

TREE = [
    step("file:trips.csv", "model:eta", "trains", "train.py:9"),
    step("model:eta", "file:eta.pkl", "saves", "train.py:10"),
    step("file:eta.pkl", "endpoint:POST /eta", "loads", "app.py:5"),
    step("column:file:trips.csv#other", "model:eta", "trains", "train.py:9"),
]


def trained(name: str, expression: Expression, **more: object) -> Feature:
    return Feature("model:eta", name, "train", expression, at("train.py:4"), "train.py", **more)  # type: ignore[arg-type]


def served(name: str, expression: Expression, **more: object) -> Feature:
    return Feature("file:eta.pkl", name, "serve", expression, at("app.py:8"), "app.py", **more)  # type: ignore[arg-type]


def column(name: str) -> Column:
    return Column("file:trips.csv", name)


def field(name: str) -> Column:
    return Column("endpoint:POST /eta", name)


def check(*features: Feature) -> list:
    return run(RULE, lineage(*TREE, features=list(features)))


def test_another_unit_with_a_witness():
    (finding,) = check(
        trained("km", apply("DIV", column("trip_m"), Constant(1000))),
        served("km", apply("DIV", field("tripM"), Constant(1609.34))),
    )
    assert places([finding]) == ["app.py:8"]
    assert finding.witness is not None
    assert list(finding.witness.inputs) == ["trip_m"]
    assert finding.witness.training != finding.witness.serving
    assert finding.reaches == ["model:eta", "endpoint:POST /eta"]


def test_equal_in_other_words():
    km = apply("DIV", column("trip_m"), Constant(1000))
    assert check(trained("km", km), served("km", apply("MUL", Constant(0.001), field("trip_m")))) == []


def test_exchanged_inputs_are_found_by_name_and_by_position():
    names = (trained("a", column("x")), trained("b", column("y")), served("a", field("y")), served("b", field("x")))
    (together,) = check(*names)  # one place, one finding
    assert "`a`" in together.message
    assert "so is `b`" in together.message
    by_place = (trained("a", column("x"), position=0), trained("b", column("y"), position=1),
                served("u", field("y"), position=0), served("v", field("y"), position=1))  # fmt: skip
    assert [finding.message.split("`")[1] for finding in check(*by_place)] == ["a"]


def test_an_input_that_training_does_not_know_is_another_input():
    assert check(trained("km", apply("DIV", column("trip_m"), Constant(1000))), served("km", field("km"))) == []


def test_a_constant_that_is_always_served():
    known = (trained("other", column("other")), trained("km", column("km")), served("other", Constant(1000)))
    (finding,) = check(*known, served("km", field("km")))
    assert finding.label == "serving: 1000"
    assert check(*known, served("km", Constant(7))) == []  # a sample


def test_a_fill_value_counts_unless_nothing_can_be_missing():
    fill = apply("COALESCE", field("age"), Constant(0))
    assert len(check(trained("age", apply("COALESCE", column("age"), Constant(-1))), served("age", fill))) == 1
    assert check(trained("age", column("age"), not_null=("age",)), served("age", fill)) == []


def test_a_null_that_training_leaves_alone_counts_where_the_model_takes_nulls():
    fill = served("age", apply("COALESCE", field("age"), Constant(0)))
    tree = lineage(*TREE, features=[trained("age", column("age")), fill])
    assert run(RULE, tree) == []  # a model that raises on nulls was fitted without any
    tree.graph.nodes["model:eta"].attributes["class"] = "lightgbm.LGBMRegressor"
    assert len(run(RULE, tree)) == 1


def test_nothing_is_said_of_what_is_not_known():
    assert check(trained("km", Unresolved("a library")), served("km", field("trip_m"))) == []
    assert check(trained("km", column("trip_m")), served("other", Constant(1))) == []


def test_any_way_of_training_that_agrees_is_enough():
    old, new = trained("a", column("x")), trained("a", apply("ADD", column("x"), Constant(1)))
    assert check(old, new, served("a", apply("ADD", Constant(1), field("x")))) == []


def test_a_shared_function_is_no_skew():
    one = trained("a", apply("ADD", column("x"), Constant(1)), function="features.build")
    assert check(one, served("a", apply("ADD", field("x"), Constant(2)), function="features.build")) == []


def test_another_model_has_features_of_its_own():
    stranger = msgspec.structs.replace(served("km", Constant(1)), model="model:unknown")
    assert check(trained("km", column("trip_m")), stranger) == []
