"""Where folders of a container lie in the repository: `/app/models` is `models`, if that is mounted or copied there."""

from __future__ import annotations

import posixpath

from mllint.facts.config import Value
from mllint.linker.systems import tree

Mounts = list[tuple[str, str]]  # folder of the container, and of the repository; the longest first


def mounts(path: str, container: Value, base: str) -> Mounts:
    """`volumes: ["./models:/app/models:ro", {type: bind, source: ./data, target: /data}]` of compose, as
    seen from the folder that the container starts in."""
    found = []
    for item in tree.items(container, "volumes"):
        if item.kind == "scalar":
            source, _, rest = tree.text(item).partition(":")
            target = rest.partition(":")[0]
        else:
            source, target = tree.text(item, "source"), tree.text(item, "target")
        if source.startswith(".") and target.startswith("/"):
            folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
            if not folder.startswith(".."):
                inner = posixpath.relpath(folder, base or ".")
                found.append((posixpath.normpath(target), "" if inner == "." else inner))
    return sorted(found, key=lambda mount: -len(mount[0]))


def in_repository(value: str, mounted: Mounts) -> str:
    """A path of the container as one of the repository, if it is one: relative to where the container starts."""
    if not value.startswith("/"):
        return value
    for target, folder in mounted:
        if value == target or value.startswith(target.rstrip("/") + "/"):
            return posixpath.join(folder, value[len(target.rstrip("/")) :].lstrip("/")) or "."
    return value
