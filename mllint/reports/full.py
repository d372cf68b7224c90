"""Findings for people: what is wrong, the lines that prove it, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mllint.escaping import mask_secrets, terminal
from mllint.reports.frames import frames, gutter_of, labels_of
from mllint.reports.palette import Palette
from mllint.reports.report import (
    Report,
    coverage,
    crash_text,
    place,
    problem_place,
    statistics,
    summary,
    unresolved,
    without_secrets,
    witness_text,
)
from mllint.reports.sources import Sources
from mllint.rule import Finding

PIPE = 120  # columns where no terminal sets a width
NARROWEST = 40  # columns that a terminal is taken to have at least


def render(report: Report, *, colour: bool = False, columns: int | None = None) -> str:
    """The report. `columns` is the width of the terminal; without one, only source lines are cut, to `PIPE`, and
    every sentence stays on one line, for grep and for the eyes of editors."""
    sources = Sources(report.root)
    columns = None if columns is None else max(columns, NARROWEST)
    parts = [
        *("\n".join(_finding(without_secrets(f), sources, colour, columns)) + "\n" for f in report.findings),
        *problem_lines(report),
        *ending(report, Palette(colour)),
    ]
    return "".join(f"{part}\n" for part in parts)


def problem_lines(report: Report) -> list[str]:
    """One line for each file that could not be read, or only in part, and for each rule that crashed; then a gap."""
    lines = [
        terminal(f"{problem_place(problem)}: {problem.code} {mask_secrets(problem.message)}")
        for problem in report.problems
    ]
    lines += map(terminal, map(crash_text, report.rule_errors))
    return [*lines, ""] if lines else []


def ending(report: Report, palette: Palette) -> Iterator[str]:
    """Statistics if asked for, the count of findings, and how much was seen: a clean report that saw nothing is
    the worst failure of a linter."""
    if report.statistics and report.findings:
        rows = statistics(report)
        digits = max(len(str(row[0])) for row in rows)
        for count, code, name, severity in rows:
            yield f"{count:>{digits}}  {terminal(code)} {terminal(name)} ({severity})"
        yield ""
    if report.statistics and report.coverage.gaps:
        yield "Reads and writes are unresolved since"
        reasons = unresolved(report.coverage)
        for count, reason in reasons:
            yield f"{count:>{len(str(reasons[0][0]))}}  {terminal(reason)}"
        yield ""
    yield palette.good(summary(report)) if not report.findings else palette.strong(summary(report))
    yield coverage(report.coverage)


def _finding(finding: Finding, sources: Sources, colour: bool, columns: int | None) -> Iterator[str]:
    palette = Palette(colour, finding.severity or "warning")
    where, rule, message = map(terminal, (place(finding.span), f"{finding.code} {finding.name}", finding.message))
    header = _wrap(f"{where}: {rule}: {message}", columns, "    ")
    painted = f"{palette.strong(where)}: {palette.primary(rule)}"
    yield "\n".join(header).replace(f"{where}: {rule}", painted, 1)
    yield from frames(labels_of(finding), sources, palette, columns or PIPE, wrap=columns is not None)
    margin = " " * gutter_of(labels_of(finding)) + " = "
    for word, text in _notes(finding):
        first, *rest = _wrap(f"{margin}{word}: {terminal(text)}", columns, " " * (len(margin) + len(word) + 2))
        yield palette.gutter(margin) + palette.strong(word) + first[len(margin) + len(word) :]
        yield from rest


def _notes(finding: Finding) -> Iterator[tuple[str, str]]:
    if text := witness_text(finding):
        yield "witness", text
    if finding.reaches:
        yield "reaches", " -> ".join(finding.reaches)
    if finding.confidence == "likely":
        yield "likely", "a step of the way was assumed, not followed; only --strict lets this fail the run"
    if finding.help:
        yield "help", finding.help


def _wrap(text: str, columns: int | None, indent: str) -> list[str]:
    if columns is None:
        return [text]
    wrapped = textwrap.wrap(
        text, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip
    return wrapped or [text]
