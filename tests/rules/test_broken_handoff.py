import pytest

from mllint.rule import Access, Finding, ModelLabel
from mllint_rules.data_dependencies.broken_handoff import RULE
from tests.rules.by_hand import at, lineage, places, run, step


def access(id: str, place: str, called: str = "", is_read: bool = True, **more: object) -> Access:
    path = (called or place).partition(":")[0]
    return Access(id, is_read, at(place), at(called or place), path, **more)  # type: ignore[arg-type]


def written(id: str, place: str) -> Access:
    return access(id, place, is_read=False)


def found(*accesses: Access, **seen: object) -> list[Finding]:
    return run(RULE, lineage(accesses=list(accesses), **seen))


@pytest.mark.parametrize(
    ("read", "wrote"),
    [
        ("file:data/Trips.csv", "file:data/trips.csv"),
        ("file:data/trips.csv", "file:data/trips.parquet"),
        ("file:data/feature.csv", "file:data/features.csv"),
        ("file:models/v1/eta.pkl", "file:model/v1/eta.pkl"),
        ("file:data/eta_v2.pkl", "file:data/eta.pkl"),
        ("table:marts.ride_profiles", "table:marts.ride_profile"),
        ("model:ride-eta", "model:ride_eta"),
    ],
)
def test_near_names(read: str, wrote: str):
    (finding,) = found(access(read, "train.py:3"), written(wrote, "prepare.py:9"))
    assert places([finding]) == ["train.py:3"]
    assert finding.related[0].span == at("prepare.py:9")
    assert finding.nodes == [read, wrote]


@pytest.mark.parametrize(
    ("read", "wrote"),
    [
        ("file:data/x_train.npy", "file:data/y_train.npy"),
        ("file:data/train.csv", "file:data/model.pkl"),
        ("file:out/w30_c125/a.npz", "file:out/w30_cnone/a.npz"),
        ("file:registry/model_v1/meta.json", "file:registry/model_v2/meta.json"),
        ("file:data/raw/Trips.csv", "file:data/row/trips.csv"),
        ("table:raw.trips", "table:trips"),
        ("file:model.pkl", "file:trained/model.pkl"),
    ],
)
def test_names_that_are_not_near(read: str, wrote: str):
    assert not found(access(read, "train.py:3"), written(wrote, "prepare.py:9"))


def test_the_place_is_where_the_name_is_known():
    helper = access("file:a/feature.csv", "files.py:5", "train.py:8")
    (finding,) = found(helper, written("file:a/features.csv", "prepare.py:9"))
    assert places([finding]) == ["train.py:8"]
    assert at("files.py:5") in [label.span for label in finding.related]


def test_guarded_shipped_supplied_or_of_the_same_job_is_silent():
    near = written("file:a/features.csv", "prepare.py:9")
    assert not found(access("file:a/feature.csv", "train.py:3", guarded=True), near)
    assert not found(access("file:a/feature.csv", "prepare.py:3"), near)
    assert not found(access("file:a/feature.csv", "train.py:3"), near, supplied=["app/feature.csv"])
    tree = lineage(accesses=[access("file:a/feature.csv", "train.py:3"), near])
    tree.shipped = frozenset({"a/feature.csv"})
    assert not run(RULE, tree)


def test_what_descends_from_the_read_is_not_near():
    made = step("file:a/Trips.csv", "file:a/trips.csv", "derives", "clean.py:4")
    seen = [access("file:a/Trips.csv", "load.py:3"), written("file:a/trips.csv", "clean.py:4")]
    assert not run(RULE, lineage(made, accesses=seen))


def test_an_alias_that_nothing_sets():
    load = access("model:eta", "serve.py:4", revision="champion")
    fit = written("model:eta", "train.py:9")
    other = ModelLabel("model:eta", "challenger", at("promote.py:2"), "promote.py")
    (finding,) = found(load, fit, labels=[other])
    assert "`champion`" in finding.message
    unknown = ModelLabel("model:eta", "{alias}", at("promote.py:2"), "promote.py")
    assert not found(load, fit, labels=[unknown])
    assert not found(load, fit, labels=[ModelLabel("model:eta", "Champion", at("promote.py:2"), "promote.py")])
