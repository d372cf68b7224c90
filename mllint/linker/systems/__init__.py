"""Pipelines, containers, CI and other languages as lineage: one module per system, listed here.

A system has `runs` (which files of the repository it starts; asked before Python is interpreted), `link` (what it adds
to the graph; asked after), or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mllint.linker.project import Project, Run
from mllint.linker.systems import (
    ci,
    compose,
    dbt,
    downloads,
    dvc,
    flows,
    foreign,
    lfs,
    mlproject,
    packaging,
    scripts,
    sqlmesh,
)
from mllint.linker.systems.inventory import observe

__all__ = ["link", "observe", "runs"]

STARTERS: tuple[Callable[[Project], Iterator[Run]], ...] = (
    dvc.runs, mlproject.runs, scripts.runs, compose.runs, ci.runs, packaging.runs,
)  # fmt: skip
# DVC comes last: it adds only what neither Python nor another language shows.
LINKERS: tuple[Callable[[Project], None], ...] = (
    foreign.link, downloads.link, flows.link, dbt.link, sqlmesh.link, lfs.link, dvc.link,
)  # fmt: skip


def runs(project: Project) -> list[Run]:
    """Every way in which a file of the repository is started, sorted by its path and by who starts it."""
    found = {run for starter in STARTERS for run in starter(project)}
    return sorted(found, key=lambda run: (run.path, run.span, run.job, run.arguments, run.folder, run.entry))


def link(project: Project) -> None:
    """Add what systems other than Python and SQL say to the graph. `project.runs` must be filled."""
    for linker in LINKERS:
        linker(project)
