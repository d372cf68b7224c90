"""What entry points tell of models in use is told again where they are not interpreted: a run with the last one at hand
finds what a run without it finds. ML602, ML604, ML702 and ML704 rest on that alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mllint import session
from mllint.linker.python import entries, forecast, replay
from mllint.linker.python.library import watching
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.records import Record
from tests.replayed import Case, is_right, said, write

RULES = ("ML602", "ML604", "ML702", "ML704")
FILES = {
    "reading.py": 'import pandas as pd\ndef load():\n    df = pd.read_csv("trips.csv")\n    return df\n',
    "train.py": """import joblib
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from reading import load
def main():
    df = load()
    scaled = StandardScaler().fit_transform(df[["km", "hour"]])
    joblib.dump(Ridge().fit(scaled, df["minutes"]), "eta.joblib")
main()
""",
    "scaling.py": """from sklearn.preprocessing import StandardScaler
def scale(rows):
    return StandardScaler().fit_transform(rows)
""",
    "score.py": """import joblib
import pandas as pd
from scaling import scale
joblib.load("eta.joblib").predict(scale(pd.read_csv("week.csv")[["km", "hour"]]))
""",
    "fares.py": """import joblib
import pandas as pd
from sklearn.linear_model import Ridge
from names import NAMES
df = pd.read_csv("fares.csv")
joblib.dump(Ridge().fit(df[NAMES], df["fare"]), "fare.joblib")
""",
    "names.py": 'NAMES = ["km", "zone"]\n',
    "bill.py": """import joblib
import pandas as pd
joblib.load("fare.joblib").predict(pd.read_csv("bills.csv")[["km"]])
""",
    "keeping.py": "import logging\nlogger = logging.getLogger()\ndef keep(answer):\n    return answer\n",
    "limit.py": "LIMIT = 0.8\n",
    "app.py": """import joblib
from fastapi import FastAPI
from keeping import keep
app = FastAPI()
model = joblib.load("fare.joblib")
@app.post("/fare")
def fare(km: float, zone: float):
    return keep(model.predict([[km, zone]])[0])
""",
    "risk.py": """import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
df = pd.read_csv("risks.csv")
joblib.dump(LogisticRegression().fit(df[["km"]], df["fraud"]), "risk.joblib")
""",
    "block.py": """import joblib
import pandas as pd
from limit import LIMIT
orders = pd.read_csv("orders.csv")
orders["risk"] = joblib.load("risk.joblib").predict_proba(orders[["km"]])[:, 1]
orders["blocked"] = orders["risk"] > LIMIT
orders.to_csv("blocked.csv")
""",
    "b.py": "print()\n",
}
EDITS = {  # what one file becomes, and of which rules the findings are then others
    "a check where data are read": (
        "reading.py", FILES["reading.py"].replace("return", 'assert df["km"].ge(0).all()\n    return'), {"ML604"}
    ),
    "a check in the training": (
        "train.py", FILES["train.py"].replace("    scaled", '    assert df["km"].ge(0).all()\n    scaled'), {"ML604"}
    ),
    "no fit in a helper of serving": ("scaling.py", "def scale(rows):\n    return rows\n", {"ML704"}),
    "no fit in training": (
        "train.py", FILES["train.py"].replace("StandardScaler().fit_transform(df", "(df"), {"ML704"}
    ),
    "the features of a fit": ("names.py", 'NAMES = ["km"]\n', {"ML702"}),
    "the features of a predict call": ("bill.py", FILES["bill.py"].replace('"km"', '"km", "zone"'), {"ML702"}),
    "a log in a helper of a route": (
        "keeping.py", FILES["keeping.py"].replace("return", "logger.info(answer)\n    return"), {"ML602"}
    ),
    "a log in a route": ("app.py", FILES["app.py"].replace("    return", "    print(km)\n    return"), {"ML602"}),
    "the path of a route": ("app.py", FILES["app.py"].replace('"/fare"', '"/price"'), {"ML602"}),
    "another limit": ("limit.py", "LIMIT = 0.9\n", set()),
    "what concerns none of them": ("b.py", "print(1)\n", set()),
}  # fmt: skip


@pytest.fixture(autouse=True)
def always_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(forecast, "MOST", 9.0)  # also where it does not pay


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "r", FILES)
    return tmp_path / "r"


def found(root: Path) -> dict[str, list[str]]:
    """The findings of each rule, without the cache."""
    findings = session.check(root, jobs=1, use_cache=False, preview=True, today="2024-01-01").findings
    return {code: [f"{f.span.path}:{f.message}" for f in findings if f.code == code] for code in (*RULES, "ML601")}


def test_every_one_of_the_rules_finds_something_to_lose(root: Path) -> None:
    assert all(found(root).values())


def test_a_warm_run_finds_what_a_cold_run_finds(root: Path) -> None:
    cold = said(root, use_cache=True)
    assert said(root, use_cache=True) == cold == said(root, use_cache=False)


@pytest.mark.parametrize("edit", EDITS)
def test_after_one_file_changed_the_findings_are_those_of_a_cold_run(
    root: Path, edit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, text, concerned = EDITS[edit]
    assert text != FILES[path]
    said(root, use_cache=True)
    before = found(root)
    (root / path).write_text(text)
    interpreted: list[str] = []
    real = entries._interpret

    def noting(m: Machine, entry: entries.Entry) -> None:
        interpreted.append(entry.path)
        real(m, entry)

    monkeypatch.setattr(entries, "_interpret", noting)
    warm = said(root, use_cache=True)
    replayed = {path for path in FILES if path.endswith(".py")} - set(interpreted)
    assert warm == said(root, use_cache=False)
    after = found(root)
    assert {code for code in RULES if before[code] != after[code]} == concerned
    assert replayed & {"train.py", "score.py", "bill.py", "block.py"}  # some of those that say something were not run


@pytest.mark.parametrize("kind", ["intakes", "outputs", "cuts", "acts", "data_checks"])
def test_what_is_not_told_again_is_missed(root: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def forgetful(record: Record, by: int) -> Record:
        getattr(record, kind).clear()
        return real(record, by)

    real = replay._later
    checked = FILES["train.py"].replace("    scaled", '    assert df["km"].ge(0).all()\n    scaled')
    case = Case({**FILES, "train.py": checked}, {"b.py": "print(1)\n"})
    assert is_right(root, case)
    monkeypatch.setattr(replay, "_later", forgetful)
    assert not is_right(root.parent / "other", case)


def test_what_watches_a_route_is_told_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler is replayed, though the script that registers its route is not."""
    case = Case({**FILES, "app.py": EDITS["a log in a route"][1]}, {"b.py": "print(1)\n"})
    assert is_right(root, case)
    real = replay._later

    def forgetful(record: Record, by: int) -> Record:
        record.watches.clear()
        return real(record, by)

    monkeypatch.setattr(replay, "_later", forgetful)
    assert not is_right(root.parent / "other", case)


_FIT = (
    'import pandas as pd\nfrom sklearn.linear_model import Ridge\ndf = pd.read_csv("x.csv")\nRidge().fit(df[["k"]])\n'
)


def test_checks_move_along_with_the_fits_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = _FIT.replace("Ridge()", "assert (df.k > 0).all()\nRidge()")
    case = Case({"a.py": _FIT, "c.py": checked}, {"a.py": _FIT + "Ridge().fit(df)\n"})
    assert is_right(tmp_path / "r", case)
    real = replay._later

    def unmoved(record: Record, by: int) -> Record:
        checks = dict(record.data_checks)
        return msgspec.structs.replace(real(record, by), data_checks=checks)

    monkeypatch.setattr(replay, "_later", unmoved)
    assert not is_right(tmp_path / "other", case)


_PARTS = """import joblib
import pandas as pd
from sklearn.preprocessing import StandardScaler
SCALER = StandardScaler().fit(pd.read_csv("x.csv")[["km"]])
RISK = joblib.load("risk.joblib").predict_proba(pd.read_csv("orders.csv")[["km"]])[:, 1]
"""
_USE = """import joblib
import pandas as pd
from parts import SCALER, RISK
joblib.load("risk.joblib").predict(SCALER.transform(pd.read_csv("w.csv")[["km"]]))
pd.DataFrame({"blocked": RISK > 0.8}).to_csv("blocked.csv")
"""


@pytest.mark.parametrize(
    "edit",
    [{"a.py": "print()\n"}, {"parts.py": _PARTS.replace("km", "miles")}, {"c.py": _USE.replace("w.csv", "v.csv")}],
    ids=["who loads a module first", "the module", "who uses it"],
)
def test_fits_and_predictions_of_a_module_are_those_of_whoever_loads_it(tmp_path: Path, edit: dict[str, str]) -> None:
    files = {"risk.py": FILES["risk.py"], "parts.py": _PARTS, "a.py": "import parts\nprint(parts)\n", "c.py": _USE}
    assert is_right(tmp_path / "r", Case(files, edit))


def test_what_is_served_follows_where_its_router_is_put(tmp_path: Path) -> None:
    routed = FILES["app.py"].replace("FastAPI", "APIRouter").replace("app", "router")
    served = "from fastapi import FastAPI\nfrom routes import router\napp = FastAPI()\n"
    served += "app.include_router(router, prefix={})\n"
    files = {"fares.py": FILES["fares.py"], "names.py": FILES["names.py"], "keeping.py": FILES["keeping.py"]}
    before = {**files, "routes.py": routed, "main.py": served.format('"/v1"')}
    assert is_right(tmp_path / "r", Case(before, {"main.py": served.format('"/v2"')}))
    assert is_right(tmp_path / "other", Case(before, {"keeping.py": EDITS["a log in a helper of a route"][1]}))


def test_a_record_that_is_kept_holds_all_that_can_be_said() -> None:
    """A new field that `replay` does not know makes entry points live, and incremental runs slow, in silence."""
    assert {*Record.__struct_fields__} == {*replay._Record.__struct_fields__}


def test_a_call_that_fails_leaves_no_call_in_progress(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = entries._interpret

    def noting(m: Machine, entry: entries.Entry) -> None:
        real(m, entry)
        seen.append((list(m.discards), len(m.project.problems)))

    def failing(*args: Any) -> None:
        raise ValueError

    monkeypatch.delenv("MLLINT_DEBUG", raising=False)
    monkeypatch.setattr(entries, "_interpret", noting)
    monkeypatch.setattr(watching, "discarded", failing)
    said(root, use_cache=False)
    assert seen[-1][1] > 3  # entry points that failed
    assert not any(discards for discards, _ in seen)
