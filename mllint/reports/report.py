"""What every format is given, and the sentences that every format says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from mllint.errors import Problem
from mllint.escaping import mask_secrets
from mllint.lineage.lineage import Coverage, Share
from mllint.rule import Finding
from mllint.selection import RuleError
from mllint.source import Span, count_lines

MOST_REASONS = 10


class Report(msgspec.Struct, frozen=True):
    """One run. `root` is where the paths of spans begin; `rule_errors` are rules that crashed."""

    root: Path
    findings: list[Finding]
    problems: list[Problem]
    coverage: Coverage
    rule_errors: list[RuleError] = []
    statistics: bool = False


def without_secrets(finding: Finding) -> Finding:
    """The finding as it may be shown: a rule quotes URLs and literals of the analysed code in its texts."""
    text = {name: mask_secrets(getattr(finding, name)) for name in ("message", "help", "label")}
    related = [msgspec.structs.replace(label, message=mask_secrets(label.message)) for label in finding.related]
    lists = {name: [mask_secrets(id) for id in getattr(finding, name)] for name in ("nodes", "reaches")}
    return msgspec.structs.replace(finding, **text, **lists, related=related)


def place(span: Span) -> str:
    """`path:line:column`, and `path:cell N:line:column` in a notebook."""
    path = (
        span.path if span.path.lstrip()[:1] not in (":", "") else f"./{span.path}"
    )  # `::` begins a command in CI logs
    cell = "" if span.cell is None else f"cell {span.cell}:"
    return f"{path}:{cell}{span.line}:{span.column}"


def problem_place(problem: Problem) -> str:
    return place(Span(problem.path, problem.line, cell=problem.cell)).removesuffix(":1")


def witness_text(finding: Finding) -> str:
    """`trip_m = 1000 gives 1.0 in training and 0.6214 when serving`, empty if there is no witness."""
    row = finding.witness
    if row is None:
        return ""
    inputs = ", ".join(f"{name} = {_value(value)}" for name, value in row.inputs.items()) or "every row"
    return mask_secrets(f"{inputs} gives {_value(row.training)} in training and {_value(row.serving)} when serving")


def _value(value: Any) -> str:
    match value:
        case None:
            return "null"
        case float() if value == value and abs(value) < 1e15:
            return repr(round(value, 4) if abs(value) >= 0.001 else float(f"{value:.4g}"))
        case str():
            return repr(value)
        case _:
            return str(value)


def crash_text(error: RuleError) -> str:
    """A rule, or a pack of rules, that failed: its result is missing from the report."""
    return mask_secrets(f"{error.code} {error.name}: {error.message}".strip())


# ---------------------------------------------------------------------------------------- the last sentences


def summary(report: Report) -> str:
    """`3 findings (1 error, 2 warnings), of which 1 likely.`"""
    count = len(report.findings)
    if not count:
        return "No findings."
    severities = Counter[str](finding.severity or "warning" for finding in report.findings)
    parts = [_count(severities[name], noun) for name, noun in _NOUNS.items() if severities[name]]
    likely = sum(finding.confidence == "likely" for finding in report.findings)
    tail = f", {likely} of them likely rather than proven" if likely else ""
    return f"{_count(count, 'finding')}: {', '.join(parts)}{tail}.{_deletable(report)}"


def deletable(report: Report) -> int:
    """How many lines could be deleted, by all findings together."""
    return count_lines(span for finding in report.findings for span in finding.deletes)


def _deletable(report: Report) -> str:
    count = deletable(report)
    return f" {_count(count, 'line')} could be deleted." if count else ""


def coverage(seen: Coverage) -> str:
    """`Read 38 of 40 files; resolved 12 of 15 reads and 4 of 4 writes.`"""
    return (
        f"Read {seen.files_read} of {_count(seen.files_found, 'file')}; "
        f"resolved {_share(seen.reads, 'read')} and {_share(seen.writes, 'write')}."
    )


def statistics(report: Report) -> list[tuple[int, str, str, str]]:
    """`(count, code, name, severity)` of each rule that found something, the most frequent first."""
    counts = Counter((f.code, f.name, f.severity or "warning") for f in report.findings)
    return sorted(((count, *key) for key, count in counts.items()), key=lambda row: (-row[0], row[1], row[3]))


def unresolved(seen: Coverage) -> list[tuple[int, str]]:
    """Why reads and writes are unresolved, and at how many places: the ten commonest reasons."""
    return [(count, mask_secrets(reason)) for reason, count in seen.reasons()[:MOST_REASONS]]


_NOUNS = {"error": "error", "warning": "warning", "info": "note"}


def _share(share: Share, noun: str) -> str:
    return f"{share.resolved} of {_count(share.all, noun)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
