"""Comments of configuration files that tell people what else a setting may be.

    data_source: pse        # pse (keyless) or entsoe (token)
    # Early stopping: enable with early_stopping.enabled=true
    early_stopping:
      enabled: false

Only the lines are kept: what a comment says may be anything, a password too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mllint.facts.config import Value

_SIGNS = {"yaml": "#", "toml": "#", "ini": "#;"}
_LONGEST = 1_000
_INVITES = re.compile(
    r"\bset (?:it |this )?(?:to|as)\b|\b(?:enable|disable)d? with\b|\bto (?:enable|disable)\b"
    r"|\bturn (?:it )?o(?:n|ff)\b|\bswitch to\b|\bone of\b|\beither\b"
    r"|\b(?:options|choices|alternatives|allowed|possible|valid)\b[^:]{0,20}:",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\bor\b|\||/", re.IGNORECASE)


def lines_with_choice(kind: str, text: str, documents: list[Value]) -> tuple[int, ...]:
    """The lines of all settings of which a comment, beside them or right above, says that they may be another way."""
    if kind not in _SIGNS or not any(sign in text for sign in _SIGNS[kind]):
        return ()
    comment = re.compile(rf"(?:^|[ \t])[{_SIGNS[kind]}](.*)")
    remarks = _Remarks([(line, comment.search(line)) for line in text.split("\n")])
    return tuple(sorted({line for document in documents for line in _chosen(document, remarks, "")}))


class _Remarks:
    def __init__(self, lines: list[tuple[str, re.Match[str] | None]]) -> None:
        self._lines = lines

    def of(self, number: int) -> str:
        """What is said beside a line, counted from 1, and right above it."""
        beside = self._at(number)
        above: list[str] = []
        while (number := number - 1) >= 1 and self._is_comment(number) and sum(map(len, above)) < _LONGEST:
            above.append(self._at(number))
        return " ".join([*reversed(above), beside])[:_LONGEST]

    def _at(self, number: int) -> str:
        found = self._lines[number - 1][1] if 1 <= number <= len(self._lines) else None
        return found[1].strip() if found is not None else ""

    def _is_comment(self, number: int) -> bool:
        line, found = self._lines[number - 1]
        return found is not None and not line[: found.start()].strip()


def _chosen(value: Value, remarks: _Remarks, above: str) -> Iterator[int]:
    """`above` is what was said of the section."""
    for entry in value.entries:
        said = remarks.of(entry.line)
        if entry.value.kind == "scalar" and (above or said):
            is_set = _is_set_in(entry.key, f"{above} {said}")
            if is_set or _INVITES.search(said) or _names_others(entry.value.value, said):
                yield entry.line
        yield from _chosen(entry.value, remarks, said)


def _is_set_in(key: str, said: str) -> bool:
    """`enable with early_stopping.enabled=true`"""
    return key in said and re.search(rf"(?<!\w){re.escape(key)}\s*[=:]\s*\w", said) is not None


def _names_others(value: object, said: str) -> bool:
    """`pse (keyless) or entsoe (token)`: the value, and what else it may be."""
    if not isinstance(value, str) or not value or not _SEVERAL.search(said):
        return False
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said) is not None
