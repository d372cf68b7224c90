"""What the last run tells of the next, before anything is interpreted: which entry points a change concerns, and whose
objects they will ask for.

A forecast decides about time alone: what it forgets is asked for later (`Needed`), and then all is interpreted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from mllint.linker.python.replay import Memory, Trace

MOST = 0.9  # of all steps: where more would be made again, all of them are


def forecast(memory: Memory, digests: Mapping[str, bytes]) -> frozenset[str] | None:
    """The entry points whose objects will be asked for; `None` if replaying does not pay."""
    reads = {name: _reads(traces) for name, traces in memory.traces.items()}
    readers, writers = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    scripts = defaultdict[str, set[str]](set)
    for name, traces in memory.traces.items():
        for node in reads[name]["node"]:
            readers[node].add(name)
        for trace in traces:
            for node in trace.saying.written:
                writers[node].add(name)
            if trace.is_script:
                scripts[name.partition("#")[0]].add(name)
    changed = _changed(memory, digests)
    concerned = {name for name, read in reads.items() if read["unit"] & changed or _differ(memory, name, digests)}
    todo = list(concerned)
    while todo:
        for trace in memory.traces[todo.pop()]:
            new = {reader for node in trace.saying.written for reader in readers[node]} - concerned
            concerned |= new
            todo += new
    running = concerned | {name for name, traces in memory.traces.items() if not all(trace.record for trace in traces)}
    # modules are loaded in any case, with what they read: `model = joblib.load(...)` of an application
    loaded = {node for name, unit in memory.units.items() if not name.startswith("entry:") for node in unit.nodes}
    needed = {writer for node in loaded for writer in writers[node]}
    running |= needed
    todo = list(running)
    while todo:
        name = todo.pop()
        makers = {writer for node in reads[name]["node"] for writer in writers[node]} - {name}
        if ":" in name:
            makers |= scripts[name.partition(":")[0]]
        needed |= makers
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


def _changed(memory: Memory, digests: Mapping[str, bytes]) -> set[str]:
    """The units whose state comes from a file that has changed."""
    users = defaultdict[str, list[str]](list)
    for name, state in memory.units.items():
        for other in state.edges:
            users[other].append(name)
    todo = [
        name
        for name, state in memory.units.items()
        if any(digests.get(path, b"") != value for path, value in state.files.items())
    ]
    found = set(todo)
    while todo:
        for user in users[todo.pop()]:
            if user not in found:
                found.add(user)
                todo.append(user)
    return found


def _steps(memory: Memory, names: Iterable[str]) -> int:
    return sum(trace.steps for name in names for trace in memory.traces.get(name, ()))
