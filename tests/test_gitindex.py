"""The index of git as it is: read by us, listed by git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllint import gitindex
from mllint.discovery import discover

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
FILES = ["a.py", "out/b.py", "out/deep/c.py", "out/d.pkl", "out/deep/e.csv", "x" * 90 + ".py", "ü/f g.py"]


def git(root: Path, *words: str) -> str:
    clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    done = subprocess.run(["git", "-C", str(root), *words], env=clean, check=True, capture_output=True, text=True)
    return done.stdout


def repository(root: Path) -> Path:
    for file in FILES:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("x = 1\n")
    (root / ".gitignore").write_text("out/\n*.csv\n")
    git(root, "init", "-q")
    return root


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_what_git_lists_is_tracked(tmp_path: Path, version: str) -> None:
    root = repository(tmp_path)
    git(root, "add", "-f", *FILES)
    git(root, "update-index", "--index-version", version)
    if version == "3":
        (root / "later.py").write_text("")
        git(root, "add", "--intent-to-add", "later.py")  # such an entry has more flags
    assert gitindex.tracked(root) == set(git(root, "ls-files", "-z").split("\0")) - {""}


def test_ignored_files_that_git_tracks_are_read_and_others_are_not(tmp_path: Path) -> None:
    root = repository(tmp_path)
    git(root, "add", "-f", "a.py", "out/deep/c.py", "out/d.pkl")
    result = discover(root)
    assert [found.path for found in result.found if found.path.startswith("out")] == ["out/deep/c.py"]
    assert [path for path in result.others if path.startswith("out")] == ["out/d.pkl"]


def test_without_an_index_gitignore_decides(tmp_path: Path) -> None:
    root = repository(tmp_path)
    assert not [found.path for found in discover(root).found if found.path.startswith("out")]


@given(st.binary(max_size=200), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_any_bytes_are_no_danger(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, version: int, count: int
) -> None:
    root = tmp_path_factory.mktemp("repository")
    (root / ".git").mkdir()
    (root / ".git" / "index").write_bytes(b"DIRC" + version.to_bytes(4, "big") + count.to_bytes(4, "big") + body)
    assert isinstance(gitindex.tracked(root), frozenset)
