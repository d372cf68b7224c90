"""Columns of what was copied as it is: a download, an upload.

s3.download_file("rides", "trips.csv", "here.csv")
pd.read_csv("here.csv")["km"]                           # also a column of `s3://rides/trips.csv`

What nobody wrote here is known by what is asked of its copies, and a copy has what its source has."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from msgspec.structs import replace

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import column_id, split_column

MOST_COLUMNS = 4_000  # that are passed on in all


def pass_columns_on(graph: Graph, copies: Iterable[Edge]) -> None:
    """Lead from columns of what is copied to those of the copy, in both directions, from copy to copy."""
    by_end: dict[str, list[Edge]] = {}
    for copy in copies:
        if _is_table(graph, copy):
            by_end.setdefault(copy.source, []).append(copy)
            by_end.setdefault(copy.target, []).append(copy)
    waiting = [id for dataset in sorted(by_end) for id in graph.columns(dataset)]
    for id in waiting:
        dataset, name = split_column(id)
        for copy in by_end[dataset]:
            source, target = column_id(copy.source, name), column_id(copy.target, name)
            if dataset == copy.target and not _is_from(graph, id, copy, by_end[dataset]):
                continue
            for other in (source, target):
                if other not in graph.nodes and len(waiting) < MOST_COLUMNS:
                    graph.add_node(other, "column", copy.span, name)
                    waiting.append(other)
            if source in graph.nodes and target in graph.nodes:
                graph.add_edge(replace(copy, source=source, target=target, kind="derives"))


def _is_table(graph: Graph, copy: Edge) -> bool:
    """Whether both ends hold rows, the same ones: not a folder, and not an object that holds data among others."""
    ends = (copy.source, copy.target)
    are_data = all(graph.nodes[id].kind == "dataset" and "*" not in id for id in ends)
    return are_data and copy.kind == "writes" and len({posixpath.splitext(id)[1] for id in ends}) == 1


def _is_from(graph: Graph, column: str, copy: Edge, copies: list[Edge]) -> bool:
    """Whether a column of a copy comes with the copy: nothing else fills it, and who asks for it has made this copy, if
    several are made under one name."""
    sources = {edge.source for edge in copies if edge.target == copy.target}
    if any(edge.source not in sources for edge in graph.in_edges(copy.target)):
        return False
    return len(sources) == 1 or any(edge.job == copy.job for edge in graph.out_edges(column))
