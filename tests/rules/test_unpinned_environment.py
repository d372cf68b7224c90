import msgspec

from mllint.linker.systems.dependencies import is_pinned
from mllint.rule import Dependency
from mllint_rules.reproducibility.unpinned_environment import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = step("file:a.csv", "model:churn", "trains", "ml/train.py:3")
SAVE = step("model:churn", "file:churn.pkl", "saves", "ml/train.py:5")
OPEN = Dependency(at("requirements.txt:2"), "scikit-learn", ">=1.2", False, "")


def tree(*dependencies):
    made = lineage(FIT, SAVE, dependencies=list(dependencies))
    made.graph.nodes["model:churn"].attributes["packages"] = [["scikit-learn", "sklearn"]]
    return made


def test_an_open_version_of_what_is_in_the_artifact():
    (finding,) = run(RULE, tree(OPEN))
    assert places([finding]) == ["requirements.txt:2"]
    assert "model `churn`" in finding.message
    assert [label.span for label in finding.related] == [at("ml/train.py:5")]


def test_a_pin_beside_it_and_other_packages_are_silent():
    pin = msgspec.structs.replace(OPEN, span=at("constraints.txt:1"), pinned=True)
    assert run(RULE, tree(OPEN, pin)) == []
    assert run(RULE, tree(msgspec.structs.replace(OPEN, package="pandas"))) == []


def test_the_nearest_list_counts_and_other_folders_do_not():
    near = msgspec.structs.replace(OPEN, span=at("ml/requirements.txt:1"), folder="ml", pinned=True)
    other = msgspec.structs.replace(OPEN, span=at("web/requirements.txt:1"), folder="web")
    assert run(RULE, tree(OPEN, near)) == []
    assert run(RULE, tree(other)) == []


def test_what_is_exact():
    assert [is_pinned(w) for w in ("==1.0; python_version > '3.8'", "===1", " @ git+https://x/y@ab", "~=1.0")] == [
        True, True, True, False,
    ]  # fmt: skip
