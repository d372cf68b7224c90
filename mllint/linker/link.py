"""Linking: the facts of all files become the lineage of the repository."""

from __future__ import annotations

from collections.abc import Sequence

from mllint.facts.file import FileFacts
from mllint.libraries.models import Library, LibraryFile, builtin
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, NodeKind
from mllint.lineage.ids import consumer_id
from mllint.lineage.lineage import Lineage
from mllint.linker import systems
from mllint.linker.project import Project
from mllint.linker.python.interpreter import interpret
from mllint.linker.python.library.extension_points import check_model
from mllint.linker.python.orchestration import dbt
from mllint.linker.python.results.definitions import observe_definitions
from mllint.linker.python.results.finish import build, mark_sources
from mllint.linker.python.results.inventory import imported_modules, observe
from mllint.linker.python.results.mentions import name_features
from mllint.linker.python.results.settings import observe_settings
from mllint.linker.sql.link import link_sql
from mllint.linker.systems.supplies import observe_supplies
from mllint.settings import Settings


def link(
    files: list[FileFacts], settings: Settings, declarations: Declarations, own_models: Sequence[LibraryFile] = ()
) -> Lineage:
    """The lineage graph of these files, with what was observed on the way. `own_models` are those of the repository's
    own libraries; they come before the shipped ones. Raises UsageError for one that names what does not exist."""
    project = Project(files, settings, declarations)
    project.runs = systems.runs(project)
    imported = {module for modules in imported_modules(project).values() for module in modules}
    needed = {module for file in own_models for module in file.needs} | dbt.needed(project)
    library = Library([*builtin(imported | needed), *own_models])
    for file in own_models:
        check_model(file, library)
    machine = interpret(project, library, link_sql(project))
    build(project, machine.effects)
    systems.link(project)
    systems.observe(project, {path: tuple(sorted(who)) for path, who in machine.imports.importers.items()})
    observe(project, machine)
    observe_definitions(project, machine)
    observe_supplies(project)
    observe_settings(project, machine)
    declare_consumers(project)
    name_features(project, machine)
    mark_sources(project.graph)
    project.graph.freeze()
    project.coverage.freeze()
    declarations = declarations.with_entries(project.observations.declared)
    return Lineage(project.graph, project.observations, declarations, project.coverage, project.problems)


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
