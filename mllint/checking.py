"""Running rules on a lineage: each on its own, so that one that crashes costs one diagnostic."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from typing import Any

from mllint.facts.file import FileFacts
from mllint.lineage.lineage import Lineage
from mllint.rule import Context, Finding, Rule
from mllint.selection import RuleError, check_options, options_of, select
from mllint.settings import Settings
from mllint.suppressions import UNUSED, ignore_per_file, suppress


def check_lineage(
    lineage: Lineage,
    files: list[FileFacts],
    rules: list[Rule],
    settings: Settings,
    *,
    preview: bool,
    today: str,
    notes: list[str] | None = None,
) -> tuple[list[Finding], list[RuleError]]:
    """What the selected rules find, without what is suppressed, sorted by place; and the rules that failed. What
    they note besides is added to `notes`.

    Raises UsageError for settings that name no rule or option.
    """
    rules = [*rules, UNUSED]
    check_options(rules, settings)
    active = select(rules, settings, preview=preview)
    findings: list[Finding] = []
    errors: list[RuleError] = []
    for rule in active:
        try:
            findings += _run(rule, lineage, settings, today, notes if notes is not None else [])
        except Exception as error:
            message = f"the rule failed: {type(error).__name__}: {error}"
            errors.append(RuleError(rule.code, rule.name, " ".join(message.split())[:300]))
    complete = not errors and all(rule in active for rule in rules if rule.stable)
    ran = [rule for rule in active if rule.code not in {error.code for error in errors}]
    findings = suppress(findings, files, rules, ran, complete)
    findings = list(ignore_per_file(findings, settings.per_file_ignores))
    findings.sort(key=order)
    _add_fingerprints(findings)
    return findings, errors


def _run(rule: Rule, lineage: Lineage, settings: Settings, today: str, notes: list[str]) -> list[Finding]:
    found = []
    context = Context(options_of(rule, settings), today, settings.required_annotations, notes)
    for finding in rule.check(lineage, context):
        finding.code, finding.name = rule.code, rule.name
        finding.severity = finding.severity or rule.severity
        found.append(finding)
    return found


def order(finding: Finding) -> tuple[Any, ...]:
    """By place; nothing about how the finding was made decides."""
    span = finding.span
    return (span.path, span.cell or 0, span.line, span.column, finding.code, finding.message, finding.nodes)


def _add_fingerprints(findings: list[Finding]) -> None:
    """A fingerprint stays the same while code above the finding comes and goes: it holds the rule, the path, the
    message without numbers, and which of several equal ones this is."""
    seen: Counter[str] = Counter()
    for finding in findings:
        text = "\0".join((finding.code, finding.span.path, re.sub(r"\d+", "#", finding.message)))
        finding.fingerprint = blake2b(f"{text}\0{seen[text]}".encode("utf-8", "replace"), digest_size=16).hexdigest()
        seen[text] += 1
