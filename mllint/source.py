"""Places in files: the span that every fact, edge and finding points at."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of one file. Lines, columns (in characters) and notebook cells count from 1; the end column is
    the one after the last character. In a notebook, lines count within the cell."""

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    cell: int | None = None

    def __lt__(self, other: Span) -> bool:
        return self._order() < other._order()

    def __gt__(self, other: Span) -> bool:
        return self._order() > other._order()

    def _order(self) -> tuple[str, int, int, int, int, int]:
        """What is outside of cells comes before the first cell."""
        return (self.path, self.cell or 0, self.line, self.column, self.end_line, self.end_column)


def count_lines(spans: Iterable[Span]) -> int:
    """How many lines these are; one that several of them share counts once."""
    ranges: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for span in spans:
        ranges.setdefault((span.path, span.cell or 0), []).append((span.line, max(span.end_line, span.line)))
    count = 0
    for parts in ranges.values():
        last = 0
        for first, end in sorted(parts):
            count += max(end - max(first, last + 1) + 1, 0)
            last = max(last, end)
    return count
