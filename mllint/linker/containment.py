"""What is read or written as a whole, and in parts: files that a pattern names, files of a folder.

day.to_csv("raw/monday.csv")        for path in glob("raw/*.csv"): pd.read_csv(path)
df.write.parquet("trips")           pd.read_parquet("trips/part-0.parquet")

A name stays what the code says, and an edge leads from what is written to what is read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.ids import column_id, is_named, split_column

_KINDS = {"dataset", "artifact"}
_WILD = re.compile(r"\*\*/?|\*|\?")
_TELLING = re.compile(r"\w")


def join_contents(graph: Graph) -> None:
    """Lead from written files to the patterns and folders that are read, and from written folders to files in them."""
    files = [node for node in graph.nodes.values() if node.kind in _KINDS and _is_file(node.id)]
    written = {node.id for node in files if graph.in_edges(node.id)}
    read = {node.id: node for node in files if any(_is_use(edge) for edge in graph.out_edges(node.id))}
    found = [*_of_patterns(read.values(), written), *_of_folders(graph, read, written)]
    for part, whole in found:  # of a folder that is written and a file in it that is read, the other way round
        reading = read[whole if whole in read else part]
        use = next(edge for edge in graph.out_edges(reading.id) if _is_use(edge))
        span = use.read or reading.spans[0]
        graph.add_edge(Edge(part, whole, "reads", "direct", use.job, use.language, span))
        theirs = {split_column(id)[1] for id in graph.columns(part)}
        for id in graph.columns(whole):
            if (column := split_column(id)[1]) in theirs:
                graph.add_edge(Edge(column_id(part, column), id, "reads", "direct", use.job, use.language, span))


def _is_file(id: str) -> bool:
    return (id.startswith("file:") or "://" in id) and not id.startswith(("column:", "runs:"))


def _is_use(edge: Edge) -> bool:
    return edge.strength != "declared"


def _of_patterns(read: Iterable[Node], written: set[str]) -> Iterator[tuple[str, str]]:
    for node in read:
        if "*" not in node.id or not is_named(node.id) or not _TELLING.search(node.id.removeprefix("file:")):
            continue
        pattern = _pattern(node.id)
        yield from ((id, node.id) for id in sorted(written - {node.id}) if pattern.fullmatch(id))


def _pattern(id: str) -> re.Pattern[str]:
    """`*` is any name in one folder, `**` any folders: `raw/**/*.csv`. A store of objects lists by how names begin."""
    parts, last = [], 0
    for wild in _WILD.finditer(id):
        parts.append(re.escape(id[last : wild.start()]))
        parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[wild[0]])
        last = wild.end()
    if "://" in id and id.endswith("*"):
        parts[-1] = ".*"
    return re.compile("".join([*parts, re.escape(id[last:])]))


def _of_folders(graph: Graph, read: dict[str, Node], written: set[str]) -> Iterator[tuple[str, str]]:
    for id in sorted(written):
        for folder in _folders(id):
            if folder in read and folder not in written:
                yield id, folder
    for id in sorted(read.keys() - written):
        for folder in _folders(id):
            if folder in written and folder not in read:
                yield folder, id


def _folders(id: str) -> Iterator[str]:
    above = posixpath.dirname(id)
    while posixpath.basename(above) and not above.endswith(":/"):
        yield above
        above = posixpath.dirname(above)
