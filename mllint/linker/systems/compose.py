"""Containers: docker-compose services, Kubernetes and Argo containers, and any other mapping with image and command."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.facts.config import Value
from mllint.linker.containers import Container
from mllint.linker.project import Project, Run
from mllint.linker.systems import services, tree
from mllint.linker.systems.start import runs_of
from mllint.readers.commands import split_commands


_COMMANDS = ("entrypoint", "command", "cmd", "args")


def contexts(project: Project) -> dict[str, list[str]]:
    """Dockerfile -> the folders that compose files build it in."""
    found: dict[str, list[str]] = {}
    for path, _, service in services.described(project):
        context, dockerfile = services.build_of(path, service)
        if dockerfile:
            found.setdefault(dockerfile, []).append(context)
    return found


def as_built(project: Project) -> dict[str, list[Container]]:
    """Dockerfile -> the containers that start what it says."""
    found: dict[str, list[Container]] = {}
    own = {(each.path, each.name): each for each in project.containers}
    for path, name, service in services.described(project):
        _, dockerfile = services.build_of(path, service)
        container = own.get((path, name))
        if dockerfile and container is not None and not any(tree.get(service, key) for key in _COMMANDS):
            found.setdefault(dockerfile, []).append(container)
    return found


def runs(project: Project) -> Iterator[Run]:
    for path, name, container in _containers(project):
        context, dockerfile = services.build_of(path, container)
        bases = [context, posixpath.dirname(path), ""] if context else ["", posixpath.dirname(path)]
        facts = project.files.get(dockerfile)
        if facts is not None:  # where the image runs what it is given
            folders = [command.folder for command in facts.commands if command.folder is not None]
            bases = [posixpath.normpath(posixpath.join(context, folder)) for folder in folders[-1:]] + bases
        bases = ["" if base == "." else base for base in bases]
        described = services.of_service(project, path, name, container)
        for command, at in _commands(container, dict(described.environment)):
            job = f"{path}:{name}" if name else path
            for run in runs_of(project, command, bases, job, tree.span(path, at)):
                yield msgspec.structs.replace(run, mounts=described.folders)


def _containers(project: Project) -> Iterator[tuple[str, str, Value]]:
    for facts in project.of_kind("yaml", "json"):
        for document in facts.config.documents if facts.config else ():
            services = {id(entry.value): entry.key for entry in tree.entries(document, "services")}
            for mapping in tree.mappings(document):
                keys = {entry.key for entry in mapping.entries}
                if keys & {"image", "build"} and keys & {"command", "entrypoint", "args", "cmd"}:
                    yield facts.path, services.get(id(mapping)) or tree.text(mapping, "name"), mapping


def _commands(container: Value, environment: dict[str, str]) -> Iterator[tuple[Command, Value]]:
    """Entrypoint and command together, as the container would start them."""
    parts = [part for key in _COMMANDS if (part := tree.get(container, key)) is not None]
    words: list[str] = []
    for part in parts:
        if part.kind == "scalar":
            for command in split_commands(tree.text(part), tree.first_line(part), "", environment):
                yield _with(command, environment), part
        else:
            words += [tree.text(item) for item in part.items]
    if not words:
        return
    at = next(part for part in parts if part.kind == "sequence")
    if len(words) > 2 and words[0].rpartition("/")[2] in ("sh", "bash") and words[1].startswith("-"):
        for command in split_commands(words[2], at.line, "", environment):
            yield _with(command, environment), at
    else:
        yield Command(tuple(words), at.line, environment=tuple(environment.items())), at


def _with(command: Command, environment: dict[str, str]) -> Command:
    merged = tuple((environment | dict(command.environment)).items())
    return Command(command.words, command.line, command.column, command.folder, command.origin, merged)
