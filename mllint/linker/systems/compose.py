"""Containers: docker-compose services, Kubernetes and Argo containers, and any other mapping with image and command."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.facts.config import Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import argo, services, tree
from mllint.linker.systems.container_variables import config_maps, environment, filled
from mllint.linker.systems.images import build, built, image_name
from mllint.linker.systems.scripts import started_by
from mllint.linker.systems.start import SHELLS
from mllint.readers.commands import split_commands
from mllint.source import Span

_SAID = {"command", "entrypoint", "args", "cmd", "source", "env", "envFrom", "environment", "env_file", "volumes"}


def runs(project: Project) -> Iterator[Run]:
    images, maps = built(project), config_maps(project)
    for path, name, container in _containers(project):
        context, dockerfile = build(path, container)
        if not dockerfile:
            context, dockerfile = images.get(image_name(tree.text(container, "image")), ("", ""))
        image = project.files.get(dockerfile)
        places = services.folders_of(project, path, container, (context, dockerfile))
        own_bases = [context] if image is not None or context else []
        if image is not None:  # where the image runs what it is given
            folders = [command.folder for command in image.commands if command.folder is not None]
            own_bases = [posixpath.normpath(posixpath.join(context, folder)) for folder in folders[-1:]] + own_bases
        beside = ["", posixpath.dirname(path)]
        bases = own_bases + _mounted_code(places) + (beside if image is not None or not context else beside[::-1])
        bases = list(dict.fromkeys("" if base == "." else base for base in bases))
        last = image.commands[-1] if image is not None and image.commands else None
        own = dict(environment(project, path, container, maps))
        variables = (dict(last.environment) if last is not None else {}) | own
        job = f"{path}:{name}" if name else path
        said = _commands(container, variables)
        for command, at in said:
            found = list(_placed(project, command, bases, job, tree.span(path, at)))
            if not found and last is not None and _is_of_image(container, command):
                whole = _of_image(last, command.words, variables)
                found = list(_placed(project, whole, bases, job, tree.span(path, at)))
            yield from _mounted(found, places)
        if not said and last is not None and (own or tree.get(container, "volumes") is not None):
            found = list(_placed(project, _of_image(last, (), variables), bases, job, tree.span(path, container)))
            yield from _mounted(found, places)


def without_images(project: Project, runs: set[Run]) -> set[Run]:
    """Without what an image starts where services that it is built for start the same: alone it lacks what they mount
    and set."""
    jobs = {run.job for run in runs}
    services = {f"{each.path}:{each.name}": each.image for each in project.containers if each.image}
    relying = {image for job, image in services.items() if job not in jobs}  # on what their image starts
    told = {(services[run.job], run.path, run.arguments, run.entry) for run in runs if run.job in services}
    told = {key for key in told if key[0] not in relying}
    return {run for run in runs if (run.job, run.path, run.arguments, run.entry) not in told}


def _mounted_code(places: tuple[tuple[str, str], ...]) -> list[str]:
    """Where a container starts that has code by a mount: beside it, if `./eta/src` is `/opt/src` there; else in it."""
    folders = [own for place, own in places if own and posixpath.basename(place) == posixpath.basename(own)]
    return [*map(posixpath.dirname, folders), *(own for _, own in places)]


def _mounted(runs: list[Run], mounts: tuple[tuple[str, str], ...]) -> Iterator[Run]:
    return (msgspec.structs.replace(run, mounts=mounts) for run in runs)


def _is_of_image(container: Value, command: Command) -> bool:
    """Whether what a container says are arguments of what its image starts, rather than take its place."""
    if tree.get(container, "entrypoint") is not None:
        return False
    if tree.get(container, "command") is None and tree.get(container, "cmd") is None:
        return True  # `args` of Kubernetes
    return tree.get(container, "args") is None and command.words[:1] != () and command.words[0].startswith("-")


def _of_image(last: Command, arguments: tuple[str, ...], variables: dict[str, str]) -> Command:
    return Command(last.words + arguments, 1, folder=last.folder, environment=tuple(variables.items()))


def _placed(project: Project, command: Command, bases: list[str], job: str, span: Span) -> Iterator[Run]:
    """A folder of the container may be any of the repository."""
    found = list(started_by(project, command, bases, job, span))
    if not found and command.folder:
        found = list(started_by(project, msgspec.structs.replace(command, folder=""), bases, job, span))
    yield from found


def _containers(project: Project) -> Iterator[tuple[str, str, Value]]:
    for path, owner, document in argo.documents(project):
        services = {id(entry.value): entry.key for entry in tree.entries(document, "services")}
        for mapping in tree.mappings(document):
            keys = {entry.key for entry in mapping.entries}
            if keys & {"image", "build"} and keys & _SAID:
                yield path, services.get(id(mapping)) or tree.text(mapping, "name") or owner, mapping


def _commands(container: Value, variables: dict[str, str]) -> list[tuple[Command, Value]]:
    """Entrypoint and command together, as the container would start them."""
    return list(_said(container, variables))


def _said(container: Value, variables: dict[str, str]) -> Iterator[tuple[Command, Value]]:
    parts = [part for key in ("entrypoint", "command", "cmd", "args") if (part := tree.get(container, key)) is not None]
    folder = tree.text(container, "workingDir") or tree.text(container, "working_dir")
    folder = "" if "{" in folder or "$" in folder else folder
    words: list[str] = []
    for part in parts:
        if part.kind == "scalar":
            for command in split_commands(tree.text(part), tree.first_line(part), folder, variables):
                yield _with(command, variables), part
        else:
            words += [filled(tree.text(item), variables) for item in part.items]
    script = tree.get(container, "source")
    shell = posixpath.basename(words[0]) in SHELLS if words else script is not None
    if shell and script is not None:  # of Argo
        text, at, line = tree.text(script), script, tree.first_line(script)
    elif shell and len(words) > 2 and words[1].startswith("-"):
        at = next(part for part in parts if part.kind == "sequence")
        text, line = _unfilled(parts), at.line
    elif words:
        at = next(part for part in parts if part.kind == "sequence")
        yield Command(tuple(words), at.line, folder=folder, environment=tuple(variables.items())), at
        return
    else:
        return
    for command in split_commands(text, line, folder, variables):
        yield _with(command, variables), at


def _unfilled(parts: list[Value]) -> str:
    """The script of `[sh, -c, script]`, in which the shell fills in the variables."""
    return [tree.text(item) for part in parts if part.kind == "sequence" for item in part.items][2]


def _with(command: Command, variables: dict[str, str]) -> Command:
    merged = tuple((variables | dict(command.environment)).items())
    return msgspec.structs.replace(command, environment=merged)
