"""A small repository whose parts meet in every way that parts can meet, what mllint says of it, and edits of it that
people make."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from mllint import session
from mllint.drawings import json as drawing
from mllint.drawings.view import view
from mllint.reports import json as report
from mllint.reports.report import Report

FILES = {
    "shared/__init__.py": "from shared.settings import PATHS\n",
    "shared/settings.py": 'import os\nimport yaml\nPATHS = {"raw": os.getenv("RAW", "raw.csv")}\n'
    'CONFIG = yaml.safe_load(open("config.yaml"))\n',
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
    "parts.py": """from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
import pandas as pd
TRAIN, TEST = train_test_split(pd.read_csv("features.csv"))
SCALER = StandardScaler().fit(TRAIN)
def score(model):
    return model.score(TEST[["km"]], TEST["y"])
""",
    "search.py": """import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
def begin():
    import parts
    return parts
def main():
    for _ in [1, 2]:
        parts = begin()
    best = 0
    for alpha in [0.1, 1.0]:
        model = Ridge(alpha).fit(parts.TRAIN[["km"]], parts.TRAIN["y"])
        score = mean_absolute_error(parts.TEST["y"], model.predict(parts.TEST[["km"]]))
        if score > best:
            best = score
    return parts.score(model)
main()
""",
    "again.py": """from parts import TEST, SCALER
import joblib
from helpers.scoring import predict
joblib.dump({"path": "one.csv", "rows": SCALER.transform(TEST)}, "kept.joblib")
predict(TEST).to_csv("scored.csv")
""",
    "helpers/scoring.py": """import joblib
def predict(rows):
    return joblib.load("eta.joblib").predict(rows)
""",
    "kept.py": """import joblib
import pandas as pd
kept = joblib.load("kept.joblib")
pd.read_csv(kept["path"]).to_csv("kept.csv")
""",
    "templated.py": """import jinja2
import sqlite3
import pandas as pd
environment = jinja2.Environment(loader=jinja2.FileSystemLoader("sql"))
text = environment.get_template("load.sql").render(table="trips")
pd.read_sql(text, sqlite3.connect("x.db")).to_csv("loaded.csv")
pd.read_sql("SELECT * FROM trips", sqlite3.connect("x.db")).to_csv("trips.csv")
sqlite3.connect("x.db").execute(open("sql/fill.sql").read())
""",
    "started.py": """import subprocess
subprocess.run(["python", "prepare.py", "--out", "started.csv"])
""",
    "work/one.py": 'import pandas as pd\npd.read_csv("data/x.csv").to_csv("data/y.csv")\n',
    "two/one.py": 'import pandas as pd\npd.read_csv("../work/data/y.csv").to_csv("z.csv")\n',
    "sql/load.sql": "SELECT km, m FROM {{ table }}\n",
    "sql/fill.sql": "INSERT INTO filled SELECT km FROM trips\n",
    "warehouse/dbt_project.yml": "name: warehouse\nmodel-paths: [models]\n",
    "warehouse/models/far.sql": "select km from {{ ref('rides') }} where km > {{ var('far', 10) }}\n",
    "warehouse/models/rides.sql": "select km, m from {{ source('raw', 'rides') }}\n",
    "warehouse/models/schema.yml": "sources:\n  - name: raw\n    tables:\n      - name: rides\n",
    "warehouse/models/near.py": "def model(dbt, session):\n    return dbt.ref('rides').to_pandas()\n",
    "far.py": """import pandas as pd
import sqlalchemy
pd.read_sql_table("far", sqlalchemy.create_engine("sqlite:///x.db")).to_csv("far.csv")
pd.read_sql("SELECT * FROM near", sqlalchemy.create_engine("sqlite:///x.db")).to_csv("near.csv")
""",
    "mllint.yaml": "sources:\n  file:raw.csv: {owner: crm, tags: [pii]}\nmodels:\n  eta: {owner: growth}\n",
    "mllint.toml": 'sql-dialect = "sqlite"\nlibrary-models = ["own.yaml"]\n',
    "own.yaml": "library: ours\nimports: [ours]\n"
    "calls:\n  put: {parameters: [data, name], writes: {file: name, value: data}}\n",
    "own.py": 'import ours\nimport pandas as pd\nours.put(pd.read_csv("raw.csv"), "ours.csv")\n',
    "schema.sql": "CREATE TABLE rides (m int, km int);\n",
    "config.yaml": "mode: full\nmodel:\n  alpha: 1\n  beta_of_old: 2\n",
    "conf/base.yaml": "alpha: 1\nbeta: 2\n",
    "conf/night.yaml": "alpha: 1\nbeta: 3\n",
    "tune.py": """from omegaconf import OmegaConf
from shared import settings
def depth(section):
    return section["depth"]
print(settings.CONFIG["model"]["alpha"], depth(settings.CONFIG["model"]))
cfg = OmegaConf.merge(OmegaConf.load("conf/base.yaml"), OmegaConf.load("conf/night.yaml"))
print(cfg.alpha, cfg.gamma)
""",
    "raw.csv": "m,y\n1,2\n",
    "compose.yaml": "services:\n  own:\n    image: x\n    command: python reading.py\n    environment:\n"
    "      RAW: trips.csv\n  tune:\n    image: x\n    command: python tune.py\n    environment: {RAW: far.csv}\n",
    "reading.py": "from shared.clean import load, report\nfrom shared import PATHS\n"
    "load(PATHS['raw']).to_csv('read.csv')\n"
    "load('clean.csv').to_csv('features.csv')\n",
    "Makefile": """train:
\tpython prepare.py --out features.csv
\tpython train.py
work:
\tcd work && python one.py
""",
}  # fmt: skip

LINES = [
    "import pandas as pd", "from shared.clean import load, report", "from shared.base import Base, REGISTRY",
    'pd.read_csv("raw.csv").to_csv("more.csv")', 'load("features.csv").to_csv("clean.csv")', "SEEN = {}",
    "from shared import settings", 'settings.PATHS = {"raw": "other.csv"}', 'report("scores.csv")', "main()", "spare()",
    "def main():", "    pass", '    return "x"', "# a comment", "", "class Late(Base):", 'if __name__ == "__main__":',
    'pd.read_sql("SELECT * FROM trips", "x.db").to_csv("trips2.csv")', "from parts import TRAIN", "import parts",
    'TRAIN = TRAIN[TRAIN["km"] > 3]', 'SELECT m FROM rides;', "mode: small", "far: 3", "m,km,y", "import search",
    "    import train", "from app import app", 'CREATE TABLE trips (a int, b int);', "settings.PATHS.clear()",
    '    assert df["km"].ge(0).all()', "    print(m)", "SCALER.fit(TRAIN)",
    'print(joblib.load("eta.joblib").predict(TEST[["km", "m"]]) > 3)', 'TEST["late"] = model.predict(TEST) > 0.8',
    'open("sql/load.sql").read()', 'exclude: ["two"]', "alpha: 1",
    'print(settings.CONFIG["model"])', "from tune import depth", 'depth({"depth": 1})',
    'print("depth" in settings.CONFIG["model"])',
    'pd.read_csv("more.csv").merge(pd.read_csv("clean.csv")).to_parquet("joined.parquet")',
]  # fmt: skip


def said(root: Path, use_cache: bool) -> tuple[str, str, bytes, object]:
    """The graph and the findings, as JSON, and all that was observed."""
    result = session.check(root, jobs=1, use_cache=use_cache, preview=True, today="2024-01-01")
    lineage = result.lineage
    graph = drawing.render(view(lineage.graph, lineage.coverage, level="column"))
    findings = report.render(Report(root, result.findings, result.problems, lineage.coverage, result.rule_errors))
    observed = msgspec.json.encode(lineage.observations, order="deterministic")
    return graph, findings, observed, lineage.observations


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def edit(root: Path, choose: random.Random) -> str:
    """Change, add or delete one file in a way that people do; what does not parse is a change too."""
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    path = choose.choice(paths + [path for path in FILES if path not in paths] * 3)
    file = root / path
    lines = file.read_text().splitlines() if file.exists() else FILES[path].splitlines()
    at = choose.randrange(len(lines) + 1)
    match choose.randrange(12):
        case 0 | 1 if lines:
            del lines[min(at, len(lines) - 1)]
        case 2 if lines:
            lines.insert(at, choose.choice(lines))
        case 3 | 4:
            lines = FILES.get(path, "").splitlines()
        case 5 | 6:
            old, new = choose.sample(["clean", "features", "eta", "km", "m", "raw", "trips", "main", "far", "parts"], 2)
            lines = [line.replace(old, choose.choice([new, "other"])) for line in lines]
        case 7 if len(paths) > 5:
            file.unlink(missing_ok=True)
            return path
        case 8:
            file = file.with_name("added_" + file.name)
        case _:
            lines.insert(at, choose.choice(LINES))
    write(root, {str(file.relative_to(root)): "\n".join(lines) + "\n"})
    return path


READ = 'import pandas as pd\npd.read_csv({}).to_csv("{}")\n'


class Case(msgspec.Struct):
    """`edit` are the files that change. Texts of `before` are files beside them."""

    before: dict[str, str]
    edit: dict[str, str]


def is_right(root: Path, case: Case) -> bool:
    """Whether after the edit what is said with the last run at hand is what is said without."""
    write(root, {"spare.py": "import joblib, pandas, sklearn\n", **case.before})
    said(root, use_cache=True)
    before = said(root, use_cache=False)
    write(root, case.edit)
    after = said(root, use_cache=False)
    assert set(case.edit) == {"b.py"} or after != before
    return said(root, use_cache=True) == after
