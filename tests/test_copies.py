"""Passages that two files have in common (`results/shapes.py`, `results/copies.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.observations import Copy
from mllint.linker.python.results import copies
from mllint.rule import Span
from mllint_rules.anti_patterns import copied_pipeline
from tests.linking import linked
from tests.rules.by_hand import at, lineage, places, run

STEPS = [
    'rides = pd.read_csv("rides.csv")',
    'rides = rides.dropna(subset=["km"])',
    'rides["hour"] = rides["start"].dt.hour',
    'rides["speed"] = rides["km"] / rides["hours"]',
    'rides["late"] = rides["minutes"] > 30',
    'rides = rides.merge(other, on="driver")',
    'rides = rides[rides["speed"] < 200]',
    'means = rides.groupby("city")["speed"].mean()',
    'rides["above"] = rides["speed"] - rides["city"].map(means)',
    'rides = rides.sort_values("hour")',
]


def script(*steps: str) -> str:
    return "import pandas as pd\n" + "\n".join(steps) + "\n"


def found(root: Path, **files: str) -> list[Copy]:
    return linked(root, {f"{name}.py": text for name, text in files.items()}).observations.copies


def test_names_of_variables_do_not_matter(tmp_path: Path) -> None:
    renamed = [step.replace("rides", "trips").replace('"trips.csv"', '"rides.csv"') for step in STEPS]
    [copy] = found(tmp_path, a=script(*STEPS), b=script(*renamed))
    assert (copy.first.path, copy.second.path, copy.statements, copy.equal, copy.edits) == ("a.py", "b.py", 10, 10, ())


def test_a_name_must_stand_for_one_name(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "k"]
    one = [f'{name} = pd.read_csv("x.csv").dropna().merge(rides, on="{name}")' for name in names]
    two = [f'{names[9 - n]} = pd.read_csv("x.csv").dropna().merge(rides, on="{name}")' for n, name in enumerate(names)]
    mixed = [step.replace("(rides,", f"({names[n % 5]},") for n, step in enumerate(two)]
    assert len(found(tmp_path / "1", a=script(*one), b=script(*two))) == 1
    assert found(tmp_path / "2", a=script(*one), b=script(*mixed)) == []


@pytest.mark.parametrize(("count", "expected"), [(7, 0), (8, 1)])
def test_eight_statements_are_enough(tmp_path: Path, count: int, expected: int) -> None:
    assert len(found(tmp_path, a=script(*STEPS[:count]), b=script(*STEPS[:count]))) == expected


@pytest.mark.parametrize(("edited", "expected"), [((3,), 1), ((3, 6), 1), ((2, 4, 6), 0)])
def test_four_fifths_must_be_equal(tmp_path: Path, edited: tuple[int, ...], expected: int) -> None:
    changed = [f'rides["new{n}"] = 1' if n in edited else step for n, step in enumerate(STEPS)]
    assert len(found(tmp_path, a=script(*STEPS), b=script(*changed))) == expected


def test_edits_are_told_with_the_literal_that_changed(tmp_path: Path) -> None:
    changed = [STEPS[0], *STEPS[1:4], STEPS[4].replace("30", "45"), *STEPS[5:7], "rides = rides.copy()", *STEPS[7:]]
    [copy] = found(tmp_path, a=script(*STEPS), b=script(*changed))
    literal, added = copy.edits
    assert (literal.before, literal.after) == ("30", "45")
    assert added.first is None
    assert added.second is not None
    assert added.second.line == 9


def test_what_shows_logs_saves_or_parses_is_not_there(tmp_path: Path) -> None:
    noise = ["print(rides)", "rides.head()", "rides", 'rides.to_csv("x.csv")', "plt.plot(rides)", "logging.info(rides)"]
    imports = "import logging\nimport matplotlib.pyplot as plt\n"
    noisy = [line for step in STEPS for line in (step, *noise)]
    [copy] = found(tmp_path, a=script(*STEPS), b=imports + script(*noisy))
    assert (copy.statements, copy.equal) == (10, 10)


def test_the_place_is_the_function_that_the_copy_begins_in(tmp_path: Path) -> None:
    function = "import pandas as pd\n\n\ndef prepare(other):\n    " + "\n    ".join(STEPS) + "\n    return rides\n"
    [copy] = found(tmp_path, a=script(*STEPS), b=function)
    assert (copy.first.line, copy.second.line) == (2, 4)


def test_tests_are_not_compared(tmp_path: Path) -> None:
    files = {"a.py": script(*STEPS), "tests/test_a.py": script(*STEPS)}
    assert linked(tmp_path, files).observations.copies == []


def test_work_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST_STATEMENTS", 12)
    assert found(tmp_path, a=script(*STEPS), b=script(*STEPS)) == []


# --------------------------------------------------------------------------------------------------- the rule


def copy_of(first: str, second: str, statements: int = 10, equal: int = 10) -> Copy:
    return Copy(at(first), at(second), statements, equal, ())


def test_a_cluster_is_one_finding_in_its_last_file() -> None:
    seen = [copy_of("a.py:1", "b.py:2"), copy_of("b.py:2", "c.py:3"), copy_of("x.py:1", "y.py:4")]
    findings = run(copied_pipeline.RULE, lineage(copies=seen))
    assert places(findings) == ["c.py:3", "y.py:4"]
    assert "(and 1 more file like them)" in findings[0].message


def test_the_options_set_the_limits() -> None:
    tree = lineage(copies=[copy_of("a.py:1", "b.py:2", 10, 8)])
    assert run(copied_pipeline.RULE, tree)
    assert not run(copied_pipeline.RULE, tree, **{"min-equal": 0.9})
    assert not run(copied_pipeline.RULE, tree, **{"min-statements": 11})
    assert run(copied_pipeline.RULE, tree)[0].related[0].span == Span("a.py", 1, 1, 1, 9)
