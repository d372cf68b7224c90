"""Entry points that would do again what they did in the last run are not interpreted: what they said is kept from then.

What the last run kept of an entry point is a `Trace`. It holds where every read that it notes has the digest of then,
and the modules that it would load are not there yet. These modules are loaded anew, quietly, since others use what they
define; what the entry point stored is known by its shape alone. Whoever turns out to need more raises `Needed`, and
linking starts anew with that entry point interpreted (`linker/link.py`).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from operator import attrgetter
from typing import Any

import msgspec

from mllint.errors import Problem
from mllint.lineage.expressions import Expression
from mllint.lineage.observations import (
    Absent,
    Action,
    Check,
    Component,
    Deployment,
    Draw,
    Evaluation,
    Feature,
    Handover,
    Intake,
    Limit,
    Loading,
    ModelLabel,
    Output,
    Told,
    Watch,
)
from mllint.lineage.trials import Fitting, Measuring, RowSet, Selection
from mllint.linker.python.abstract.settings import Note
from mllint.linker.python.abstract.values import Class, Function
from mllint.linker.python.branches import came_to
from mllint.linker.python.calls import load_module
from mllint.linker.python.ghosts import GHOST, Ghost, GhostFunction
from mllint.linker.python.machine import Machine
from mllint.linker.python.reads import Load, Saying, Tracker, Unit
from mllint.linker.python.results.defined import defined_in, functions_in
from mllint.linker.python.results.predictions import Act, Cut, PredictedRows
from mllint.linker.python.results.records import (
    Access,
    Link,
    Making,
    Mark,
    ModelFact,
    Passing,
    Prediction,
    Record,
    Request,
)
from mllint.source import Span

TOO_LATE = "the run took too long: not all of what this file does was followed"


class Trace(msgspec.Struct, array_like=True):
    """One run of an entry point. `record` is empty where it is live; `ghost` is what a script leaves."""

    identity: bytes
    reads: dict[str, bytes]
    steps: int = 0
    saying: Saying = msgspec.field(default_factory=Saying)
    loaded: list[str] = []
    asked: dict[str, str] = {}
    shapes: dict[str, str] = {}
    clock: tuple[int, int] = (0, 0)  # of what is fitted and scored: before and after
    is_script: bool = False
    ghost: Ghost | None = None
    record: bytes = b""


class State(msgspec.Struct, array_like=True):
    """What the state of a module or script comes from: files, with their digests, stored values, and other units."""

    files: dict[str, bytes]
    nodes: list[str]
    edges: list[str]


class Memory(msgspec.Struct, array_like=True):
    """What linking kept, under a digest of all that every entry point depends on."""

    common: bytes = b""
    traces: dict[str, list[Trace]] = {}
    units: dict[str, State] = {}
    missed: list[str] = []  # what forecasts forgot
    failures: int = 0  # of forecasts, less what succeeded since
    rest: int = 0  # runs that do not try


class Replays:
    """`old` are the traces of the last run, `must_run` the entry points that are interpreted in any case."""

    def __init__(self, old: Mapping[str, list[Trace]], must_run: frozenset[str], deadline: float = math.inf) -> None:
        self.deadline = deadline
        self._old = old
        self._must_run = must_run
        self._times: Counter[str] = Counter()
        self.traces: dict[str, list[Trace]] = {}
        self.units: dict[str, State] = {}
        self.replayed = 0

    def forget(self) -> None:
        """What every entry point depends on has changed."""
        self._old = {}

    def run(self, m: Machine, name: str, path: str, identity: bytes, body: Callable[[], None]) -> None:
        """Interpret an entry point, or say what it said."""
        if time.monotonic() > self.deadline:
            m.project.problems.append(Problem(path, 1, "ML005", TOO_LATE))
            return
        old = self._old.get(name, ())[self._times[name] :][:1]
        self._times[name] += 1
        kept = self.traces.setdefault(name, [])
        with m.tracker.running(name, identity) as unit:
            unit.clock = m.effects.clock
            m.figures, m.seeds, m.gates = m.heap.new("figures"), m.heap.new("seeds"), m.heap.new("gates")
            for trace in old:
                if trace.record and name not in self._must_run and _holds(m, trace, identity):
                    _replay(m, name, path, trace, unit)
                    kept.append(trace)
                    self.replayed += 1
                    return
            m.cut_short = False
            body()
            if m.cut_short:
                m.project.problems.append(Problem(path, 1, "ML005", TOO_LATE))
        kept.append(_trace(m, name, path, unit))

    def finish(self, m: Machine, composes: Callable[[Machine, Class | None, Function], bool]) -> None:
        """Keep what scripts define. Those whose namespaces others changed, or that put pipelines together, are
        interpreted in every run."""
        units = {unit.name: unit for unit in (*m.tracker.named.values(), *m.tracker.runs.values())}
        self.units = {name: _state(unit) for name, unit in units.items()}
        for name, traces in self.traces.items():
            if any(trace.is_script and not trace.record for trace in traces):
                for trace in traces:  # what it makes in one round, another round looks into
                    trace.record = b""
            path = name.partition("#")[0]
            if path not in m.scripts:
                continue
            scope = m.scripts[path]
            functions = tuple(
                self._ghost(path, function, composes(m, owner, function))
                for owner, function in functions_in(scope, path)
                if function.path == path
            )
            classes = tuple(defined_in(scope, path))
            for trace in traces:
                trace.ghost = Ghost(name, functions, classes) if trace.is_script else None
                if path in m.composing or m.tracker.units[scope].edges:
                    trace.record = b""

    def _ghost(self, path: str, function: Function, composes: bool) -> GhostFunction:
        entry = f"{path}:{function.qualified}"
        traces = self.traces.get(entry, ())
        identity = traces[0].identity if traces else b""
        return GhostFunction(function.facts.at, function.facts.name, entry, identity, composes)


# ------------------------------------------------------------------------------------------------- replaying


def _holds(m: Machine, trace: Trace, identity: bytes) -> bool:
    first = {key.hex() for key in trace.saying.queries}
    return (
        trace.identity == identity
        and all(path not in m.modules or path in m.reloading for path in trace.loaded)
        and all(_now(m, key) == value for key, value in trace.reads.items() if key[6:] not in first)
        and _asks_first(m.tracker, trace.saying)
    )


def _asks_first(tracker: Tracker, saying: Saying) -> bool:
    """Whether SQL that nobody had asked for has still not been asked for, and will meet the schema that it met."""
    schemas = [schema for schema, _, _ in saying.queries.values()]
    return not schemas or (schemas[0] == tracker.schema and tracker.queried.keys().isdisjoint(saying.queries))


def _now(m: Machine, key: str) -> bytes | None:
    """The digest of what a read would find at present."""
    tracker = m.tracker
    kind, _, rest = key.partition(":")
    match kind:
        case "file":
            return tracker.files.get(rest, b"")
        case "unit":
            unit = tracker.named.get(rest)
            return tracker.version(unit) if unit is not None else None
        case "node":
            return tracker.writers_version(m.writers.get(rest, ()))
        case "query":
            return tracker.queried.get(bytes.fromhex(rest), tracker.schema)
        case "sqltext":
            return tracker.sql_texts.get(bytes.fromhex(rest), b"")
        case "schema":
            return tracker.schema
        case "budget":
            return str(m.most_steps()).encode()
        case "relevant":
            return _flag(rest.encode() in m.relevant)
        case "located":
            return _flag(set.__contains__(m.located, rest))
        case "seeded":
            return _flag(set.__contains__(m.seeded, rest))
        case "predictors":
            return _flag(set.__contains__(m.predictors, rest))
        case "required":
            return _flag(set.__contains__(m.required, rest))
        case "called":
            path, _, at = rest.partition("\0")
            return _flag(set.__contains__(m.called, (path, int(at))))
    return None


def _flag(known: bool) -> bytes:
    return b"1" if known else b"0"


def _replay(m: Machine, name: str, path: str, trace: Trace, unit: Unit) -> None:
    tracker, said = m.tracker, trace.saying
    clock = m.effects.clock
    for load in said.loads:
        _load_again(m, path, load)
    unit.reads = trace.reads
    for key, (schema, text, dialect) in said.queries.items():
        if said.defines:
            m.query(text, dialect)
        elif key not in tracker.queried:
            tracker.queried[key] = schema
            tracker.promised[key] = name
    set.update(m.called, said.called)
    set.update(m.located, said.located)
    set.update(m.predictors, said.predictors)
    set.update(m.seeded, said.seeded)
    set.update(m.required, said.required)
    for module, importer in said.imports:
        m.imports.importers.setdefault(module, set()).add(importer)
    for file, at, outcome, settings in said.branches:
        came_to(m, (file, at), outcome, settings)
    for node in said.written:
        m.writers.setdefault(node, {})[name] = GHOST
        m.stored[node] = GHOST
        m.shapes[node] = trace.shapes[node]
    m.asked[name] = dict(trace.asked)
    m.steps = trace.steps
    m.project.taken.update(said.taken)
    before, after = trace.clock
    m.effects.clock = clock + after - before
    m.effects.records[name] = _later(decode(trace.record), clock - before)
    if trace.is_script:
        m.scripts.pop(path, None)
        m.ghosts[path] = trace.ghost or Ghost(name, (), ())
        tracker.named[unit.name] = unit


def _load_again(m: Machine, script: str, load: Load) -> None:
    """Load a module as an entry point did that is not interpreted: at the same depth, with as many steps behind it."""
    m.steps, m.rounds[:], m.call_places[:] = load.steps, load.rounds, load.calls
    scope = m.heap.new("scope", {}, (script, 0))
    with ExitStack() as stack:
        for _ in range(load.depth):
            stack.enter_context(m.activation(scope, scope, script, None))
        load_module(m, load.path)
    m.rounds.clear()
    m.call_places.clear()


def _later(record: Record, by: int) -> Record:
    """The record as it is where as much more was fitted and scored before."""
    if by:
        for name in ("fittings", "measurings", "selections"):
            said: dict[Any, Any] = getattr(record, name)
            for key, value in said.items():
                said[key] = msgspec.structs.replace(value, order=value.order + by)
        for name in ("deployments", "data_checks"):
            later = (msgspec.structs.replace(said, order=said.order + by) for said in getattr(record, name))
            setattr(record, name, dict.fromkeys(later))
    return record


# ------------------------------------------------------------------------------------------------- recording


def _trace(m: Machine, name: str, path: str, unit: Unit) -> Trace:
    tracker = m.tracker
    scope = m.scripts.get(path)
    trace = Trace(
        unit.context,
        unit.reads,
        m.steps,
        tracker.saying,
        list(m.loaded.get(name, ())),
        m.asked.get(name, {}),
        {node: m.shapes[node] for node in tracker.saying.written},
        (unit.clock, m.effects.clock),
        scope is not None and tracker.units.get(scope) is unit,
    )
    if not tracker.is_live:
        trace.record = encode(m.effects.records[name])
    return trace


def _state(unit: Unit) -> State:
    files = {key[5:]: value for key, value in unit.reads.items() if key.startswith("file:")}
    nodes = [key[5:] for key in unit.reads if key.startswith("node:")]
    return State(files, nodes, [other.name for other in unit.edges])


class _Record(msgspec.Struct, array_like=True):
    """A `Record` as lists, since only texts are keys everywhere."""

    evaluations: list[Evaluation]
    makings: list[Making]
    used: list[str]
    asked: list[str]
    limits: list[Limit]
    absent: list[Absent]
    left: list[tuple[str, Span, bool]]
    definitions: list[tuple[str, Expression]]
    scripts: list[tuple[str, str]]
    marks: list[Mark]
    links: list[Link]
    passings: list[Passing]
    accesses: list[Access]
    models: list[ModelFact]
    features: list[Feature]
    handovers: list[Handover]
    requests: list[Request]
    predictions: list[Prediction]
    answers: list[tuple[str, str]]
    row_sets: list[RowSet]
    fittings: list[Fitting]
    measurings: list[Measuring]
    selections: list[Selection]
    predicted: list[PredictedRows]
    draws: list[Draw]
    loadings: list[Loading]
    deployments: list[Deployment]
    score_tests: list[Span]
    intakes: list[Intake]
    outputs: list[Output]
    cuts: list[Cut]
    acts: list[Act]
    data_checks: list[Check]
    watches: list[Watch]
    actions: list[Action]
    told: list[Told]
    checks: list[str]
    labels: list[ModelLabel]
    settings: list[Note]
    components: list[Component]
    cut: list[str]


_KEYS: dict[str, Callable[[Any], Any]] = {  # of what is not its own key
    **dict.fromkeys(("row_sets", "fittings", "measurings", "predicted", "cuts", "makings"), attrgetter("id")),
    "selections": attrgetter("span", "what"),
}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)


def encode(record: Record) -> bytes:
    """The record as bytes; none if it holds what would not come back the same."""
    fields = {name: list(getattr(record, name)) for name in _Record.__struct_fields__}
    fields["scripts"] = list(record.scripts.items())
    for name in _KEYS:
        fields[name] = list(getattr(record, name).values())
    try:
        encoded = _encoder.encode(_Record(**fields))
        return encoded if decode(encoded) == record else b""
    except (msgspec.MsgspecError, TypeError, OverflowError, UnicodeError):
        return b""


def decode(encoded: bytes) -> Record:
    stored = _decoder.decode(encoded)
    stored.models = [msgspec.structs.replace(fact, value=_as_tuple(fact.value)) for fact in stored.models]
    stored.marks = [msgspec.structs.replace(mark, attributes=_as_tuple(mark.attributes)) for mark in stored.marks]
    fields: dict[str, Any] = {name: dict.fromkeys(getattr(stored, name)) for name in _Record.__struct_fields__}
    fields["scripts"] = dict(stored.scripts)
    for name, key in _KEYS.items():
        fields[name] = {key(value): value for value in getattr(stored, name)}
    return Record(**fields)


def _as_tuple(value: Any) -> Any:
    """What stands in a record can be a key: it holds tuples, which come back as lists."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list | tuple) else value
