from mllint.lineage.declarations import Deprecation
from mllint.lineage.expressions import Column
from mllint.rule import Declared, Feature
from mllint_rules.data_dependencies.deprecated_feature import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = step("file:trips.csv", "model:eta", "trains", "train.py:9", read="train.py:5")
COLUMN = step("column:file:trips.csv#trip_km", "model:eta", "trains", "train.py:9", read="train.py:5")


def mark(kind: str, name: str, **dates: str) -> Declared:
    return Declared(kind, name, at("mllint.yaml:3"), deprecated=Deprecation(**dates))


def test_a_feature_before_and_after_its_sunset():
    entry = mark("feature", "trip_km", sunset="2024-07-01", replacement="trip_distance_km")
    tree = lineage(FIT, COLUMN, declared=[entry])
    (before,) = run(RULE, tree, today="2024-06-15")
    (after,) = run(RULE, tree, today="2024-07-02")
    assert (before.severity, after.severity) == ("warning", "error")
    assert "`trip_distance_km`" in before.message
    assert places([before]) == ["train.py:5"]


def test_the_feature_list_is_the_place_to_edit():
    named = Feature("model:eta", "trip_km", "train", Column("file:trips.csv", "trip_km"), at("train.py:6"), "train.py",
                    named=at("features.py:3"))  # fmt: skip
    tree = lineage(FIT, COLUMN, declared=[mark("feature", "trip_km")], features=[named])
    assert places(run(RULE, tree)) == ["features.py:3"]


def test_a_table_is_reported_once_where_it_is_read():
    steps = [
        step("table:old.visits", "table:mart.visits", "derives", "visits.sql:1", read="visits.sql:4"),
        step("table:mart.visits", "model:a", "trains", "a.py:3"),
        step("table:mart.visits", "model:b", "trains", "b.py:3"),
    ]
    (finding,) = run(RULE, lineage(*steps, declared=[mark("source", "table:old.visits")]))
    assert places([finding]) == ["visits.sql:4"]
    assert finding.reaches == ["model:a", "model:b"]


def test_reads_that_end_nowhere_and_the_migration_are_silent():
    steps = [
        step("table:old", "consumer:ops/clean.py", "consumes", "ops/clean.py:4"),
        step("table:old", "table:new", "writes", "move.sql:1"),
        step("table:new", "model:a", "trains", "a.py:3"),
    ]
    assert run(RULE, lineage(*steps, declared=[mark("source", "table:old", replacement="table:new")])) == []
    assert places(run(RULE, lineage(*steps, declared=[mark("source", "table:old")]))) == ["move.sql:1"]


def test_a_declared_consumer_counts():
    read = step("table:old", "consumer:board/a.R", "consumes", "board/a.R:4")
    board = Declared("consumer", "board", at("mllint.yaml:9"), reads=("table:old",))
    assert places(run(RULE, lineage(read, declared=[mark("source", "table:old"), board]))) == ["board/a.R:4"]


def test_a_deprecated_model_that_a_service_loads():
    steps = [
        FIT,
        step("model:eta", "file:eta_v1.pkl", "saves", "train.py:10"),
        step("file:eta_v1.pkl", "endpoint:POST /eta", "loads", "app.py:6"),
    ]
    entry = mark("model", "eta_v1")
    assert places(run(RULE, lineage(*steps, declared=[entry]))) == ["app.py:6"]
    assert run(RULE, lineage(*steps[:2], declared=[entry])) == []


def test_another_column_of_a_similar_name():
    entry = mark("feature", "trip")
    assert run(RULE, lineage(FIT, COLUMN, declared=[entry])) == []
