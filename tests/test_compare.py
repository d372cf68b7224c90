"""`mllint compare`: two models or two configuration files side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mllint.cli.root import run
from mllint.escaping import width
from mllint.lineage.comparison import compare
from tests.linking import linked
from tests.snapshots import matches_snapshot

FILES = {
    "conf/be.yaml": "source: data/be.csv\ntrees: 100\nmodel: {depth: 4, rate: 0.1}\nseed: 7\nonly_be: [1, 2]\n",
    "conf/nl.yaml": "source: data/nl.csv\ntrees: 300\nmodel: {depth: 4, rate: 1}\nseed: 7\nlimit: 0.7\n",
    "train_be.py": """
        import joblib
        import pandas as pd
        import yaml
        from sklearn.ensemble import GradientBoostingClassifier

        be = yaml.safe_load(open("conf/be.yaml"))
        rides = pd.read_csv(be["source"])
        rides["km"] = rides["m"] / 1000
        rides["stops"] = rides["halts"] + 1
        forest = GradientBoostingClassifier(n_estimators=be["trees"], max_depth=be["model"]["depth"], subsample=0.8)
        forest.fit(rides[["km", "stops"]], rides["late"])
        joblib.dump(forest, "models/be.joblib")
    """,
    "train_nl.py": """
        import joblib
        import pandas as pd
        import yaml
        from sklearn.ensemble import RandomForestClassifier

        nl = yaml.safe_load(open("conf/nl.yaml"))
        rides = pd.read_csv(nl["source"])
        rides["km"] = rides["m"] / 1609
        rides["stops"] = 1 + rides["halts"]
        forest = RandomForestClassifier(n_estimators=nl["trees"], max_depth=nl["model"]["depth"])
        forest.fit(rides[["km", "stops", "age"]], rides["late"])
        joblib.dump(forest, "models/nl.joblib")
        risk = forest.predict_proba(rides[["km", "stops", "age"]])[:, 1]
        rides[risk > nl["limit"]].to_csv("late.csv")
    """,
    "mllint.yaml": "models: {}\n",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    linked(tmp_path, FILES)
    return tmp_path


def mllint(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = run(["compare", *words, "--no-cache", "--jobs", "1"])
    streams = capsys.readouterr()
    return status, streams.out, streams.err


@pytest.mark.parametrize("format", ["full", "json"])
@pytest.mark.parametrize(
    ("kind", "first", "second"), [("models", "be.joblib", "nl.joblib"), ("configs", "conf/be.yaml", "conf/nl.yaml")]
)
def test_a_comparison_as_it_is_printed(
    repository: Path, capsys: pytest.CaptureFixture[str], kind: str, first: str, second: str, format: str
) -> None:
    status, out, err = mllint([first, second, "--format", format], capsys)
    assert (status, err) == (0, "")
    assert matches_snapshot(f"compare-{kind}.{'json' if format == 'json' else 'txt'}", out)
    if format == "full":
        assert max(width(line) for line in out.splitlines()) <= 80
    else:
        assert json.loads(out)["schema"] == "mllint-compare/1"


def test_two_configurations_tell_who_reads_what_differs_and_what_it_reaches(tmp_path: Path) -> None:
    found = compare(linked(tmp_path, FILES), "conf/be.yaml", "conf/nl.yaml")
    rows = {row.name: (section.title, row) for section in found.sections for row in section.rows}
    assert {name: title for name, (title, _) in rows.items()} == {
        "source": "settings",
        "trees": "settings",
        "model.rate": "settings",
        "only_be": "only in conf/be.yaml",
        "limit": "only in conf/nl.yaml",
    }
    told = {name: ([span.path for span in row.readers], row.reaches) for name, (_, row) in rows.items()}
    both = ("model:models/be.joblib", "model:models/nl.joblib")
    assert told["trees"] == (["train_be.py", "train_nl.py"], both)
    assert told["source"] == (["train_be.py", "train_nl.py"], both)
    assert told["limit"] == (["train_nl.py"], both[1:])
    assert told["model.rate"] == ([], ())  # nobody reads it


def test_two_models_differ_in_a_feature_only_where_it_has_another_value(tmp_path: Path) -> None:
    found = compare(linked(tmp_path, FILES), "model:models/be.joblib", "nl")
    sections = {section.title: section for section in found.sections}
    rows = {row.name: row for row in sections["features"].rows}
    assert rows.keys() == {"km", "age"}  # `stops` is the same sum
    assert sections["features"].same == 1
    assert rows["km"].first is not None
    assert rows["km"].first.text == "m / 1000"
    assert rows["age"].first is None
    settings = {row.name: [side.text if side else None for side in (row.first, row.second)] for row in
                sections["settings"].rows}  # fmt: skip
    assert settings == {"n_estimators": ["100", "300"], "subsample": ["0.8", None]}


def test_a_setting_that_several_parts_of_a_model_take_is_told_with_its_part(tmp_path: Path) -> None:
    code = """
        import joblib
        import pandas as pd
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        rides = pd.read_csv("rides.csv")
        model = make_pipeline(PCA(2, tol=0.1), LogisticRegression(tol=TOL)).fit(rides[["a", "b"]], rides["late"])
        joblib.dump(model, "NAME.joblib")
    """
    files = {f"{name}.py": code.replace("NAME", name).replace("TOL", tol) for name, tol in (("a", "0.2"), ("b", "0.3"))}
    found = compare(linked(tmp_path, files), "a", "b")
    [settings] = [section for section in found.sections if section.title == "settings"]
    assert [row.name for row in settings.rows] == ["LogisticRegression.tol"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("be.jblib", "nl.joblib", "no model or configuration file 'be.jblib'; did you mean 'model:models/be.joblib'"),
        ("conf/ne.yaml", "conf/nl.yaml", "did you mean 'conf/"),
        ("models/be.joblib", "conf/nl.yaml", "is a model and 'conf/nl.yaml' a configuration"),
        ("data/be.csv", "nl.joblib", "'file:data/be.csv' is a source; `compare` takes two models or two"),
        ("qqqq", "zzzz", "no model or configuration file 'qqqq'; models are 'model:models/be.joblib'"),
    ],
)
def test_what_cannot_be_compared_is_said_with_the_nearest_names(
    repository: Path, capsys: pytest.CaptureFixture[str], first: str, second: str, message: str
) -> None:
    status, out, err = mllint([first, second], capsys)
    assert (status, out) == (2, "")
    assert message in err


def test_a_name_that_two_files_have_is_asked_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    linked(tmp_path, {"a/c.yaml": "x: 1\n", "b/c.yaml": "x: 1\n", "mllint.yaml": "models: {}\n"})
    status, _, err = mllint(["c.yaml", "a/c.yaml"], capsys)
    assert status == 2
    assert "'c.yaml' may be 'a/c.yaml' or 'b/c.yaml': which one?" in err
    monkeypatch.chdir(tmp_path / "a")
    assert mllint(["c.yaml", "../b/c.yaml"], capsys)[1].startswith("a/c.yaml and b/c.yaml: 0 differences, 1 the same.")
