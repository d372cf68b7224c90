"""Code that the tasks of a job's declaration name: Databricks jobs, their bundles and dbx; tasks of Ploomber.

tasks:
  - task_key: train
    notebook_task: {notebook_path: ../notebooks/train, base_parameters: {table: trips}}
  - task_key: score
    spark_python_task: {python_file: ./jobs/score.py, parameters: [--env, prod]}
  - task_key: report
    python_wheel_task: {package_name: eta, entry_point: report, parameters: ["--conf", "file:fuse://conf/a.json"]}
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from mllint.facts.config import Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree
from mllint.linker.systems.start import as_installed

_ENDINGS = ("", ".ipynb", ".py")
# Where the files of the repository are when the job runs: dbx uploads them, a bundle copies them.
_UPLOADED = re.compile(r"^file:(?:fuse:)?//|\$\{workspace\.(?:file|root)_path\}/(?:files/)?")
_VARIABLE = re.compile(r"\$\{(?:var\.)?([\w.]+)\}|\{\{([\w.]+)\}\}")


def runs(project: Project) -> Iterator[Run]:
    for facts in project.of_kind("yaml", "json"):
        for document in facts.config.documents if facts.config else ():
            for mapping in tree.mappings(document):
                yield from _databricks(project, facts.path, mapping)
            if posixpath.basename(facts.path).startswith("pipeline") and tree.get(document, "tasks") is not None:
                for task in tree.items(document, "tasks"):
                    yield from _notebook(project, facts.path, tree.get(task, "source"), tree.get(task, "params"), task)


def _databricks(project: Project, path: str, task: Value) -> Iterator[Run]:
    for entry in task.entries:
        match entry.key:
            case "notebook_task":
                given = tree.get(entry.value, "base_parameters")
                yield from _notebook(project, path, tree.get(entry.value, "notebook_path"), given, task)
            case "spark_python_task":
                yield from _script(project, path, entry.value, task)
            case "python_wheel_task":
                yield from _wheel(project, path, entry.value, task)


def _notebook(project: Project, path: str, named: Value | None, given: Value | None, task: Value) -> Iterator[Run]:
    words = [word for entry in tree.entries(given) for word in ("-p", entry.key, tree.text(entry.value) or "{value}")]
    for file, folder in _found(project, path, named):
        entry = "papermill" if words else ""
        yield Run(file, tuple(words), folder, _job(path, task), tree.span(path, named or task), entry=entry, by="stage")


def _script(project: Project, path: str, what: Value, task: Value) -> Iterator[Run]:
    named = tree.get(what, "python_file")
    for file, _ in _found(project, path, named):
        words = tuple(_words(tree.items(what, "parameters")))
        yield Run(file, words, "", _job(path, task), tree.span(path, named or task), by="stage")


def _wheel(project: Project, path: str, what: Value, task: Value) -> Iterator[Run]:
    """An entry point of the package that is installed for the task."""
    command = project.installed.get(tree.text(what, "entry_point"))
    if command is not None:
        words = list(_words(tree.items(what, "parameters")))
        words += [f"--{each.key}={tree.text(each.value)}" for each in tree.entries(what, "named_parameters")]
        yield as_installed(command, words, "", _job(path, task), tree.span(path, what))


def _words(values: Iterable[Value]) -> Iterator[str]:
    """Arguments as the task gets them: paths of the repository, and `{name}` for what the bundle fills in."""
    for value in values:
        yield _VARIABLE.sub(lambda match: f"{{{match[1] or match[2]}}}", _UPLOADED.sub("", tree.text(value)))


def _job(path: str, task: Value) -> str:
    key = tree.text(task, "task_key") or tree.text(task, "name")
    return f"{path}:{key}" if key else path


def _found(project: Project, path: str, named: Value | None) -> Iterator[tuple[str, str]]:
    """The file of the repository that a task names, with the folder that its name is relative to."""
    text = _UPLOADED.sub("", tree.text(named))
    for folder in (posixpath.dirname(path), "") if text else ():
        for ending in _ENDINGS:
            file = posixpath.normpath(posixpath.join(folder, text.lstrip("/") + ending))
            if file in project.files and project.files[file].python is not None:
                yield file, folder
                return
