"""Row sets, fits and scores: which belong together, and what has rows in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.lineage import Lineage
from mllint.lineage.trials import RowSet, Trials
from tests.linking import linked
from tests.model_examples import lineage_of

ROWS = Trials(
    row_sets={
        row.id: row
        for row in (
            RowSet("train", "part", ("more",), split="s", part="train"),
            RowSet("test", "part", ("more",), split="s", part="test"),
            RowSet("more", "repeated", ("all",)),
            RowSet("few", "some", ("train",)),
            RowSet("others", "some", ("all",)),
            RowSet("round", "some", ("round", "all")),
        )
    }
)


def test_rows_are_within_what_they_were_taken_from():
    assert ROWS.is_within(["few"], ["train"])
    assert ROWS.is_within(["few", "test"], ["all"])
    assert not ROWS.is_within(["train"], ["few"])
    assert not ROWS.is_within([], ["all"])
    assert ROWS.includes(["all"], ["test"])
    assert not ROWS.includes(["train"], ["test"])


def test_parts_of_one_split_are_apart_and_a_set_and_its_part_are_not():
    assert ROWS.are_apart(["few"], ["test"])
    assert ROWS.are_apart(["train"], ["test"])
    assert not ROWS.are_apart(["train"], ["few"])
    assert not ROWS.are_apart(["all"], ["test"])
    sides = ROWS.split_between(["few"], ["test"])
    assert sides is not None
    assert [side.part for side in sides] == ["train", "test"]


def test_a_set_that_a_loop_makes_of_itself_ends():
    assert [row.id for row in ROWS.ancestors("round")] == ["round", "all"]


CODE = """
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("a.csv")
X = StandardScaler().fit_transform(df[["x", "z"]])
X_train, X_test, y_train, y_test = train_test_split(X, df["label"])
def scored(model, rows, truth):
    return r2_score(truth, model.predict(rows))
model = Ridge().fit(X_train, y_train)
print(scored(model, X_test, y_test), scored(model, X_train, y_train))
pd.DataFrame({"p": model.predict(X_test), "n": len(X_test)}).to_csv("b.csv")
"""


def trials_of(lineage: Lineage) -> Trials:
    return lineage.observations.trials


def test_two_scores_by_one_helper_are_told_apart():
    trials = trials_of(lineage_of(CODE))
    parts = [trials.row_sets[id].part for score in trials.measurings.values() for id in score.rows]
    assert sorted(parts) == ["test", "train"]
    (model,) = (fit for fit in trials.fittings.values() if fit.learns == "model")
    assert [fit.what for fit in trials.learned_by(model.learned)] == ["StandardScaler"]
    assert len(trials.held_out(model)) == 1
    assert len(trials.measured(model)) == 2


def test_marks_of_rows_and_fits_are_no_nodes():
    graph = lineage_of(CODE).graph
    ids = [*graph.nodes, *(id for edge in graph.edges() for id in (edge.source, edge.target))]
    assert "file:b.csv" in ids
    assert not [id for id in ids if "@" in id]


def test_rows_that_were_cut_and_put_together_again_and_again_end():
    """Twice as many ways back with each round."""
    rounds = "a = pd.concat([a[:5], a[5:]])\n" * 50
    code = f"import pandas as pd\na, b = pd.read_csv('a.csv'), pd.read_csv('b.csv')\n{rounds}c = b[a['x'] > 0]"
    lineage = lineage_of(f"{code}\nc.to_csv('c.csv')\n", {})
    assert "file:c.csv" in lineage.graph.nodes


def test_a_model_that_is_saved_with_its_scores_holds_no_rows():
    code = """
import joblib, pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("a.csv")
model = Ridge().fit(df[["x"]], df["y"])
joblib.dump({"model": model, "columns": list(df.columns), "mean": df["y"].mean()}, "m.joblib")
joblib.dump(df.assign(z=df["x"].mean()), "d.joblib")
"""
    stored = {id for id, rows in trials_of(lineage_of(code, {})).row_sets.items() if rows.how == "stored"}
    assert stored == {"@rows:file:d.joblib"}


def test_what_a_mixin_does_is_done_by_the_methods_of_the_repository():
    lineage = lineage_of("""
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

class Centre(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        self.middle = X["x"].mean()
        return self
    def transform(self, X):
        return pd.DataFrame({"z": X["x"] - self.middle})

Centre().fit_transform(pd.read_csv("a.csv")).to_csv("b.csv")
""")
    assert [fit.what for fit in lineage.observations.trials.fittings.values()] == ["mean"]
    assert not list(lineage.graph.of_kind("model"))
    assert lineage.graph.columns("file:b.csv") == ["column:file:b.csv#z"]


@pytest.mark.parametrize("library", ["pyspark", "polars"])
def test_two_filters_of_one_frame_are_other_rows(tmp_path: Path, library: str) -> None:
    """`train = rides.filter(date <= d)`, `test = rides.filter(date > d)`: nobody says that they have rows in common."""
    heads = {
        "pyspark": "from pyspark.sql import SparkSession, functions as F\n"
        "rides = SparkSession.builder.getOrCreate().read.parquet('rides')\n"
        "train, test = rides.filter(F.col('day') <= 3), rides.filter(F.col('day') > 3)\n"
        "train, test = train.toPandas(), test.toPandas()\n",
        "polars": "import polars as pl\nrides = pl.read_parquet('rides.parquet')\n"
        "train, test = rides.filter(pl.col('day') <= 3), rides.filter(pl.col('day') > 3)\n",
    }
    code = heads[library] + (
        "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\n"
        "model = Ridge().fit(train[['km']], train['fare'])\n"
        "print(r2_score(test['fare'], model.predict(test[['km']])))\n"
    )
    lineage = linked(tmp_path, {"a.py": code})
    trials = lineage.observations.trials
    (fitting,), (measuring,) = trials.fittings.values(), trials.measurings.values()
    assert not set(fitting.rows) & set(measuring.rows)
