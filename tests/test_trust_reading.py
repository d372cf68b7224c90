"""Reading a stranger's tree runs nothing of it, writes nothing into it, and opens no socket: an audit hook watches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent.parent

WATCH = """
import json, os, sys
root, cache, jobs = os.getcwd(), sys.argv[1], int(sys.argv[2])
seen = []

def inside(path):
    return isinstance(path, (str, bytes)) and os.path.abspath(os.fsdecode(path)).startswith(root + os.sep)

def hook(event, args):
    if event.startswith(("socket.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.", "shutil.")):
        seen.append([event])
    elif event == "exec" and inside(args[0].co_filename):
        seen.append([event, args[0].co_filename])
    elif event == "import" and inside(args[1]):
        seen.append([event, args[1]])
    elif event == "subprocess.Popen" and args[0] != sys.executable:
        seen.append([event, str(args[0])])
    elif event == "open" and isinstance(args[0], (str, bytes)):
        writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        path = os.fsdecode(args[0])
        if writes and path != os.devnull and not os.path.abspath(path).startswith(cache):
            seen.append([event, path])
    elif event in {f"os.{deed}" for deed in ("remove", "rename", "mkdir", "rmdir", "chmod", "link", "symlink")}:
        if not os.path.abspath(os.fsdecode(args[0])).startswith(cache):
            seen.append([event, str(args[0])])

import mllint.session
sys.addaudithook(hook)
from pathlib import Path
from mllint.selection import load_rules
from mllint.settings import load
for _ in range(2):
    files, _ = mllint.session.read_tree(Path(root), load(Path(root)), jobs, True)
    mllint.session.load_declarations(Path(root))
    load_rules(Path(root))
print(json.dumps([seen, sorted(f.path for f in files)]))
"""


def hostile(root: Path) -> None:
    trap = f"open({str(root / 'PWNED')!r}, 'w').close()\n"
    names = (
        "conftest", "sitecustomize", "usercustomize", "setup", "yaml", "json", "msgspec", "sqlglot", "tokenize", "csv",
        "mllint_rules", "evil", "platformdirs", "pyarrow",
    )  # fmt: skip
    for name in names:
        (root / f"{name}.py").write_text(trap)
    (root / "big.sql").write_text("select 1;\n" * 50_000)  # so that workers start
    (root / "data.csv").write_text("a,b\n1,2\n")
    (root / "pyproject.toml").write_text(
        '[tool.mllint]\nselect = ["evil"]\n[project.entry-points."mllint.rules"]\nevil = "evil:RULES"\n'
    )
    info = root / "evil.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mllint.rules]\nevil = evil:RULES\n")
    (root / ".env").write_text(f"PYTHONPATH={root}\n")
    (root / "CODEOWNERS").write_text("* @all\n")
    (root / "run").write_text(f"#!/bin/sh\ntouch {root}/PWNED\n")
    (root / "run").chmod(0o755)


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_of_the_tree_runs_and_nothing_is_written(tmp_path: Path, jobs: int) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    hostile(root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    cache = tmp_path / "cache"
    script = tmp_path / "watch.py"
    script.write_text(WATCH)
    paths = os.pathsep.join([str(HERE), str(HERE / "rules")])
    env = {**os.environ, "PYTHONPATH": paths, "MLLINT_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(script), str(cache), str(jobs)], cwd=root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen: list[Any]
    seen, files = json.loads(done.stdout)
    assert seen == []
    assert {"big.sql", "data.csv", "evil.py", "run"} <= set(files)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert list(cache.glob("*.pack"))


def test_the_watch_sees(tmp_path: Path) -> None:
    """The hook above is worth something only if it would have noticed."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "evil.py").write_text("x = 1")
    script = tmp_path / "watch.py"
    deeds = (
        "import socket; socket.socket(); sys.path.insert(0, root); import evil; open('made', 'w'); os.remove('made')\n"
    )
    script.write_text(WATCH.replace("for _ in range(2):", deeds + "for _ in range(1):"))
    env = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "MLLINT_CACHE_DIR": str(tmp_path / "c"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "c"), "1"], cwd=root, env=env, capture_output=True, text=True
    )
    kinds = {event[0] for event in json.loads(done.stdout)[0]}
    assert {"socket.__new__", "exec", "open", "os.remove"} <= kinds


DIGEST = """
import sys
from hashlib import blake2b
from pathlib import Path
from mllint.facts.file import encode
from mllint.session import read_tree
from mllint.settings import Settings
files, found = read_tree(Path(sys.argv[1]), Settings(), int(sys.argv[2]), sys.argv[3] == "cache")
print(blake2b(b"".join(map(encode, files))).hexdigest(), found.links, [str(p) for p in found.problems])
"""


def test_facts_are_the_same_whatever_the_hash_seed_jobs_folder_and_cache(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    hostile(root)
    outputs = set()
    runs = [
        ("0", "1", "cache", tmp_path), ("1", "2", "cache", root),
        ("2", "3", "none", Path("/")), ("3", "1", "none", root),
    ]  # fmt: skip
    for seed, jobs, cached, here in runs:
        paths = os.pathsep.join([str(HERE), str(HERE / "rules")])
        cache = str(tmp_path / "cache")
        env = {
            **os.environ,
            "PYTHONPATH": paths,
            "MLLINT_CACHE_DIR": cache,
            "PYTHONHASHSEED": seed,
            "PYTHONSAFEPATH": "1",
        }
        command = [sys.executable, "-c", DIGEST, os.path.relpath(root, here), jobs, cached]
        outputs.add(subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, check=True).stdout)
    assert len(outputs) == 1
