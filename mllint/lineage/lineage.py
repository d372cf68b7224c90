"""What linking yields: the graph, what was observed on the way, and how much of the repository was understood."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec

from mllint.errors import Problem
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Graph
from mllint.lineage.observations import Observations
from mllint.source import Span


class Share(msgspec.Struct):
    resolved: int = 0
    all: int = 0


class Gap(msgspec.Struct, frozen=True):
    """A read or write whose dataset is not known, be it of one column. `why` tells the cause, in words, and `lost`
    where it lies; `node` is what is known of the name (`file:data/{day}.csv`), if anything is. `data` are the nodes
    that a write's data come from. Several gaps may have one `span`: a helper that is called with several names."""

    span: Span
    is_read: bool
    why: str
    job: str
    lost: Span | None = None
    node: str = ""
    data: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The cause without the names in it, so that like causes can be counted."""
        return _QUOTED.sub("`…`", self.why)


NAMELESS = "a part of the name is not known"
_QUOTED = re.compile(r"`[^`]*`")


class Coverage(msgspec.Struct):
    """How much was seen: files read of files found, reads and writes whose dataset is known of all. `gaps` are the
    others, in the order of their places."""

    files_found: int = 0
    files_read: int = 0
    reads: Share = msgspec.field(default_factory=Share)
    writes: Share = msgspec.field(default_factory=Share)
    gaps: list[Gap] = []

    def freeze(self) -> None:
        """Each gap once, in the order of places. Called once, by the linker, when linking is done."""
        self.gaps = sorted(set(self.gaps), key=_gap_order)

    def reasons(self) -> list[tuple[str, int]]:
        """Why reads and writes are unresolved, and at how many places, the commonest first."""
        places = {(gap.span, gap.is_read, gap.reason) for gap in self.gaps}
        return sorted(Counter(reason for _, _, reason in places).items(), key=lambda item: (-item[1], item[0]))


def _gap_order(gap: Gap) -> tuple[Any, ...]:
    place = (gap.span.path, gap.span.cell or 0, gap.span.line, gap.span.column)
    return (*place, gap.is_read, gap.why, gap.job, gap.node, gap.data, gap.lost or Span("", 0))


class Lineage(msgspec.Struct):
    graph: Graph
    observations: Observations
    declarations: Declarations
    coverage: Coverage
    problems: list[Problem] = []
    shipped: frozenset[str] = frozenset()  # paths of all files of the repository, read or not
