"""GitHub Actions: workflow commands, which become annotations on the lines of a pull request.

::error file=app.py,line=41,endLine=41,col=5,endColumn=60,title=ML701 train-serve-skew::feature `trip_km` ...
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.errors import Problem
from mllint.escaping import github_message, github_property, mask_secrets
from mllint.reports.full import ending
from mllint.reports.palette import Palette
from mllint.reports.report import Report, crash_text, place, without_secrets, witness_text
from mllint.rule import Finding
from mllint.source import Span

_COMMAND = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> str:
    lines = [
        *map(_annotation, map(without_secrets, report.findings)),
        *map(_problem, report.problems),
        *(_command("error", {"title": "mllint"}, crash_text(error)) for error in report.rule_errors),
        *ending(report, Palette()),
    ]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    likely = " (likely)" if finding.confidence == "likely" else ""
    fields = {**_position(finding.span), "title": f"{finding.code} {finding.name}{likely}"}
    return _command(_COMMAND[finding.severity or "warning"], fields, "\n".join(_lines(finding)))


def _lines(finding: Finding) -> Iterator[str]:
    if finding.span.cell is not None:  # GitHub counts lines over the JSON text of a notebook
        yield f"{place(finding.span)}:"
    yield finding.message
    for label in finding.related:
        yield f"{place(label.span)}: {label.message}"
    if text := witness_text(finding):
        yield f"witness: {text}"
    if finding.reaches:
        yield f"reaches: {' -> '.join(finding.reaches)}"
    if finding.help:
        yield f"help: {finding.help}"


def _problem(problem: Problem) -> str:
    fields = {**_position(Span(problem.path, problem.line, cell=problem.cell)), "title": problem.code}
    return _command("warning", fields, problem.message)


def _position(span: Span) -> dict[str, str]:
    if span.cell is not None:
        return {"file": span.path}
    end = span.end_line or span.line
    position = {"file": span.path, "line": str(span.line), "endLine": str(end)}
    if end == span.line and span.end_column:  # GitHub takes columns on a single line only
        position |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return position


def _command(name: str, fields: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={github_property(value)}" for key, value in fields.items())
    return f"::{name} {listed}::{github_message(mask_secrets(message))}"
