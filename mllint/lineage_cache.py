"""The lineage of the last run, one file per analysed root: where nothing has changed, linking need not be done again.

Its key is a digest of all facts, the settings and declarations, and of the code and models that link them, so a lineage
that is found is the one that linking would give. Like the cache of facts it is msgpack under a checksum: whatever a
broken disk does to it gives a miss."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import msgspec

from mllint.cache import cache_folder, version_of_reading
from mllint.errors import Problem
from mllint.facts.file import FileFacts, encode
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.observations import Observations

_SUM = 16


class _Stored(msgspec.Struct, array_like=True):
    nodes: list[Node]
    edges: list[Edge]
    observations: Observations
    coverage: Coverage
    problems: list[Problem]


_decoder = msgspec.msgpack.Decoder(_Stored)
_encoder = msgspec.msgpack.Encoder()


def key_of(files: Iterable[FileFacts], *others: Any) -> bytes:
    """The key of what linking these facts yields; `others` is whatever else linking looks at."""
    digest = blake2b(_version(), digest_size=_SUM)
    for part in others:
        digest.update(_encoder.encode(part))
    for facts in files:
        digest.update(encode(facts))
    return digest.digest()


def load(root: Path, key: bytes, declarations: Declarations) -> Lineage | None:
    """The lineage that was stored under this key, if it is the last one and whole."""
    try:
        data = _path(root).read_bytes()
        body = data[2 * _SUM :]
        if data[:_SUM] != key or data[_SUM : 2 * _SUM] != _checksum(key, body):
            return None
        stored = _decoder.decode(body)
    except (OSError, msgspec.MsgspecError):
        return None
    graph = Graph()
    graph.nodes = {node.id: node for node in stored.nodes}
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
    with contextlib.suppress(OSError, msgspec.MsgspecError, OverflowError):
        body = _encoder.encode(stored)
        path = _path(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(key + _checksum(key, body) + body)
        os.replace(name, path)


def _path(root: Path) -> Path:
    return cache_folder() / (blake2b(os.fsencode(root), digest_size=12).hexdigest() + ".lineage")


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
