"""What a stranger's tree may not do to us: have a link, FIFO or endless file opened, or its own modules imported."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path


def read_regular(absolute: str, limit: int, *, whole: bool = True, tail: bool = False) -> bytes:
    """At most `limit` bytes of a regular file, from its start or (`tail`) its end. A link is not followed, a FIFO
    does not block, and with `whole` a file that is larger is an OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(absolute, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("not a regular file")
        if whole and status.st_size > limit:
            raise OSError(f"larger than {limit} bytes")
        if tail and status.st_size > limit:
            os.lseek(descriptor, -limit, os.SEEK_END)
        return _read_all(descriptor, min(limit, status.st_size))
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    if len(data) == size:
        return data
    pieces = [data]
    while data and (size := size - len(data)) > 0:
        data = os.read(descriptor, size)
        pieces.append(data)
    return b"".join(pieces)


def trusted_path(root: Path | None = None, homes: tuple[str, ...] = ("mllint",)) -> list[str]:
    """`sys.path` without the current folder and the analysed `root`, which may be a stranger's: a yaml.py, or an
    entry point of an egg-info, that lies there is not ours. The site-packages of a virtual environment inside stay,
    and so do the folders from which the loaded modules `homes` come."""
    known = []
    for name in homes:
        if file := getattr(sys.modules.get(name), "__file__", None):
            folder = os.path.dirname(os.path.abspath(file))
            known.append(os.path.dirname(folder) if os.path.basename(file) == "__init__.py" else folder)
    entries = [entry for entry in map(os.path.abspath, sys.path) if entry in known or not _is_strange(entry, root)]
    return list(dict.fromkeys([*entries, *known]))


def _is_strange(entry: str, root: Path | None) -> bool:
    if entry == os.path.abspath(""):
        return True
    if root is None or not Path(os.path.realpath(entry)).is_relative_to(root):
        return False
    return not {"site-packages", "dist-packages"} & set(Path(entry).parts)
