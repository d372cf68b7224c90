"""What linking kept of the last run, two files per analysed root: the lineage, and what each entry point did.

Where nothing has changed, nothing is linked again. The key of the lineage is a digest of all facts, the settings and
declarations, and of the code and models that link them, so a lineage that is found is the one that linking would give.
Where something has changed, the entry points that it cannot concern are taken from the second file
(`linker/python/replay.py`). Like the cache of facts both are msgpack under a checksum: whatever a broken disk does to
them gives a miss."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from typing import Any, TypeVar

import msgspec

from mllint.cache import cache_folder, version_of_reading
from mllint.errors import Problem
from mllint.facts.file import FileFacts, encode
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.observations import Observations

T = TypeVar("T")

_SUM = 16


class _Stored(msgspec.Struct, array_like=True):
    nodes: list[Node]
    edges: list[Edge]
    observations: Observations
    coverage: Coverage
    problems: list[Problem]


_decoder = msgspec.msgpack.Decoder(_Stored)
_encoder = msgspec.msgpack.Encoder()


def digests_of(files: Iterable[FileFacts]) -> dict[str, bytes]:
    """A digest of the facts of each file, by path."""
    return {facts.path: blake2b(encode(facts), digest_size=_SUM).digest() for facts in files}


def key_of(digests: Mapping[str, bytes], *others: Any) -> bytes:
    """The key of what linking files of these digests yields; `others` is whatever else linking looks at."""
    digest = blake2b(_version(), digest_size=_SUM)
    for part in (*others, list(digests.items())):
        digest.update(_encoder.encode(part))
    return digest.digest()


def load(root: Path, key: bytes, declarations: Declarations) -> Lineage | None:
    """The lineage that was stored under this key, if it is the last one and whole."""
    body = _read(_path(root, "lineage"), key)
    try:
        stored = _decoder.decode(body)
    except msgspec.MsgspecError:
        return None
    graph = Graph()
    for node in stored.nodes:
        graph.put(node)
    for edge in stored.edges:
        graph.add_edge(edge)
    declarations = declarations.with_entries(stored.observations.declared)
    return Lineage(graph, stored.observations, declarations, stored.coverage, stored.problems)


def store(root: Path, key: bytes, lineage: Lineage) -> None:
    """Keep a lineage in the place of the last one. A cache that cannot be written is no error."""
    graph = lineage.graph
    stored = _Stored(
        list(graph.nodes.values()), graph.edges(), lineage.observations, lineage.coverage, lineage.problems
    )
    _write(_path(root, "lineage"), key, stored)


def load_memory(root: Path, kind: type[T]) -> T:
    """What linking kept the last time, for itself to know; empty if there is nothing of use."""
    try:
        return msgspec.msgpack.decode(_read(_path(root, "entries"), _version()[:_SUM]), type=kind)
    except msgspec.MsgspecError:
        return kind()


def store_memory(root: Path, memory: msgspec.Struct) -> None:
    _write(_path(root, "entries"), _version()[:_SUM], memory)


def _read(path: Path, key: bytes) -> bytes:
    """What was stored under this key; empty if it was another, or is broken."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    body = data[2 * _SUM :]
    return body if data[:_SUM] == key and data[_SUM : 2 * _SUM] == _checksum(key, body) else b""


def _write(path: Path, key: bytes, stored: Any) -> None:
    with contextlib.suppress(OSError, msgspec.MsgspecError, OverflowError, UnicodeError):
        body = _encoder.encode(stored)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(key + _checksum(key, body) + body)
        os.replace(name, path)


def _path(root: Path, kind: str) -> Path:
    return cache_folder() / f"{blake2b(os.fsencode(root), digest_size=12).hexdigest()}.{kind}"


def _checksum(key: bytes, body: bytes) -> bytes:
    return blake2b(body, digest_size=_SUM, key=key).digest()


@cache
def _version() -> bytes:
    """A digest of what links: code, library models, and what reading depends on."""
    digest = blake2b(version_of_reading(), digest_size=32)
    package = Path(__file__).parent
    for folder in ("linker", "lineage", "libraries"):
        for file in sorted((package / folder).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                with contextlib.suppress(OSError):
                    digest.update(file.name.encode() + file.read_bytes())
    return digest.digest()
