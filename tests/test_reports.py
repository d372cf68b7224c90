"""Reports: whole outputs as snapshots, and what strangers' texts cannot do to them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllint.errors import Problem
from mllint.escaping import mask_secrets, terminal, width
from mllint.reports import concise, full, github
from mllint.reports import json as as_json
from mllint.reports.report import Report
from mllint.reports.sources import Sources, read_inside
from mllint.rule import Finding, Label, Witness
from mllint.selection import RuleError
from mllint.source import Span
from tests.samples import COVERAGE, in_notebook, report, several, skew
from tests.snapshots import matches_snapshot

FORMATS = {"full": full.render, "concise": concise.render, "json": as_json.render, "github": github.render}


@pytest.mark.parametrize("name", FORMATS)
def test_whole_output(name: str, tmp_path: Path) -> None:
    sample = report(tmp_path, skew(), several(), in_notebook(), statistics=True)
    assert matches_snapshot(f"report-{name}.txt", FORMATS[name](sample))


@pytest.mark.parametrize("name", FORMATS)
def test_clean_output_says_how_much_was_seen(name: str, tmp_path: Path) -> None:
    text = FORMATS[name](report(tmp_path))
    if name == "json":
        assert json.loads(text)["coverage"]["reads"] == {"resolved": 12, "all": 15}
    else:
        assert text == "No findings.\nRead 38 of 40 files; resolved 12 of 15 reads and 4 of 4 writes.\n"


def test_terminal_of_80_columns_in_colour(tmp_path: Path) -> None:
    sample = report(tmp_path, skew(), several(), in_notebook())
    text = full.render(sample, colour=True, columns=80)
    assert matches_snapshot("report-full-80-colour.txt", text.replace("\x1b", "\\e"))
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert plain == full.render(sample, columns=80)
    assert max(map(width, plain.splitlines())) <= 80


def test_the_finding_that_the_design_shows(tmp_path: Path) -> None:
    shown = full.render(report(tmp_path, skew())).split("\n\n")[0]
    assert shown == (
        "services/eta/app.py:41:27: ML701 train-serve-skew: "
        "feature `trip_km` of model `eta` is computed differently when serving\n"
        "   |\n"
        '41 |     features["trip_km"] = body["trip_m"] / 1609.34\n'
        "   |                           ^^^^^^^^^^^^^^^^^^^^^^^^ serving: trip_m / 1609.34\n"
        "   ::: training/features.py:18:21\n"
        '18 |     df["trip_km"] = df["trip_m"] / 1000\n'
        "   |                     ------------------- training: trip_m / 1000\n"
        "   = witness: trip_m = 1000 gives 1.0 in training and 0.6214 when serving\n"
        "   = reaches: model:eta -> endpoint:POST /eta -> consumer:dispatch\n"
        "   = help: compute it once and import it in both, or persist it in the model's Pipeline"
    )


def test_a_crashed_rule_is_reported_beside_the_others(tmp_path: Path) -> None:
    crash = RuleError("ML205", "duplicate-feature", "the rule failed: KeyError: 'x'")
    sample = msgspec.structs.replace(report(tmp_path, skew()), rule_errors=[crash])
    for render in FORMATS.values():
        assert "KeyError" in render(sample)
        assert "ML701" in render(sample)


# ------------------------------------------------------------------------------------------------------- JSON

SPAN = {
    "type": "object",
    "required": ["path", "line", "column", "end_line", "end_column", "cell"],
    "additionalProperties": False,
    "properties": {
        "path": {"type": "string"},
        **{name: {"type": "integer", "minimum": 1} for name in ("line", "column", "end_line", "end_column")},
        "cell": {"type": ["integer", "null"]},
    },
}
FINDING = {
    "type": "object",
    "required": [
        "code", "name", "severity", "confidence", "message", "help", "span", "related", "nodes", "fingerprint",
        "witness", "deletes",
    ],
    "properties": {
        "severity": {"enum": ["error", "warning", "info"]},
        "confidence": {"enum": ["proven", "likely"]},
        "span": SPAN,
        "related": {"type": "array", "items": {"type": "object", "required": ["span", "message"],
                                               "properties": {"span": SPAN}}},
        "nodes": {"type": "array", "items": {"type": "string"}},
        "deletes": {"type": "array", "items": SPAN},
        "witness": {"type": ["object", "null"]},
    },
}  # fmt: skip


def test_json_keeps_its_schema(tmp_path: Path) -> None:
    document = json.loads(as_json.render(report(tmp_path, skew(), several(), in_notebook())))
    assert list(document) == ["schema", "findings", "errors", "coverage", "summary"]
    assert document["schema"] == "mllint-findings/1"
    for finding in document["findings"]:
        jsonschema.validate(finding, FINDING)
    assert document["errors"][0] | {"cell": 0} == {
        "code": "ML001", "path": "broken.py", "line": 7, "cell": 0, "message": "invalid syntax",
    }  # fmt: skip
    assert document["summary"] == {"files": 40, "findings": 3, "errors": 2, "deletable_lines": 0}


# ------------------------------------------------------------------------------------------- hostile texts

NASTY = st.sampled_from(
    ["::error::x", "\r::stop-commands::t", "\n::set-env name=a::b", "\x1b[2J", "\u202e", "%0A::x", ",file=b",
     "##[group]x", "\udcff", "\x00", "\x9b1m", "</svg>", '"', "\\", "::", "a:b", "%", "\u2028::warning::y", "é", "価格"]
)  # fmt: skip
TEXT = st.lists(st.one_of(NASTY, st.text(max_size=6)), max_size=5).map("".join)
SPANS = st.builds(
    Span,
    path=TEXT.filter(bool),
    line=st.integers(1, 9),
    column=st.integers(1, 9),
    end_line=st.integers(0, 9),
    end_column=st.integers(0, 9),
    cell=st.none() | st.integers(1, 3),
)
FINDINGS = st.builds(
    Finding,
    message=TEXT,
    help=TEXT,
    span=SPANS,
    label=TEXT,
    related=st.lists(st.builds(Label, SPANS, TEXT), max_size=2),
    nodes=st.lists(TEXT, max_size=2),
    reaches=st.lists(TEXT, max_size=2),
    witness=st.none() | st.builds(Witness, st.dictionaries(TEXT, st.floats() | TEXT), st.floats(), TEXT),
    severity=st.sampled_from(["error", "warning", "info"]),
    code=st.just("ML701"),
    name=st.just("train-serve-skew"),
)
REPORTS = st.builds(
    Report,
    root=st.just(Path("/nonexistent")),
    findings=st.lists(FINDINGS, max_size=3),
    problems=st.lists(st.builds(Problem, TEXT, st.integers(1, 9), st.just("ML001"), TEXT), max_size=2),
    coverage=st.just(COVERAGE),
)


def parse_command(line: str) -> tuple[str, dict[str, str], str] | None:
    """A line as GitHub's runner reads it (ActionCommand.TryParseV2)."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, listed = line[2:end].partition(" ")
    fields = dict(item.split("=", 1) for item in listed.strip().split(",") if "=" in item)
    return name, {key: unescape(value) for key, value in fields.items()}, unescape(line[end + 2 :])


def unescape(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


@given(REPORTS)
def test_github_reads_back_exactly_our_commands(sample: Report) -> None:
    text = github.render(sample)
    assert "\r" not in text
    commands = [command for line in text.split("\n") if (command := parse_command(line))]
    assert len(commands) == len(sample.findings) + len(sample.problems)
    for finding, (name, fields, message) in zip(sample.findings, commands, strict=False):
        assert name == {"error": "error", "warning": "warning", "info": "notice"}[finding.severity or "warning"]
        assert set(fields) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert fields["file"] == "\n".join(map(terminal, finding.span.path.replace("\r\n", "\n").split("\n")))
        assert fields["title"] == "ML701 train-serve-skew"
        head = mask_secrets(finding.message).replace("\r\n", "\n").split("\n")[0]
        assert terminal(head)[:5] in message


@given(REPORTS)
def test_text_formats_start_no_command_and_move_no_cursor(sample: Report) -> None:
    for text in (full.render(sample), concise.render(sample)):
        for line in text.split("\n"):
            assert terminal(line) == line
            assert not line.lstrip().startswith("::") or line.lstrip().startswith("::: ")
    for line in full.render(sample, columns=80).split("\n"):  # a terminal, which no CI runner reads
        assert terminal(line) == line


@given(REPORTS)
def test_json_is_ascii_and_valid_whatever_it_quotes(sample: Report) -> None:
    text = as_json.render(sample)
    assert text.isascii()
    document = json.loads(text, parse_constant=pytest.fail)
    assert len(document["findings"]) == len(sample.findings)
    json.dumps(document, ensure_ascii=False).encode()  # no lone surrogates


@given(st.text(), st.integers(1, 2000), st.integers(1, 2000))
def test_a_frame_fits_whatever_the_line_holds(
    tmp_path_factory: pytest.TempPathFactory, text: str, a: int, b: int
) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / "x.py").write_bytes((text * 40).encode("utf-8", "surrogatepass"))
    finding = Finding("message", "", Span("x.py", 1, a, 1, b), code="ML701", name="n", label="what is here")
    for columns in (80, 40, 1):
        shown = full.render(Report(root, [finding], [], COVERAGE), columns=columns).split("\n\n")[0]
        assert max(map(width, shown.split("\n"))) <= max(columns, full.NARROWEST)


# ---------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://eta:hunter2@db/trips", "hunter2"),
        ("https://ghs-token-1@github.com/x", "ghs-token-1"),
        ("key = AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ('password = "correct horse"', "correct horse"),
        ("conn(password='s3cret!')", "s3cret!"),
        ('{"api_key": "abcdef"}', "abcdef"),
        ("export DB_PASSWORD=9f8a7c6b5d4e", "9f8a7c6b5d4e"),
        ("https://x.blob.core.windows.net/a?sv=1&sig=abc123%2Fdef456", "abc123%2Fdef456"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJhbGciOiJIUzI1NiJ9"),
        ('os.getenv("DB_PASSWORD", "hunter2x")', "hunter2x"),
        ("token: ghp_0123456789abcdefghij0123456789abcdef", "ghp_"),
    ],
)
def test_secrets_are_masked_in_place(text: str, secret: str) -> None:
    masked = mask_secrets(text)
    assert secret not in masked
    assert len(masked) == len(text)
    assert masked.strip("*")


@pytest.mark.parametrize(
    "text",
    ["password = config.password", 'os.getenv("DB_PASSWORD")', "token=tokenizer", 'df[["token", "length"]]',
     "password: ${DB_PASSWORD}", 'pad_token = "[PAD]"', "tokens = text.split()", "s3://bucket/key.csv", "a@b.org",
     'secret = os.environ["SECRET_1"]', "api_key=get_key(1)"],
)  # fmt: skip
def test_code_that_only_speaks_of_secrets_stays(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_shows_a_password(name: str, tmp_path: Path) -> None:
    assert "hunter2" not in FORMATS[name](report(tmp_path, several()))


# ---------------------------------------------------------------------------------------------- source lines


def test_sources_come_from_regular_files_inside_the_root_alone(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("canary")
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "a.py").write_text("inside")
    (root / "link.py").symlink_to(tmp_path / "outside.txt")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.py")
    assert read_inside(root, "real/a.py", 100) == b"inside"
    for path in (
        "link.py",
        "folder/outside.txt",
        "../outside.txt",
        str(tmp_path / "outside.txt"),
        "pipe.py",
        "real",
        "",
    ):
        assert read_inside(root, path, 100) == b""
    assert read_inside(root, "real/a.py", 3) == b""


def test_lines_of_notebooks_and_of_odd_files(tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text('{"cells": [{"source": "a"}, {"source": ["b\\n", "c"]}]}')
    (tmp_path / "bad.ipynb").write_text('{"cells": 3}')
    (tmp_path / "crlf.py").write_bytes(b"\xef\xbb\xbfone\r\ntwo\x0cstill\rthree")
    sources = Sources(tmp_path)
    assert sources.line(Span("n.ipynb", 1, cell=2), 2) == "c"
    assert sources.line(Span("bad.ipynb", 1, cell=1), 1) == ""
    assert [sources.line(Span("crlf.py", 1), n) for n in (1, 2, 3, 4)] == ["one", "two\x0cstill", "three", None]
