"""What the last run tells of the next, before anything is interpreted: which entry points a change concerns, and whose
objects they will ask for.

A forecast decides about time alone: what it forgets is asked for later (`Needed`), and then all is interpreted. What
was forgotten is remembered for the next run; where that happens again, the next runs do not try."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from mllint.linker.python.reads import Needed
from mllint.linker.python.replay import Memory, Trace

MOST_FAILURES = 6  # that count: then 62 runs do not try
MOST = 0.9  # of all steps: where more would be made again, all of them are


def forecast(memory: Memory, digests: Mapping[str, bytes]) -> frozenset[str] | None:
    """The entry points whose objects will be asked for; `None` if replaying does not pay."""
    if memory.rest:
        memory.rest -= 1
        return None
    reads = {name: _reads(traces) for name, traces in memory.traces.items()}
    readers, writers = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    scripts, writes = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for name, traces in memory.traces.items():
        for node in reads[name]["node"]:
            readers[node].add(name)
        for trace in traces:
            for node in trace.saying.written:
                writers[node].add(name)
                writes[name].add(node)
            if trace.is_script:
                scripts[name.partition("#")[0]].add(name)
    concerned = _concerned(memory, digests, reads, readers)
    running = concerned | {name for name, traces in memory.traces.items() if not all(trace.record for trace in traces)}
    # modules are loaded in any case, with what they read: `model = joblib.load(...)` of an application
    loaded = {node for name, unit in memory.units.items() if not name.startswith("entry:") for node in unit.nodes}
    needed = {writer for node in loaded for writer in writers[node]}
    needed |= {name for name in memory.traces if {name, name.partition("#")[0]} & {*memory.missed}}
    running |= needed
    todo = list(running)
    while todo:
        name = todo.pop()
        makers = {writer for node in reads[name]["node"] for writer in writers[node]} - {name}
        if ":" in name:
            makers |= scripts[name.partition(":")[0]]
        # what runs again for what this writes asks anew what it asked at first: the queries of that time, too
        makers |= {reader for node in writes[name] for reader in readers[node] if len(memory.traces[reader]) > 1}
        needed |= makers - {name}
        todo += makers - running
        running |= makers
    return frozenset(needed) if _steps(memory, running) <= MOST * _steps(memory, memory.traces) else None


def _reads(traces: Iterable[Trace]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"node": set(), "unit": set()}
    for trace in traces:
        for key in trace.reads:
            kind, _, rest = key.partition(":")
            if kind in found:
                found[kind].add(rest)
    return found


def _differ(memory: Memory, name: str, digests: Mapping[str, bytes]) -> bool:
    """Whether a file has changed that the entry point itself reads."""
    return any(
        key.startswith("file:") and digests.get(key[5:], b"") != value
        for trace in memory.traces[name]
        for key, value in trace.reads.items()
    )


def _concerned(
    memory: Memory,
    digests: Mapping[str, bytes],
    reads: Mapping[str, Mapping[str, set[str]]],
    readers: Mapping[str, set[str]],
) -> set[str]:
    """The entry points that files concern which have changed: their own, those of units that they use, and what others
    of them store."""
    users = defaultdict[str, list[str]](list)
    for unit, state in memory.units.items():
        for other in (*state.edges, *(f"node:{node}" for node in state.nodes)):
            users[other].append(unit)
    askers = defaultdict[str, list[str]](list)
    for name, read in reads.items():
        for unit in read["unit"]:
            askers[unit].append(name)
    units = [
        unit
        for unit, state in memory.units.items()
        if any(digests.get(path, b"") != value for path, value in state.files.items())
    ]
    names = [name for name in memory.traces if _differ(memory, name, digests)]
    changed: set[str] = set()
    found: set[str] = set()
    while units or names:
        if units:
            unit = units.pop()
            if unit not in changed:
                changed.add(unit)
                units += users[unit]
                names += askers[unit]
            continue
        name = names.pop()
        if name not in found:
            found.add(name)
            units.append(f"entry:{name}")
            for trace in memory.traces[name]:
                for node in trace.saying.written:
                    names += readers.get(node, ())
                    units += users[f"node:{node}"]
    return found


def _steps(memory: Memory, names: Iterable[str]) -> int:
    return sum(trace.steps for name in names for trace in memory.traces.get(name, ()))


def failed(memory: Memory, needed: Needed) -> None:
    """The forecast forgot something."""
    memory.missed = sorted({*memory.missed, *needed.entries})
    memory.failures = min(memory.failures + 1, MOST_FAILURES)
    memory.rest = 2**memory.failures - 2


def succeeded(memory: Memory) -> None:
    memory.failures = max(memory.failures - 1, 0)
