"""Findings for programs: the schema `mllint-findings/1`."""

from __future__ import annotations

from typing import Any

from mllint.errors import Problem
from mllint.escaping import mask_secrets
from mllint.jsontext import coverage_json, json_document, span_json
from mllint.reports.report import Report, crash_text, deletable, statistics, unresolved, without_secrets
from mllint.rule import Finding
from mllint.selection import RuleError


def render(report: Report) -> str:
    errors = [*map(_error, report.problems), *map(_crash, report.rule_errors)]
    document: dict[str, Any] = {
        "schema": "mllint-findings/1",
        "findings": [_finding(without_secrets(finding)) for finding in report.findings],
        "errors": errors,
        "coverage": coverage_json(report.coverage),
        "summary": {
            "files": report.coverage.files_found,
            "findings": len(report.findings),
            "errors": len(errors),
            "deletable_lines": deletable(report),
        },
    }
    if report.statistics:
        keys = ("count", "code", "name", "severity")
        document["statistics"] = [dict(zip(keys, row, strict=True)) for row in statistics(report)]
        document["unresolved"] = [{"count": count, "reason": reason} for count, reason in unresolved(report.coverage)]
    return json_document(document)


def _finding(finding: Finding) -> dict[str, Any]:
    row = finding.witness
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity or "warning",
        "confidence": finding.confidence,
        "message": finding.message,
        "help": finding.help,
        "label": finding.label,
        "span": span_json(finding.span),
        "related": [{"span": span_json(label.span), "message": label.message} for label in finding.related],
        "nodes": finding.nodes,
        "reaches": finding.reaches,
        "deletes": [span_json(span) for span in finding.deletes],
        "fingerprint": finding.fingerprint,
        "witness": row and {"inputs": row.inputs, "training": row.training, "serving": row.serving},
    }


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "path": problem.path,
        "line": problem.line,
        "cell": problem.cell,
        "message": mask_secrets(problem.message),
    }


def _crash(error: RuleError) -> dict[str, Any]:
    """A rule that failed has no place."""
    return {"code": error.code, "path": "", "line": 1, "cell": None, "message": crash_text(error)}
