"""Which files git tracks, from its index: what is tracked is part of the repository, whatever .gitignore says of it.

The format is that of git's `Documentation/gitformat-index.txt`, versions 2 to 4. Git itself is not asked: nothing in an
analysed tree may run, and a repository's own settings may name programs."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from mllint.files import read_regular

_MOST_BYTES = 256 << 20
_FIXED = 62  # bytes of an entry before its name
_EXTENDED = 0x4000


def tracked(root: Path) -> frozenset[str]:
    """Paths below `root`, which holds `.git`; empty where there is no index, or none that can be read."""
    try:
        data = read_regular(os.path.join(root, ".git", "index"), _MOST_BYTES)
        return frozenset(_names(data))
    except (OSError, ValueError, struct.error):
        return frozenset()


def _names(data: bytes) -> list[str]:
    """Raises ValueError or struct.error for what is no index (that of a repository with SHA-256 is not known)."""
    signature, version, count = struct.unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index of git")
    names: list[str] = []
    at, name = 12, b""
    for _ in range(count):
        (flags,) = struct.unpack_from(">H", data, at + _FIXED - 2)
        start = at + _FIXED + (2 if version > 2 and flags & _EXTENDED else 0)
        kept = b""
        if version == 4:  # a name is told by what differs from the one before
            cut, start = _number(data, start)
            kept = name[: len(name) - cut]
        end = data.index(b"\0", start)
        name = kept + data[start:end]
        at = end + 1 if version == 4 else at + (end - at) // 8 * 8 + 8
        names.append(os.fsdecode(name))
    return names


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of any length, as packs write offsets, and where it ends."""
    value = data[at] & 0x7F if at < len(data) else 0
    while at < len(data) and data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | ((data[at] if at < len(data) else 0) & 0x7F)
    return value, at + 1
