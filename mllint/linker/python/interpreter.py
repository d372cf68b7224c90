"""Interpreting a repository's Python: the parts of the interpreter joined, and its entry points run in rounds."""

from __future__ import annotations

from mllint.libraries.models import Library
from mllint.linker.project import Project
from mllint.linker.python import calls, evaluation, handovers, operations, statements
from mllint.linker.python.entries import Entry, entries_of, handler_entries, run_entry, uncalled
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import extensions, jobs
from mllint.linker.sql.schema import Schema

MOST_ROUNDS = 2


def interpret(project: Project, library: Library, schema: Schema) -> Machine:
    """Run every entry point; those that read what others turn out to write run again, until nothing changes."""
    m = machine(project, library, schema)
    entries = entries_of(m)
    for entry in entries:
        run_entry(m, entry)
    for entry in jobs.started(m, entries):
        run_entry(m, entry)
        entries.append(entry)
    for entry in jobs.composing(m):
        run_entry(m, entry)
        entries.append(entry)
    for entry in jobs.waiting(m):
        run_entry(m, entry)
        entries.append(entry)
    done = {entry.name for entry in entries}
    later = [entry for entry in uncalled(m) if entry.name not in done]
    for entry in later:
        run_entry(m, entry)
    handlers = handler_entries(m)
    for entry in handlers:
        run_entry(m, entry)
    everything: list[Entry] = [*entries, *later, *handlers]
    for _ in range(MOST_ROUNDS):
        stale = [entry for entry in everything if m.is_stale(entry.name)]
        if not stale:
            break
        for entry in stale:
            run_entry(m, entry)
    return m


def machine(project: Project, library: Library, schema: Schema) -> Machine:
    m = Machine(project, library, schema)
    m.evaluate = lambda expression: evaluation.evaluate(m, expression)
    m.execute = lambda block: statements.run(m, block)
    m.call = lambda function, arguments, at: calls.call(m, function, arguments, at)
    m.attribute = lambda owner, name, at: operations.attribute(m, owner, name, at)
    m.item = lambda owner, index, at: operations.item(m, owner, index, at)
    m.truth = operations.truth
    m.started = lambda kind, thing, at: extensions.made(m, kind, thing, at)
    m.stands_for = lambda value: extensions.stands_for(m, value)
    m.watch_return = lambda function, result: handovers.watch(m, function, result)
    return m
