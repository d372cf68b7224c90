"""Which computed columns and reads are used, and by which dates rows are limited."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.declarations import Declared, Window
from mllint.lineage.lineage import Lineage
from mllint.lineage.observations import Limit
from mllint.lineage.ranges import admits, unusable
from mllint.source import Span
from tests.linking import linked

HEAD = """
import joblib
import pandas as pd
from sklearn.linear_model import Ridge

df = pd.read_csv("a.csv")
df["made"] = df["x"] / df["z"]
"""
TAIL = """
joblib.dump(Ridge().fit(df[["x", "z"]], df["y"]), "m.joblib")
"""

USES = {
    "a key of a group": 'df.groupby("made").size().to_csv("b.csv")',
    "keys in a list": 'df = df.sort_values(by=["z", "made"])',
    "a subset": 'df = df.drop_duplicates(subset="made")',
    "an index": 'df = df.set_index("made")',
    "a filter": "df = df[df.made > 3]",
    "a filter in text": 'df = df.query("made > 3")',
    "a row of a loop": "for row in df.itertuples():\n    print(row.made)",
    "a function of rows": 'df["made_too"] = df.apply(lambda row: row["made"] + 1, axis=1)\nprint(df["made_too"])',
    "a pipe": "df = df.pipe(lambda rows: rows[rows.made > 3])",
    "a picture": 'import seaborn as sns\nsns.boxplot(data=df, x="made", y="y")',
    "a pivot": 'df.pivot(index="made", columns="x", values="y")',
    "an array of all": 'joblib.dump(Ridge().fit(df.values, df["y"]), "n.joblib")',
    "columns by place": 'joblib.dump(Ridge().fit(df.iloc[:, 1:], df["y"]), "n.joblib")',
    "names that are chosen": 'names = [n for n in df.columns if n != "y"]\nRidge().fit(df[names], df["y"])',
    "a slice of rows": 'part = df[:100]\nRidge().fit(part.drop("y", axis=1), part["y"])',
    "a place in a dictionary": 'held = {"rows": df}\nprint(held["rows"]["made"].sum())',
    "a page's session": 'import streamlit as st\nst.session_state["rows"] = df',
    "a call that nobody models": "import inhouse\ninhouse.publish(df)",
    "a test of its values": "if df.made.max() > 3:\n    raise ValueError",
    "a function that nothing calls": 'def later(rows):\n    return rows["made"]',
    "a file": 'df.to_csv("b.csv")',
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_column_is_used_by(use: str, tmp_path: Path) -> None:
    assert made(linked(tmp_path, {"train.py": HEAD + use + TAIL}))["made"]


UNUSED = {
    "nothing": "",
    "looking at the frame": "print(df.head())\nprint(len(df))",
    "a copy": 'other = df.copy()\nother.sort_values("x")',
    "an aggregate of others": 'df.groupby("x").agg({"y": "mean"}).to_csv("b.csv")',
    "dropping it": 'df = df.drop(columns=["made"])',
    "dropping it in place": 'df.drop("made", axis=1, inplace=True)',
}


@pytest.mark.parametrize("line", UNUSED.values(), ids=UNUSED)
def test_a_column_is_not_used_by(line: str, tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"train.py": HEAD + line + TAIL})
    assert not made(lineage)["made"]
    assert all(one.left for one in lineage.observations.makings if one.name == "made")


def made(lineage: Lineage) -> dict[str, bool]:
    return {one.name: one.is_used for one in lineage.observations.makings}


def test_rows_are_used_as_soon_as_anybody_asks_for_something_of_them(tmp_path: Path) -> None:
    program = """
        import pandas as pd

        asked = pd.read_csv("asked.csv")
        print(asked["x"].sum())
        shown = pd.read_csv("shown.csv")
        print(shown)
        sized = pd.read_csv("sized.csv")
        print(f"{sized.shape[0]} rows")
        looped = pd.read_csv("looped.csv")
        for key, part in looped.groupby("k"):
            assert part["x"].max() < 3
        idle = pd.read_csv("idle.csv")
        late = pd.read_csv("late.csv")

        def later():
            return late["x"]
    """
    used = {r.dataset: r.is_used for r in linked(tmp_path, {"a.py": program}).observations.readings}
    assert [name for name, is_used in used.items() if not is_used] == ["file:idle.csv"]
    assert len(used) == 6


def test_dates_that_rows_are_limited_by(tmp_path: Path) -> None:
    program = """
        import pandas as pd
        import yaml

        until = yaml.safe_load(open("c.yaml"))["until"]
        a = pd.read_csv("a.csv")
        a = a[(a["day"] >= "2023-01-01") & (pd.to_datetime(a["day"]) < until)]
        b = pd.read_csv("b.csv").query("day > '2023-02-01' and km < 3")
        c = pd.read_csv("c.csv")
        c = c[~c["day"].between("2023-03-01", "2023-03-09")]
        d = pd.read_csv("d.csv")
        d = d[(d["day"] < "2023-04-01") | (d["km"] > 3)]
        e = pd.read_sql("SELECT x FROM e WHERE day <= DATE '2023-05-01' AND (x > 1 OR x < 0)", con)
    """
    found = linked(tmp_path, {"a.py": program, "c.yaml": 'until: "2023-09-01"\n'}).observations.limits
    assert [(one.dataset, one.operator, one.value, one.setting is not None) for one in found] == [
        ("file:a.csv", ">=", "2023-01-01", False),
        ("file:a.csv", "<", "2023-09-01", True),
        ("file:b.csv", ">", "2023-02-01", False),
        ("file:c.csv", "outside", "2023-03-01/2023-03-09", False),
        ("table:e", "<=", "2023-05-01", False),
    ]


def limit(operator: str, value: str) -> Limit:
    return Limit("table:t", "day", operator, value, Span("a.py", 1), "a.py")


@pytest.mark.parametrize(
    ("limits", "decides"),
    [
        ([], ""),
        ([(">=", "2023-09-01")], ">="),
        ([(">=", "2023-09-18")], ""),
        ([(">", "2023-09-16")], ">"),
        ([(">", "2023-09-17")], ""),
        ([("<", "2023-09-13")], ""),
        ([("<=", "2023-09-13")], "<="),
        ([(">=", "2023-01-01"), ("<", "2023-09-13")], ""),
        ([(">=", "2023-01-01"), ("outside", "2023-09-13/2023-09-17")], ""),
        ([(">=", "2023-01-01"), ("outside", "2023-09-14/2023-09-17")], ">="),
    ],
)
def test_a_window_is_let_in(limits: list[tuple[str, str]], decides: str) -> None:
    found = admits([limit(*one) for one in limits], Window("2023-09-13", "2023-09-17"), "2024-06-01")
    assert (found.operator if found else "") == decides


def test_what_begins_to_be_available_needs_a_known_beginning() -> None:
    entry = Declared("source", "table:t", Span("m.yaml", 1), available=Window("2023-06-01", "2024-01-31"))
    (before, _), (after, _) = unusable(entry)
    assert (before.end, after.start) == ("2023-05-31", "2024-02-01")
    assert admits([limit("<", "2024-01-01")], before, "2024-06-01") is None
    assert admits([limit(">=", "2023-05-31")], before, "2024-06-01") is not None
    assert admits([limit(">=", "2023-06-01")], before, "2024-06-01") is None
    assert admits([limit("<", "2024-02-01")], after, "2024-06-01") is None
    assert admits([limit(">=", "2023-06-01")], after, "2024-06-01") is not None
    assert admits([limit(">=", "2023-06-01")], after, "2024-01-15") is None
