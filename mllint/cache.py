"""Facts by content hash, kept between runs in one packed file per analysed root.

A pack is far quicker than a file per entry (see docs/architecture.md): one `open`, then one `pread` per hit. An entry's
key is a hash of the file's path, kind and bytes, of mllint's own reading code and of the Python that runs it, so an
entry is never stale. Every entry and the index carry a checksum: whatever a broken disk or a stranger does to a pack
gives a miss. Facts are written by msgpack, which cannot run code. A cache that cannot be written is no error.

    magic (8) | entries, each: checksum (16) facts | index | length of index (8) | checksum of index (16) | magic (8)

Entries are written while reading goes on, so that a large repository's facts need not lie in memory twice.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
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
_DAY = 86_400  # seconds
_SPARE = 16 << 20  # bytes that old entries may always take
_MAGIC = b"mllint\0\1"
_SUM = 16
_FOOT = 8 + _SUM + len(_MAGIC)
_PARSERS = ("pyyaml-", "tree_sitter", "msgspec-", "sqlglot-")
_CHANGING = frozenset({"ML005", "ML006"})  # problems that depend on the machine: asked anew in each run

Index = dict[bytes, tuple[int, int]]  # key -> start of its entry in the file, length of its facts
_index = msgspec.msgpack.Decoder(Index)


class Cache:
    """The pack of one root. Use it as a context manager: leaving it puts the new pack in the old one's place."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else cache_folder()
        self._path = self._folder / (blake2b(os.fsencode(root), digest_size=12).hexdigest() + ".pack")
        self._file: int | None = None
        self._index: Index = {}
        self._used: set[bytes] = set()
        self._new: _Writer | None = None
        self._is_writable = True
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
            if self._new is not None:
                self._keep(self._new)
                self._new.finish(self._path)
                _prune(self._folder, self._path.name)
        except OSError:
            pass  # read-only or full: the next run reads anew
        finally:
            if self._new is not None:
                self._new.discard()
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def get(self, key: bytes) -> FileFacts | None:
        """The facts under a key, if they are there and whole."""
        facts = self._entry(key)
        if facts is not None:
            with contextlib.suppress(msgspec.MsgspecError, RecursionError):
                decoded = decode(facts)
                self.hits += 1
                self._used.add(key)
                return decoded
        self.misses += 1
        return None

    def put(self, key: bytes, encoded: bytes, problems: tuple[Problem, ...]) -> None:
        """Keep the encoded facts of one file, unless a slower or fuller machine would have made others."""
        if not self._is_writable or any(problem.code in _CHANGING for problem in problems):
            return
        try:
            if self._new is None:
                self._new = _Writer(self._folder)
            if self._new.size + len(encoded) <= MAX_PACK:
                self._new.add(key, encoded)
        except OSError:
            self._is_writable = False
            if self._new is not None:
                self._new.discard()
                self._new = None

    def _entry(self, key: bytes) -> bytes | None:
        start, length = self._index.get(key, (0, 0))
        if self._file is None or not 0 < length <= MAX_PACK or start < 0:
            return None
        try:
            entry = _pread(self._file, _SUM + length, start)
        except (OSError, OverflowError):
            return None
        facts = entry[_SUM:]
        return facts if len(facts) == length and entry[:_SUM] == _checksum(key, facts) else None

    def _keep(self, new: _Writer) -> None:
        """Beside this run's entries keep as many bytes of others again, so that neither checking a part of the
        repository nor switching between two branches throws the rest away."""
        used = [key for key in self._index if key in self._used]
        unused = [key for key in self._index if key not in self._used]
        for keys, least in ((used, MAX_PACK), (unused, _SPARE)):
            limit = min(max(2 * new.size, least), MAX_PACK)
            for key in keys:
                if key not in new.index and new.size + self._index[key][1] <= limit:
                    facts = self._entry(key)
                    if facts is not None:
                        new.add(key, facts)


class _Writer:
    """A pack that is being written, under a name of its own until it is whole."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, self._name = mkstemp(prefix=".new-", dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(_MAGIC)
        self.index: Index = {}
        self.size = len(_MAGIC)

    def add(self, key: bytes, facts: bytes) -> None:
        self._file.write(_checksum(key, facts) + facts)
        self.index[key] = (self.size, len(facts))
        self.size += _SUM + len(facts)

    def finish(self, path: Path) -> None:
        index = msgspec.msgpack.encode(self.index)
        self._file.write(index + len(index).to_bytes(8, "little") + _checksum(b"", index) + _MAGIC)
        self._file.close()
        os.replace(self._name, path)

    def discard(self) -> None:
        """Remove what was not finished; nothing to do after `finish`."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            os.unlink(self._name)


def key_of(path: str, kind: str, data: bytes) -> bytes:
    """The key of one file's facts."""
    digest = blake2b(data, digest_size=16, key=version_of_reading())
    digest.update(b"\0".join((b"", path.encode(), kind.encode())))
    return digest.digest()


def cache_folder() -> Path:
    """`MLLINT_CACHE_DIR`, else the user's cache folder of the platform."""
    if folder := os.environ.get("MLLINT_CACHE_DIR"):
        return Path(folder)
    from platformdirs import user_cache_path

    return user_cache_path("mllint", appauthor=False)


@cache
def version_of_reading() -> bytes:
    """A digest of all that facts depend on besides the file: the code that makes them, the installed versions of the
    libraries that it parses with, and the running Python."""
    digest = blake2b(f"{__version__} {sys.version_info[:3]} {sys.platform}".encode(), digest_size=32)
    for file in _code(Path(__file__).parent):
        with contextlib.suppress(OSError):
            digest.update(file.name.encode() + file.read_bytes())
    for name in sorted(_parsers()):
        digest.update(name.encode("utf-8", "replace"))
    return digest.digest()


def _code(package: Path) -> Iterator[Path]:
    yield from (package / name for name in ("source.py", "errors.py", "worker.py"))
    for folder in ("facts", "readers"):
        yield from sorted((package / folder).rglob("*.py"))


def _parsers() -> Iterator[str]:
    """`PyYAML-6.0.3.dist-info`: a name tells the version, and listing a folder is cheaper than asking metadata."""
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.endswith(".dist-info") and name.lower().startswith(
                    ("pyyaml-", "tree_sitter", "msgspec-", "sqlglot-")
                ):
                    yield name


def _read_index(file: int) -> Index:
    """The index of a pack; empty if any of it is broken."""
    end = os.fstat(file).st_size - _FOOT
    foot = _pread(file, _FOOT, max(end, 0))
    length = int.from_bytes(foot[:8], "little")
    if len(foot) < _FOOT or not foot.endswith(_MAGIC) or length > min(MAX_PACK, end):
        return {}
    encoded = _pread(file, length, end - length)
    if _checksum(b"", encoded) != foot[8 : 8 + _SUM]:
        return {}
    try:
        return _index.decode(encoded)
    except msgspec.MsgspecError:
        return {}


def _checksum(key: bytes, data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM, key=key).digest()


def _pread(file: int, size: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(file, size, start)
    os.lseek(file, start, os.SEEK_SET)
    return os.read(file, size)


def _prune(folder: Path, mine: str) -> None:
    """Delete the packs that were written longest ago, beyond `MAX_TOTAL`, and what killed runs left half written."""
    total = 0
    with os.scandir(folder) as entries:
        files = [(entry.stat(follow_symlinks=False), entry) for entry in entries if entry.name != mine]
    for status, entry in sorted(files, key=lambda file: -file[0].st_mtime):
        is_pack = entry.name.endswith(".pack")
        total += status.st_size if is_pack else 0
        is_left_over = entry.name.startswith(".new-") and status.st_mtime < time.time() - _DAY
        if (is_pack and total > MAX_TOTAL) or is_left_over:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
