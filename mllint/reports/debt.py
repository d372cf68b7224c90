"""Debts and suggestions, as tables for people and as JSON (`mllint-debt/1`, `mllint-suggestions/1`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from mllint.debt import Debt, Suggestion, by_owner
from mllint.escaping import mask_secrets, terminal, width
from mllint.jsontext import json_document, span_json
from mllint.reports.palette import Palette
from mllint.reports.report import place, without_secrets
from mllint.source import Span, count_lines

WIDTH = 80
OWNER = 18  # columns of the owner's name
MOST_LINES = 3  # of a message
NOBODY = "-"


# ------------------------------------------------------------------------------------------------- debts


def owed(debts: list[Debt], colour: bool = False, columns: int | None = None) -> str:
    return _text(_debts(debts, Palette(colour, "warning"), max(columns or WIDTH, 60)))


def _debts(debts: list[Debt], palette: Palette, columns: int) -> Iterator[str]:
    if not debts:
        yield palette.good("No debts.")
        return
    yield palette.strong(f"{'risk':>5}  {'effort':<6}  {'owner':<{OWNER}}  debt")
    for debt in debts:
        finding = without_secrets(debt.finding)
        owner = _cut(_safe(", ".join(debt.owners) or NOBODY), OWNER)
        name = f"{finding.code} {finding.name}"
        yield f"{debt.risk:>5}  {debt.effort:<6}  {_padded(owner, OWNER)}  {palette.primary(terminal(name))}"
        yield from _told(f"{place(finding.span)}: {finding.message}", columns)
    yield ""
    risk, lines = sum(debt.risk for debt in debts), count_lines(s for debt in debts for s in debt.finding.deletes)
    could = f" {_count(lines, 'line')} could be deleted: see `mllint debt --suggest`." if lines else ""
    yield palette.strong(f"{_count(len(debts), 'debt')} of risk {risk}.{could}")
    for owner, count, share in by_owner(debts):
        who = _padded(_cut(_safe(owner or "nobody is known"), OWNER), OWNER)
        yield f"{share:>5}  {_count(count, 'debt'):<10}  {who}".rstrip()


def debts_json(debts: list[Debt]) -> str:
    owners = [{"owner": owner, "debts": count, "risk": risk} for owner, count, risk in by_owner(debts)]
    return json_document(
        {
            "schema": "mllint-debt/1",
            "debts": [_debt(debt) for debt in debts],
            "owners": owners,
            "summary": {
                "debts": len(debts),
                "risk": sum(debt.risk for debt in debts),
                "deletable_lines": count_lines(s for debt in debts for s in debt.finding.deletes),
            },
        }
    )


def _debt(debt: Debt) -> dict[str, Any]:
    finding = without_secrets(debt.finding)
    return {
        "risk": debt.risk,
        "effort": debt.effort,
        "owners": list(debt.owners),
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity or "warning",
        "confidence": finding.confidence,
        "message": finding.message,
        "help": finding.help,
        "span": span_json(finding.span),
        "files": debt.files,
        "reached": [mask_secrets(id) for id in debt.reached],
        "deletes": [span_json(span) for span in finding.deletes],
        "fingerprint": finding.fingerprint,
    }


# ------------------------------------------------------------------------------------------- suggestions


def suggested(found: list[Suggestion], colour: bool = False, columns: int | None = None) -> str:
    return _text(_suggestions(found, Palette(colour, "info"), max(columns or WIDTH, 60)))


def _suggestions(found: list[Suggestion], palette: Palette, columns: int) -> Iterator[str]:
    if not found:
        yield palette.good("Nothing to delete.")
        return
    for kind, group in groupby(found, key=lambda suggestion: suggestion.kind):
        yield palette.strong(kind.capitalize())
        for suggestion in group:
            owners = f" ({', '.join(suggestion.owners)})" if suggestion.owners else ""
            yield from _told(f"{mask_secrets(suggestion.what)}{owners}", columns, "  ")
            places = ", ".join(map(_range, suggestion.deletes))
            yield from _told(f"deletes {_count(suggestion.lines, 'line')}: {places}", columns, "      ", most=None)
        yield ""
    total = count_lines(span for suggestion in found for span in suggestion.deletes)
    yield palette.strong(f"{_count(len(found), 'suggestion')}, {_count(total, 'line')} to delete.")


def suggestions_json(found: list[Suggestion]) -> str:
    return json_document(
        {
            "schema": "mllint-suggestions/1",
            "suggestions": [
                {
                    "kind": each.kind,
                    "what": mask_secrets(each.what),
                    "span": span_json(each.span),
                    "owners": list(each.owners),
                    "deletes": [span_json(span) for span in each.deletes],
                    "lines": each.lines,
                }
                for each in found
            ],
            "summary": {
                "suggestions": len(found),
                "lines": count_lines(span for each in found for span in each.deletes),
            },
        }
    )


# ------------------------------------------------------------------------------------------------- texts


def _range(span: Span) -> str:
    """`train.py:3-7`, `explore.ipynb:cell 2:1`."""
    cell = "" if span.cell is None else f"cell {span.cell}:"
    end = f"-{span.end_line}" if span.end_line > span.line else ""
    return f"{span.path}:{cell}{span.line}{end}"


def _told(text: str, columns: int, indent: str = " " * 7, most: int | None = MOST_LINES) -> list[str]:
    """A sentence within the width, cut after a few lines. Words count as wide as a terminal shows them, and break
    where they must."""
    lines = [indent]
    for word in terminal(text).split():
        gap = "" if lines[-1].isspace() else " "
        if width(lines[-1] + gap + word) <= columns:
            lines[-1] += gap + word
            continue
        if gap:
            lines.append(f"{indent}    ")
        for character in word:
            if width(lines[-1] + character) > columns:
                lines.append(f"{indent}    ")
            lines[-1] += character
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], _cut(f"{lines[most - 1]} {lines[most].lstrip()}", columns)]
    return lines


def _cut(text: str, columns: int) -> str:
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _safe(text: str) -> str:
    return terminal(mask_secrets(text))


def _padded(text: str, columns: int) -> str:
    return text + " " * max(columns - width(text), 0)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
