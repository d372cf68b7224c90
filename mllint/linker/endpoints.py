"""Which endpoint is asked, where several services of a repository answer the same route."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mllint.lineage.graph import Graph
from mllint.lineage.ids import split_endpoint


def nearest(graph: Graph, endpoints: Sequence[str], path: str, url: str) -> list[str]:
    """Of services that answer the same route: those whose folder the host is called after, else those that lie nearest
    to the file that asks."""
    if len({split_endpoint(id) for id in endpoints}) == len(endpoints):
        return list(endpoints)
    host = re.match(r"[a-z]+://([\w-]+)", url)
    folders = {id: {span.path.rpartition("/")[0] for span in graph.nodes[id].spans} for id in endpoints}
    named = [id for id in endpoints if host and any(host[1] in folder.split("/") for folder in folders[id])]
    own = path.split("/")[:-1]
    depths = {
        id: max((len(posixpath.commonprefix([own, folder.split("/")])) for folder in folders[id]), default=0)
        for id in endpoints
    }
    return named or [id for id in endpoints if depths[id] == max(depths.values())]
