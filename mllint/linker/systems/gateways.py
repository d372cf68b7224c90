"""Gateways and meshes: policies of Kubernetes that ask for a credential before a service of the repository.

An AuthorizationPolicy counts where its selector picks pods of some deployment of the repository, or all of them; an
Ingress where its annotations ask for authentication."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.linker.project import Project
from mllint.linker.systems import tree
from mllint.source import Span

_AUTH_ANNOTATIONS = ("/auth-url", "/auth-type", "/auth-secret", "/auth-signin", "/auth-tls-secret")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Rollout")


def observe(project: Project) -> None:
    """Fill `observations.gateways`."""
    documents = [
        (file.path, document)
        for file in project.files.values()
        if file.config is not None and file.kind == "yaml"
        for document in file.config.documents
        if document.kind == "mapping"
    ]
    labels = [set(_labels(document)) for _, document in documents if tree.text(document, "kind") in _WORKLOADS]
    project.observations.gateways = [
        Span(path, document.line, document.column) for path, document in documents if _asks(document, labels)
    ]


def _asks(document: Value, labels: list[set[tuple[str, str]]]) -> bool:
    match tree.text(document, "kind"):
        case "AuthorizationPolicy":
            wanted = {(e.key, tree.text(e.value)) for e in tree.entries(document, "spec", "selector", "matchLabels")}
            return not wanted or any(wanted <= own for own in labels)
        case "Ingress":
            return any(e.key.endswith(_AUTH_ANNOTATIONS) for e in tree.entries(document, "metadata", "annotations"))
    return False


def _labels(document: Value) -> Iterator[tuple[str, str]]:
    for keys in (("metadata", "labels"), ("spec", "template", "metadata", "labels")):
        for entry in tree.entries(document, *keys):
            yield entry.key, tree.text(entry.value)
