"""Pipelines, containers, CI and other languages as lineage: one module per system, listed here.

A system has `runs` (which files of the repository it starts; asked before Python is interpreted), `link` (what it adds
to the graph; asked after), or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from mllint.linker.project import Project, Run
from mllint.linker.systems import (
    ci,
    compose,
    dbt,
    downloads,
    dvc,
    environments,
    flows,
    foreign,
    lfs,
    mlproject,
    packaging,
    routes,
    scripts,
    serving,
    sqlmesh,
    tasks,
)
from mllint.linker.systems.inventory import observe

__all__ = ["link", "observe", "runs"]

# Each with the kind of thing that starts files there, unless it says so itself.
STARTERS: tuple[tuple[Callable[[Project], Iterator[Run]], str], ...] = (
    (dvc.runs, "stage"), (mlproject.runs, "stage"), (scripts.runs, "command"), (compose.runs, "container"),
    (ci.runs, "job"), (packaging.runs, "command"), (tasks.runs, "stage"),
)  # fmt: skip
# DVC comes late: it adds only what neither Python nor another language shows. What is served is made by all of them,
# and asked by its name.
LINKERS: tuple[Callable[[Project], None], ...] = (
    foreign.link, downloads.link, flows.link, dbt.link, sqlmesh.link, lfs.link, dvc.link, serving.link, routes.link,
)  # fmt: skip


def runs(project: Project) -> list[Run]:
    """Every way in which a file of the repository is started, sorted by its path and by who starts it."""
    found: set[Run] = set()
    project.installed = packaging.installed(project)
    for starter, kind in STARTERS:
        project.shells, before = {}, project.shells
        found.update(run if run.by else msgspec.structs.replace(run, by=kind) for run in starter(project))
        for path in project.shells:
            before.setdefault(path, set()).add(kind)
        project.shells = before
    known = environments.asked(project, compose.without_images(project, found))
    return sorted(known, key=lambda run: (run.path, run.span, run.job, run.arguments, run.folder, run.entry, run.by))


def link(project: Project) -> None:
    """Add what systems other than Python and SQL say to the graph. `project.runs` must be filled."""
    for linker in LINKERS:
        linker(project)
