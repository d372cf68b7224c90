"""Findings that a comment on their line, or `per-file-ignores`, silences; and comments that silence nothing (ML007).

A comment holds for findings whose primary span begins or ends on its line, so that it may stand behind the closing
parenthesis of a long call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mllint.errors import nearest
from mllint.facts.file import FileFacts, Suppression
from mllint.globs import Globs
from mllint.rule import Finding, Rule, answers_to
from mllint.source import Span

UNUSED = Rule(
    "ML007",
    "unused-suppression",
    "a suppression comment that suppresses nothing",
    check=lambda lineage, context: (),
    severity="info",
)


def suppress(
    findings: Iterable[Finding], files: Iterable[FileFacts], rules: list[Rule], active: list[Rule], complete: bool
) -> list[Finding]:
    """The findings that no comment silences, and, if ML007 is among the `active` rules, one for each comment that
    silenced nothing although all the rules that it names have run. `complete`: every stable rule has run."""
    comments = {
        (facts.path, comment.cell, comment.line): (facts, comment) for facts in files for comment in facts.suppressions
    }
    used: set[tuple[str, int | None, int]] = set()
    kept = []
    for finding in findings:
        places = [(finding.span.path, finding.span.cell, line) for line in _lines(finding.span)]
        silencing = [place for place in places if place in comments and _speaks(comments[place][1], finding)]
        used.update(silencing)
        if not silencing:
            kept.append(finding)
    if any(rule.code == UNUSED.code for rule in active):
        for place, (facts, comment) in comments.items():
            if place not in used:
                kept += _unused(facts.path, comment, rules, active, complete)
    return kept


def ignore_per_file(findings: Iterable[Finding], ignores: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """Without the findings of `per-file-ignores`: path glob -> codes, names or prefixes."""
    globs = [(Globs([glob]), words) for glob, words in ignores.items()]
    for finding in findings:
        if not any(_any(words, finding.code, finding.name) and g.covers(finding.span.path) for g, words in globs):
            yield finding


def _lines(span: Span) -> set[int]:
    return {span.line, span.end_line or span.line}


def _speaks(comment: Suppression, finding: Finding) -> bool:
    return not comment.rules or _any(comment.rules, finding.code, finding.name)


def _any(words: Iterable[str], code: str, name: str) -> bool:
    return any(answers_to(word, code, name) for word in words)


def _unused(
    path: str, comment: Suppression, rules: list[Rule], active: list[Rule], complete: bool
) -> Iterator[Finding]:
    span = Span(path, comment.line, comment.column, comment.line, comment.column, comment.cell)
    for word in comment.rules:
        if not any(rule.answers_to(word) for rule in rules):
            near = nearest(word, [text for rule in rules for text in (rule.code, rule.name)])
            yield _finding(span, f"there is no rule `{word}` to suppress; {near}", "name a rule that exists")
            return
    spoken_of = [rule for rule in rules if not comment.rules or _any(comment.rules, rule.code, rule.name)]
    if all(rule in active for rule in spoken_of) if comment.rules else complete:
        what = f"`{', '.join(comment.rules)}` is" if comment.rules else "nothing is"
        yield _finding(span, f"this comment suppresses nothing: {what} not reported here", "remove the comment")


def _finding(span: Span, message: str, help: str) -> Finding:
    return Finding(message, help, span, code=UNUSED.code, name=UNUSED.name, severity=UNUSED.severity)
