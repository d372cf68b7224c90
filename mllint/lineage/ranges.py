"""Stretches of time: which one filters let in, and whether a declared window lies in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from mllint.lineage.declarations import Declared, Window
from mllint.lineage.observations import Limit

_EARLIEST, _LATEST = "", "9999-12-31"


def unusable(entry: Declared) -> list[tuple[Window, str]]:
    """Stretches of time in which a declared thing is not to be used, each with the words that say why."""
    found = []
    for window in entry.invalid:
        reason = f" ({window.reason})" if window.reason else ""
        words = f"is invalid from {window.start or 'the beginning'} to {window.end or 'now'}{reason}"
        found.append((window, words))
    if entry.available is not None and entry.available.start:
        start = entry.available.start
        found.append((Window("", moved(start, -1)), f"is available from {start} only"))
    if entry.available is not None and entry.available.end:
        end = entry.available.end
        found.append((Window(moved(end, 1), ""), f"is available until {end} only"))
    return found


def moved(day: str, by: int) -> str:
    """
    >>> moved("2024-03-01", -1)
    '2024-02-29'
    """
    return (date.fromisoformat(day[:10]) + timedelta(days=by)).isoformat()


def admits(limits: Iterable[Limit], window: Window, today: str) -> Limit | None:
    """The filter that lets a window in; none where the range is not known on the side that matters.

    With no lower bound nobody knows how far back the rows go; with no upper bound they go on until today."""
    limits = list(limits)
    lower = max((one for one in limits if one.operator in (">", ">=", "==")), key=_value, default=None)
    upper = min((one for one in limits if one.operator in ("<", "<=", "==")), key=_value, default=None)
    if (lower is None and upper is None) or (not window.start and lower is None):
        return None
    begins = _EARLIEST if lower is None else moved(lower.value, 1) if lower.operator == ">" else lower.value
    ends = today if upper is None else moved(upper.value, -1) if upper.operator == "<" else upper.value
    first, last = window.start or _EARLIEST, window.end or _LATEST
    if begins > last or ends < first or any(_leaves_out(one, first, last) for one in limits):
        return None
    return lower if lower is not None and (not window.start or window.end) else upper or lower


def _value(limit: Limit) -> str:
    return limit.value


def _leaves_out(limit: Limit, first: str, last: str) -> bool:
    """Whether a filter takes out a stretch of time that holds the window."""
    begins, _, ends = limit.value.partition("/")
    return limit.operator == "outside" and begins <= first and last <= ends
