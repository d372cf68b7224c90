"""Linking: the facts of all files become the lineage of the repository."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from mllint.facts.file import FileFacts
from mllint.facts.python import Define, DefineClass
from mllint.libraries.loading import builtin, defining
from mllint.libraries.models import Library, LibraryFile
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, NodeKind
from mllint.lineage.ids import consumer_id
from mllint.lineage.lineage import Lineage
from mllint.linker import systems
from mllint.linker.containment import join_contents
from mllint.linker.project import Project
from mllint.linker.python.forecast import failed, forecast, succeeded
from mllint.linker.python.interpreter import interpret
from mllint.linker.python.library.extension_points import check_model
from mllint.linker.python.orchestration import dbt
from mllint.linker.python.reads import Needed, digest
from mllint.linker.python.replay import Memory, Replays
from mllint.linker.python.results.copies import observe_copies
from mllint.linker.python.results.dealings import observe_dealings
from mllint.linker.python.results.definitions import observe_definitions, observe_functions
from mllint.linker.python.results.finish import build, mark_sources
from mllint.linker.python.results.guards import observe_routes
from mllint.linker.python.results.inventory import imported_modules, observe
from mllint.linker.python.results.mentions import name_features
from mllint.linker.python.results.recording import observe_recording
from mllint.linker.python.results.settings import observe_settings
from mllint.linker.python.results.starts import observe_starts
from mllint.linker.python.results.tested import observe_tests
from mllint.linker.same_columns import one_spelling
from mllint.linker.same_tables import join_tables, rename
from mllint.linker.sql.link import link_sql
from mllint.linker.sql.schema import Schema
from mllint.linker.systems import dependencies, functions, gateways, services
from mllint.linker.systems.supplies import observe_mentions, observe_supplies
from mllint.linker.temporaries import pass_over_temporaries
from mllint.settings import Settings


def link(
    files: list[FileFacts],
    settings: Settings,
    declarations: Declarations,
    own_models: Sequence[LibraryFile] = (),
    digests: Mapping[str, bytes] | None = None,
    memory: Memory | None = None,
    deadline: float = math.inf,
    others: Sequence[str] = (),
) -> Lineage:
    """The lineage graph of these files, with what was observed on the way. `own_models` are those of the repository's
    own libraries; they come before the shipped ones. Raises UsageError for one that names what does not exist.
    `others` are the paths of further files, which nobody reads: code may speak of them.

    `memory` is what the last run kept, for files of its `digests`; it becomes what the next run may use. After
    `deadline`, a time of `time.monotonic`, nothing more is interpreted, and what was left out is told."""
    memory = memory if memory is not None else Memory()
    needed = forecast(memory, digests or {})
    old = memory.traces if needed is not None else {}
    while True:
        replays = Replays(old, needed or frozenset(), deadline)
        try:
            project = Project(files, settings, declarations, others)
            lineage = _link(project, own_models, digests or {}, memory, replays)
        except Needed as needs:
            failed(memory, needs)
            old = {}  # then nothing is missing
            continue
        if replays.replayed:
            succeeded(memory)
        return lineage


def _link(
    project: Project,
    own_models: Sequence[LibraryFile],
    digests: Mapping[str, bytes],
    memory: Memory,
    replays: Replays,
) -> Lineage:
    declarations = project.declarations
    project.containers = services.containers(project)
    project.runs = systems.runs(project)
    project.containers = services.started(project)
    imported = {module for modules in imported_modules(project).values() for module in modules}
    for function in functions.named(project):
        project.name_function(function)
    needed = {module for file in own_models for module in file.needs} | dbt.needed(project)
    needed |= {each.library for named in project.named_functions.values() for each in named}
    needed |= defining(defined_names(project))
    library = Library([*builtin(imported | needed), *own_models])
    for file in own_models:
        check_model(file, library)
    schema = link_sql(project)
    memory.common, before = common(project, imported | needed, schema, own_models), memory.common
    if memory.common != before:
        replays.forget()
    machine = interpret(project, library, schema, replays, digests)
    memory.traces, memory.units = replays.traces, replays.units
    same = join_tables(project, machine.effects)
    build(project, machine.effects)
    rename(project, one_spelling(project))
    systems.link(project)
    systems.observe(project, {path: tuple(sorted(who)) for path, who in machine.imports.importers.items()})
    rename(project, same)
    dependencies.observe(project)
    gateways.observe(project)
    observe_routes(project, machine)
    observe_starts(project, machine)
    observe_dealings(project, machine)
    observe(project, machine)
    observe_definitions(project, machine)
    observe_functions(project, machine)
    observe_tests(project, machine)
    observe_supplies(project)
    observe_mentions(project)
    observe_settings(project, machine)
    observe_copies(project, machine)
    observe_recording(project, machine)
    declare_consumers(project)
    name_features(project, machine)
    rename(project, pass_over_temporaries(project.graph))
    join_contents(project.graph, project.observations.trials)
    mark_sources(project.graph)
    project.graph.freeze()
    project.coverage.freeze()
    declarations = declarations.with_entries(project.observations.declared)
    return Lineage(project.graph, project.observations, declarations, project.coverage, project.problems)


def defined_names(project: Project) -> set[str]:
    """Functions and classes at the top level of the repository's Python files."""
    names = set[str]()
    for file in project.of_kind("python"):
        for statement in file.python.body if file.python is not None else ():
            if isinstance(statement, Define):
                names.add(statement.function.name)
            elif isinstance(statement, DefineClass):
                names.add(statement.name)
    return names


def common(project: Project, needed: set[str], schema: Schema, own_models: Sequence[LibraryFile]) -> bytes:
    """A digest of what interpreting any entry point depends on, but for the facts of files."""
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    paths = [sorted(project.kinds_of.items()), sorted(project.others)]
    said = encode([paths, sorted(needed), project.settings, project.declarations, own_models, project.containers])
    return digest(said, schema.state())


def declare_consumers(project: Project) -> None:
    """Consumers that people declared, with what they read and write."""
    graph = project.graph
    native = [entry for entry in project.observations.declared if entry.kind == "consumer"]  # dbt's exposures
    for entry in (*project.declarations.of_kind("consumer"), *native):
        consumer = graph.add_node(consumer_id(entry.name), "consumer", entry.span, entry.name, owner=entry.owner).id
        for id in (*entry.reads, *entry.writes):
            if id not in graph.nodes:
                kind: NodeKind = "model" if id.startswith("model:") else "dataset"
                graph.add_node(id, kind, entry.span)
        for id in entry.reads:
            graph.add_edge(Edge(id, consumer, "consumes", "declared", entry.origin, "", entry.span))
        for id in entry.writes:
            graph.add_edge(Edge(consumer, id, "writes", "declared", entry.origin, "", entry.span))
