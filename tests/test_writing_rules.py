"""The rule pack of docs/writing-rules.md: built and installed as a third party would, beside mllint's own wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mllint.pages import fence_after
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "writing-rules.md"
pytestmark = pytest.mark.slow


def files_of(page: str) -> dict[str, str]:
    """The fenced blocks of a page that follow the name of a file."""
    found: dict[str, list[str]] = {}
    name, fence = "", ""
    for line in page.splitlines():
        before, fence = fence, fence_after(line, fence)
        if before and fence and name:
            found[name].append(line)
        elif before and not fence:
            name = ""
        elif not before and fence and name:
            found[name] = []
        elif not fence and (hit := re.fullmatch(r"`([^`]+)`:", line)):
            name = hit[1]
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


def call(*command: str | Path, cwd: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_", "MLLINT"))}
    paths = {"PYTHONPATH": str(site)} if site else {}
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env={**kept, **paths}, capture_output=True, text=True
    )


def pip(*arguments: str | Path, cwd: Path) -> None:
    done = call("-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    for name, text in files_of(PAGE.read_text("utf-8")).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def site(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both wheels, installed into a folder of their own. What they need comes from the running environment."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    offline: Sequence[str] = ("--no-build-isolation", "--no-deps", "--no-index")
    pip("wheel", *offline, "--wheel-dir", wheels, ROOT, pack, cwd=wheels)
    built = sorted(wheels.glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in built] == ["acme_mllint_rules", "mllint_lineage"]
    pip("install", "--no-deps", "--no-index", "--target", target, *built, cwd=wheels)
    return target


@pytest.fixture
def repo(tmp_path: Path, pack: Path) -> Path:
    """The case of the pack's own page."""
    for name, text in files_of((pack / "acme_mllint_rules" / "pages" / "csv-handover.md").read_text("utf-8")).items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_its_rule_fires(site: Path, repo: Path) -> None:
    where = call(
        "-c", "import mllint, mllint_rules; print(mllint.__file__, mllint_rules.__file__)", cwd=repo, site=site
    )
    assert where.stdout.count(str(site)) == 2
    done = call("-m", "mllint", repo, "--no-cache", "--format", "concise", cwd=repo, site=site)
    assert done.returncode == 1, done.stderr
    assert "prepare.py:3:1: ACME101 csv-handover: `rows.csv` hands data to `train.py` as CSV" in done.stdout
    assert "rule pack" not in done.stderr


def test_it_is_selected_ignored_and_configured_like_any_other(site: Path, repo: Path) -> None:
    def found(*options: str) -> bool:
        done = call("-m", "mllint", repo, "--no-cache", "--format", "concise", *options, cwd=repo, site=site)
        assert done.returncode in (0, 1), done.stderr
        return "ACME101" in done.stdout

    assert found("--select", "ACME101")
    assert not found("--ignore", "csv-handover")
    (repo / "mllint.toml").write_text('[rules.csv-handover]\nallow = ["rows.csv"]\n')
    assert not found()


def test_it_is_listed_and_explained(site: Path, repo: Path) -> None:
    listed = call("-m", "mllint", "rules", cwd=repo, site=site).stdout
    assert re.search(r"^ACME101\s+csv-handover\s+warning\s+stable\s+one job writes a CSV", listed, re.M)
    assert "ML701" in listed
    told = call("-m", "mllint", "explain", "csv-handover", cwd=repo, site=site).stdout
    assert told.startswith("ACME101 csv-handover (warning, stable)\n")
    assert "Option `allow`" in told
    assert "CSV holds neither types nor time zones" in told
    assert '.to_csv("rows.csv")' in told


def test_its_own_tests_pass(site: Path, pack: Path) -> None:
    done = call("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=pack, site=site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
