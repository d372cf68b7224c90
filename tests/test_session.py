"""Checking: which rules run, what a crash costs, what is suppressed, and where the root of a repository is."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mllint import session
from mllint.checking import check_lineage
from mllint.discovery import discover
from mllint.errors import Problem, UsageError
from mllint.facts.file import FileFacts
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Graph
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.observations import Observations
from mllint.readers.comments import find_suppressions
from mllint.rule import Context, Finding, Rule, Severity
from mllint.selection import RuleError, load_rules
from mllint.settings import Settings
from mllint.source import Span

HERE = Path(__file__).resolve().parent.parent


def rule(
    code: str, name: str, *lines: int, stable: bool = True, severity: Severity = "warning", **options: Any
) -> Rule:
    """A rule with a finding at each of these lines of a.py; line 0 makes it crash."""

    def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
        for line in lines:
            if line == 0:
                raise ZeroDivisionError("a bug of the rule")
            yield Finding(f"found {line} with {dict(context.options)}", "", Span("a.py", line, 1, line + 2, 5))

    return Rule(code, name, "", check, severity, stable, options)


RULES = [
    rule("ML101", "undeclared-consumer", 1),
    rule("ML105", "entangled-model", 2, stable=False),
    rule("ML701", "train-serve-skew", 3, severity="error"),
    rule("ML702", "feature-mismatch", 4),
]


def run(
    settings: Settings | None = None, text: str = "", rules: list[Rule] = RULES, preview: bool = False
) -> tuple[list[Finding], list[RuleError]]:
    lineage = Lineage(Graph(), Observations(), Declarations(), Coverage())
    files = [FileFacts("a.py", "python", suppressions=find_suppressions(text.encode(), "python"))]
    return check_lineage(lineage, files, rules, settings or Settings(), preview=preview, today="2024-01-01")


def codes(select: str = "", ignore: str = "", preview: bool = False) -> list[str]:
    settings = Settings(select=tuple(select.split()), ignore=tuple(ignore.split()))
    return [finding.code for finding in run(settings, preview=preview)[0]]


@pytest.mark.parametrize(
    ("select", "ignore", "preview", "expected"),
    [
        ("", "", False, ["ML101", "ML701", "ML702"]),
        ("", "", True, ["ML101", "ML105", "ML701", "ML702"]),
        ("ML7", "", False, ["ML701", "ML702"]),
        ("ML1", "", False, ["ML101"]),  # a prefix does not choose what is in preview
        ("ML1", "", True, ["ML101", "ML105"]),
        ("ML105", "", False, ["ML105"]),
        ("entangled-model ML702", "", False, ["ML105", "ML702"]),
        ("", "ML7", False, ["ML101"]),
        ("ML", "train-serve-skew", False, ["ML101", "ML702"]),
        ("ML701", "ML7", False, ["ML701"]),  # the longer word wins
        ("ML7", "ML7", False, []),
    ],
)
def test_selecting(select: str, ignore: str, preview: bool, expected: list[str]) -> None:
    assert codes(select, ignore, preview) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(select=("trian-serve-skew",)), "select: there is no rule `trian-serve-skew`; did you mean `train-s"),
        (Settings(ignore=("ML8",)), "ignore: there is no rule `ML8`"),
        (Settings(ignore=("",)), "ignore: there is no rule ``"),
        (Settings(per_file_ignores={"x": ("ML99",)}, origin="mllint.toml", lines={"per-file-ignores.x": 4}),
         "mllint.toml:4: there is no rule `ML99`"),
        (Settings(rules={"entangled": {}}, origin="mllint.toml", lines={"rules.entangled": 7}),
         "mllint.toml:7: there is no rule `entangled`; did you mean `entangled-model`?"),
        (Settings(rules={"ML101": {"limit": 1}}, origin="mllint.toml"), "mllint.toml:1: `ML101` has no option `limit`"),
    ],
)  # fmt: skip
def test_a_word_that_names_no_rule(settings: Settings, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(settings)
    assert str(caught.value).startswith(message)


def test_options() -> None:
    rules = [rule("ML402", "x", 1, limit=20, share=0.5, **{"prototype-folders": ()})]

    def message(**given: Any) -> str:
        settings = Settings(rules={"x": given}, prototype_folders=("play",), origin="mllint.toml")
        return run(settings, rules=rules)[0][0].message

    assert message() == "found 1 with {'limit': 20, 'share': 0.5, 'prototype-folders': ('play',)}"
    assert "'limit': 7, 'share': 1," in message(limit=7, share=1)
    for wrong in ({"limit": "7"}, {"limit": 0.5}, {"limit": True}, {"lmit": 7}):
        with pytest.raises(UsageError, match=r"mllint.toml:1: `"):
            message(**wrong)


def test_a_rule_that_crashes_costs_one_diagnostic() -> None:
    findings, errors = run(rules=[*RULES, rule("ML801", "crashing", 9, 0)])
    assert [f.code for f in findings] == ["ML101", "ML701", "ML702"]
    assert errors == [RuleError("ML801", "crashing", "the rule failed: ZeroDivisionError: a bug of the rule")]


def test_what_the_session_fills_in() -> None:
    findings, _ = run(rules=[rule("ML101", "x", 3, 1, 1, severity="info")])
    assert [(f.span.line, f.code, f.name, f.severity) for f in findings] == [
        (1, "ML101", "x", "info"), (1, "ML101", "x", "info"), (3, "ML101", "x", "info"),
    ]  # fmt: skip
    prints = [f.fingerprint for f in findings]
    assert len(set(prints)) == 3
    moved, _ = run(rules=[rule("ML101", "x", 13, 11, 11, severity="info")])
    assert [f.fingerprint for f in moved] == prints


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # mllint: ignore[undeclared-consumer] known", ["ML701", "ML702"]),
        ("x = 1  # mllint: ignore", ["ML701", "ML702"]),
        ("\n\nx = 1  # mllint: ignore[ML1, ML7]", ["ML702"]),  # line 3: the end of ML101, the start of ML701
        ("\n\n\n\nx = 1  # mllint: ignore[ML701]", ["ML101", "ML702"]),  # the end of its span
        ("\nx = 1  # mllint: ignore[ML101]", ["ML101", "ML007", "ML701", "ML702"]),
        ("x = 1  # mllint: ignore[ML702]", ["ML101", "ML007", "ML701", "ML702"]),
        ("x = 1  # mllint: ignore[no-such-rule]", ["ML101", "ML007", "ML701", "ML702"]),
        ("\nx = 1  # mllint: ignore", ["ML101", "ML007", "ML701", "ML702"]),
        ("\nx = 1  # mllint: ignore[entangled-model]", ["ML101", "ML701", "ML702"]),  # it did not run
    ],
)
def test_suppressing(text: str, expected: list[str]) -> None:
    assert [f.code for f in run(text=text)[0]] == expected


def test_unused_suppressions_are_judged_by_the_rules_that_ran() -> None:
    text = "\nx = 1  # mllint: ignore[ML101]" + "\n" * 6 + "y = 2  # mllint: ignore"
    select = Settings(select=("ML702", "ML007"))
    assert [f.code for f in run(select, text)[0]] == ["ML702"]
    assert [f.code for f in run(Settings(ignore=("ML007",)), text)[0]] == ["ML101", "ML701", "ML702"]
    (unused,) = [f for f in run(None, "\nx = 1  # mllint: ignore[ML702]")[0] if f.code == "ML007"]
    assert (unused.name, unused.severity, unused.span.line, unused.span.column) == ("unused-suppression", "info", 2, 8)


def test_per_file_ignores() -> None:
    assert [f.code for f in run(Settings(per_file_ignores={"*.py": ("ML7",)}))[0]] == ["ML101"]
    assert len(run(Settings(per_file_ignores={"b/": ("ML7",)}))[0]) == 3


def test_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "repo/src/pkg"
    deep.mkdir(parents=True)
    (deep / "a.py").write_text("")
    (tmp_path / "repo/b.py").write_text("")
    both = (deep / "a.py", tmp_path / "repo/b.py")
    assert session.find_root((deep / "a.py",)) == deep
    assert session.find_root(both) == tmp_path / "repo"
    (tmp_path / "repo/src/pyproject.toml").write_text("[project]\n")
    assert session.find_root((deep,)) == deep
    (tmp_path / "repo/.git").mkdir()
    assert session.find_root((deep,)) == tmp_path / "repo"
    (tmp_path / "repo/src/pyproject.toml").write_text("[tool.mllint]\n")
    assert session.find_root((deep,)) == tmp_path / "repo/src"
    monkeypatch.chdir(deep)
    assert session.find_root() == session.find_root((Path(),)) == tmp_path / "repo/src"
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    assert session.find_root((tmp_path / "link",)) == tmp_path / "repo"
    with pytest.raises(UsageError, match="no such file"):
        session.find_root((tmp_path / "nothing",))


def test_reading_a_tree_is_the_same_however_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "repo"
    root.mkdir()
    for number in range(300):
        (root / f"{number}.sql").write_text(f"select {number} -- {'x' * 1000}\n" + "\0" * (number == 7))
        (root / f"{number}.csv").write_text(f"a{number},b\n1,2\n")
    seen: list[tuple[int, int]] = []
    cold, discovery = session.read_tree(root, Settings(), 2, True, lambda done, whole: seen.append((done, whole)))
    assert seen == [(n + 1, 600) for n in range(600)]
    assert [facts.path for facts in cold] == [found.path for found in discovery.found]
    assert [(p.path, p.code) for facts in cold for p in facts.problems] == [("7.sql", "ML002")]
    monkeypatch.chdir(tmp_path)
    for jobs, use_cache in ((2, True), (1, True), (1, False), (3, False), (None, True)):
        assert session.read_tree(root, Settings(), jobs, use_cache)[0] == cold
    assert sorted(os.listdir(tmp_path)) == ["cache", "repo"]
    assert len(os.listdir(root)) == 600


def test_codeowners_are_read_from_their_places(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @b\n")
    assert session.load_declarations(tmp_path).owner_of("x.py") == "@b"
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text("* @a\n")
    assert session.load_declarations(tmp_path).owner_of("x.py") == "@a"


def test_rules_come_from_installed_packages_alone(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    info = tmp_path / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mllint.rules]\nevil = evil:RULES\nbuiltin = evil:RULES\n")
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nRULES = []\n")
    script = "from pathlib import Path; from mllint.selection import load_rules; load_rules(Path.cwd())"
    for path in (f"{tmp_path}", f"{tmp_path}/../{tmp_path.name}"):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([path, str(HERE), str(HERE / "rules")])}
        subprocess.run([sys.executable, "-c", script], env=env, cwd=tmp_path, check=True)
    assert not marker.exists()


def test_a_pack_that_cannot_be_loaded_is_an_error_and_the_others_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site-packages/broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mllint.rules]\nbroken = no_such_module:RULES\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    rules, errors = load_rules(tmp_path)
    assert [error.name for error in errors] == ["broken"]
    assert {rule.code for rule in rules} == {rule.code for rule in session.rules()} - {"ML007"}


def test_discovery_does_not_depend_on_how_the_root_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.sql").write_text("")
    monkeypatch.chdir(tmp_path)
    assert discover(tmp_path).found == discover(Path(os.path.abspath("."))).found
    assert session.find_root((Path("a"),)) == session.find_root((tmp_path / "a",)) == tmp_path / "a"


def fake_link(
    files: list[FileFacts], settings: Settings, declarations: Declarations, own_models: object = (), *kept: object
) -> Lineage:
    return Lineage(Graph(), Observations(), declarations, Coverage(), [Problem("z.py", 1, "ML005", "from linking")])


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, a linker that links nothing, and the rules above."""
    module = types.ModuleType("mllint.linker.link")
    module.link = fake_link  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mllint.linker.link", module)
    monkeypatch.setattr("mllint.selection.load_rules", lambda root=None: (RULES, []))
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "repo"
    root.mkdir()
    return root


def test_check_from_folder_to_findings(repo: Path) -> None:
    (repo / "good.sql").write_text("select 1 -- mllint: ignore[ML101]\n")
    (repo / "nul.sql").write_text("select \0")
    (repo / "big.sql").write_text("x" * (5 << 20) + "yy")
    given = {"ignore": ("ML702",), "fail_on": "error"}
    result = session.check(repo, (), settings_overrides=given, jobs=1, today="2024-01-01")
    assert [f.code for f in result.findings] == ["ML101", "ML701", "ML007"]
    assert [(p.path, p.code) for p in result.problems] == [
        ("big.sql", "ML003"), ("nul.sql", "ML002"), ("z.py", "ML005"),
    ]  # fmt: skip
    assert (result.lineage.coverage.files_found, result.lineage.coverage.files_read) == (3, 1)
    assert result.fail_on == "error"
    assert result.rule_errors == []
    overridden = session.check(repo, settings_overrides={"ignore": ("ML1", "ML0")}, jobs=1, today="2024-01-01")
    assert [f.code for f in overridden.findings] == ["ML701", "ML702"]
    one = session.check(repo, (repo / "good.sql",), jobs=1, today="2024-01-01")
    assert one.lineage.coverage.files_found == 1


def test_an_unsaved_file_is_found(repo: Path) -> None:
    (repo / "a.sql").write_text("select 1")
    result = session.check(repo, jobs=1, today="2024-01-01", overlay={"new.sql": b"select 2", "a.sql": b"select 3"})
    assert [facts.sql.text for facts in result.files if facts.sql] == ["select 3", "select 2"]


def test_nothing_to_analyse_is_an_error(repo: Path) -> None:
    (repo / "README.md").write_text("# nothing")
    with pytest.raises(UsageError, match="nothing to analyse"):
        session.check(repo, today="2024-01-01")
    with pytest.raises(UsageError, match="nothing to analyse"):
        session.graph(repo)


def test_the_process_is_left_as_it_was(repo: Path) -> None:
    (repo / "a.sql").write_text("select 1")
    before = (sys.getrecursionlimit(), gc.isenabled(), sys.path[:])
    session.graph(repo, jobs=1)
    assert (sys.getrecursionlimit(), gc.isenabled(), sys.path[:]) == before
