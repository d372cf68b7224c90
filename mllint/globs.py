"""Globs with git's meaning: .gitignore, CODEOWNERS and the settings that name paths all use this one matcher.

Patterns come from the analysed tree, so a pattern must never explode. pathspec turns `*a*a*a*a*b` into a regular
expression that backtracks for minutes on one long file name; here each segment of a path is matched by
`fnmatch.translate`, whose stars are atomic groups (linear), and `**` by two pointers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate

MAX_PATTERNS = 2_000  # of one list; the lines after these are not looked at

_Segment = re.Pattern[str] | None  # None is `**`


class _Pattern:
    """One line. `name` holds where only the last segment of a path counts, `segments` where all of them do."""

    __slots__ = ("folders_only", "name", "negated", "segments")

    def __init__(self, negated: bool, folders_only: bool, name: str, segments: tuple[_Segment, ...]) -> None:
        self.negated = negated
        self.folders_only = folders_only
        self.name = re.compile(name) if name else None
        self.segments = segments

    def matches(self, parts: tuple[str, ...], is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        if self.name is not None:
            return self.name.match(parts[-1]) is not None
        return _match(self.segments, parts)


class Globs:
    """An ordered list of patterns; the last one that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        patterns: list[_Pattern] = []
        names: list[str] = []
        for line in lines:
            if len(patterns) >= MAX_PATTERNS:
                break
            if (parsed := _parse(line)) is not None:
                pattern, name = parsed
                patterns.append(pattern)
                names += [name] if name else []
        self._reversed = patterns[::-1]
        self._by_path = [pattern for pattern in self._reversed if pattern.name is None]
        # Nearly every file matches no pattern at all: one search over all names tells so.
        self._any_name = re.compile("|".join(names)) if names else None

    def __bool__(self) -> bool:
        return bool(self._reversed)

    def verdict(self, parts: tuple[str, ...], is_folder: bool) -> bool | None:
        """Whether this very path (not a folder above it) is matched (`True`), re-included by `!` (`False`) or
        not spoken of (`None`). `parts` are its segments, relative to where the patterns stand."""
        if self._any_name is not None and self._any_name.match(parts[-1]) is not None:
            candidates = self._reversed
        else:
            candidates = self._by_path
        for pattern in candidates:
            if pattern.matches(parts, is_folder):
                return not pattern.negated
        return None

    def covers(self, path: str) -> bool:
        """Whether the file at a relative POSIX path, or a folder above it, is matched."""
        parts = tuple(path.split("/"))
        last = len(parts)
        return any(self.verdict(parts[:end], end < last) for end in range(1, last + 1))


def _match(segments: tuple[_Segment, ...], parts: tuple[str, ...]) -> bool:
    """Greedy, with one way back: to the last `**`. Trying earlier ones again could match nothing more."""
    at = here = 0
    star, mark = -1, 0
    while here < len(parts):
        segment = segments[at] if at < len(segments) else re.compile(r"(?!)")
        if segment is None:
            star, mark, at = at, here, at + 1
        elif segment.match(parts[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(segment is None for segment in segments[at:])


def _parse(line: str) -> tuple[_Pattern, str] | None:
    """A line of .gitignore, and the regular expression of its name where it has no slash; `None` for no pattern."""
    line = line.rstrip("\r\n")
    if line.startswith("#") or len(line) > 1_000:
        return None
    line = re.sub(r"(?<!\\) +\Z", "", line)
    negated = line.startswith("!")
    line = line.removeprefix("!")
    folders_only = line.endswith("/")
    line = line.removesuffix("/")
    if not line:
        return None
    if "/" not in line:
        if line == "**":
            line = "*"
        name = _segment(line)
        return _Pattern(negated, folders_only, name, ()), name
    segments: list[_Segment] = []
    for segment in line.removeprefix("/").split("/"):
        if segment != "**":
            segments.append(re.compile(_segment(segment)))
        elif not segments or segments[-1] is not None:
            segments.append(None)
    if segments and segments[-1] is None:  # `a/**` is what lies in `a`, not `a` itself
        segments.append(re.compile(""))
    return _Pattern(negated, folders_only, "", tuple(segments)), ""


def _segment(text: str) -> str:
    r"""git writes `\*` and `[^a]` what fnmatch writes `[*]` and `[!a]`.

    >>> re.match(_segment(r"\*[^a]*"), "*bc") is not None
    True
    """
    text = re.sub(r"\\(.)", lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], text)
    return translate(text.replace("[^", "[!"))
