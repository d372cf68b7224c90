"""What is taken from the last run is what interpreting anew would give: random edits of a repository whose parts meet
in every way that parts can meet, and each linked twice, with the last run at hand and without."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mllint import session
from mllint.errors import UsageError
from mllint.linker.python import entries
from mllint.linker.python.machine import Machine
from tests.replayed import FILES, edit, said, write


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "repository", FILES)
    return tmp_path / "repository"


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The entry points that are interpreted, in order."""
    names: list[str] = []
    real = entries._interpret

    def noting(m: Machine, entry: entries.Entry) -> None:
        names.append(entry.name)
        real(m, entry)

    monkeypatch.setattr(entries, "_interpret", noting)
    return names


def tried(root: Path, use_cache: bool) -> object:
    """What mllint says, if no edit has broken its settings."""
    try:
        return said(root, use_cache)
    except UsageError as error:
        return str(error)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_after_any_edits_the_lineage_is_that_of_a_cold_run(root: Path, seed: int) -> None:
    choose = random.Random(seed)
    shutil.rmtree(root)
    write(root, FILES)
    said(root, use_cache=True)
    for _ in range(4):
        for _ in range(choose.choice([1, 1, 2])):
            edit(root, choose)
        assert tried(root, use_cache=True) == tried(root, use_cache=False)


def test_only_what_a_change_concerns_is_interpreted(root: Path, interpreted: list[str]) -> None:
    said(root, use_cache=True)
    everything = set(interpreted)
    interpreted.clear()
    (root / "tests/test_clean.py").write_text(FILES["tests/test_clean.py"] + "# the end\n")
    (root / "tests/test_clean.py").write_text(FILES["tests/test_clean.py"].replace("data.csv", "rows.csv"))
    after = said(root, use_cache=True)
    concerned = set(interpreted)
    assert after == said(root, use_cache=False)
    assert "tests/test_clean.py:tests.test_clean.test_it" in concerned
    assert not concerned & {"weekly.py", "shared/clean.py:shared.clean.report", "prepare.py:prepare.spare"}
    assert concerned < everything


@pytest.mark.parametrize(
    ("path", "old", "new", "concerns"),
    [
        ("shared/settings.py", "raw.csv", "rows.csv", "prepare.py#0"),  # a module that an imported module imports
        ("shared/settings.py", "raw.csv", "rows.csv", "shared/clean.py:shared.clean.report"),  # through two modules
        ("shared/clean.py", "/ 1000", "/ 1609", "train.py#0"),  # a computation behind a file that another script writes
        ("weekly.py", "* 2", "* 3", "register.py"),  # what is changed needs a dictionary that this fills
        ("config.yaml", "full", "small", "prepare.py#0"),
        ("raw.csv", "m,y", "m,z", "prepare.py#0"),
        ("schema.sql", "km int", "miles int", "weekly.py"),
        ("prepare.py", "SELECT km, m", "SELECT km", "weekly.py"),  # the table that another script defines
        ("register.py", "weekly_scores", "scores_of_week", "weekly.py"),  # a dictionary that another script changes
        ("Makefile", "--out features.csv", "--out rows.csv", "prepare.py#0"),
    ],
)
def test_what_an_entry_point_reads_concerns_it(
    root: Path, interpreted: list[str], path: str, old: str, new: str, concerns: str
) -> None:
    said(root, use_cache=True)
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))
    interpreted.clear()
    after = said(root, use_cache=True)
    assert concerns in interpreted
    assert after == said(root, use_cache=False)


def test_a_broken_file_of_entry_points_is_a_miss(root: Path, interpreted: list[str]) -> None:
    before = said(root, use_cache=True)
    everything = len(interpreted)
    for file in (root.parent / "cache").glob("*.entries"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    for file in (root.parent / "cache").glob("*.lineage"):
        file.unlink()
    interpreted.clear()
    assert said(root, use_cache=True) == before
    assert len(interpreted) == everything


def test_what_there_was_no_time_for_is_told_and_not_kept(root: Path) -> None:
    cold = said(root, use_cache=False)
    unread = session.check(root, jobs=1, today="2024-01-01", seconds=-1.0)
    assert {problem.code for problem in unread.problems} == {"ML005"}
    assert {problem.path for problem in unread.problems} == set(FILES)
    assert said(root, use_cache=True) == cold
    edited = root / "weekly.py"
    edited.write_text(edited.read_text() + 'df.to_csv("again.csv")\n')
    unfollowed = session.check(root, jobs=1, today="2024-01-01", seconds=-1.0)
    assert "weekly.py" in {problem.path for problem in unfollowed.problems}
    assert said(root, use_cache=True) == said(root, use_cache=False)


def test_what_one_script_draws_is_not_in_the_picture_of_another(tmp_path: Path) -> None:
    drawing = "import matplotlib.pyplot as plt\ndef draw(df, path):\n    plt.hist(df)\n    plt.savefig(path)\n"
    (tmp_path / "drawing.py").write_text(drawing)
    for name in ("first", "second"):
        script = f'import pandas as pd\nfrom drawing import draw\ndraw(pd.read_csv("{name}.csv"), "{name}.png")\n'
        (tmp_path / f"{name}.py").write_text(script)
    graph = session.graph(tmp_path, use_cache=False).graph
    assert graph.upstream(["file:second.png"]) == {"file:second.csv"}
