"""A finished run to report on, and a graph to draw: made by hand, so that what is tested is the writing alone."""

from __future__ import annotations

import json
from pathlib import Path

from mllint.errors import Problem
from mllint.lineage.graph import Edge, Graph, NodeKind
from mllint.lineage.lineage import Coverage, Gap, Share
from mllint.reports.report import Report
from mllint.rule import Finding, Label, Witness
from mllint.source import Span

COVERAGE = Coverage(files_found=40, files_read=38, reads=Share(12, 15), writes=Share(4, 4))
COVERAGE.gaps = [
    Gap(
        Span("train.py", line, 1), True, f"the environment variable `{name}` has no value in the repository", "train.py"
    )
    for line, name in ((1, "DATA"), (2, "MODELS"))
]
COVERAGE.gaps.append(Gap(Span("app.py", 3, 1), True, "what `fetch` returns is not modelled", "app.py"))

FILES = {
    "services/eta/app.py": "\n" * 40 + '    features["trip_km"] = body["trip_m"] / 1609.34\n',
    "training/features.py": "\n" * 17 + '    df["trip_km"] = df["trip_m"] / 1000\n',
    "load.py": 'import sqlalchemy\nurl = "postgresql://eta:hunter2@db.acme.test/trips"\n\ndf = read(url)\nfit(df)\n',
    "long.sql": "SELECT " + ", ".join(f"column_{n} + 1 AS feature_{n}" for n in range(40)) + " FROM raw.trips\n",
}
CELLS = ["import pandas as pd\n", 'train = pd.read_csv("train.csv")\ntrain = scale(train)']


def skew() -> Finding:
    """The finding of DESIGN, "What a finding looks like"."""
    return Finding(
        code="ML701",
        name="train-serve-skew",
        severity="error",
        message="feature `trip_km` of model `eta` is computed differently when serving",
        help="compute it once and import it in both, or persist it in the model's Pipeline",
        span=Span("services/eta/app.py", 41, 27, 41, 51),
        label="serving: trip_m / 1609.34",
        related=[Label(Span("training/features.py", 18, 21, 18, 40), "training: trip_m / 1000")],
        nodes=["column:endpoint:POST /eta#trip_m", "model:eta"],
        witness=Witness({"trip_m": 1000}, 1.0, 0.621371),
        reaches=["model:eta", "endpoint:POST /eta", "consumer:dispatch"],
        fingerprint="f00d",
    )


def several() -> Finding:
    """Three places in one file, two of them on one line, and a password in a quoted line."""
    return Finding(
        code="ML202",
        name="unstable-source",
        severity="warning",
        confidence="likely",
        message="model `eta` is trained on the live table `trips` at postgresql://eta:hunter2@db.acme.test/trips",
        help="read a snapshot",
        span=Span("load.py", 4, 1, 4, 15),
        label="read here, with no snapshot and no filter on time",
        related=[
            Label(Span("load.py", 2, 1, 2, 54), "the database"),
            Label(Span("load.py", 4, 11, 4, 14), "its address"),
            Label(Span("load.py", 5, 1, 5, 8), "trained here"),
        ],
        fingerprint="beef",
    )


def in_notebook() -> Finding:
    return Finding(
        code="ML901",
        name="leaky-scaling",
        severity="info",
        message="the scaler sees the test rows",
        help="",
        span=Span("eda.ipynb", 2, 9, 2, 21, cell=3),
        related=[Label(Span("long.sql", 1, 500, 1, 520), "in the middle of a long line")],
        fingerprint="cafe",
    )


def report(root: Path, *findings: Finding, statistics: bool = False) -> Report:
    """A report whose findings lie in files of `root`, which are written."""
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    code = [{"cell_type": "code", "source": text} for text in CELLS]
    (root / "eda.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["# x"]}, *code]}))
    problems = [Problem("broken.py", 7, "ML001", "invalid syntax"), Problem("huge.ipynb", 1, "ML003", "too large")]
    return Report(root, list(findings), problems if findings else [], COVERAGE, statistics=statistics)


# ---------------------------------------------------------------------------------------------------- a graph

_KINDS: dict[str, NodeKind] = {"model": "model", "endpoint": "endpoint", "consumer": "consumer", "feature": "feature"}


def graph() -> Graph:
    """trips -> trips.csv -> eta -> endpoint -> consumer; one column all the way, and one that only columns join."""
    result = Graph()
    links = [
        ("table:raw.trips", "file:data/trips.csv", "writes", "direct"),
        ("file:data/trips.csv", "feature:trips#trip_km", "derives", "direct"),
        ("feature:trips#trip_km", "model:eta", "trains", "direct"),
        ("file:data/trips.csv", "model:eta", "trains", "direct"),
        ("model:eta", "endpoint:POST /eta", "serves", "direct"),
        ("endpoint:POST /eta", "consumer:dispatch", "consumes", "declared"),
        ("column:table:raw.trips#m", "column:file:data/trips.csv#m", "derives", "direct"),
        ("column:table:raw.zones#id", "column:file:data/trips.csv#zone", "derives", "indirect"),
        ("column:file:data/trips.csv#m", "model:eta", "trains", "direct"),
    ]
    result.add_node("table:raw.zones", "source")
    result.add_node("file:notes.csv", "dataset")
    for line, (source, target, kind, strength) in enumerate(links, 1):
        span = Span("flow.py", line, 1, line, 10)
        for end in (source, target):
            result.add_node(end, _kind(end), span, owner="mobility" if end == "table:raw.trips" else "")
        result.add_edge(Edge(source, target, kind, strength, "flow.py", "python", span, "m / 1000"))  # type: ignore[arg-type]
    result.freeze()
    return result


def _kind(id: str) -> NodeKind:
    if id.startswith("column:"):
        return "column"
    return _KINDS.get(id.partition(":")[0], "source" if id.startswith("table:") else "dataset")
