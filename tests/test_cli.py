"""The command line: options, exit status, what goes to which stream. Findings are made by hand here; `test_rules.py`
and `test_end_to_end.py` run the whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mllint import __version__, session
from mllint.cli.root import COMMANDS, run
from mllint.lineage.declarations import Declarations
from mllint.lineage.lineage import Lineage
from mllint.lineage.observations import Observations
from mllint.rule import Finding
from mllint.selection import RuleError
from tests.conftest import ROOT
from tests.samples import COVERAGE, graph, in_notebook, report, several, skew

LINEAGE = Lineage(graph(), Observations(), Declarations([], []), COVERAGE)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "rules")])}
Answer = Callable[..., dict[str, Any]]
Streams = pytest.CaptureFixture[str]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Answer:
    """Makes the session answer with findings; returns the arguments that it was then called with."""
    report(tmp_path)
    monkeypatch.chdir(tmp_path)

    def arrange(*findings: Finding, crashed: tuple[RuleError, ...] = ()) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def check(root: Path, paths: tuple[Path, ...], **options: Any) -> session.CheckResult:
            seen.update(options, root=root, paths=paths)
            fail_on = options["settings_overrides"]["fail_on"] or "warning"
            return session.CheckResult(list(findings), [], LINEAGE, list(crashed), [], fail_on)

        def draw(root: Path, paths: tuple[Path, ...], **options: Any) -> Lineage:
            seen.update(options, root=root, paths=paths)
            return LINEAGE

        monkeypatch.setattr(session, "check", check)
        monkeypatch.setattr(session, "graph", draw)
        return seen

    return arrange


def mllint(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mllint", *words],
        cwd=cwd, env=ENVIRONMENT | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------- exit status


@pytest.mark.parametrize(
    ("words", "findings", "status"),
    [
        ([], [], 0),
        ([], [skew()], 1),
        ([], [in_notebook()], 0),  # a note
        (["--fail-on", "info"], [in_notebook()], 1),
        ([], [several()], 0),  # a warning, likely
        (["--strict"], [several()], 1),
        (["--strict", "--fail-on", "error"], [several()], 0),
        (["--fail-on", "error"], [skew()], 1),
    ],
)
def test_exit_status(answer: Answer, words: list[str], findings: list[Finding], status: int) -> None:
    answer(*findings)
    assert run(["check", *words]) == status
    assert run(words) == status


def test_a_crashed_rule_is_exit_2_with_the_other_findings(answer: Answer, capsys: Streams) -> None:
    answer(skew(), crashed=(RuleError("ML205", "duplicate-feature", "the rule failed: KeyError"),))
    assert run(["--format", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in document["findings"]] == ["ML701"]
    assert document["errors"][0]["code"] == "ML205"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["check", "--formt", "json"], "--format"),
        (["check", "--format", "yaml"], "'concise'"),
        (["check", "--today", "soon"], "2024-06-01"),
        (["check", "--today", "2024-13-01"], "2024-06-01"),
        (["check", "--jobs", "0"], "jobs"),
        (["nowhere"], "nowhere: no such file or folder"),
        (["chekc"], "did you mean the command `check`"),
        (["graph", "--upstream"], "--focus"),
        (["graph", "--focus", "eta"], "'model:eta'"),
        (["explain", "unused-supression"], "`unused-suppression`"),
        (["explain"], "RULE"),
        (["--select", "ML9999", "--output", "/nonexistent/x"], "/nonexistent/x"),
    ],
)
def test_usage_errors_are_sentences(answer: Answer, capsys: Streams, words: list[str], hint: str) -> None:
    answer()
    assert run(words) == 2
    streams = capsys.readouterr()
    assert hint in streams.err
    assert streams.err.startswith("mllint: ")
    assert not streams.out
    assert "Traceback" not in streams.err


def test_nothing_to_analyse_is_exit_2(tmp_path: Path) -> None:
    done = mllint(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing to analyse" in done.stderr


def test_an_internal_error_is_one_line(answer: Answer, capsys: Streams,
                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    answer()

    def crash(*_: object, **__: object) -> None:
        raise KeyError("x\x1b[2J")

    monkeypatch.setattr(session, "check", crash)
    assert run([]) == 2
    streams = capsys.readouterr()
    assert streams.err.count("\n") == 1
    assert "MLLINT_DEBUG=1" in streams.err
    assert "\x1b" not in streams.err
    monkeypatch.setenv("MLLINT_DEBUG", "1")
    with pytest.raises(KeyError):
        run([])


# ------------------------------------------------------------------------------------------------------ options


def test_options_reach_the_session(answer: Answer, tmp_path: Path) -> None:
    seen = answer()
    words = "--select ML7,unused-source --select ML201 --ignore ML9 --preview --fail-on error --jobs 3 --no-cache"
    assert run([*words.split(), "--today", "2024-06-01", "services", "training"]) == 0
    overrides = {"select": ("ML7", "unused-source", "ML201"), "ignore": ("ML9",), "fail_on": "error"}
    assert seen["settings_overrides"] == overrides
    assert (seen["preview"], seen["jobs"], seen["use_cache"], seen["today"]) == (True, 3, False, "2024-06-01")
    assert seen["paths"] == (Path("services"), Path("training"))
    assert seen["root"] == tmp_path


def test_defaults_leave_settings_alone(answer: Answer) -> None:
    seen = answer()
    assert run([]) == 0
    assert not any(seen["settings_overrides"].values())
    assert (seen["preview"], seen["jobs"], seen["use_cache"], seen["paths"]) == (False, None, True, ())
    assert run(["graph", "--jobs", "2", "--no-cache"]) == 0
    assert (seen["jobs"], seen["use_cache"]) == (2, False)


@pytest.mark.parametrize("format", ["full", "concise", "json", "github"])
def test_output_holds_what_standard_output_would(answer: Answer, capsys: Streams, tmp_path: Path,
                                                 format: str) -> None:  # fmt: skip
    answer(skew())
    run(["--format", format, "--statistics"])
    shown = capsys.readouterr().out
    run(["--format", format, "--statistics", "--output", "report.txt"])
    assert capsys.readouterr().out == ""
    assert (tmp_path / "report.txt").read_text("utf-8") == shown


def test_output_follows_no_link_of_the_analysed_tree(answer: Answer, capsys: Streams,
                                                     tmp_path: Path) -> None:  # fmt: skip
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (tmp_path / "report.json").symlink_to(outside / "victim")
    (tmp_path / "folder").symlink_to(outside)
    answer()
    for name in ("report.json", "folder/report.json"):
        assert run(["--output", name]) == 2
        assert "is a link" in capsys.readouterr().err
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    ("words", "starts", "holds_columns"),
    [
        (["--format", "json"], '{"schema": "mllint-graph/1"', True),
        (["--format", "json", "--level", "dataset"], '{"schema": "mllint-graph/1"', False),
        (["--format", "dot"], "digraph", False),
        (["--format", "dot", "--level", "column"], "digraph", True),
        (["--format", "dot", "--focus", "column:table:raw.trips#m"], "digraph", True),
        (["--format", "mermaid"], "flowchart LR", False),
    ],
)
def test_graph(answer: Answer, capsys: Streams, words: list[str], starts: str, holds_columns: bool) -> None:
    answer()
    assert run(["graph", *words]) == 0
    text = capsys.readouterr().out
    assert text.startswith(starts)
    assert ("column:" in text) == holds_columns


def test_colours_only_where_they_are_wanted(answer: Answer, capsys: Streams,
                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    answer(skew())
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    run([])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    run([])
    assert "\x1b[1;31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    run([])
    assert "\x1b" not in capsys.readouterr().out


# -------------------------------------------------------------------------------------------- rules and explain


def test_rules_lists_every_rule(capsys: Streams) -> None:
    assert run(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in session.rules()]


def test_explain_takes_codes_and_names_in_any_case(capsys: Streams) -> None:
    for rule in session.rules():
        for word in (rule.code, rule.name, rule.code.lower()):
            assert run(["explain", word]) == 0
            text = capsys.readouterr().out
            assert text.startswith(f"{rule.code} {rule.name} (")
            page = ROOT / "fixtures" / "rules" / f"{rule.name}.md"
            assert not page.exists() or f"# {rule.name}" in text


# ------------------------------------------------------------------------------------------------- the process


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], env=ENVIRONMENT, capture_output=True, text=True, check=True)


def test_version_imports_next_to_nothing() -> None:
    program = "import sys; sys.argv = ['mllint', '--version']; from mllint.cli import main; main(); print(*sys.modules)"
    version, modules = python("-S", "-c", program).stdout.splitlines()
    plain = python("-S", "-c", "import sys; print(*sys.modules)").stdout
    assert version == f"mllint {__version__}"
    assert set(modules.split()) - set(plain.split()) <= {"mllint", "mllint.cli"}


@pytest.mark.parametrize("words", [["--help"], ["rules"], ["check", "--help"], ["graph", "--help"]])
def test_light_commands_import_nothing_heavy(words: list[str]) -> None:
    program = f"import sys; from mllint.cli.root import run; run({words}); print(*sys.modules, file=sys.stderr)"
    assert not {"sqlglot", "networkx", "libcst", "rich"} & set(python("-c", program).stderr.split())


def test_a_hostile_working_directory_runs_nothing(tmp_path: Path) -> None:
    for name in ("yaml", "json", "click", "msgspec", "rich", "sqlglot", "mllint_rules", "sitecustomize", "re"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})")
    for words in (["--version"], ["--help"], ["rules"], ["explain", "unused-suppression"], ["check", "--help"]):
        done = mllint(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    mllint("check", "--jobs", "2", cwd=tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    program = (
        "import sys; from mllint.cli import output; from pathlib import Path\n"
        "output.deliver('x' * 1_000_000, None, Path('/'))\n"
        "sys.exit(7)"
    )
    line = f'"{sys.executable}" -c "{program}" | head -c 1; echo " ${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == "x 7\n"
    assert done.stderr == ""


def test_reports_are_utf8_whatever_the_locale(tmp_path: Path) -> None:
    program = "from mllint.cli.output import deliver; from pathlib import Path; deliver('a …\\n', None, Path('/'))"
    environment = ENVIRONMENT | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout == "a …\n".encode()


def test_every_command_has_a_module_and_help(capsys: Streams) -> None:
    for name, summary in COMMANDS.items():
        assert run([name, "--help"]) == 0
        assert summary.split(":")[0].split(".")[0] in " ".join(capsys.readouterr().out.split())
