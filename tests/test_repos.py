"""The life-like repositories of `fixtures/repos`: exactly the findings that each one's expected-findings.txt names.

A line is `PATH:LINE NAME` (`PATH:CELL:LINE NAME` in a notebook); ` or PATH:LINE` adds a place that is as good.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mllint import session

REPOS = sorted(path for path in (Path(__file__).parent.parent / "fixtures" / "repos").iterdir() if path.is_dir())
RULES = {"ML101", "ML201", "ML401", "ML406", "ML407", "ML701"}


def expected(repo: Path) -> Iterator[tuple[str, list[str]]]:
    """For each line the rule's name and the places at which it may stand, the best one first."""
    for line in (repo / "expected-findings.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            words = line.split()
            yield words[1], [words[0], *words[3::2]]


@pytest.mark.parametrize("repo", REPOS, ids=lambda repo: repo.name)
def test_exactly_the_expected_findings(repo: Path, tmp_path: Path) -> None:
    root = tmp_path / repo.name
    shutil.copytree(repo, root)
    chosen = {"select": sorted(RULES)}  # some of them are in preview
    result = session.check(root, today="2024-06-15", use_cache=False, jobs=1, settings_overrides=chosen)
    assert not result.rule_errors
    assert not result.problems
    left = [
        (finding.name, ":".join(map(str, (part for part in (s.path, s.cell, s.line) if part is not None))))
        for finding in result.findings
        if finding.code in RULES
        for s in [finding.span]
    ]
    missing = []
    for name, places in expected(repo):
        hit = next(((name, place) for place in places if (name, place) in left), None)
        if hit:
            left.remove(hit)
        else:
            missing.append(f"{places[0]} {name}")
    assert (missing, left) == ([], [])


@pytest.mark.parametrize("repo", REPOS, ids=lambda repo: repo.name)
def test_expected_places_exist(repo: Path) -> None:
    for _, places in expected(repo):
        for place in places:
            path, _, line = place.rpartition(":")
            assert (repo / path).read_text("utf-8").splitlines()[int(line) - 1].strip()
