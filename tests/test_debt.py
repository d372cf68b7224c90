"""`mllint debt`: findings by risk, and what could be deleted, in a repository with leftovers of every kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mllint import session
from mllint.cli.root import run
from mllint.debt import KINDS, SUGGESTS, Suggestion, by_owner, debts, suggestions
from mllint.escaping import width
from mllint.reports import debt as report
from mllint.rule import Finding
from mllint.source import Span, count_lines
from tests.conftest import ROOT
from tests.snapshots import matches_snapshot

DATE = "2024-07-01"


@pytest.fixture
def leftovers(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "fixtures" / "repos" / "shop-leftovers", tmp_path / "shop")


def told(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["debt", str(root), "--no-cache", "--today", DATE, *options]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options"), [("debt", ["--preview"]), ("debt-suggest", ["--suggest"]), ("debt-json", ["--format", "json"])]
)
def test_whole_output(name: str, options: list[str], leftovers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(leftovers, capsys, *options)
    assert matches_snapshot(f"{name}.txt", text)
    if "json" not in name:
        assert max(map(width, text.splitlines())) <= 80


def test_suggestions_name_every_line_that_would_go_and_no_other(leftovers: Path) -> None:
    result = session.check(leftovers, today=DATE, use_cache=False, settings_overrides={"select": SUGGESTS})
    found = suggestions(result.lineage, result.findings)
    assert {each.kind for each in found} == set(KINDS.values())
    gone = {
        (span.path, line): (leftovers / span.path).read_text().splitlines()[line - 1]
        for each in found
        for span in each.deletes
        for line in range(span.line, max(span.end_line, span.line) + 1)
    }
    assert len(gone) == count_lines(span for each in found for span in each.deletes)
    text = "\n".join(line for (path, _), line in sorted(gone.items()) if path != "train_forest.py")
    for word in ("holidays", "clicks_v1", "log_price", "embed(X)", "weather-team", "replacement: clicks"):
        assert word in text
    for word in ("orders.csv", "sunset", "joblib", "use_embeddings"):
        assert word not in text


def test_what_is_still_used_is_no_suggestion(leftovers: Path) -> None:
    """`items` is deprecated too, and two models are trained on it."""
    result = session.check(leftovers, today=DATE, use_cache=False, settings_overrides={"select": SUGGESTS})
    assert not [each for each in suggestions(result.lineage, result.findings) if "`items`" in each.what]
    for name in ("train.py", "train_forest.py", "score.py"):
        (leftovers / name).unlink()
    result = session.check(leftovers, today=DATE, use_cache=False, settings_overrides={"select": SUGGESTS})
    assert [each for each in suggestions(result.lineage, result.findings) if "`items`" in each.what]


def test_risk_is_severity_times_what_is_reached(leftovers: Path) -> None:
    result = session.check(leftovers, today=DATE, use_cache=False)
    owed = debts(result.lineage, result.findings)
    assert [debt.risk for debt in owed] == sorted((debt.risk for debt in owed), reverse=True)
    first = owed[0]
    assert first.finding.severity == "error"
    assert first.risk == 3 * (1 + len(first.reached))
    assert "model:returns.joblib" in first.reached or "model:forest.joblib" in first.reached
    shares = by_owner(owed)
    assert shares[0][0] == "@shop/ml"
    assert [sum(share[i] for share in shares) for i in (1, 2)] == [len(owed), sum(debt.risk for debt in owed)]


def test_select_and_exit_status(leftovers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(told(leftovers, capsys, "--format", "json", "--select", "ML401"))
    assert {debt["code"] for debt in document["debts"]} == {"ML401"}
    assert document["summary"]["deletable_lines"] == 12
    assert told(leftovers, capsys, "--select", "ML801") == "No debts.\n"
    assert run(["debt", str(leftovers), "--select", "ML999"]) == 2
    assert run(["debt", str(leftovers), "--select", "ML401", "--suggest"]) == 2
    for path in leftovers.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (leftovers / "empty.py").write_text("a = 1\n")
    assert told(leftovers, capsys, "--suggest") == "Nothing to delete.\n"


def test_check_sums_the_lines_that_could_be_deleted(leftovers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", str(leftovers), "--no-cache", "--select", "ML401"])
    assert "2 findings: 2 warnings. 12 lines could be deleted.\n" in capsys.readouterr().out
    run(["check", str(leftovers), "--no-cache", "--select", "ML401", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["summary"]["deletable_lines"] == 12


@pytest.mark.parametrize(
    ("spans", "count"),
    [
        ([], 0),
        ([Span("a.py", 3)], 1),
        ([Span("a.py", 3, 1, 5, 1), Span("a.py", 4, 1, 9, 1), Span("a.py", 1, 1, 2, 1)], 9),
        ([Span("a.py", 3, 1, 9, 1), Span("a.py", 4, 1, 5, 1)], 7),
        ([Span("a.ipynb", 1, cell=1), Span("a.ipynb", 1, cell=2), Span("b.py", 1)], 3),
    ],
)
def test_lines_that_spans_share_count_once(spans: list[Span], count: int) -> None:
    assert count_lines(spans) == count


def test_hostile_names_fit_the_width_and_show_no_escapes(leftovers: Path) -> None:
    result = session.check(leftovers, today=DATE, use_cache=False)
    path = "データ/" * 30 + "\x1b[31mred.py"
    finding = Finding(f"`{'x' * 300}` \x1b[2J " + "字" * 200, "", Span(path, 1), deletes=[Span(path, 1, 1, 9, 1)])
    finding.code, finding.name, finding.severity = "ML401", "dead-experiment-path", "warning"
    result.lineage.declarations.owners.append(("*", "@" + "長い" * 20))
    suggestion = Suggestion(KINDS["ML401"], finding.message, finding.span, tuple(finding.deletes), ("@o" * 60,))
    for text in (report.owed(debts(result.lineage, [finding])), report.suggested([suggestion])):
        assert "\x1b" not in text
        assert max(map(width, text.splitlines())) <= 80
