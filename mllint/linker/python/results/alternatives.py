"""What else a setting may be, besides the values that the program was seen to load: other configuration files, code
and tests that give it another value, and texts and comments that tell people to set it."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from mllint.facts import python as facts
from mllint.facts.config import Value
from mllint.facts.walking import parts
from mllint.linker.project import Project
from mllint.linker.python.entries import is_test
from mllint.source import Span

Keys = tuple[str | int, ...]
_UNKNOWN = object()
_SWITCHES = {"enabled", "enable", "is_enabled", "active", "is_active"}


class Alternatives:
    """Asked for settings of branches that look dead; nothing is gone through before the first of them."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def has(self, place: Span) -> bool:
        """Whether the setting at a place of a configuration file may have another value."""
        found = written_at(self._project, place)
        if found is None or not found[0]:
            return False
        keys, value = found
        key, parent = str(keys[-1]), str(keys[-2]) if len(keys) > 1 else ""
        if key in _SWITCHES and value is True:
            return True  # `enabled: true`: whoever operates it may turn it off
        if isinstance(keys[-1], int) or self._is_offered(place):
            return True  # a list of what to do: people put into it what they want
        return self._differs(place.path, keys, value) or self._is_given(parent, key, value) or self._is_named(key)

    def _differs(self, path: str, keys: Keys, value: Any) -> bool:
        """Whether another file gives it another value: within a section anywhere, at the top in the same folder or in
        one beside that. Whoever starts the program chooses the file."""
        folder, ending = posixpath.dirname(path), posixpath.splitext(path)[1]
        for other, root in self._by_ending.get(ending, ()):
            beside = posixpath.dirname(other)
            if other == path or not (len(keys) > 1 or posixpath.dirname(beside) == posixpath.dirname(folder)):
                continue
            found = _at(root, keys)
            if found is not None and found.kind == "scalar" and found.value != value:
                return True
        return False

    def _is_offered(self, place: Span) -> bool:
        """Whether a comment beside it says what else it may be."""
        file = self._project.files.get(place.path)
        return file is not None and file.config is not None and place.line in file.config.choices

    def _is_given(self, parent: str, key: str, value: Any) -> bool:
        """Whether code makes a dictionary with it: a test, or what puts configurations together."""
        given = (*self._given.get((parent, key), ()), *(self._given.get(("", key), ()) if parent else ()))
        return any(other is _UNKNOWN or (type(other), other) != (type(value), value) for other in given)

    def _is_named(self, key: str) -> bool:
        """Whether a message speaks of it: `raise ValueError("set drop_null_rows, or fill them")`."""
        return "_" in key and key in self._named

    @cached_property
    def _by_ending(self) -> dict[str, list[tuple[str, Value]]]:
        found: dict[str, list[tuple[str, Value]]] = defaultdict(list)
        for path, file in self._project.files.items():
            if file.config is not None and file.config.documents:
                found[posixpath.splitext(path)[1]].append((path, file.config.documents[0]))
        return found

    @cached_property
    def _given(self) -> dict[tuple[str, str], list[Any]]:
        """By section and key, the values in dictionaries that code writes down. Outside of tests only those within a
        section count: `{"kind": ...}` alone may be anything."""
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for path, module in self._modules():
            for parent, key, value in _entries(module.body):
                if parent or is_test(path):
                    found[parent, key].append(value.value if isinstance(value, facts.Literal) else _UNKNOWN)
        return found

    @cached_property
    def _named(self) -> set[str]:
        found: set[str] = set()
        for _, module in self._modules():
            for node in _nodes(module.body):
                if isinstance(node, facts.Raise):
                    texts = (each.value for each in _nodes((node,)) if isinstance(each, facts.Literal))
                    found.update(word for text in texts if isinstance(text, str) for word in _WORD.findall(text))
        return found

    def _modules(self) -> Iterator[tuple[str, facts.Module]]:
        for file in self._project.of_kind("python", "notebook"):
            if file.python is not None:
                yield file.path, file.python


_WORD = re.compile(r"\w+")


def _nodes(body: tuple[Any, ...]) -> Iterator[Any]:
    todo: list[Any] = [*body]
    while todo:
        node = todo.pop()
        yield node
        todo += parts(node)
        if isinstance(node, facts.Function):
            todo += facts.body_of(node)


def _entries(body: tuple[Any, ...]) -> Iterator[tuple[str, str, Any]]:
    """Section, key and value: `{"refit": {"enabled": on}}`, `params["refit"]["enabled"] = False`."""
    for node in _nodes(body):
        match node:
            case facts.Mapping(keys=keys, values=values):
                yield from (("", *entry) for entry in _literal_keys(keys, values))
                for section, inner in _literal_keys(keys, values):
                    if isinstance(inner, facts.Mapping):
                        yield from ((section, *entry) for entry in _literal_keys(inner.keys, inner.values))
            case facts.Assign(targets=targets, value=value):
                for target in targets:
                    match target:
                        case facts.Subscript(value=owner, index=facts.Literal(value=str() as key)):
                            yield _section(owner), key, value
                        case facts.Attribute(value=facts.Attribute(name=section), name=key):
                            yield section, key, value  # `config.TEST.CHUNKED = True`


def _literal_keys(keys: tuple[Any, ...], values: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for key, value in zip(keys, values, strict=True):
        if isinstance(key, facts.Literal) and isinstance(key.value, str):
            yield key.value, value


def _section(owner: facts.Expr) -> str:
    match owner:
        case facts.Subscript(index=facts.Literal(value=str() as section)):
            return section
    return ""


def written_at(project: Project, place: Span) -> tuple[Keys, Any] | None:
    """The keys that lead to a place in a configuration file, and the value there."""
    root = project.config(place.path)
    todo: list[tuple[Keys, Value]] = [((), root)] if root is not None else []
    while todo:
        keys, value = todo.pop()
        if value.kind == "scalar" and (value.line, value.column) == (place.line, place.column):
            return keys, value.value
        todo += [((*keys, number), item) for number, item in enumerate(value.items)]
        todo += [((*keys, entry.key), entry.value) for entry in value.entries]
    return None


def _at(value: Value | None, keys: Keys) -> Value | None:
    for key in keys:
        if value is None or isinstance(key, int):
            return None
        value = next((entry.value for entry in value.entries if entry.key == key), None)
    return value
