"""The lineage of the last run: found only where nothing has changed, and then the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mllint import lineage_cache, session

TRAIN = """import joblib, pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("trips.csv")
df["km"] = df["m"] / 1000
joblib.dump(Ridge().fit(df[["km"]], df["y"]), "eta.joblib")
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    return folder


def check(root: Path, use_cache: bool = True) -> session.CheckResult:
    return session.check(root, jobs=1, use_cache=use_cache, today="2024-01-01")


def said(result: session.CheckResult) -> tuple[object, ...]:
    lineage = result.lineage
    nodes = list(lineage.graph.nodes.values())
    return nodes, lineage.graph.edges(), lineage.observations, lineage.coverage, lineage.problems, result.findings


def test_a_second_run_links_nothing_and_says_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cold, without = check(root), check(root, use_cache=False)
    monkeypatch.setattr("mllint.linker.link.link", lambda *_: pytest.fail("linked again"))
    warm = check(root)
    assert said(warm) == said(cold) == said(without)
    assert any(edge.target == "file:eta.joblib" for edge in warm.lineage.graph.edges())


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("train.py", TRAIN.replace("trips.csv", "rides.csv")),
        ("mllint.toml", 'sql-dialect = "duckdb"\n'),
        ("mllint.yaml", "consumers:\n  dispatch: {reads: ['file:eta.joblib']}\n"),
        ("serve.py", "import joblib\nmodel = joblib.load('eta.joblib')\n"),
    ],
)
def test_any_change_of_what_is_read_links_again(root: Path, file: str, text: str) -> None:
    check(root)
    (root / file).write_text(text)
    assert said(check(root)) == said(check(root, use_cache=False))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_broken_file_is_a_miss(root: Path, data: st.DataObject) -> None:
    expected = said(check(root, use_cache=False))
    check(root)
    path = lineage_cache._path(root.resolve(), "lineage")
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(place + 1, len(content)))]))
    assert said(check(root)) == expected
