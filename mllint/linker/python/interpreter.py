"""Interpreting a repository's Python: the parts of the interpreter joined, and its entry points run in rounds."""

from __future__ import annotations

from collections.abc import Mapping

from mllint.libraries.models import Library
from mllint.linker.project import Project
from mllint.linker.python import calls, evaluation, handovers, operations, operators, statements
from mllint.linker.python.entries import Entry, entries_of, handler_entries, run_entry, uncalled
from mllint.linker.python.library import databases, library
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import extensions, jobs
from mllint.linker.python.replay import Replays
from mllint.linker.sql.schema import Schema

MOST_ROUNDS = 2


def interpret(
    project: Project, library: Library, schema: Schema, replays: Replays, digests: Mapping[str, bytes]
) -> Machine:
    """Run every entry point; those that read what others turn out to write run again, until nothing changes."""
    m = machine(project, library, schema, digests)
    m.deadline = replays.deadline
    entries = entries_of(m)
    for entry in entries:
        run_entry(m, replays, entry)
    _started(m, replays, entries)
    for entry in jobs.composing(m):
        run_entry(m, replays, entry)
        entries.append(entry)
    _started(m, replays, entries)
    for entry in jobs.waiting(m):
        run_entry(m, replays, entry)
        entries.append(entry)
    _again(m, replays, entries)  # before what finds their modules as they leave them: handlers and functions
    done = {entry.name for entry in entries}
    later = [entry for entry in uncalled(m) if entry.name not in done]
    for entry in later:
        run_entry(m, replays, entry)
    handlers = handler_entries(m)
    for entry in handlers:
        run_entry(m, replays, entry)
    everything: list[Entry] = [*entries, *later, *handlers]
    _started(m, replays, everything)
    for _ in range(MOST_ROUNDS):
        if not _again(m, replays, everything):
            break
    replays.finish(m, jobs.composes)
    return m


def _started(m: Machine, replays: Replays, entries: list[Entry]) -> None:
    """Run the files that entry points have turned out to start."""
    for entry in jobs.started(m, entries):
        run_entry(m, replays, entry)
        entries.append(entry)


def _again(m: Machine, replays: Replays, entries: list[Entry]) -> bool:
    """Run those that read what others turned out to write since; whether there were any."""
    stale = [entry for entry in entries if m.is_stale(entry.name)]
    for entry in stale:
        run_entry(m, replays, entry)
    return bool(stale)


def machine(project: Project, models: Library, schema: Schema, digests: Mapping[str, bytes] | None = None) -> Machine:
    m = Machine(project, models, schema, digests)
    m.evaluate = lambda expression: evaluation.evaluate(m, expression)
    m.execute = lambda block: statements.run(m, block)
    m.call = lambda function, arguments, at: calls.call(m, function, arguments, at)
    m.attribute = lambda owner, name, at: operations.attribute(m, owner, name, at)
    m.item = lambda owner, index, at: operations.item(m, owner, index, at)
    m.truth = operators.truth
    m.bind = lambda target, value: statements.bind(m, target, value)
    m.load_module = lambda path: calls.load_module(m, path)
    m.new_object = lambda kind, name, given, at: library.new_object(m, kind, name, given, at)
    m.apply = library.apply
    m.apply_entry = lambda name, entry, owner, at: library.apply_attribute(m, name, entry, owner, at)
    m.run_statement = databases.run
    m.started = lambda kind, thing, at, given: extensions.made(m, kind, thing, at, given)
    m.stands_for = lambda value: extensions.stands_for(m, value)
    m.watch_return = lambda function, result, given: handovers.watch(m, function, result, given)
    return m
