"""Files that are written beside their target and then take its name: nobody else ever meets them.

rides.to_parquet("rides.parquet.tmp")
os.replace("rides.parquet.tmp", "rides.parquet")"""

from __future__ import annotations

import posixpath
import re

from msgspec.structs import replace

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import column_id, dataset_of, model_id, split_column

_MARK = re.compile(r"[._-]?\btmp(?=[._-]|$)|[._-]tmp\b|\.(?:temp|part|partial)$|~$", re.IGNORECASE)


def pass_over_temporaries(graph: Graph) -> dict[str, str]:
    """What goes into such a file goes into its target, and the file itself is left out. Gives the names of models that
    are called after one, each with the name that it should have."""
    targets = {node.id: target for node in graph.nodes.values() if (target := _target(graph, node.id))}
    for id, target in targets.items():
        for edge in graph.in_edges(id):
            graph.add_edge(replace(edge, target=target))
        for column in graph.columns(id):
            own = column_id(target, split_column(column)[1])
            for edge in graph.in_edges(column) if own in graph.nodes else ():
                graph.add_edge(replace(edge, target=own))
    if targets:
        graph.drop(lambda edge: dataset_of(edge.source) in targets or dataset_of(edge.target) in targets)
    named = {model_id(_path(id)): model_id(_path(target)) for id, target in targets.items()}
    return {model: name for model, name in named.items() if model in graph.nodes}


def _path(id: str) -> str:
    return id.removeprefix("file:")


def _target(graph: Graph, id: str) -> str:
    """The file whose name a file takes, if that is all that ever becomes of it."""
    uses = graph.out_edges(id)
    found = {edge.target for edge in uses if not edge.target.startswith("column:")}
    if len(found) != 1 or not graph.in_edges(id) or not _is_plain(id, uses):
        return ""
    (target,) = found
    is_beside = posixpath.dirname(id) == posixpath.dirname(target) and id != target
    return target if is_beside and _stem(id) == _stem(target) else ""


def _is_plain(id: str, uses: list[Edge]) -> bool:
    is_file = id.startswith("file:") or "://" in id
    return is_file and bool(_MARK.search(posixpath.basename(id))) and all(edge.kind == "writes" for edge in uses)


def _stem(id: str) -> str:
    return _MARK.sub("", posixpath.basename(id).removeprefix("file:")).strip("._-").partition(".")[0]
