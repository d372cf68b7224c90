"""What entry points read of what others left behind, so that the next run can tell which of them would say the same.

The machine is shared: an entry point finds the modules that an earlier one loaded, reads what another one stored, asks
whether a path was spoken of. Whatever it reads so is noted with a digest of its value. The digest of a module covers
all that was read while it was loaded, and all who changed it since; so an entry point whose reads have the digests
of the last run would do again what it did then (`replay.py`). What cannot be noted makes an entry point *live*: it is
interpreted in every run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from mllint.linker.python.abstract.heap import Cell, Heap
from mllint.source import Span

if TYPE_CHECKING:
    from mllint.linker.python.machine import Machine

_SIZE = 16


class Needed(BaseException):
    """What is interpreted needs an object that these entry points make, and they were not interpreted."""

    def __init__(self, entries: Iterable[str]) -> None:
        super().__init__()
        self.entries = frozenset(entries)


def digest(*parts: bytes) -> bytes:
    made = blake2b(digest_size=_SIZE)
    for part in parts:
        made.update(len(part).to_bytes(8, "little") + part)
    return made.digest()


def _of_text(text: str) -> bytes:
    return digest(text.encode("utf-8", "replace"))


class Unit:
    """A run of an entry point, or the loading of a module: what it read, and the units that its state comes from."""

    __slots__ = ("clock", "context", "edges", "entry", "known", "name", "number", "reads", "start")

    def __init__(self, name: str, entry: str, number: int, context: bytes, start: int) -> None:
        self.name = name
        self.entry = entry  # the name of the entry point that it is part of
        self.number = number  # of the run of an entry point
        self.context = context
        self.start = start  # the heap's clock
        self.clock = 0  # of what is fitted and scored
        self.reads: dict[str, bytes] = {}
        self.edges: dict[Unit, None] = {}
        self.known: tuple[int, bytes] = (-1, b"")  # the version, and for how many changes it holds

    def own(self) -> bytes:
        reads = (part for key in sorted(self.reads) for part in (key.encode("utf-8", "replace"), self.reads[key]))
        return digest(self.name.encode("utf-8", "replace"), self.context, *reads)


class Load(msgspec.Struct, frozen=True, array_like=True):
    """A module that an entry point was the first to import."""

    path: str
    steps: int  # that had been made before
    depth: int  # of the stack
    calls: tuple[Span, ...]  # in progress
    rounds: tuple[int, ...]  # of loops


class Saying(msgspec.Struct, array_like=True):
    """What one run of an entry point added to the machine's memory, besides its record."""

    loads: list[Load] = []
    called: dict[tuple[str, int], None] = {}
    located: dict[str, None] = {}
    predictors: dict[str, None] = {}
    seeded: dict[str, None] = {}
    required: dict[str, None] = {}
    imports: dict[tuple[str, str], None] = {}  # module, importer
    branches: dict[tuple[str, int, bool | None, tuple[Span, ...]], None] = {}
    queries: dict[bytes, tuple[bytes, str, str]] = {}  # SQL that it was the first to ask: the schema met, text, dialect
    defines: bool = False  # whether such SQL has changed the schema
    written: dict[str, None] = {}
    taken: dict[str, None] = {}  # SQL files whose text it takes


class Tracker:
    """Notes reads while `entry` is interpreted; outside of entry points it notes nothing."""

    def __init__(self, heap: Heap, files: dict[str, bytes], schema: bytes) -> None:
        self.heap = heap
        self.files = files
        self.all = digest(*(files[path] for path in sorted(files)))
        self.entry: Unit | None = None
        self.loading: list[Unit] = []
        self.depth = 0  # of the stack, below the modules that are being loaded
        self.is_live = False
        self.saying = Saying()
        self.by_body: set[tuple[str, object]] = set()  # what the entry point itself added, not a module that it loads
        self.numbers = 0
        self.units: dict[Cell, Unit] = {}  # by the namespace that they make
        self.named: dict[str, Unit] = {}  # the last unit of a name
        self.runs: dict[str, Unit] = {}  # the last run of an entry point
        self.schema = schema
        self.sql_texts: dict[bytes, bytes] = {}  # which SQL file holds a text, by its digest
        self.queried: dict[bytes, bytes] = {}  # SQL text -> the schema it met
        self.promised: dict[bytes, str] = {}  # SQL text -> the replayed entry point that asked for it first
        self.changes = 0  # of what finished units have left behind
        self._starts: list[int] = []  # stretches of the heap's clock, and the units that ran in them
        self._owners: list[Unit] = []
        heap.on_old = self._changed

    # ----------------------------------------------------------------------------------------- entry points

    @contextmanager
    def running(self, name: str, identity: bytes) -> Iterator[Unit]:
        self.numbers += 1
        unit = Unit(f"entry:{name}", name, self.numbers, identity, self.heap.clock)
        self.entry, self.is_live, self.saying = unit, False, Saying()
        self.loading, self.by_body = [], set()
        self._enter(unit)
        try:
            yield unit
        finally:
            self.entry = None
            self.heap.watched = -1
            self.runs[name] = unit

    def _enter(self, unit: Unit) -> None:
        self._starts.append(self.heap.clock)
        self._owners.append(unit)
        self.heap.watched = self.heap.clock

    def makes(self, namespace: Cell) -> None:
        """The entry point is a script with this namespace."""
        if self.entry is not None:
            self.units[namespace] = self.named[self.entry.name] = self.entry

    def must_run(self) -> None:
        """What the entry point does now can be told by doing it alone."""
        self.is_live = True

    def everything(self) -> None:
        """The entry point reads what is not noted piece by piece: what orchestrators were told."""
        if self.entry is not None:
            self.is_live = True
            self.read("everything", self.all)

    def says(self) -> None:
        """The entry point tells the machine something that stays: a route. Modules are loaded in every run."""
        if self.entry is not None and not self.loading:
            self.is_live = True

    def imported(self, module: str, importer: str) -> None:
        if self.entry is not None:
            self.saying.imports[module, importer] = None

    # ---------------------------------------------------------------------------------------------- reading

    def read(self, key: str, value: bytes) -> None:
        if self.entry is not None:
            self.entry.reads.setdefault(key, value)
            if self.loading:
                self.loading[-1].reads.setdefault(key, value)

    def file(self, path: str) -> None:
        if self.entry is not None:
            self.read(f"file:{path}", self.files.get(path, b""))

    def touch(self, namespace: Cell) -> None:
        """The names of a module or script are used."""
        if self.entry is None:
            return
        unit = self.units.get(namespace)
        if unit is not None:
            self._touch(unit)

    def touch_made(self, value: object) -> None:
        """An object is used that an earlier entry point made, or a module."""
        if isinstance(value, Cell) and self.entry is not None and (unit := self._maker(value)) is not None:
            self._touch(unit)

    def _touch(self, unit: Unit) -> None:
        assert self.entry is not None
        if self.loading and unit is not self.loading[-1]:
            self.loading[-1].edges[unit] = None
        if unit.number != self.entry.number:
            key = f"unit:{unit.name}"
            if key not in self.entry.reads:
                self.entry.reads[key] = self.version(unit)

    def version(self, unit: Unit) -> bytes:
        """A digest of all that the state of a unit comes from."""
        if unit.known[0] == self.changes:
            return unit.known[1]
        seen, todo = {unit}, [unit]
        while todo:
            for other in todo.pop().edges:
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        version = digest(*sorted(each.own() for each in seen))
        if self.entry is None or all(each.number != self.entry.number for each in seen):
            unit.known = (self.changes, version)
        return version

    # ---------------------------------------------------------------------------------------------- modules

    @contextmanager
    def load(self, m: Machine, path: str, namespace: Cell | None) -> Iterator[Callable[[Cell], None]]:
        """A module is loaded; what is given is called with its namespace."""
        if self.entry is None:
            yield lambda cell: None
            return
        place = [m.call_places, m.rounds]  # part of the names of row sets
        run = msgspec.msgpack.encode([m.job, m.effects.path, m.in_test, m.from_outside, m.endpoint, m.run, *place])
        name = f"{path} of {self.entry.entry}" if m.is_apart else path
        unit = Unit(name, self.entry.entry, self.entry.number, run, self.heap.clock)
        if self.loading:
            self.loading[-1].edges[unit] = None
        else:
            self.depth = len(m.stack)
            self.saying.loads.append(Load(path, m.steps, self.depth, tuple(m.call_places), tuple(m.rounds)))
            if m.unrolled > 1 or m.loops:
                self.is_live = True
                unit.edges[self.entry] = None
        self.loading.append(unit)
        self._enter(unit)
        if namespace is not None:  # loaded anew
            self._changed(namespace)

        def made(cell: Cell) -> None:
            self.units[cell] = self.named[name] = unit

        try:
            yield made
        finally:
            self.loading.pop()
            outer = self.loading[-1] if self.loading else self.entry
            self._enter(outer)
            if m.steps > m.least_budget():
                unit.edges[self.entry] = None

    # -------------------------------------------------------------------------------------------- changes

    def _changed(self, cell: Cell) -> None:
        """An object is changed that may be older than what is being interpreted."""
        if self.entry is None:
            return
        owner = self._maker(cell)
        now = self.loading[-1] if self.loading else self.entry
        if owner is None or owner is now:
            return
        if not self.loading:
            self.is_live = True
        if now not in owner.edges:
            owner.edges[now] = None
            self.changes += 1

    def _maker(self, cell: Cell) -> Unit | None:
        position = bisect_left(self._starts, cell.born) - 1
        return self._owners[position] if position >= 0 else None

    # --------------------------------------------------------------------------------------------- storage

    def node(self, node: str, writers: Collection[str]) -> None:
        """A stored value is read or joined with another."""
        if self.entry is None:
            return
        if self.loading and ("node", node) in self.by_body:
            self.is_live = True
        key, reader = f"node:{node}", self.loading[-1] if self.loading else self.entry
        if key not in reader.reads:
            self.read(key, self.writers_version(writers))

    def stores(self, node: str) -> None:
        if self.entry is not None:
            self.saying.written[node] = None
            if not self.loading:
                self.by_body.add(("node", node))

    def taken(self, path: str) -> None:
        """The text of a SQL file is taken, to be filled in and run."""
        if self.entry is not None:
            self.saying.taken[path] = None

    def writers_version(self, writers: Collection[str]) -> bytes:
        parts = (
            (name.encode("utf-8", "replace"), self.version(self.runs[name])) for name in writers if name in self.runs
        )
        return digest(*(part for pair in parts for part in pair))

    # ------------------------------------------------------------------------------------------------- SQL

    def know_sql(self, files: Mapping[str, str]) -> None:
        self.sql_texts = {_of_text(text): path.encode("utf-8", "replace") for text, path in files.items()}

    def sql_file(self, text: str, path: str | None) -> None:
        """It is asked which SQL file holds a text."""
        self.read(f"sqltext:{_of_text(text).hex()}", (path or "").encode("utf-8", "replace"))

    def query(self, text: str, dialect: str) -> None:
        """A SQL text is asked for; only the first to ask meets the schema of that time."""
        if self.entry is None:
            return
        key = digest(text.encode("utf-8", "replace"), dialect.encode())
        if key in self.promised:
            if self.queried[key] != self.schema:
                raise Needed([self.promised[key]])
            del self.promised[key]
        elif key not in self.queried:
            self.queried[key] = self.schema
            self.saying.queries[key] = (self.schema, text, dialect)
            if self.loading and self.saying.defines:
                self.is_live = True
        self.read(f"query:{key.hex()}", self.queried[key])

    def defined(self, text: str) -> None:
        """A SQL text said what columns a table has."""
        self.schema = digest(self.schema, text.encode("utf-8", "replace"))
        self.saying.defines = True

    def asks_schema(self) -> None:
        if not self.saying.defines:
            self.read("schema:", self.schema)
        elif self.loading:
            self.is_live = True
