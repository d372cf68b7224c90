"""What a template becomes, piece by piece, and where in the template each piece stands."""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from mllint.linker.jinja.values import Budget


class Origins(msgspec.Struct):
    """Offsets in an output to offsets in its template: `starts` of pieces, where each comes from, and whether it is
    the template's own text, rather than what an expression there made."""

    starts: list[int] = []
    sources: list[int] = []
    verbatim: list[bool] = []

    def of(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        if index < 0:
            return offset
        return self.sources[index] + (offset - self.starts[index] if self.verbatim[index] else 0)


class Output:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._parts: list[str] = []
        self._length = 0
        self.origins = Origins()

    def write(self, text: str, source: int, verbatim: bool) -> None:
        if text:
            self._budget.write(len(text))
            self._parts.append(text)
            self.origins.starts.append(self._length)
            self.origins.sources.append(source)
            self.origins.verbatim.append(verbatim)
            self._length += len(text)

    def text(self) -> str:
        return "".join(self._parts)
