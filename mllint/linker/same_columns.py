"""Columns that SQL and other code write in different case: `TotalKm` of a frame that goes into a table, and
`select TotalKm from rides`, which SQL calls `totalkm`. They are one column of the table."""

from __future__ import annotations

from collections import defaultdict

from mllint.lineage.graph import NodeKind
from mllint.lineage.ids import column_id, split_column
from mllint.linker.project import Project

_COLUMN: NodeKind = "column"


def one_spelling(project: Project) -> dict[str, str]:
    """New ids of columns by their old ones. A table's are called as SQL calls them, a file's as its header does, where
    that is known."""
    spelt: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id, node in project.graph.nodes.items():
        if node.kind == _COLUMN:
            dataset, name = split_column(id)
            if dataset.startswith(("table:", "file:")):
                spelt[dataset, name.lower()].append(name)
    found: dict[str, str] = {}
    for (dataset, lower), names in spelt.items():
        if dataset.startswith("table:"):
            own = lower if len(names) > 1 and lower in names else ""
            others = [name for name in names if name != lower]
        else:
            own = _in_header(project, dataset, lower) if lower in names else ""
            others = [lower]
        found.update({column_id(dataset, name): column_id(dataset, own) for name in others if own})
    return found


def _in_header(project: Project, file: str, lower: str) -> str:
    """How a file calls a column that SQL writes so; empty if that is not certain."""
    header = project.header(file) or []
    same = [name for name in header if name.lower() == lower]
    return same[0] if len(same) == 1 and same[0] != lower else ""
