"""Containers that a compose file or a manifest describes, as what runs in them and what asks them sees them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

import msgspec

_VARIABLE = re.compile(r"\$\$|\$(?:\{([A-Za-z_]\w*)(?:(:?[-+?])((?:[^{}]|\{[^{}]*\})*))?\}|([A-Za-z_]\w*))")


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
    found = posixpath.normpath(posixpath.join(own, path[len(inside.rstrip("/")) :].lstrip("/")))
    return "" if found == "." else found


def filled(text: str, variables: Mapping[str, str]) -> str:
    """A value of a compose file with its variables filled in; what nothing tells stays `{NAME}`.

    >>> filled("${HOST:-eta}:${PORT}/$$x", {})
    'eta:{PORT}/$x'
    """

    def value(match: re.Match[str]) -> str:
        name, sign, other = match[1] or match[4], match[2] or "", match[3] or ""
        if match.group() == "$$":
            return "$"
        known = variables.get(name, "")
        if sign.endswith("+"):
            return filled(other, variables) if known else ""
        return known or (filled(other, variables) if sign.endswith("-") else "{" + name + "}")

    return _VARIABLE.sub(value, text)


def _is_below(path: str, folder: str) -> bool:
    return folder in ("", "/") or path == folder or path.startswith(folder.rstrip("/") + "/")


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
