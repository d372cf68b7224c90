import msgspec

from mllint.rule import Draw, Fitting, RowSet, Trials
from mllint_rules.reproducibility.unseeded_randomness import RULE
from tests.rules.by_hand import at, lineage, places, run

SPLIT = Draw(at("prep.py:4"), "train.py", "split", "random_state", "numpy", False, rows="@rows:prep.py:4")
FOREST = Draw(at("train.py:7"), "train.py", "Forest", "random_state", "numpy", False, fits=("@fit:1",))
NET = Draw(at("net.py:9"), "net.py", "Net", "", "torch", False, trains=True, once=True)


def trials(learns="model"):
    part = RowSet("@rows:prep.py:4:train", "part", ("@rows:file:a.csv",), at("prep.py:4"), "prep.py:4", "train")
    fit = Fitting("@fit:1", 1, at("train.py:8"), "train.py", "model:m", "Forest", learns, (part.id,))
    return Trials({part.id: part}, {fit.id: fit})


def test_a_split_and_an_estimator_on_the_way_to_a_model():
    found = run(RULE, lineage(draws=[FOREST, SPLIT], trials=trials()))
    assert places(found) == ["prep.py:4", "train.py:7"]
    assert "`random_state=`" in found[0].help
    assert [label.span for label in found[0].related] == [at("train.py:8")]


def test_what_reaches_no_model_is_silent():
    assert run(RULE, lineage(draws=[FOREST, SPLIT], trials=trials(learns="data"))) == []


def test_a_call_that_is_seeded_on_one_way_to_it_is_silent():
    seeded = msgspec.structs.replace(SPLIT, job="other.py", seeded=True)
    assert run(RULE, lineage(draws=[SPLIT, seeded], trials=trials())) == []


def test_networks_are_told_once_for_each_module():
    second, other = (msgspec.structs.replace(NET, span=at(place)) for place in ("net.py:12", "gan.py:3"))
    assert places(run(RULE, lineage(draws=[second, NET, other]))) == ["gan.py:3", "net.py:9"]


def test_a_seed_elsewhere_is_shown():
    late = msgspec.structs.replace(SPLIT, elsewhere=at("prep.py:2"))
    (finding,) = run(RULE, lineage(draws=[late], trials=trials()))
    assert "not on every way" in finding.related[0].message
