"""What linking yields: the graph, what was observed on the way, and how much of the repository was understood."""

from __future__ import annotations

import msgspec

from mllint.errors import Problem
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Graph
from mllint.lineage.observations import Observations


class Share(msgspec.Struct):
    resolved: int = 0
    all: int = 0


class Coverage(msgspec.Struct):
    """How much was seen: files read of files found, reads and writes whose dataset is known of all."""

    files_found: int = 0
    files_read: int = 0
    reads: Share = msgspec.field(default_factory=Share)
    writes: Share = msgspec.field(default_factory=Share)


class Lineage(msgspec.Struct):
    graph: Graph
    observations: Observations
    declarations: Declarations
    coverage: Coverage
    problems: list[Problem] = []
