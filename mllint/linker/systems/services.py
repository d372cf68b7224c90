"""Services of compose files: what they are called, are given, hold and start."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.config import Value
from mllint.linker.containers import ELSEWHERE, Container
from mllint.linker.project import Project
from mllint.linker.systems import pods, tree
from mllint.linker.systems.container_variables import beside, environment, filled
from mllint.linker.systems.images import build

_MOST_VARIABLES = 200


def described(project: Project) -> Iterator[tuple[str, str, Value]]:
    """Each service of each compose file: its path, its name, and what stands there."""
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            for entry in tree.entries(document, "services"):
                if entry.value.kind == "mapping":
                    yield facts.path, entry.key, entry.value


def containers(project: Project) -> list[Container]:
    """One for each service: what several files beside each other say of it is put together, as compose does. And those
    of workloads of Kubernetes."""
    found: dict[tuple[str, str], Container] = {}
    for path, name, service in described(project):
        key = posixpath.dirname(path), name
        new = _of_service(project, path, name, service)
        old = found.get(key)
        found[key] = new if old is None else _merged(old, new)
    return [*found.values(), *pods.containers(project)]


def _of_service(project: Project, path: str, name: str, service: Value) -> Container:
    variables = beside(project, path)
    hosts = [tree.text(service, key) for key in ("container_name", "hostname")]
    for network in tree.entries(service, "networks"):
        hosts += [tree.text(item) for item in tree.items(network.value, "aliases")]
    place = build(path, service)
    image = project.files.get(place[1])
    of_image = dict(image.commands[-1].environment) if image is not None and image.commands else {}
    own = environment(project, path, service, {})
    return Container(
        name,
        path,
        tuple((of_image | own).items())[:_MOST_VARIABLES],
        folders_of(project, path, service, place),
        ports=tuple(dict.fromkeys(_ports(service, variables))),
        others=tuple(filled(host, variables) for host in hosts if host),
        image=place[1],
    )


def _merged(old: Container, new: Container) -> Container:
    return msgspec.structs.replace(
        old,
        environment=tuple({**dict(old.environment), **dict(new.environment)}.items()),
        folders=tuple(dict.fromkeys((*old.folders, *new.folders))),
        ports=tuple(dict.fromkeys((*old.ports, *new.ports))),
        others=tuple(dict.fromkeys((*old.others, *new.others))),
        image=old.image or new.image,
    )


def started(project: Project) -> list[Container]:
    """The containers, with the files of the repository that each starts: by its own command, else by its image."""
    by_job: dict[str, list[str]] = {}
    for run in project.runs:
        for job in {run.job, run.span.path}:
            by_job.setdefault(job, []).append(run.path)
    result = []
    for each in project.containers:
        own = by_job.get(f"{each.path}:{each.name}") or by_job.get(each.image, [])
        result.append(msgspec.structs.replace(each, starts=tuple(dict.fromkeys(own))))
    return result


# ---------------------------------------------------------------------------------------- folders and ports


def folders_of(project: Project, path: str, service: Value, place: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Paths inside, and those of the repository: what is mounted, then what the image (`place`) was given."""
    return (*_mounts(path, service, beside(project, path)), *pods.copied(project.files.get(place[1]), place[0]))


def _mounts(path: str, service: Value, variables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """`volumes`: what is bound from the repository, `./data:/data:ro`, and what is not."""
    for item in tree.items(service, "volumes"):
        source, target = tree.text(item, "source"), tree.text(item, "target")
        if item.kind == "scalar":
            parts = filled(tree.text(item), variables).split(":")
            source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", "")
        source = source.replace("{PWD}", ".")
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
        is_ours = source.startswith(".") or (tree.text(item, "type") == "bind" and not source.startswith(("/", "{")))
        if target.startswith("/"):
            plain = "" if folder == "." else folder
            yield posixpath.normpath(target), plain if is_ours and not plain.startswith("..") else ELSEWHERE


def _ports(service: Value, variables: dict[str, str]) -> Iterator[str]:
    """The ports of the machine at which it is asked: `8000` of `"127.0.0.1:8000:80"`."""
    for item in tree.items(service, "ports"):
        text = tree.text(item, "published") or filled(tree.text(item), variables)
        if match := re.search(r"(?:^|:)(\d+):\d+(?:/\w+)?$|^(\d+)$", text):
            yield match[1] or match[2]
