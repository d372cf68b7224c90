"""The whole of mllint as a process on a repository, read from disk."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_cli import mllint

TRAIN = """\
import joblib
import pandas as pd
from sklearn.linear_model import Ridge

df = pd.read_csv("data/trips.csv")
df["trip_km"] = df["trip_m"] / 1000
joblib.dump(Ridge().fit(df[["trip_km"]], df["minutes"]), "eta.joblib")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "trips.csv").write_text("trip_m,minutes\n1000,5\n")
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def test_graph_of_a_script(repository: Path) -> None:
    done = mllint("graph", "--format", "json", "--no-cache", cwd=repository)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    edges = {(edge["source"], edge["target"]) for edge in document["edges"]}
    reached, todo = set(), ["file:data/trips.csv"]
    while todo:
        following = {target for source, target in edges if source == todo[-1]} - reached
        todo.pop()
        reached |= following
        todo += sorted(following)
    assert "file:eta.joblib" in reached
    assert document["coverage"]["files"] == {"found": 2, "read": 2}
    assert document["coverage"]["reads"]["resolved"] == 1


def test_a_bad_file_costs_one_diagnostic(repository: Path) -> None:
    (repository / "bad.py").write_text("def f(:\n")
    done = mllint("--format", "json", "--no-cache", "--today", "2024-06-01", cwd=repository)
    assert done.returncode <= 1
    document = json.loads(done.stdout)
    assert [(error["code"], error["path"]) for error in document["errors"]] == [("ML001", "bad.py")]
    assert document["summary"]["files"] == 3


def test_output_does_not_depend_on_jobs_or_on_where_mllint_runs(repository: Path) -> None:
    words = ["--format", "json", "--no-cache", "--today", "2024-06-01"]
    one = mllint(*words, "--jobs", "1", cwd=repository)
    two = mllint(*words, "--jobs", "2", str(repository), cwd=ROOT, PYTHONHASHSEED="7")
    assert one.stdout == two.stdout
    assert one.returncode == two.returncode <= 1


def test_an_unknown_rule_is_exit_2_with_the_nearest(repository: Path) -> None:
    done = mllint("--select", "unused-supression", cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "unused-suppression" in done.stderr


def test_the_report_of_a_clean_repository(repository: Path) -> None:
    done = mllint("--select", "unused-suppression", "--no-cache", cwd=repository)
    assert done.returncode == 0
    assert done.stdout.startswith("No findings.\nRead 2 of 2 files; resolved 1 of 1 read")


def test_the_wheel_holds_the_pages_of_rules() -> None:
    """What `mllint explain` prints must be installed: the build forces `fixtures/rules` into the pack."""
    import tomllib

    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"fixtures/rules": "mllint_rules/pages"}
    assert (ROOT / "fixtures" / "rules").is_dir()


def test_git_is_not_needed(repository: Path) -> None:
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    (repository / ".git" / "config").write_text("[core]\n\tfsmonitor = touch ran\n")
    mllint("--no-cache", cwd=repository)
    assert not (repository / "ran").exists()


def test_the_setting_says_what_fails_unless_the_option_does(repository: Path) -> None:
    """A comment that suppresses nothing is a note: it fails no run by itself."""
    (repository / "train.py").write_text(TRAIN + "x = 1  # mllint: ignore[unused-suppression] why\n")
    words = ["--select", "unused-suppression", "--no-cache"]
    assert mllint(*words, cwd=repository).returncode == 0
    (repository / "mllint.toml").write_text('fail-on = "info"\n')
    assert mllint(*words, cwd=repository).returncode == 1
    assert mllint(*words, "--fail-on", "warning", cwd=repository).returncode == 0
