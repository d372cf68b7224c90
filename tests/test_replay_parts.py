"""Each part of what keeps the last run apart from this one is needed: where it is switched off, there is a change that
is not seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mllint.linker import link
from mllint.linker.python import forecast, replay
from mllint.linker.python.reads import Tracker
from mllint.linker.sql.schema import Schema
from tests.replayed import READ as _READ
from tests.replayed import Case, is_right


@pytest.fixture(autouse=True)
def always_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(forecast, "MOST", 9.0)  # also where it does not pay


def _nothing(*args: Any, **keywords: Any) -> None:
    pass


_PARTS = """from sklearn.model_selection import train_test_split
import pandas as pd
TRAIN, TEST = train_test_split(pd.read_csv("x.csv"))
"""
_FIT = "from parts import TRAIN\nfrom sklearn.preprocessing import StandardScaler\nStandardScaler().fit(TRAIN)\n"
_QUERY = _READ.replace("read_csv", "read_sql").format('"SELECT * FROM t", "sqlite:///x.db"', "b.csv")
_DEFINE = 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t (k int, m int)")\n'

# what is switched off, where, what stands for it, and a change that is then not seen
PARTS: dict[str, tuple[Any, str, Callable[..., Any], Case]] = {
    "a module that a module imports": (
        Tracker, "version", lambda self, unit: unit.own(),
        Case({"a.py": "import names\nprint(names)\n", "names.py": "from other import ONE\n",
              "other.py": 'ONE = "one.csv"\n', "b.py": "from names import ONE\n" + _READ.format("ONE", "b.csv")},
             {"other.py": 'ONE = "two.csv"\n'}),
    ),
    "who changed an object": (
        Tracker, "_changed", _nothing,
        Case({"names.py": "PATHS = {}\n", "a.py": 'from names import PATHS\nPATHS["x"] = "one.csv"\n',
              "b.py": "from names import PATHS\n" + _READ.format('PATHS["x"]', "b.csv")},
             {"a.py": 'from names import PATHS\nPATHS["x"] = "two.csv"\n'}),
    ),
    "whoever changes an object runs": (
        Tracker, "_changed", _nothing,
        Case({"names.py": "PATHS = {}\n", 
              "a.py": 'from names import PATHS\nPATHS["x"] = "one.csv"\n' + _READ.format('"z.csv"', "a.csv"),
              "b.py": "print()\n"},
             {"b.py": "from names import PATHS\n" + _READ.format('PATHS["x"]', "b.csv")}),
    ),
    "routes": (
        Tracker, "says", _nothing,
        Case({"a.py": 'from fastapi import FastAPI\nimport pandas as pd\napp = FastAPI()\n@app.get("/x")\n'
                      'def x(k: int):\n    return k\npd.read_csv("x.csv")\n',
              "b.py": "print()\n", "Makefile": "all:\n\tpython a.py\n"},
             {"b.py": "print(1)\n"}),
    ),
    "the application of a handler": (
        Tracker, "touch_made", _nothing,
        Case({"names.py": "import pandas as pd\ndef x(request):\n    return pd.read_csv(request.app.state.path)\n",
              "a.py": "from fastapi import FastAPI\nfrom names import x\napp = FastAPI()\n"
                      'app.state.path = "one.csv"\napp.get("/x")(x)\n'},
             {"a.py": "from fastapi import FastAPI\nfrom names import x\napp = FastAPI()\n"
                      'app.state.path = "two.csv"\napp.get("/x")(x)\n'}),
    ),
    "what is started": (
        Tracker, "everything", _nothing,
        Case({"a.py": 'import subprocess\nsubprocess.run(["python", "c.py", "two.csv"])\n', "b.py": "print()\n",
              "c.py": "import sys\n" + _READ.format("sys.argv[1]", "c.csv")},
             {"b.py": "print(1)\n"}),
    ),
    "the order of fits": (
        replay, "_later", lambda record, by: record,
        Case({"parts.py": _PARTS, "a.py": _FIT, "b.py": _FIT, "c.py": _FIT},
             {"b.py": _FIT + "StandardScaler(with_mean=False).fit(TRAIN)\n"}),
    ),
    "how many fits there were": (
        replay, "_later", lambda record, by: record,
        Case({"parts.py": _PARTS, "a.py": _FIT + "print()\n", "b.py": _FIT, "c.py": _FIT},
             {"a.py": _FIT + "StandardScaler(with_mean=False).fit(TRAIN)\n"}),
    ),
    "the calls in which a module is loaded": (
        replay, "_load_again",
        lambda m, path, load: _LOAD_AGAIN(m, path, msgspec.structs.replace(load, calls=())),
        Case({"a.py": "def begin():\n    import parts\n    print(parts)\nbegin()\n", "b.py": "print()\n",
              "parts.py": _PARTS},
             {"b.py": _FIT}),
    ),
    "the rounds in which a module is loaded": (
        replay, "_load_again",
        lambda m, path, load: _LOAD_AGAIN(m, path, msgspec.structs.replace(load, rounds=())),
        Case({"a.py": "for _ in [1]:\n    import parts\n    print(parts)\n", "b.py": "print()\n", "parts.py": _PARTS},
             {"b.py": _FIT}),
    ),
    "who is the first to ask": (
        replay, "_asks_first", lambda tracker, saying: True,
        Case({"a.py": _DEFINE, "b.py": _QUERY}, {"a.py": _DEFINE.replace(", m int", "")}),
    ),
    "which files there are": (
        link, "common", lambda *args: b"",
        Case({"work/a.py": _READ.format('"data/x.csv"', "a.csv")}, {"work/data/x.csv": "k\n1\n"}),
    ),
    "settings": (
        link, "common", lambda *args: b"",
        Case({"a.py": _READ.replace("read_csv", "read_sql").format("'SELECT \"k\" FROM t', \"db\"", "a.csv"),
              "mllint.toml": 'sql-dialect = "postgres"\n'},
             {"mllint.toml": 'sql-dialect = "mysql"\n'}),
    ),
    "the repository's own models": (
        link, "common", lambda *args: b"",
        Case({"a.py": 'import ours\nimport pandas as pd\nours.put(pd.read_csv("x.csv"), "y.csv")\n',
              "mllint.toml": 'library-models = ["own.yaml"]\n',
              "own.yaml": "library: ours\nimports: [ours]\ncalls:\n"
                          "  put: {parameters: [data, name], writes: {file: name, value: data}}\n"},
             {"own.yaml": "library: ours\nimports: [ours]\ncalls:\n"
                          "  put: {parameters: [data, name], reads: {file: name}}\n"}),
    ),
}  # fmt: skip
_LOAD_AGAIN = replay._load_again


@pytest.mark.parametrize("part", PARTS)
def test_a_change_is_seen_through_each_part(tmp_path: Path, part: str) -> None:
    assert is_right(tmp_path / "r", PARTS[part][3])


@pytest.mark.parametrize("part", PARTS)
def test_without_the_part_it_would_not_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    where, name, instead, case = PARTS[part]
    monkeypatch.setattr(where, name, instead)
    assert not is_right(tmp_path / "r", case)


def test_that_a_name_stands_for_itself_is_part_of_the_state_of_the_schema() -> None:
    schema = Schema({"raw.t": ["k"]})
    before = schema.state()
    assert schema.columns("t") == ("k",)
    schema.distinct.add("t")
    assert schema.columns("t") is None
    assert schema.state() != before
