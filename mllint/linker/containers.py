"""Containers that a compose file or a manifest describes, as what runs in them and what asks them sees them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

import msgspec

ELSEWHERE = "/elsewhere"  # a volume: what lies in it is of no folder of the repository


class Container(msgspec.Struct, frozen=True):
    """`name` is its host among the others. `folders` tells which of its paths, which come first, are which of the
    repository: what is mounted before what was copied. `ports` are those that it can be asked by from outside."""

    name: str
    path: str  # of the file that describes it
    environment: tuple[tuple[str, str], ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    starts: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # more names of it
    image: str = ""  # the Dockerfile that builds it

    def holds(self, path: str) -> int:
        """How surely a file of the repository is of this container: 0 where nothing tells."""
        if path in self.starts:
            return 1000
        folders = [posixpath.dirname(started) for started in self.starts]
        folders += [outside for _, outside in self.folders]
        return max((len(folder) for folder in folders if folder and _is_below(path, folder)), default=0)

    def has(self, path: str) -> bool:
        """Whether a file of the repository is in there."""
        return path in self.starts or any(_is_below(path, outside) for _, outside in self.folders)


def outside(folders: Iterable[tuple[str, str]], path: str) -> str | None:
    """The path in the repository of an absolute path of a container, if it was brought from there.

    >>> outside([("/app", ""), ("/app/data", "store")], "/app/data/a.csv"), outside([("/app", "")], "/tmp/a")
    ('store/a.csv', None)
    """
    path = posixpath.normpath(path)
    known = [(inside, own) for inside, own in folders if _is_below(path, inside)]
    if not known:
        return None
    inside, own = max(known, key=lambda pair: len(pair[0]))
    if own == ELSEWHERE:
        return None
    rest = path[len(inside.rstrip("/")) :].lstrip("/")
    if "://" in own:  # what a platform puts there
        return f"{own}/{rest}".rstrip("/")
    found = posixpath.normpath(posixpath.join(own, rest))
    return "" if found == "." else found


def _is_below(path: str, folder: str) -> bool:
    return folder in ("", "/") or path == folder or path.startswith(folder.rstrip("/") + "/")


def surroundings(containers: Iterable[Container], path: str, name: str) -> list[str]:
    """What the containers that start a file, or else have it, give an environment variable; paths of theirs as those
    of the repository, from its root (`./data`)."""
    holding = [(each, dict(each.environment).get(name, "")) for each in containers if each.has(path)]
    giving = [(each, value) for each, value in holding if value]
    starting = [(each, value) for each, value in giving if path in each.starts]
    return list(dict.fromkeys(_seen_from_outside(each, value) for each, value in starting or giving))


def _seen_from_outside(container: Container, value: str) -> str:
    if not value.startswith("/"):
        return value
    found = outside(container.folders, value)
    return value if found is None else f"./{found}"


def host_of(url: str) -> tuple[str, str]:
    """Host and port of a URL, empty where they are not known.

    >>> host_of("http://eta:8000/predict"), host_of("{base}/predict"), host_of("localhost:80")
    (('eta', '8000'), ('', ''), ('localhost', '80'))
    """
    match = re.match(r"(?:[a-z][\w+]*://)?(?:[^/@{}]*@)?([A-Za-z][\w.-]*|[\d.]+)(?::(\d+))?(?=[/?#]|$)", url)
    return (match[1], match[2] or "") if match else ("", "")


OWN_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal")


def asked(containers: Iterable[Container], url: str) -> list[Container]:
    """The containers that a URL may mean, by its host, or by a port that one alone is asked by."""
    host, port = host_of(url)
    if not host:
        return []
    if host in OWN_HOSTS:
        return [container for container in containers if port and port in container.ports]
    first = host.partition(".")[0] if ".svc" in host or host.endswith(".local") else host
    return [container for container in containers if {host, first} & {container.name, *container.others}]


def answering(containers: list[Container], url: str, files: Iterable[str]) -> set[str] | None:
    """Those of these files whose handlers a request may reach; `None` where no container tells."""
    meant, files = asked(containers, url), list(files)
    if not meant:
        return None
    sure = {path: max(container.holds(path) for container in meant) for path in files}
    best = max(sure.values(), default=0)
    if best:
        return {path for path in files if sure[path] == best}
    if all(not container.starts and not container.folders for container in meant):
        return set()  # somebody else's image
    others = [container for container in containers if container not in meant]
    return {path for path in files if not any(container.holds(path) for container in others)}
