"""Entry points and tasks of a project: pyproject.toml, setup.cfg, setup.py, tox.ini, package.json."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mllint.facts import python
from mllint.facts.config import Entry, Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree
from mllint.linker.systems.start import runs_of
from mllint.readers.commands import split_commands
from mllint.source import Span

_ENTRY = re.compile(r"([A-Za-z_][\w.]*)(?::([\w.]+))?\s*(?:\[.*\])?$")
_ENTRY_POINTS = (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts"))
_TASKS = (
    ("tool", "poe", "tasks"),
    ("tool", "taskipy", "tasks"),
    ("tool", "pdm", "scripts"),
    ("tool", "rye", "scripts"),
)


def runs(project: Project) -> Iterator[Run]:
    for facts in project.named("setup.py"):
        for statement in facts.python.body if facts.python is not None else ():
            if isinstance(statement, python.Evaluate) and isinstance(statement.value, python.Call):
                yield from _setup_call(project, facts.path, statement.value)
    for facts in project.named("pyproject.toml", "setup.cfg", "tox.ini", "package.json"):
        if facts.config is None or not facts.config.documents:
            continue
        root, path = facts.config.documents[0], facts.path
        match posixpath.basename(path):
            case "pyproject.toml":
                yield from _pyproject(project, path, root)
            case "setup.cfg":
                yield from _setup(project, path, root)
            case "tox.ini":
                yield from _tox(project, path, root)
            case "package.json":
                yield from _tasks(project, path, tree.entries(root, "scripts"))


def installed(project: Project) -> dict[str, Run]:
    """The commands that the project's packages install, by their names."""
    return {run.job.rpartition(":")[2]: run for run in runs(project) if run.is_called}


def _pyproject(project: Project, path: str, root: Value) -> Iterator[Run]:
    groups = [tree.entries(root, *keys) for keys in _ENTRY_POINTS]
    groups += [entry.value.entries for entry in tree.entries(root, "project", "entry-points")]
    groups += [entry.value.entries for entry in tree.entries(root, "tool", "poetry", "plugins")]
    for group in groups:
        for entry in group:
            target = tree.text(entry.value) or tree.text(entry.value, "reference")
            yield from _entry_point(project, path, entry.key, target, tree.span(path, entry.value))
    for keys in _TASKS:
        yield from _tasks(project, path, tree.entries(root, *keys))
    for environment in tree.entries(root, "tool", "hatch", "envs"):
        yield from _tasks(project, path, tree.entries(environment.value, "scripts"))


def _setup(project: Project, path: str, root: Value) -> Iterator[Run]:
    for group in tree.entries(root, "options.entry_points"):
        for offset, line in enumerate(tree.text(group.value).split("\n")):
            name, equal, target = line.partition("=")
            if equal:
                at = Span(path, group.line + offset, 1)
                yield from _entry_point(project, path, name.strip(), target.strip(), at)


def _setup_call(project: Project, path: str, call: python.Call) -> Iterator[Run]:
    """`setup(entry_points={"console_scripts": ["train = package.module:main"]})`"""
    for keyword in call.keywords:
        if keyword.name != "entry_points" or not isinstance(keyword.value, python.Mapping):
            continue
        for group in keyword.value.values:
            for item in group.items if isinstance(group, python.Collection) else ():
                if isinstance(item, python.Literal) and isinstance(item.value, str):
                    name, _, target = item.value.partition("=")
                    line, column, end_line, end_column = python.unpack_at(item.at)
                    at = Span(path, line, column, end_line, end_column)
                    yield from _entry_point(project, path, name.strip(), target.strip(), at)


def _tox(project: Project, path: str, root: Value) -> Iterator[Run]:
    for section in root.entries:
        commands = tree.get(section.value, "commands")
        if section.key.startswith("testenv") and commands is not None:
            for command in split_commands(tree.text(commands), commands.line, ""):
                at = Span(path, command.line, 1)
                yield from runs_of(project, command, [posixpath.dirname(path)], f"{path}:{section.key}", at)


def _tasks(project: Project, path: str, tasks: tuple[Entry, ...]) -> Iterator[Run]:
    """`train = "python train.py"`, `train = {cmd = "..."}`, `train = ["...", "..."]`."""
    for task in tasks:
        value = task.value
        if value.kind == "mapping":
            value = tree.get(value, "cmd") or tree.get(value, "shell") or value
        for item in tree.items(value):
            for command in split_commands(tree.text(item), item.line, ""):
                at = tree.span(path, item)
                yield from runs_of(project, command, [posixpath.dirname(path)], f"{path}:{task.key}", at)


def _entry_point(project: Project, path: str, name: str, target: str, at: Span) -> Iterator[Run]:
    """`train = "package.module:main"`"""
    match = _ENTRY.match(target)
    if match is None:
        return
    base, module = posixpath.dirname(path), match[1].replace(".", "/")
    for candidate in (f"{module}.py", f"src/{module}.py", f"{module}/__init__.py", f"src/{module}/__init__.py"):
        file = posixpath.normpath(posixpath.join(base, candidate))
        if file in project.files:
            yield Run(
                file,
                (),
                base,
                f"{path}:{name}",
                at,
                module=True,
                entry=match[2] or "",
                by="installed",
                is_open=True,
                is_called=True,
            )
            return
