"""Which endpoint is asked, where several services of a repository answer the same route."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from mllint.lineage.ids import split_endpoint
from mllint.linker.containers import OWN_HOSTS, answering, host_of
from mllint.linker.project import Project


def nearest(project: Project, endpoints: Sequence[str], path: str, url: str) -> list[str]:
    """Of endpoints that answer the same route: those of the container that the URL names, if one is known; else those
    whose folder the host is called after, else those that lie nearest to the file that asks."""
    files = {id: {span.path for span in project.graph.nodes[id].spans} for id in endpoints}
    meant = answering(project.containers, url, {file for paths in files.values() for file in paths})
    host = host_of(url)[0]
    # a port of this machine that an image of somebody else has too: people also start the service by hand
    is_by_hand = host in OWN_HOSTS and all(split_endpoint(id)[0] == "POST" for id in endpoints)
    if meant or (meant is not None and not is_by_hand):
        return [id for id in endpoints if files[id] & meant]
    if host and "." not in host and host not in OWN_HOSTS:  # nobody asks himself by the name of a container
        endpoints = [id for id in endpoints if files[id] != {path}]
    if len({split_endpoint(id) for id in endpoints}) == len(endpoints):
        return list(endpoints)
    host = host.replace("-", "_")
    folders = {id: {posixpath.dirname(file) for file in files[id]} for id in endpoints}
    named = [id for id in endpoints if host and any(host in _parts(folder) for folder in folders[id])]
    own = path.split("/")[:-1]
    depths: dict[str, int] = {
        id: max((len(posixpath.commonprefix([own, folder.split("/")])) for folder in folders[id]), default=0)
        for id in endpoints
    }
    return named or [id for id in endpoints if depths[id] == max(depths.values())]


def _parts(folder: str) -> list[str]:
    return folder.replace("-", "_").split("/")
