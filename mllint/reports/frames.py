"""Code frames: the lines that a finding speaks of, each with what is to be seen there marked beneath.

   |
41 |     features["trip_km"] = body["trip_m"] / 1609.34
   |                           ^^^^^^^^^^^^^^^^^^^^^^^^ serving: trip_m / 1609.34
   ::: training/features.py:18:21
18 |     df["trip_km"] = df["trip_m"] / 1000
   |                     ------------------- training: trip_m / 1000
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mllint.escaping import mask_secrets, terminal, width
from mllint.reports.palette import Palette
from mllint.reports.report import place
from mllint.reports.sources import Sources
from mllint.rule import Finding, Label
from mllint.source import Span

QUOTED = 2000  # characters on each side of the span that are looked at, whatever the line's length


class Mark(msgspec.Struct, frozen=True):
    span: Span
    message: str
    primary: bool


class Shown(msgspec.Struct, frozen=True):
    """A source line as it is printed, and the first and last-but-one column of its mark, counted from 0."""

    text: str
    start: int
    end: int


def frames(labels: Sequence[Label], sources: Sources, palette: Palette, columns: int, wrap: bool) -> Iterator[str]:
    """The lines of all frames of some labels; the first is the primary one, and its file stands first."""
    marks = _marks(labels)
    gutter = gutter_of(labels)
    room = columns - gutter - 3
    bar = palette.gutter(" " * gutter + " |")
    yield bar
    before: Mark | None = None
    for mark in marks:
        if before is not None and not _same_file(before, mark):
            yield f"{palette.gutter(' ' * gutter + ' :::')} {terminal(place(mark.span))}"
        elif before is not None and mark.span.line > before.span.line + 1:
            yield palette.gutter("." * max(gutter, 3))
        line = sources.line(mark.span, mark.span.line)
        shown = _show(line or "", mark.span, room)
        if before is None or not _same_file(before, mark) or mark.span.line != before.span.line:
            number = palette.gutter(f"{mark.span.line:>{gutter}} |")
            yield f"{number} {shown.text}".rstrip() if line is not None else f"{number} (not shown)"
        yield from _beneath(mark, shown if line is not None else Shown("", 0, 1), bar, palette, room, wrap)
        before = mark


def labels_of(finding: Finding) -> list[Label]:
    return [Label(finding.span, finding.label), *finding.related]


def gutter_of(labels: Iterable[Label]) -> int:
    """How many columns the line numbers of all frames need."""
    return max(len(str(label.span.line)) for label in labels)


def _marks(labels: Sequence[Label]) -> list[Mark]:
    """All marks, file by file in the order of first mention, in a file by line."""
    files = list(dict.fromkeys((label.span.path, label.span.cell) for label in labels))
    marks = [Mark(label.span, label.message, index == 0) for index, label in enumerate(labels)]
    return sorted(
        dict.fromkeys(marks),
        key=lambda mark: (files.index((mark.span.path, mark.span.cell)), mark.span.line, mark.span.column),
    )


def _same_file(one: Mark, other: Mark) -> bool:
    return (one.span.path, one.span.cell) == (other.span.path, other.span.cell)


def _beneath(mark: Mark, shown: Shown, bar: str, palette: Palette, room: int, wrap: bool) -> Iterator[str]:
    paint = palette.primary if mark.primary else palette.related
    line = " " * shown.start + ("^" if mark.primary else "-") * (shown.end - shown.start)
    message = terminal(mark.message)
    if not wrap or shown.end + 1 + width(message) <= room:
        yield f"{bar} {paint(f'{line} {message}'.rstrip())}"
        return
    yield f"{bar} {paint(line)}"
    indent = min(shown.start, max(room - 40, 0))  # beneath its mark, but never squeezed against the right edge
    for part in textwrap.wrap(message, max(room - indent, 20)):
        yield f"{bar} {paint(' ' * indent + part)}"


def _show(line: str, span: Span, room: int) -> Shown:
    """The part of the line around the span that fits in `room` columns, safe to print."""
    line, start, end = _cut(line, *_columns(line, span))
    text = terminal(mask_secrets(line))
    stretches = [0]  # columns before each character
    for character in text:
        stretches.append(stretches[-1] + width(character))
    if stretches[-1] <= room:
        return Shown(text, stretches[start], max(stretches[end], stretches[start] + 1))
    left = 0
    if stretches[end] + 2 > room:  # the mark does not fit from the left edge: begin shortly before it
        left = next(i for i in range(len(text)) if stretches[start] - stretches[i] <= max(room // 6, 4))
    right = max(i for i in range(left, len(text) + 1) if stretches[i] - stretches[left] <= room - 4)
    head, tail = "…" if left else "", "…" if right < len(text) else ""
    shift = stretches[left] - len(head)
    first = min(stretches[start], stretches[right]) - shift
    return Shown(head + text[left:right] + tail, first, max(min(stretches[end], stretches[right]) - shift, first + 1))


def _columns(line: str, span: Span) -> tuple[int, int]:
    """Where the mark starts and ends, counted from 0. A span of several lines is marked to the end of its first."""
    start = min(max(span.column - 1, 0), len(line))
    if span.end_line in (0, span.line):
        end = span.end_column - 1 if span.end_column else start + 1
    else:
        end = len(line.rstrip())
    return start, min(max(end, start), len(line))


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    first = max(start - QUOTED, 0)
    return line[first : start + QUOTED], start - first, min(end, start + QUOTED) - first
