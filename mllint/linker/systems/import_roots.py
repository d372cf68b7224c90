"""Folders that a project says its imports start from: `package-dir` of its packaging, `PYTHONPATH` of what runs it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from mllint.facts import python
from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.linker.containers import outside
from mllint.linker.project import Project
from mllint.linker.systems import ci, tree
from mllint.linker.systems.start import folders_of

_PATH = "PYTHONPATH"


def declared(project: Project) -> set[str]:
    """The folders of the repository, `""` for its root."""
    return {folder for folder in (*_packaged(project), *_on_the_path(project)) if folder in project.folders}


def _packaged(project: Project) -> Iterator[str]:
    for facts in project.named("pyproject.toml", "setup.cfg", "setup.py", "pytest.ini"):
        own = posixpath.dirname(facts.path)
        for folder in _folders(facts):
            joined = posixpath.normpath(posixpath.join(own, folder))
            yield "" if joined == "." else joined


def _folders(facts: FileFacts) -> Iterator[str]:
    root = facts.config.documents[0] if facts.config is not None and facts.config.documents else None
    match posixpath.basename(facts.path):
        case "setup.py":
            for statement in facts.python.body if facts.python is not None else ():
                if isinstance(statement, python.Evaluate) and isinstance(statement.value, python.Call):
                    yield from _of_setup(statement.value)
        case "pyproject.toml" if root is not None:
            yield from _of_pyproject(root)
        case "setup.cfg" if root is not None:
            for line in tree.text(root, "options", "package_dir").split("\n"):
                name, equal, folder = line.partition("=")
                if equal and not name.strip():
                    yield folder.strip()
            yield from tree.text(root, "options.packages.find", "where").split()
        case "pytest.ini" if root is not None:
            yield from tree.text(root, "pytest", "pythonpath").split()


def _of_pyproject(root: Value) -> Iterator[str]:
    tool = tree.get(root, "tool")
    yield tree.text(tool, "setuptools", "package-dir", "")
    yield tree.text(tool, "pdm", "build", "package-dir")
    yield tree.text(tool, "uv", "build-backend", "module-root")
    lists = [
        tree.items(tool, "setuptools", "packages", "find", "where"),
        tree.items(tool, "pytest", "ini_options", "pythonpath"),
    ]
    for kind in tree.entries(tool, "hatch", "build", "targets"):  # `packages = ["src/fares"]` is imported as `fares`
        yield from (posixpath.dirname(tree.text(item)) for item in tree.items(kind.value, "packages"))
        lists.append(tree.items(kind.value, "sources"))
    yield from (tree.text(item) for items in lists for item in items)
    yield from (tree.text(item, "from") for item in tree.items(tool, "poetry", "packages"))


def _of_setup(call: python.Call) -> Iterator[str]:
    """`setup(package_dir={"": "src"}, packages=find_packages("src"))`"""
    for keyword in call.keywords:
        match keyword:
            case python.Keyword(name="package_dir", value=python.Mapping(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, python.Literal) and key.value == "" and isinstance(value, python.Literal):
                        yield str(value.value)
            case python.Keyword(name="packages", value=python.Call(args=args, keywords=keywords)):
                given = [*args[:1], *(each.value for each in keywords if each.name == "where")]
                for each in given:
                    if isinstance(each, python.Literal) and isinstance(each.value, str):
                        yield each.value


def _on_the_path(project: Project) -> Iterator[str]:
    """`PYTHONPATH` of commands, steps of CI and containers. A folder that is written from outside of the repository,
    such as `/app/src`, is the longest tail of it that the repository has."""
    for own, value in dict.fromkeys(_paths(project)):
        for part in value.split(":"):
            part = part.strip().removeprefix("{PWD}/")
            if not part or "{" in part or "$" in part:
                continue
            wanted = folders_of(part, [own])
            found = next((folder for folder in wanted if folder in project.folders), None)
            if found:
                yield found


def _paths(project: Project) -> Iterator[tuple[str, str]]:
    """Each value, with the folder that it is relative to."""
    for facts in project.of_kind("make", "docker", "shell"):
        own = posixpath.dirname(facts.path)
        for value in dict.fromkeys(value for command in facts.commands for value in _given(command.environment)):
            yield from ((folder, _from_outside(facts.copies, value)) for folder in dict.fromkeys((own, "")))
    for _, _, command in ci.commands(project):
        yield from ((command.folder or "", value) for value in _given(command.environment))
    for container in project.containers:
        yield from (("", _from_outside(container.folders, value)) for value in _given(container.environment))


def _given(environment: Iterable[tuple[str, str]]) -> list[str]:
    return [value for name, value in environment if name == _PATH]


def _from_outside(folders: tuple[tuple[str, str], ...], value: str) -> str:
    """The folders of a container as those of the repository, where that is known."""
    known = ((part, outside(folders, part) if part.startswith("/") else None) for part in value.split(":"))
    return ":".join(part if found is None else found for part, found in known)
