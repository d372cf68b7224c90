"""Services of compose files: what they are called, are given, hold and start."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.config import Value
from mllint.linker.containers import Container, filled
from mllint.linker.project import Project
from mllint.linker.systems import tree

_MOST_VARIABLES = 200


def described(project: Project) -> Iterator[tuple[str, str, Value]]:
    """Each service of each compose file: its path, its name, and what stands there."""
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            for entry in tree.entries(document, "services"):
                if entry.value.kind == "mapping":
                    yield facts.path, entry.key, entry.value


def build_of(path: str, service: Value) -> tuple[str, str]:
    """The build context of a service and its Dockerfile, repo-relative; empty where it builds nothing."""
    build = tree.get(service, "build")
    if build is None:
        return "", ""
    context = tree.text(build) if build.kind == "scalar" else tree.text(build, "context") or "."
    name = tree.text(build, "dockerfile") or "Dockerfile"
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context))
    dockerfile = posixpath.normpath(posixpath.join(folder, name))
    return "" if folder == "." else folder, dockerfile


def containers(project: Project) -> list[Container]:
    """One for each service: what several files beside each other say of it is put together, as compose does."""
    found: dict[tuple[str, str], Container] = {}
    for path, name, service in described(project):
        key = posixpath.dirname(path), name
        new = of_service(project, path, name, service)
        old = found.get(key)
        found[key] = new if old is None else _merged(old, new)
    return list(found.values())


def of_service(project: Project, path: str, name: str, service: Value) -> Container:
    variables = _variables_beside(project, path)
    environment = {**_of_image(project, path, service), **given(project, path, service)}
    hosts = [tree.text(service, key) for key in ("container_name", "hostname")]
    for network in tree.entries(service, "networks"):
        hosts += [tree.text(item) for item in tree.items(network.value, "aliases")]
    return Container(
        name,
        path,
        tuple(environment.items())[:_MOST_VARIABLES],
        (*_mounts(path, service, variables), *_copies(project, path, service)),
        ports=tuple(dict.fromkeys(_ports(service, variables))),
        others=tuple(filled(host, variables) for host in hosts if host),
    )


def _merged(old: Container, new: Container) -> Container:
    return msgspec.structs.replace(
        old,
        environment=tuple({**dict(old.environment), **dict(new.environment)}.items()),
        folders=tuple(dict.fromkeys((*old.folders, *new.folders))),
        ports=tuple(dict.fromkeys((*old.ports, *new.ports))),
        others=tuple(dict.fromkeys((*old.others, *new.others))),
    )


def started(project: Project) -> list[Container]:
    """The containers, with the files of the repository that each starts: those of its own command, else of its image."""
    by_job: dict[str, list[str]] = {}
    for run in project.runs:
        for job in {run.job, run.span.path}:
            by_job.setdefault(job, []).append(run.path)
    images = {(path, name): build_of(path, service)[1] for path, name, service in described(project)}
    result = []
    for each in project.containers:
        own = by_job.get(f"{each.path}:{each.name}") or by_job.get(images.get((each.path, each.name), ""), [])
        result.append(msgspec.structs.replace(each, starts=tuple(dict.fromkeys(own))))
    return result


# ------------------------------------------------------------------------------------------------- variables


def given(project: Project, path: str, service: Value) -> dict[str, str]:
    """What `environment` and `env_file` of a service give, and `env` of a container of Kubernetes."""
    variables = _variables_beside(project, path)
    result: dict[str, str] = {}
    for item in tree.items(service, "env_file"):
        file = tree.text(item) or tree.text(item, "path")
        result.update(_of_file(project, posixpath.join(posixpath.dirname(path), filled(file, variables))))
    for entry in tree.entries(service, "environment"):
        result[entry.key] = tree.text(entry.value)
    for item in tree.items(service, "environment"):
        name, equal, value = tree.text(item).partition("=")
        if equal:
            result[name] = value
    for item in tree.items(service, "env"):
        if name := tree.text(item, "name"):
            result[name] = tree.text(item, "value")
    return {name: filled(value, variables) for name, value in result.items()}


def _of_image(project: Project, path: str, service: Value) -> dict[str, str]:
    """`ENV` of the Dockerfile, as far as its last command knows it."""
    facts = project.files.get(build_of(path, service)[1])
    return dict(facts.commands[-1].environment) if facts is not None and facts.commands else {}


def _variables_beside(project: Project, path: str) -> dict[str, str]:
    """What compose fills in: the `.env` beside the file, or the example that people are to copy to it."""
    folder = posixpath.dirname(path)
    for name in (".env", ".env.example", ".env.sample", ".env.template", "example.env"):
        if found := _of_file(project, posixpath.join(folder, name)):
            return found
    return {}


def _of_file(project: Project, path: str) -> dict[str, str]:
    """The variables of a `.env` file; where it is not in the repository, those of the example beside it."""
    path = posixpath.normpath(path)
    for candidate in (path, f"{path}.example", f"{path}.sample", f"{path}.template"):
        root = project.config(candidate)
        if root is not None:
            return {entry.key: tree.text(entry.value) for entry in root.entries}
    return {}


# ---------------------------------------------------------------------------------------- folders and ports


def _mounts(path: str, service: Value, variables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """`volumes`: what is bound from the repository, `./data:/data:ro`. Named volumes are of no folder of it."""
    for item in tree.items(service, "volumes"):
        source, target = tree.text(item, "source"), tree.text(item, "target")
        if item.kind == "scalar":
            parts = filled(tree.text(item), variables).split(":")
            source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", "")
        source = source.removeprefix("${PWD}/").removeprefix("{PWD}/").replace("{PWD}", ".")
        if not source.startswith(".") and not (item.kind == "mapping" and tree.text(item, "type") == "bind"):
            continue
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
        if target.startswith("/") and not folder.startswith(("..", "/")):
            yield posixpath.normpath(target), "" if folder == "." else folder


def _copies(project: Project, path: str, service: Value) -> Iterator[tuple[str, str]]:
    context, dockerfile = build_of(path, service)
    facts = project.files.get(dockerfile)
    for inside, source in facts.copies if facts is not None else ():
        folder = posixpath.normpath(posixpath.join(context, source))
        if not folder.startswith(".."):
            yield inside, "" if folder == "." else folder


def _ports(service: Value, variables: dict[str, str]) -> Iterator[str]:
    """The ports of the machine at which it is asked: `8000` of `"127.0.0.1:8000:80"`."""
    for item in tree.items(service, "ports"):
        text = tree.text(item, "published") or filled(tree.text(item), variables)
        if match := re.search(r"(?:^|:)(\d+):\d+(?:/\w+)?$|^(\d+)$", text):
            yield match[1] or match[2]
