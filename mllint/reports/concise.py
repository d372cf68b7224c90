"""One line per finding."""

from __future__ import annotations

from mllint.escaping import terminal
from mllint.reports.full import ending, problem_lines
from mllint.reports.palette import Palette
from mllint.reports.report import Report, place, without_secrets
from mllint.rule import Finding


def render(report: Report) -> str:
    findings = [_line(without_secrets(finding)) for finding in report.findings]
    lines = [*findings, *([""] if findings else []), *problem_lines(report), *ending(report, Palette())]
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding) -> str:
    likely = " [likely]" if finding.confidence == "likely" else ""
    return terminal(f"{place(finding.span)}: {finding.code} {finding.name}: {finding.message}{likely}")
