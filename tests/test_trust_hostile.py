"""A hundred ways to be too much for a parser, side by side with a good file, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mllint import session
from mllint.facts.file import FileFacts
from mllint.settings import Settings

HERE = Path(__file__).resolve().parent.parent
GOOD = 'import pandas as pd\ndf = pd.read_csv("a.csv")\ndf.to_csv("b.csv")\n'

# what may not be read, with the codes that this may cost; an empty code: it is read
HOSTILE: dict[str, tuple[bytes, set[str]]] = {
    "parentheses.py": (b"x = " + b"(" * 1400 + b"1" + b")" * 1400, {"ML001", "ML004"}),
    "elif.py": (b"if a: pass\n" + b"elif a: pass\n" * 10_000, {"ML004"}),
    "not.py": (b"x = " + b"not " * 10_000 + b"1", {"ML004"}),
    "sum.py": (b"x = 1" + b" + a" * 10_000, {"ML004"}),
    "attributes.py": (b"x = a" + b".b" * 5_000, {"ML004"}),
    "blocks.py": (b"".join(b" " * n + b"if x:\n" for n in range(200)), {"ML001"}),
    "lambda.py": (b"x = " + b"lambda: " * 5_000 + b"1", {"ML004"}),
    "nul.py": (b"x = 1\0", {"ML002"}),
    "latin.py": (b"x = '\xff'", {"ML002"}),
    "surrogate.py": (b'x = "\\ud800"\n', {"", "ML002"}),
    "formfeed.py": (b"\x0cx = 1\r\n\x0cy = 2\r", {""}),
    "bom.py": (b"\xef\xbb\xbfx = 1", {""}),
    "cookie.py": (b"# coding: no-such-thing\n", {"ML001", "ML002"}),
    "bomb.yaml": (b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(20)), {"ML005"}),
    "merge.yaml": (b"a: &a {x: 1}\n" + b"".join(
        b"%c: &%c {<<: [%s]}\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(20)),
        {"", "ML005"}),
    "tag.yaml": (b"!!python/object/apply:os.system [touch PWNED]\n", {"", "ML001"}),
    "deep.yaml": (b"[" * 100_000, {"ML001", "ML004"}),
    "deep.json": (b"[" * 100_000, {"ML001", "ML004"}),
    "deep.toml": (b"a=" + b"[" * 100_000, {"ML001", "ML004"}),
    "deep.ipynb": (b'{"a":' * 50_000, {"ML001", "ML004"}),
    "deep.sql": (b"select " + b"(" * 5_000 + b"1" + b")" * 5_000, {""}),
    "wide.sql": (b"select " + b"a," * 100_000 + b"b from t", {""}),
    "deep.cpp": (b"(" * 100_000, {"", "ML004"}),
    "deep.scala": (b"{" * 100_000, {"", "ML004"}),
    "Deep.java": (b"class A {" * 20_000, {"", "ML004"}),
    "deep.jl": (b"[" * 50_000, {"", "ML004"}),
    "deep.ts": (b"(" * 100_000, {"", "ML004"}),
    "deep.js": (b"`${" * 30_000, {"", "ML004"}),
    "deep.r": (b"(" * 100_000, {"", "ML004"}),
    "deep.html": (b"<div>" * 100_000, {"", "ML004"}),
    "deep.sh": (b"$(" * 20_000, {"", "ML004", "ML001"}),
    "many.sh": (b"if true; then\n" * 5_000, {"", "ML005"}),
    "Makefile": (b"a:\n\t" + b"$(" * 20_000, {"", "ML001"}),
    "Dockerfile": (b"RUN " + b"\\\n" * 50_000, {"", "ML001"}),
    "line.csv": (b"a" * 1_000_000, {""}),
    "short.parquet": (b"PAR1" + b"\xff" * 40 + (36).to_bytes(4, "little") + b"PAR1", {"ML001"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    for name, (data, _) in HOSTILE.items():
        (root / name).write_bytes(data)
    (root / "good.py").write_text(GOOD)
    return root


@pytest.fixture(scope="module")
def facts(tree: Path) -> dict[str, FileFacts]:
    files, _ = session.read_tree(tree, Settings(), jobs=2, use_cache=False)
    return {file.path: file for file in files}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_at_most_one_diagnostic(facts: dict[str, FileFacts], name: str) -> None:
    codes = [problem.code for problem in facts[name].problems]
    assert len(codes) <= 1
    assert set(codes or [""]) <= HOSTILE[name][1], facts[name].problems


def test_the_same_in_this_process(tree: Path, facts: dict[str, FileFacts]) -> None:
    files, _ = session.read_tree(tree, Settings(), jobs=1, use_cache=False)
    assert {file.path: file for file in files} == facts


def test_through_the_command_line_the_good_file_s_lineage_is_there(tree: Path, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE / "rules")]),
        "MLLINT_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "mllint"]
    checked = subprocess.run(
        [*command, "check", "--format", "json", "--today", "2024-01-01", str(tree)],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert checked.returncode in (0, 1), checked.stderr
    errors = json.loads(checked.stdout)["errors"]
    assert len({error["path"] for error in errors}) == len(errors)
    drawn = subprocess.run([*command, "graph", "--format", "json", str(tree)], env=env, capture_output=True, text=True)
    edges = {(edge["source"], edge["target"]) for edge in json.loads(drawn.stdout)["edges"]}
    assert ("file:a.csv", "file:b.csv") in edges
