"""Two models or configurations side by side, as tables for people and as JSON (the schema `mllint-compare/1`)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from mllint.escaping import mask_secrets, terminal
from mllint.jsontext import json_document, span_json
from mllint.lineage.comparison import Comparison, Entry, Row, Section
from mllint.reports.palette import Palette
from mllint.reports.report import place

WIDTH = 80
LEAST_WIDTH = 40
MOST_READERS = 3
ONE_SIDED = "only in "  # how the titles begin of what one file has alone
_ABSENT = "-"


def render(comparison: Comparison, *, colour: bool = False, columns: int | None = None) -> str:
    lines = _lines(comparison, Palette(colour, "info"), max(columns or WIDTH, LEAST_WIDTH))
    return "".join(f"{line}\n" for line in lines)


def _lines(comparison: Comparison, palette: Palette, columns: int) -> Iterator[str]:
    names = [comparison.first, comparison.second]
    different = sum(len(section.rows) for section in comparison.sections)
    same = sum(section.same for section in comparison.sections)
    counts = f"{different} difference{'' if different == 1 else 's'}, {same} the same."
    for line in _wrapped(f"{names[0]} and {names[1]}: {counts}", columns):
        yield palette.strong(line)
    for section in comparison.sections:
        yield ""
        title = f"{section.title}: {_told(section)}"
        for line in _wrapped(title, columns):
            yield palette.strong(line)
        if not section.rows:
            continue
        widths = _widths(section, names, columns)
        if comparison.kind == "models" or section.title == "settings":
            yield from _table(["", *names], widths)
        for row in section.rows:
            yield from _row(row, widths, columns)


def _told(section: Section) -> str:
    count = len(section.rows)
    if section.title.startswith(ONE_SIDED):
        return f"{count} setting{'' if count == 1 else 's'}"
    if not count:
        return f"all {section.same} the same"
    return f"{count} different, {section.same} the same"


def _widths(section: Section, names: list[str], columns: int) -> list[int]:
    """Of the name, and of the two sides: as wide as what stands there, as long as all of it fits."""
    longest = max(len(_safe(row.name)) for row in section.rows)
    name = min(longest, columns * 2 // 5)
    if section.title.startswith(ONE_SIDED):
        return [name, columns - 2 - name - 2]
    side = (columns - 2 - name - 2 - 2) // 2
    return [name, side, side]


def _row(row: Row, widths: list[int], columns: int) -> Iterator[str]:
    entries = [row.first, row.second] if len(widths) > 2 else [row.first or row.second]
    texts = [_ABSENT if entry is None else entry.text for entry in entries]
    yield from _table([row.name, *texts], widths)
    places = [place(entry.spans[0]) if entry is not None and entry.spans else "" for entry in entries]
    if any(places):
        yield from _table(["", *places], widths)
    told = []
    if row.readers:
        more = f" and {len(row.readers) - MOST_READERS} more" if len(row.readers) > MOST_READERS else ""
        told.append("read at " + ", ".join(place(span) for span in row.readers[:MOST_READERS]) + more)
    if row.reaches:
        told.append("reaches " + ", ".join(row.reaches))
    for text in told:
        yield from _wrapped(f"      {text}", columns, "        ")


def _table(cells: list[str], widths: list[int]) -> Iterator[str]:
    parts = [
        textwrap.wrap(_safe(cell), width, break_on_hyphens=False) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for line in zip_longest(*parts, fillvalue=""):
        yield ("  " + "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True))).rstrip()


def _safe(text: str) -> str:
    return terminal(mask_secrets(text))


def _wrapped(text: str, columns: int, indent: str = "    ") -> list[str]:
    safe = _safe(text)
    return textwrap.wrap(safe, columns, subsequent_indent=indent, break_on_hyphens=False)


def render_json(comparison: Comparison) -> str:
    sections = [
        {"title": section.title, "same": section.same, "rows": [_row_json(row) for row in section.rows]}
        for section in comparison.sections
    ]
    names = {"first": mask_secrets(comparison.first), "second": mask_secrets(comparison.second)}
    return json_document({"schema": "mllint-compare/1", "kind": comparison.kind, **names, "sections": sections})


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "name": mask_secrets(row.name),
        "first": _entry_json(row.first),
        "second": _entry_json(row.second),
        "readers": [span_json(span) for span in row.readers],
        "reaches": [mask_secrets(id) for id in row.reaches],
    }


def _entry_json(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"value": mask_secrets(entry.text), "spans": [span_json(span) for span in entry.spans]}
