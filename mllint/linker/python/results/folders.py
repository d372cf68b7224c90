"""Folders that are copied as a whole: what was written below goes along, what is read below came with them.

joblib.dump(model, "out/eta.joblib")                    shutil.unpack_archive("eta.zip", "model")
shutil.make_archive("eta", "zip", "out")                joblib.load("model/eta.joblib")
"""

from __future__ import annotations

from bisect import bisect_left

from mllint.lineage.graph import Edge, Graph
from mllint.linker.project import Project
from mllint.linker.python.results.records import Link


def add_folders(project: Project, copies: list[Link]) -> None:
    graph = project.graph
    if not copies:
        return
    names = sorted(id for id in graph.nodes if not id.startswith("column:"))
    written = {edge.target for edge in graph.edges()}
    sources = {link.source: link for link in reversed(copies)}
    targets = {link.target: link for link in reversed(copies)}
    for folder, link in sorted(sources.items()):
        for node in [] if folder in written else _below(names, folder):
            if node in written:
                _join(graph, node, folder, link)
    for folder, link in sorted(targets.items()):
        for node in _below(names, folder):
            if node not in written and not project.exists(node.removeprefix("file:")):
                _join(graph, folder, node, link)


def _below(names: list[str], folder: str) -> list[str]:
    start = folder.rstrip("/") + "/"
    first, last = bisect_left(names, start), bisect_left(names, start + "\U0010ffff")
    return names[first:last] if folder != "file:." else []


def _join(graph: Graph, source: str, target: str, link: Link) -> None:
    graph.add_edge(Edge(source, target, "writes", link.strength, link.job, link.language, link.span, ""))
