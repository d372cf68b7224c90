"""Which files are found: kinds, git's ignore rules (git itself is the oracle), and what is never opened."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.discovery import MAX_DEPTH, discover, kind_of, read_found
from mllint.errors import UsageError
from mllint.globs import Globs


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def paths(root: Path, *given: Path, exclude: tuple[str, ...] = ()) -> list[str]:
    return [found.path for found in discover(root, given, exclude).found]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.py", "python"), ("n.ipynb", "notebook"), ("dvc.yaml", "yaml"), ("data/x.csv.dvc", "yaml"),
        ("dvc.lock", "yaml"), ("setup.cfg", "ini"), (".dvc/config", "ini"), (".env", "env"), (".env.prod", "env"),
        ("prod.env", "env"), ("q.SQL", "sql"), ("run.sh", "shell"), ("Makefile", "make"), ("common.mk", "make"),
        ("docker/Dockerfile.serve", "docker"), ("Dockerfile.dockerignore", None), ("d.tsv", "csv"),
        ("d.parquet", "parquet"), ("model.R", "r"), ("report.Rmd", "r"), ("J.scala", "scala"),
        ("app.tsx", "javascript"), ("t.html", "html"), ("k.hpp", "cpp"), ("README.md", None), (".gitignore", None),
        ("CODEOWNERS", "owners"), (".github/CODEOWNERS", "owners"), ("src/CODEOWNERS", None),
        ("requirements-dev.txt", "requirements"), ("requirements/base.txt", "requirements"), ("notes.txt", None),
        ("config", None),
    ],
)  # fmt: skip
def test_kind_by_name(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("#!/usr/bin/env python3\n", ["python"]),
        ("#!/usr/bin/env -S PYTHONUNBUFFERED=1 python3.11 -u\n", ["python"]),
        ("#!/bin/bash -e\n", ["shell"]),
        ("#!/usr/bin/perl\n", []),
        ("no shebang", []),
        ("", []),
    ],
)
def test_kind_by_shebang(tmp_path: Path, text: str, kinds: list[str]) -> None:
    write(tmp_path, train=text)
    assert [found.kind for found in discover(tmp_path).found] == kinds


def test_paths_are_sorted_posix_and_the_same_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, **{"b/x.py": "", "a.py": "", "b.py": "", "a/z.py": ""})
    here = discover(tmp_path)
    assert [found.path for found in here.found] == ["a.py", "a/z.py", "b.py", "b/x.py"]
    monkeypatch.chdir(tmp_path / "b")
    assert discover(tmp_path).found == here.found


def test_default_and_own_excludes(tmp_path: Path) -> None:
    write(tmp_path, **{"src/a.py": "", "build/b.py": "", "node_modules/c.js": "", "old/d.py": "", "old/keep/e.py": ""})
    write(tmp_path, **{"myenv/pyvenv.cfg": "", "myenv/lib/f.py": "", ".mllint_cache/g.py": ""})
    assert paths(tmp_path, exclude=("old/*.py",)) == ["old/keep/e.py", "src/a.py"]
    assert paths(tmp_path, exclude=("old", "!build/")) == ["build/b.py", "src/a.py"]


def test_a_file_named_itself_is_read_though_ignored(tmp_path: Path) -> None:
    write(tmp_path, **{".gitignore": "gen/\n", "gen/a.py": "", "gen/b.py": ""})
    assert paths(tmp_path) == []
    assert paths(tmp_path, tmp_path / "gen/a.py") == ["gen/a.py"]
    assert paths(tmp_path, tmp_path / "gen") == ["gen/a.py", "gen/b.py"]
    with pytest.raises(UsageError, match="No such file"):
        discover(tmp_path, (tmp_path / "nothing.py",))
    with pytest.raises(UsageError, match="outside"):
        discover(tmp_path / "gen", (tmp_path / "other.py",))


def test_links_and_special_files_are_counted_and_never_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, **{"secret.py": "canary", ".gitignore": "*.sql"})
    root = tmp_path / "root"
    write(root, **{"good.py": "", "folder/q.sql": ""})
    (root / "link.py").symlink_to(outside / "secret.py")
    (root / "linked").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "dangling.py").symlink_to("nowhere")
    (root / "device.py").symlink_to("/dev/zero")
    (root / "folder/.gitignore").symlink_to(outside / ".gitignore")
    os.mkfifo(root / "fifo.py")
    os.mkfifo(root / "script")
    os.mkfifo(root / ".gitignore")  # opened carelessly, it blocks for ever
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(root)  # the path of a socket is short
        sock.bind("sock.py")
        os.chdir(here)
        result = discover(root)
    assert [found.path for found in result.found] == ["folder/q.sql", "good.py"]
    assert (result.links, result.special) == (6, 4)
    assert discover(root, (root / "link.py", root / "linked" / "secret.py", root / "fifo.py")).found == []


def test_a_file_that_became_a_link_after_it_was_found_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, **{"a.py": "mine", "b.py": "canary"})
    found = discover(tmp_path).found[0]
    (tmp_path / "a.py").unlink()
    (tmp_path / "a.py").symlink_to("b.py")
    with pytest.raises(OSError):  # noqa: PT011
        read_found(tmp_path, found)


def test_deep_folders_end(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(MAX_DEPTH + 5):
        folder = folder / "d"
    folder.mkdir(parents=True)
    write(folder, **{"deep.py": ""})
    write(tmp_path, **{"top.py": ""})
    result = discover(tmp_path)
    assert [found.path for found in result.found] == ["top.py"]
    assert result.too_deep == 1


def test_too_large_is_a_problem_and_counts_as_found(tmp_path: Path) -> None:
    for name, size in (("big.py", 6 << 20), ("big.ipynb", 51 << 20), ("big.csv", 51 << 20)):
        with open(tmp_path / name, "wb") as file:
            file.truncate(size)
    result = discover(tmp_path)
    assert [found.path for found in result.found] == ["big.csv"]
    assert [(p.path, p.code) for p in result.problems] == [("big.ipynb", "ML003"), ("big.py", "ML003")]
    assert result.files_found == 3
    assert len(read_found(tmp_path, result.found[0])) < 1 << 20


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"bad\xff.py"), "wb"):
        pass
    write(tmp_path, **{"good.py": ""})
    result = discover(tmp_path)
    assert [found.path for found in result.found] == ["good.py"]
    assert [(p.path, p.code) for p in result.problems] == [("bad\\xff.py", "ML002")]


# ------------------------------------------------------------------------------------------------ ignore rules

NAMES = ["a", "b", "ab", "a.py", "b.py", ".a.py", "a*b", "[a]", "a b"]
piece = st.sampled_from(
    ["a", "b", "*", "?", "**", "a*", "*b", "*.py", "[ab]", "[!a]", "[^a]*", r"\*", "a[*]b", ".*", "a?b"]
)
pattern = st.builds(
    lambda negated, start, pieces, end: negated + start + "/".join(pieces) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(piece, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "/**"]),
)
ignore_file = st.lists(st.one_of(pattern, st.sampled_from(["", "# comment", r"\#a", r"\!a"])), min_size=1, max_size=5)
trees = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda parts: "/".join(parts) + "/f.py"), max_size=6
)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(["", "a/", "a/b/"]), ignore_file, min_size=1), trees)
def test_ignore_rules_are_git_s(ignores: dict[str, list[str]], files: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for file in [*files, "f.py", "a/b/f.py"]:
            write(root, **{file: ""})
        for prefix, lines in ignores.items():
            write(root, **{prefix + ".gitignore": "\n".join(lines)})
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
        subprocess.run(["git", "init", "-q", folder], env=clean, check=True)
        listed = subprocess.run(
            ["git", "-C", folder, "ls-files", "-z", "--others", "--exclude-standard"],
            env=clean, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        expected = sorted(path for path in listed.split("\0") if path.endswith("/f.py") or path == "f.py")
        assert paths(root) == expected, ignores


def test_a_pattern_cannot_explode() -> None:
    globs = Globs(["*a" * 30 + "b", "/" + "**/*a*a*a*a/" * 20 + "x"])
    for _ in range(100):  # one match that backtracks would take longer than the universe has
        assert not globs.covers("a" * 255)
        assert not globs.covers("/".join(["aaaaaaaaaa"] * 90))


def test_a_hostile_ignore_file_does_not_stop_the_walk(tmp_path: Path) -> None:
    write(tmp_path, **{".gitignore": "[\n[a-\n\\\n!\n/\n//\n***/***\n[z-a]\n" + "x" * 100_000 + "\n\udcff".encode(
        "utf-8", "surrogateescape").decode("latin-1"), "good.py": ""})  # fmt: skip
    assert paths(tmp_path) == ["good.py"]


def test_templates_of_a_helm_chart_are_not_yaml(tmp_path: Path) -> None:
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: eta\n")
    (tmp_path / "chart" / "templates" / "service.yaml").write_text("{{- if .Values.on }}\nkind: Service\n{{- end }}\n")
    assert [found.path for found in discover(tmp_path).found] == ["chart/Chart.yaml"]


def test_markdown_is_told_apart_from_what_is_analysed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Run `python train.py`.\n")
    (tmp_path / "train.py").write_text("")
    found = discover(tmp_path)
    assert [one.path for one in found.found] == ["train.py"]
    assert [one.path for one in found.documents] == ["README.md"]
    assert found.files_found == 1
