"""Workloads of Kubernetes as containers: the names that services of the cluster give them, and what images hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.linker.containers import Container
from mllint.linker.project import Project
from mllint.linker.systems import tree
from mllint.linker.systems.container_variables import config_maps, environment
from mllint.linker.systems.images import built, image_name

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Rollout")
Labels = set[tuple[str, str]]


def containers(project: Project) -> Iterator[Container]:
    documents = [
        (facts.path, document)
        for facts in project.of_kind("yaml")
        for document in (facts.config.documents if facts.config else ())
    ]
    workloads = [(path, document) for path, document in documents if tree.text(document, "kind") in _WORKLOADS]
    if not workloads:
        return
    services = [
        (tree.text(document, "metadata", "name"), _labels(document, "spec", "selector"))
        for _, document in documents
        if tree.text(document, "kind") == "Service"
    ]
    images, maps = built(project), config_maps(project)
    for path, document in workloads:
        spec = ("spec",) if tree.text(document, "kind") == "Pod" else ("spec", "template", "spec")
        own = _labels(document, *spec[:-1], "metadata", "labels")
        hosts = tuple(name for name, wanted in services if wanted and wanted <= own)
        inside = tree.items(document, *spec, "containers")
        for item in inside:
            context, dockerfile = images.get(image_name(tree.text(item, "image")), ("", ""))
            yield Container(
                tree.text(item, "name"),
                path,
                tuple(environment(project, path, item, maps).items()),
                tuple(copied(project.files.get(dockerfile), context)),
                others=hosts,
                image=dockerfile,
            )


def _labels(document: Value, *keys: str) -> Labels:
    return {(entry.key, tree.text(entry.value)) for entry in tree.entries(document, *keys)}


def copied(image: FileFacts | None, context: str) -> Iterator[tuple[str, str]]:
    """What a Dockerfile copies from its build context."""
    for inside, source in image.copies if image is not None else ():
        folder = posixpath.normpath(posixpath.join(context, source))
        if not folder.startswith(".."):
            yield inside, "" if folder == "." else folder
