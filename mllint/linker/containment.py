"""What is read or written as a whole, and in parts: files that a pattern names, files of a folder.

day.to_csv("raw/monday.csv")        for path in glob("raw/*.csv"): pd.read_csv(path)
df.write.parquet("trips")           pd.read_parquet("trips/part-0.parquet")

A name stays what the code says; what reads or fills the whole reads or fills the parts too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import is_named, split_column
from mllint.lineage.trials import Trials

_KINDS = {"dataset", "artifact"}
_WILD = re.compile(r"\*\*/?|\*|\?")
_TELLING = re.compile(r"\w")


def join_contents(graph: Graph, trials: Trials) -> None:
    """Lead from written files to what reads them by a pattern or as a folder, and to files that are read of a written
    folder from what is written into it. A folder that is copied as a whole takes along what it holds."""
    files = [node.id for node in graph.nodes.values() if node.kind in _KINDS and _is_file(node.id)]
    written = {id for id in files if graph.in_edges(id)}
    read = {id for id in files if any(_is_use(edge) for edge in graph.out_edges(id))}
    pairs = [*_of_patterns(read, written), *_of_folders(read, written)]
    copies: list[Edge] = []
    for edge in [edge for part, whole in pairs for edge in _told(graph, part, whole, whole in read, copies)]:
        if edge.source != edge.target:
            graph.add_edge(edge)
    for edge in copies:
        trials.copied(edge.source, edge.target, edge.span)


def _told(graph: Graph, part: str, whole: str, is_read: bool, copies: list[Edge]) -> Iterator[Edge]:
    """What is true of a part, since it is true of the whole: what reads it, or what is written into it."""
    for edge in graph.out_edges(whole) if is_read else graph.in_edges(whole):
        if not _is_use(edge):
            continue
        other = edge.target if is_read else edge.source
        twin = _twin(graph, part, whole, other)
        told = replace(edge, source=part, target=twin) if is_read else replace(edge, source=twin, target=part)
        yield told
        if twin != other:
            copies.append(told)
            yield from _columns_alike(graph, told)
    theirs = {split_column(id)[1]: id for id in graph.columns(part)}
    for id in graph.columns(whole):
        own = theirs.get(split_column(id)[1])
        if own is not None:
            for edge in graph.out_edges(id) if is_read else graph.in_edges(id):
                yield replace(edge, source=own) if is_read else replace(edge, target=own)


def _twin(graph: Graph, part: str, whole: str, other: str) -> str:
    """What a part of one folder is in the folder that this one is copied to or from; that folder if it has none."""
    inner = part.removeprefix(f"{whole}/")
    twin = f"{other}/{inner}"
    return twin if inner != part and _is_file(other) and twin in graph.nodes else other


def _columns_alike(graph: Graph, copy: Edge) -> Iterator[Edge]:
    theirs = {split_column(id)[1]: id for id in graph.columns(copy.target)}
    for id in graph.columns(copy.source):
        if (own := theirs.get(split_column(id)[1])) is not None:
            yield replace(copy, source=id, target=own)


def _is_file(id: str) -> bool:
    return (id.startswith("file:") or "://" in id) and not id.startswith(("column:", "runs:"))


def _is_use(edge: Edge) -> bool:
    return edge.strength != "declared"


def _of_patterns(read: set[str], written: set[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(read):
        if "*" in name and is_named(name) and _TELLING.search(name.removeprefix("file:")):
            pattern = _pattern(name)
            yield from ((id, name) for id in sorted(written - {name}) if pattern.fullmatch(id))


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


def _of_folders(read: set[str], written: set[str]) -> Iterator[tuple[str, str]]:
    for id in sorted(read | written):
        for folder in _folders(id):
            if (id in written and folder in read - written) or (id in read - written and folder in written - read):
                yield id, folder


def _folders(id: str) -> Iterator[str]:
    above = posixpath.dirname(id)
    while posixpath.basename(above) and not above.endswith(":/"):
        yield above
        above = posixpath.dirname(above)
