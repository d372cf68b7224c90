"""Facts by content hash, kept between runs in one packed file per analysed root.

A pack is far quicker than a file per entry (see docs/architecture.md): one `open`, then one `pread` per hit. An entry's
key is a hash of the file's path, kind and bytes, of mllint's own reading code and of the Python that runs it, so an
entry is never stale. Every entry and the index carry a checksum: whatever a broken disk or a stranger does to a pack
gives a miss. Facts are written by msgpack, which cannot run code. A cache that cannot be written is no error.

    magic (8) | length of index (8) | checksum of index (16) | index | entries, each: checksum (16) facts
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import mkstemp
from types import TracebackType

import msgspec

from mllint import __version__
from mllint.errors import Problem
from mllint.facts.file import FileFacts, decode

MAX_PACK = 1 << 30  # bytes; what does not fit is not kept
MAX_TOTAL = 2 << 30  # bytes of all packs together; the oldest go first
_SPARE = 16 << 20  # bytes that old entries may always take
_MAGIC = b"mllint\0\1"
_SUM = 16
_HEAD = len(_MAGIC) + 8 + _SUM
_CHANGING = frozenset({"ML005", "ML006"})  # problems that depend on the machine: asked anew in each run

Index = dict[bytes, tuple[int, int]]  # key -> start of its entry in the file, length of its facts
_index = msgspec.msgpack.Decoder(Index)


class Cache:
    """The pack of one root. Use it as a context manager: leaving it writes what is new."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else cache_folder()
        self._path = self._folder / (blake2b(os.fsencode(root), digest_size=12).hexdigest() + ".pack")
        self._file: int | None = None
        self._index: Index = {}
        self._used: set[bytes] = set()
        self._new: dict[bytes, bytes] = {}
        self.hits = 0
        self.misses = 0

    def __enter__(self) -> Cache:
        with contextlib.suppress(OSError):
            self._file = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0))
            self._index = _read_index(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._new:
                self._write()
        except OSError:
            pass  # read-only or full: the next run reads anew
        finally:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def get(self, key: bytes) -> FileFacts | None:
        """The facts under a key, if they are there and whole."""
        facts = self._decoded(key)
        if facts is None:
            self.misses += 1
        else:
            self.hits += 1
            self._used.add(key)
        return facts

    def put(self, key: bytes, encoded: bytes, problems: tuple[Problem, ...]) -> None:
        """Keep the encoded facts of one file, unless a slower or fuller machine would have made others."""
        if not any(problem.code in _CHANGING for problem in problems):
            self._new[key] = encoded

    def _decoded(self, key: bytes) -> FileFacts | None:
        facts = self._entry(key)
        if facts is None:
            return None
        try:
            return decode(facts)
        except (msgspec.MsgspecError, RecursionError):
            return None

    def _entry(self, key: bytes) -> bytes | None:
        start, length = self._index.get(key, (0, 0))
        if not length or self._file is None or not 0 < length <= MAX_PACK or start < _HEAD:
            return None
        try:
            entry = _pread(self._file, _SUM + length, start)
        except (OSError, OverflowError):
            return None
        facts = entry[_SUM:]
        return facts if len(facts) == length and entry[:_SUM] == _checksum(key, facts) else None

    def _write(self) -> None:
        entries = self._kept()
        index: Index = {}
        at = 0
        for key, facts in entries.items():
            index[key] = (at, len(facts))
            at += _SUM + len(facts)
        head = msgspec.msgpack.encode(index)
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = mkstemp(prefix=".new-", dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + len(head).to_bytes(8, "little") + _checksum(b"", head) + head)
                for key, facts in entries.items():
                    file.write(_checksum(key, facts) + facts)
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _prune(self._folder, self._path.name)

    def _kept(self) -> dict[bytes, bytes]:
        """What the next pack holds: this run's entries, and as many bytes of others again, so that neither checking a
        part of the repository nor switching between two branches throws the rest away."""
        kept: dict[bytes, bytes] = {}
        size = 0
        used = [*self._new, *(key for key in self._index if key in self._used)]
        unused = [key for key in self._index if key not in self._used and key not in self._new]
        for keys, least in ((used, MAX_PACK), (unused, _SPARE)):
            limit = min(max(2 * size, least), MAX_PACK)
            for key in keys:
                facts = self._new.get(key) or self._entry(key)
                if facts is not None and size + len(facts) <= limit:
                    kept[key] = facts
                    size += len(facts)
        return kept


def key_of(path: str, kind: str, data: bytes) -> bytes:
    """The key of one file's facts."""
    digest = blake2b(data, digest_size=16, key=_version())
    digest.update(b"\0".join((b"", path.encode(), kind.encode())))
    return digest.digest()


def cache_folder() -> Path:
    """`MLLINT_CACHE_DIR`, else the user's cache folder of the platform."""
    if folder := os.environ.get("MLLINT_CACHE_DIR"):
        return Path(folder)
    from platformdirs import user_cache_path

    return user_cache_path("mllint", appauthor=False)


@cache
def _version() -> bytes:
    """A digest of all that facts depend on besides the file: the code that makes them, and the running Python."""
    digest = blake2b(f"{__version__} {sys.version_info[:3]} {sys.platform}".encode(), digest_size=32)
    for file in _code(Path(__file__).parent):
        with contextlib.suppress(OSError):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.digest()


def _code(package: Path) -> Iterator[Path]:
    yield package / "source.py"
    yield package / "errors.py"
    for folder in ("facts", "readers"):
        yield from sorted((package / folder).rglob("*.py"))


def _read_index(file: int) -> Index:
    """The index, with places counted from the start of the file; empty if any of it is broken."""
    head = _pread(file, _HEAD, 0)
    length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
    if len(head) < _HEAD or not head.startswith(_MAGIC) or length > min(MAX_PACK, os.fstat(file).st_size):
        return {}
    encoded = _pread(file, length, _HEAD)
    if _checksum(b"", encoded) != head[-_SUM:]:
        return {}
    try:
        index = _index.decode(encoded)
    except msgspec.MsgspecError:
        return {}
    base = _HEAD + length
    return {key: (base + start, size) for key, (start, size) in index.items()}


def _checksum(key: bytes, data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM, key=key).digest()


def _pread(file: int, size: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file, size, start)
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, size)


def _prune(folder: Path, mine: str) -> None:
    """Delete the packs that were written longest ago, beyond `MAX_TOTAL`."""
    with os.scandir(folder) as entries:
        packs = [(entry.stat(), entry) for entry in entries if entry.name.endswith(".pack") and entry.name != mine]
    total = 0
    for status, entry in sorted(packs, key=lambda pack: -pack[0].st_mtime):
        total += status.st_size
        if total > MAX_TOTAL:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
