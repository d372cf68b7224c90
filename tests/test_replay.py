"""What is taken from the last run is what interpreting anew would give: random edits of a repository whose parts meet
in every way that parts can meet, and each linked twice, with the last run at hand and without."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mllint import session
from mllint.linker.python import entries
from mllint.linker.python.machine import Machine

FILES = {
    "shared/__init__.py": "from shared.settings import PATHS\n",
    "shared/settings.py": 'import yaml\nPATHS = {"raw": "raw.csv"}\nCONFIG = yaml.safe_load(open("config.yaml"))\n',
    "shared/clean.py": """import pandas as pd
from shared import PATHS
SEEN = []
def clean(df):
    df["km"] = df["m"] / 1000
    SEEN.append(df)
    return df
def load(path):
    return clean(pd.read_csv(path))
def report(path):
    pd.read_csv(PATHS["raw"]).to_html("report.html")
""",
    "shared/base.py": """REGISTRY = {}
class Base:
    path = "base.csv"
    def __init_subclass__(cls):
        REGISTRY[cls.__name__] = cls
    def run(self):
        import pandas as pd
        pd.read_csv(self.path).to_parquet("base.parquet")
""",
    "prepare.py": """import argparse
import sqlite3
import pandas as pd
from shared.clean import load
from shared.base import Base
from shared import settings
class Own(Base):
    path = "own.csv"
def write(df):
    df.to_csv("clean.csv")
def spare():
    pd.read_csv("spare.csv").to_csv("spared.csv")
parser = argparse.ArgumentParser()
parser.add_argument("--out", default="features.csv")
args = parser.parse_args()
if settings.CONFIG["mode"] == "full":
    write(load("raw.csv"))
else:
    write(load("small.csv"))
load("clean.csv").to_csv(args.out)
sqlite3.connect("x.db").execute("CREATE TABLE trips AS SELECT km, m FROM rides")
""",
    "register.py": """from shared import settings
def main():
    settings.PATHS["scores"] = "weekly_scores.csv"
main()
""",
    "train.py": """import joblib
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import Ridge
def main():
    df = pd.read_csv("features.csv")
    plt.hist(df["km"])
    plt.savefig("km.png")
    model = Ridge().fit(df[["km"]], df["y"])
    joblib.dump(model, "eta.joblib")
main()
""",
    "weekly.py": """import sqlite3
import pandas as pd
from shared import settings
df = pd.read_sql("SELECT * FROM trips", sqlite3.connect("x.db"))
df["eta"] = df["km"] * 2
df.to_csv(settings.PATHS.get("scores", "scores.csv"))
""",
    "app.py": """import joblib
from fastapi import FastAPI
app = FastAPI()
model = joblib.load("eta.joblib")
@app.post("/eta")
def eta(m: float):
    from shared.settings import PATHS
    return model.predict([[m / 1000]])[0]
""",
    "tests/test_clean.py": 'from shared.clean import load\ndef test_it():\n    assert len(load("tests/data.csv"))\n',
    "schema.sql": "CREATE TABLE rides (m int, km int);\n",
    "config.yaml": "mode: full\n",
    "raw.csv": "m,y\n1,2\n",
    "Makefile": "train:\n\tpython prepare.py --out features.csv\n\tpython train.py\n",
}  # fmt: skip

LINES = [
    "import pandas as pd", "from shared.clean import load, report", "from shared.base import Base, REGISTRY",
    'pd.read_csv("raw.csv").to_csv("more.csv")', 'load("features.csv").to_csv("clean.csv")', "SEEN = {}",
    "from shared import settings", 'settings.PATHS = {"raw": "other.csv"}', 'report("scores.csv")', "main()", "spare()",
    "def main():", "    pass", '    return "x"', "# a comment", "", "class Late(Base):", 'if __name__ == "__main__":',
    'pd.read_csv("more.csv").merge(pd.read_csv("clean.csv")).to_parquet("joined.parquet")',
]  # fmt: skip


def said(root: Path, use_cache: bool) -> tuple[object, ...]:
    result = session.check(root, jobs=1, use_cache=use_cache, today="2024-01-01")
    lineage = result.lineage
    nodes = list(lineage.graph.nodes.values())
    return nodes, lineage.graph.edges(), lineage.observations, lineage.coverage, lineage.problems, result.findings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    for path, text in FILES.items():
        (tmp_path / "repository" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repository" / path).write_text(text)
    return tmp_path / "repository"


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The entry points that are interpreted, in order."""
    names: list[str] = []
    real = entries._interpret

    def noting(m: Machine, entry: entries.Entry) -> None:
        names.append(entry.name)
        real(m, entry)

    monkeypatch.setattr(entries, "_interpret", noting)
    return names


def edit(root: Path, choose: random.Random) -> None:
    """Change one file in a way that people do; what does not parse is a change too."""
    path = root / choose.choice(sorted(FILES))
    lines = path.read_text().splitlines()
    at = choose.randrange(len(lines) + 1)
    match choose.randrange(6):
        case 0 if lines:
            del lines[min(at, len(lines) - 1)]
        case 1 if lines:
            lines.insert(at, choose.choice(lines))
        case 2:
            lines = FILES[str(path.relative_to(root))].splitlines()
        case 3:
            lines = [line.replace(choose.choice(["clean", "features", "eta"]), "other") for line in lines]
        case _:
            lines.insert(at, choose.choice(LINES))
    path.write_text("\n".join(lines) + "\n")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_after_any_edits_the_lineage_is_that_of_a_cold_run(root: Path, seed: int) -> None:
    choose = random.Random(seed)
    for path, text in FILES.items():
        (root / path).write_text(text)
    said(root, use_cache=True)
    for _ in range(4):
        edit(root, choose)
        assert said(root, use_cache=True) == said(root, use_cache=False)


def test_only_what_a_change_concerns_is_interpreted(root: Path, interpreted: list[str]) -> None:
    said(root, use_cache=True)
    everything = set(interpreted)
    interpreted.clear()
    (root / "tests/test_clean.py").write_text(FILES["tests/test_clean.py"] + "# the end\n")
    (root / "tests/test_clean.py").write_text(FILES["tests/test_clean.py"].replace("data.csv", "rows.csv"))
    after = said(root, use_cache=True)
    concerned = set(interpreted)
    assert after == said(root, use_cache=False)
    assert "tests/test_clean.py:tests.test_clean.test_it" in concerned
    assert not concerned & {"weekly.py", "shared/clean.py:shared.clean.report", "prepare.py:prepare.spare"}
    assert concerned < everything


@pytest.mark.parametrize(
    ("path", "old", "new", "concerns"),
    [
        ("shared/settings.py", "raw.csv", "rows.csv", "prepare.py#0"),  # a module that an imported module imports
        ("shared/settings.py", "raw.csv", "rows.csv", "shared/clean.py:shared.clean.report"),  # through two modules
        ("shared/clean.py", "/ 1000", "/ 1609", "train.py#0"),  # a computation behind a file that another script writes
        ("weekly.py", "* 2", "* 3", "register.py"),  # what is changed needs a dictionary that this fills
        ("config.yaml", "full", "small", "prepare.py#0"),
        ("raw.csv", "m,y", "m,z", "prepare.py#0"),
        ("schema.sql", "km int", "miles int", "weekly.py"),
        ("prepare.py", "SELECT km, m", "SELECT km", "weekly.py"),  # the table that another script defines
        ("register.py", "weekly_scores", "scores_of_week", "weekly.py"),  # a dictionary that another script changes
        ("Makefile", "--out features.csv", "--out rows.csv", "prepare.py#0"),
    ],
)
def test_what_an_entry_point_reads_concerns_it(
    root: Path, interpreted: list[str], path: str, old: str, new: str, concerns: str
) -> None:
    said(root, use_cache=True)
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))
    interpreted.clear()
    after = said(root, use_cache=True)
    assert concerns in interpreted
    assert after == said(root, use_cache=False)


def test_a_broken_file_of_entry_points_is_a_miss(root: Path, interpreted: list[str]) -> None:
    before = said(root, use_cache=True)
    everything = len(interpreted)
    for file in (root.parent / "cache").glob("*.entries"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)
    for file in (root.parent / "cache").glob("*.lineage"):
        file.unlink()
    interpreted.clear()
    assert said(root, use_cache=True) == before
    assert len(interpreted) == everything


def test_what_there_was_no_time_for_is_told_and_not_kept(root: Path) -> None:
    cold = said(root, use_cache=False)
    unread = session.check(root, jobs=1, today="2024-01-01", seconds=-1.0)
    assert {problem.code for problem in unread.problems} == {"ML005"}
    assert {problem.path for problem in unread.problems} == set(FILES)
    assert said(root, use_cache=True) == cold
    edited = root / "weekly.py"
    edited.write_text(edited.read_text() + 'df.to_csv("again.csv")\n')
    unfollowed = session.check(root, jobs=1, today="2024-01-01", seconds=-1.0)
    assert "weekly.py" in {problem.path for problem in unfollowed.problems}
    assert said(root, use_cache=True) == said(root, use_cache=False)


def test_what_one_script_draws_is_not_in_the_picture_of_another(tmp_path: Path) -> None:
    drawing = "import matplotlib.pyplot as plt\ndef draw(df, path):\n    plt.hist(df)\n    plt.savefig(path)\n"
    (tmp_path / "drawing.py").write_text(drawing)
    for name in ("first", "second"):
        script = f'import pandas as pd\nfrom drawing import draw\ndraw(pd.read_csv("{name}.csv"), "{name}.png")\n'
        (tmp_path / f"{name}.py").write_text(script)
    graph = session.graph(tmp_path, use_cache=False).graph
    assert graph.upstream(["file:second.png"]) == {"file:second.csv"}
