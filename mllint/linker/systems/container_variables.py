"""The environment of a container: what compose and Kubernetes set, from files and ConfigMaps of the repository too."""

from __future__ import annotations

import posixpath
import re

from mllint.facts.config import Value
from mllint.linker.project import Project
from mllint.linker.systems import tree

_REFERENCE = re.compile(r"\$(?:\{(\w+)(?::?-([^{}]*))?[^{}]*\}|\((\w+)\)|(\w+))|\{\{-?\s*([^{}]+?)\s*-?\}\}")
ConfigMaps = dict[str, list[tuple[str, dict[str, str]]]]  # by name: file, and what it holds


def config_maps(project: Project) -> ConfigMaps:
    found: ConfigMaps = {}
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            if tree.text(document, "kind") == "ConfigMap":
                data = {entry.key: tree.text(entry.value) for entry in tree.entries(document, "data")}
                found.setdefault(tree.text(document, "metadata", "name"), []).append((facts.path, data))
    return found


def environment(project: Project, path: str, container: Value, maps: ConfigMaps) -> dict[str, str]:
    """`environment: {A: b}`, `environment: [A=b]`, `env_file: .env` of compose; `env: [{name: A, value: b}]`,
    `envFrom: [{configMapRef: {name: settings}}]` of Kubernetes. What comes from secrets is not there."""
    result: dict[str, str] = {}
    for item in tree.items(container, "env_file"):
        file = tree.text(item, "path") if item.kind == "mapping" else tree.text(item)
        root = project.config(posixpath.join(posixpath.dirname(path), file)) if file else None
        result.update((entry.key, tree.text(entry.value)) for entry in tree.entries(root))
    for item in tree.items(container, "envFrom"):
        prefix, name = tree.text(item, "prefix"), tree.text(item, "configMapRef", "name")
        result.update((prefix + key, value) for key, value in _nearest(maps, name, path).items())
    for entry in tree.entries(container, "environment"):
        _set(result, entry.key, tree.text(entry.value))
    for item in tree.items(container, "environment"):
        name, equal, value = tree.text(item).partition("=")
        if equal:
            _set(result, name, value)
    for item in tree.items(container, "env"):
        name, source = tree.text(item, "name"), tree.get(item, "valueFrom", "configMapKeyRef")
        if source is not None:
            known = _nearest(maps, tree.text(source, "name"), path)
            _set(result, name, known.get(tree.text(source, "key"), ""))
        elif tree.get(item, "value") is not None:
            _set(result, name, tree.text(item, "value"))
    return {name: value for name, value in result.items() if name}


def _set(variables: dict[str, str], name: str, value: str) -> None:
    variables[name] = filled(value, variables)


def filled(text: str, variables: dict[str, str]) -> str:
    """`${A:-b}`, `$(A)`, `{{ .Values.a }}`: by its value or default, else `{A}`."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3] or match[4] or match[5].lstrip("=. ")
        return variables.get(name) or match[2] or "{" + name + "}"

    return _REFERENCE.sub(value, text.replace("$$", "\0")).replace("\0", "$")


def _nearest(maps: ConfigMaps, name: str, path: str) -> dict[str, str]:
    """The ConfigMap of a name that lies nearest; of several that lie equally near, what they agree on."""
    known = [
        (len(posixpath.commonprefix([other, path]).split("/")), other == path, data)
        for other, data in maps.get(name, ())
    ]
    if not known:
        return {}
    best = max(each[:2] for each in known)
    first, *others = [data for *near, data in known if tuple(near) == best]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
