"""Each way in which one entry point learns of another: a change that reaches it in that way alone is seen. And each of
these tests can fail: where just that is no longer noted, what is taken from the last run is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mllint.libraries.models import Library
from mllint.lineage.declarations import Declarations
from mllint.linker.project import Project
from mllint.linker.python import forecast, machine, replay
from mllint.linker.python.machine import Machine
from mllint.linker.python.reads import Tracker
from mllint.linker.sql.schema import Schema
from mllint.settings import Settings
from tests.replayed import READ as _READ
from tests.replayed import Case, is_right

Files = dict[str, str]
_LONG = "\n".join(f"    number{n} = {n} + {n} * {n} - {n}" for n in range(40))


READS = {
    "file": Case(
        {"a.py": 'import yaml\nimport pandas as pd\npd.read_csv(yaml.safe_load(open("c.yaml"))["x"]).to_csv("a.csv")\n',
         "c.yaml": "x: one.csv\n"},
        {"c.yaml": "x: two.csv\n"},
    ),
    "unit": Case(
        {"a.py": "import names\nprint(names)\n", "names.py": 'ONE = "one.csv"\n',
         "b.py": "from names import ONE\n" + _READ.format("ONE", "b.csv")},
        {"names.py": 'ONE = "two.csv"\n'},
    ),
    "node": Case(
        {"a.py": 'import joblib\njoblib.dump({"x": "one.csv"}, "a.joblib")\n',
         "b.py": _READ.format('joblib.load("a.joblib")["x"]', "b.csv").replace("import", "import joblib\nimport", 1)},
        {"a.py": 'import joblib\njoblib.dump({"x": "two.csv"}, "a.joblib")\n'},
    ),
    "query": Case(
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t AS SELECT k, m FROM r")\n',
         "b.py": 'import sqlite3\nimport pandas as pd\n'
                 'pd.read_sql("SELECT * FROM t", sqlite3.connect("x.db")).to_csv("b.csv")\n',
         "c.py": 'import sqlite3\nimport pandas as pd\n'
                 'pd.read_sql("SELECT * FROM t", sqlite3.connect("x.db")).to_csv("c.csv")\n'},
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t AS SELECT k FROM r")\n'},
    ),
    "schema": Case(
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t (k int, m int)")\n',
         "b.py": _READ.replace("read_csv", "read_sql").format('"t", "sqlite:///x.db"', "b.csv")},
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t (k int)")\n'},
    ),
    "sqltext": Case(
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("INSERT INTO t SELECT k FROM r")\n',
         "f.sql": "INSERT  INTO t SELECT k FROM r"},
        {"f.sql": "INSERT INTO t SELECT k FROM r"},
    ),
    "budget": Case(
        {"a.py": "import pandas as pd\ndef f():\n" + 'pd.read_csv("a.csv").to_csv("b.csv")\n'.rjust(41),
         "b.py": 'import pandas as pd\ndef name():\n    return "c.csv"\n'
                 'class G:\n    def f(self):\n        pd.read_csv(name()).to_csv("d.csv")\n'},
        {"a.py": "import pandas as pd\ndef f():\n" + _LONG + '\n    pd.read_csv("a.csv").to_csv("b.csv")\n'},
    ),
    "relevant": Case(
        {"a.py": f'import pandas as pd\ndef name():\n{_LONG}\n    return "one.csv"\n'
                 'def f():\n    pd.read_csv(name()).to_csv("a.csv")\n',
         "b.py": "def name():\n    pass\n"},
        {"b.py": 'import pandas as pd\ndef name():\n    pd.read_csv("b.csv")\n'},
    ),
    "located": Case(
        {"Makefile": "first:\n\tcd work && python one.py\n",
         "work/one.py": _READ.format('"data/x.csv"', "y.csv"),
         "work/two.py": _READ.format('"data/x.csv"', "z.csv")},
        {"work/one.py": _READ.format('"data/v.csv"', "y.csv")},
    ),
    "predictors": Case(
        {"a.py": 'import joblib\nimport pandas as pd\njoblib.load("a.joblib").predict(pd.read_csv("x.csv"))\n',
         "b.py": "from scores import score\nimport pandas as pd\ndef main():\n"
                 '    got = score(pd.read_csv("y.csv"))\n    print(got)\nmain()\n',
         "scores.py": "import joblib\ndef score(rows):\n"
                      '    rows = joblib.load("a.joblib").transform(rows)\n'
                      '    return joblib.load("m.joblib").predict(rows)\n'},
        {"a.py": 'import joblib\nimport pandas as pd\njoblib.load("a.joblib")\npd.read_csv("x.csv")\n'},
    ),
    "called": Case(
        {"a.py": "import pandas as pd\nfrom b import save\ndef begin():\n    save(pd.read_csv('a.csv'))\n",
         "b.py": "import pandas as pd\ndef save(rows):\n    rows.to_csv('b.csv')\npd.read_csv('c.csv')\n"},
        {"a.py": "import pandas as pd\nfrom b import save\ndef begin():\n    print(pd.read_csv('a.csv'))\n"},
    ),
}  # fmt: skip

SAYINGS = {
    "called": Case(
        {"a.py": 'from names import write\nwrite("a.csv")\n',
         "b.py": "print()\n",
         "names.py": 'import pandas as pd\ndef write(path="z.csv"):\n    pd.read_csv("x.csv").to_csv(path)\n'},
        {"b.py": "print(1)\n"},
    ),
    "located": Case(
        {"Makefile": "first:\n\tcd work && python one.py\n",
         "work/one.py": _READ.format('"data/x.csv"', "y.csv"),
         "work/two.py": _READ.format('"data/x.csv"', "z.csv")},
        {"work/two.py": _READ.format('"data/x.csv"', "v.csv")},
    ),
    "imports": Case(
        {"a.py": "from package.names import ONE\n" + _READ.format("ONE", "a.csv"), "b.py": "print()\n",
         "package/names.py": 'ONE = "one.csv"\n', "package/__init__.py": ""},
        {"b.py": "print(1)\n"},
    ),
    "branches": Case(
        {"a.py": 'import yaml\nimport pandas as pd\nif yaml.safe_load(open("c.yaml"))["x"] == "one":\n'
                 '    pd.read_csv("one.csv").to_csv("a.csv")\nelse:\n    pd.read_csv("two.csv").to_csv("a.csv")\n',
         "b.py": "print()\n", "c.yaml": "x: one\n"},
        {"b.py": "print(1)\n"},
    ),
    "written": Case(
        {"a.py": 'import joblib\njoblib.dump({"x": "one.csv"}, "a.joblib")\n', "b.py": "print()\n"},
        {"b.py": "import joblib\n" + _READ.format('joblib.load("a.joblib")["x"]', "b.csv")},
    ),
    "taken": Case(
        {"a.py": 'import sqlite3\nimport string\ntext = string.Template(open("f.sql").read()).substitute(name="t")\n'
                 'sqlite3.connect("x.db").execute(text)\n',
         "b.py": "print()\n", "f.sql": "INSERT INTO all_${name} SELECT k FROM r"},
        {"b.py": "print(1)\n"},
    ),
    "queries": Case(
        {"a.py": 'import sqlite3\nsqlite3.connect("x.db").execute("CREATE TABLE t (k int, m int)")\n',
         "b.py": "print()\n"},
        {"b.py": _READ.replace("read_csv", "read_sql").format('"t", "sqlite:///x.db"', "b.csv")},
    ),
    "loads": Case(
        {"a.py": "def begin():\n    import parts\n    print(parts)\nbegin()\n", "b.py": "print()\n",
         "parts.py": "from sklearn.model_selection import train_test_split\nimport pandas as pd\n"
                     'TRAIN, TEST = train_test_split(pd.read_csv("x.csv"))\n'},
        {"b.py": "from parts import TRAIN\nfrom sklearn.preprocessing import StandardScaler\n"
                 "StandardScaler().fit(TRAIN)\n"},
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def always_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(forecast, "MOST", 9.0)  # also where it does not pay


def limit(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "budget":
        monkeypatch.setattr(machine, "MOST_SPENT", -1)  # lines are counted on top of it


@pytest.mark.parametrize("kind", READS)
def test_a_change_is_seen_by_whoever_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    limit(kind, monkeypatch)
    assert is_right(tmp_path / "r", READS[kind])


@pytest.mark.parametrize("kind", READS)
def test_without_noting_the_read_it_would_not_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def read(self: Tracker, key: str, value: bytes) -> None:
        if not key.startswith(f"{kind}:"):
            real(self, key, value)

    limit(kind, monkeypatch)
    real = Tracker.read
    monkeypatch.setattr(Tracker, "read", read)
    if kind == "unit":
        monkeypatch.setattr(Tracker, "_touch", lambda self, unit: None)
    assert not is_right(tmp_path / "r", READS[kind])


@pytest.mark.parametrize("kind", SAYINGS)
def test_what_an_entry_point_told_others_is_told_again(tmp_path: Path, kind: str) -> None:
    assert is_right(tmp_path / "r", SAYINGS[kind])


@pytest.mark.parametrize("kind", SAYINGS)
def test_without_telling_it_again_it_would_be_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def forgetful(m: Machine, name: str, path: str, trace: Any, unit: Any) -> None:
        getattr(trace.saying, kind).clear()
        real(m, name, path, trace, unit)

    real = replay._replay
    monkeypatch.setattr(replay, "_replay", forgetful)
    assert not is_right(tmp_path / "r", SAYINGS[kind])


@pytest.mark.parametrize("kind", ["called", "located", "predictors", "required"])
def test_what_is_asked_of_a_set_that_grows_is_noted(kind: str) -> None:
    m = Machine(Project([], Settings(), Declarations()), Library([]), Schema())
    item: Any = ("a.py", 7) if kind == "called" else "a"
    with m.tracker.running("a.py", b"") as unit:
        assert item not in getattr(m, kind)
    (key,) = unit.reads
    assert replay._now(m, key) == unit.reads[key]
    with m.tracker.running("b.py", b"") as unit:
        getattr(m, kind).add(item)
        assert item in getattr(m, kind)
    assert not unit.reads  # it was the entry point itself that added it
    with m.tracker.running("a.py", b"") as unit:
        assert item in getattr(m, kind)
    assert replay._now(m, key) == unit.reads[key]
