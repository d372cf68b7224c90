"""Notebooks that a job's declaration names: tasks of Databricks jobs and bundles, and of Ploomber's pipeline.yaml."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree

_ENDINGS = ("", ".ipynb", ".py")


def runs(project: Project) -> Iterator[Run]:
    for facts in project.of_kind("yaml", "json"):
        for document in facts.config.documents if facts.config else ():
            for mapping in tree.mappings(document):
                yield from _databricks(project, facts.path, mapping)
            if posixpath.basename(facts.path).startswith("pipeline") and tree.get(document, "tasks") is not None:
                for task in tree.items(document, "tasks"):
                    yield from _run(project, facts.path, tree.get(task, "source"), tree.get(task, "params"), task)


def _databricks(project: Project, path: str, task: Value) -> Iterator[Run]:
    """`{task_key: train, notebook_task: {notebook_path: ../notebooks/train, base_parameters: {...}}}`"""
    notebook = tree.get(task, "notebook_task")
    if notebook is not None:
        given = tree.get(notebook, "base_parameters")
        yield from _run(project, path, tree.get(notebook, "notebook_path"), given, task)


def _run(project: Project, path: str, named: Value | None, given: Value | None, task: Value) -> Iterator[Run]:
    text = tree.text(named)
    if named is None or not text:
        return
    key = tree.text(task, "task_key") or tree.text(task, "name")
    words = [word for entry in tree.entries(given) for word in ("-p", entry.key, tree.text(entry.value) or "{value}")]
    for folder in (posixpath.dirname(path), ""):
        for ending in _ENDINGS:
            file = posixpath.normpath(posixpath.join(folder, text.lstrip("/") + ending))
            if file in project.files and project.files[file].python is not None:
                entry = "papermill" if words else ""
                job = f"{path}:{key}" if key else path
                yield Run(file, tuple(words), folder, job, tree.span(path, named), entry=entry, by="stage")
                return
