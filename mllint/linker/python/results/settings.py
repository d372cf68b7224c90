"""What is read of configuration files, what is asked of them in vain, and what overrides what."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, encode
from mllint.lineage.observations import Config, Key, MissingKey, Override
from mllint.linker.project import Project
from mllint.linker.python.abstract.settings import Configuration
from mllint.linker.python.entries import is_test
from mllint.linker.python.library.config import span_of
from mllint.linker.python.library.omega import leaves, select_keys, tree_of
from mllint.linker.python.machine import Machine
from mllint.source import Span

_FORMATS = ("yaml", "json", "toml", "ini")
_TOOLING = {
    "pyproject.toml", "setup.cfg", "tox.ini", "package.json", "package-lock.json", "tsconfig.json", "poetry.lock",
    "uv.lock", "pipfile", "pipfile.lock", "dvc.yaml", "dvc.lock", "mlproject", "dbt_project.yml", "profiles.yml",
    "packages.yml", "mkdocs.yml", "catalog.yml", "alembic.ini", "logging.ini", "pytest.ini", "conda.yaml", "mlmodel",
    "environment.yml", "environment.yaml", "manifest.json", "meta.yaml", "registered_model_meta", "vercel.json",
}  # fmt: skip
_TOOLING_PARTS = ("docker-compose", "compose.", "kustomization", "prometheus", "grafana", "devcontainer", "renovate")
_TOOLING_FOLDERS = (".github/", ".gitlab/", ".circleci/", ".devcontainer/", "k8s/", "kubernetes/", "helm/", "charts/",
                    "manifests/", "terraform/", "mlruns/", ".vscode/", "grafana/", "monitoring/", ".dvc/")  # fmt: skip
MOST_KEYS = 2_000  # of one file; a larger one is data


def observe_settings(project: Project, m: Machine) -> None:
    known = {name: made for name, made in m.settings.known.items() if name}
    made = {edge.target.removeprefix("file:") for edge in project.graph.edges() if edge.strength != "declared"}
    made |= {access.id.removeprefix("file:") for access in project.observations.accesses if not access.is_read}
    words = _Words(project)
    read, unsure, inside = _read_places(known, m)
    bases = _bases(m)
    for facts in project.of_kind(*_FORMATS):
        root = project.config(facts.path)
        if root is None or root.kind != "mapping" or facts.path in made or is_test(facts.path):
            continue
        jobs = {job for each in known.values() if facts.path in each.files for job in each.jobs}
        keys = _keys_of(facts, root, read if jobs else None, unsure, inside, words)
        if keys:
            project.observations.configs.append(
                Config(facts.path, tuple(sorted(jobs)), keys, bases.get(facts.path, ()), is_tooling(facts.path, root))
            )
    project.observations.missing_keys = sorted(_missing(m, known, made), key=lambda each: _order(each.span))
    project.observations.overrides = [
        Override(over, base, all(replaced.values()))
        for over, replaced in sorted(m.settings.overrides.items(), key=lambda item: _order(item[0]))
        for base in list(replaced)[:1]
    ]


def is_tooling(path: str, root: Value) -> bool:
    """Whether tools of their own read a file, as far as its name and outline tell."""
    base = posixpath.basename(path).lower()
    entries = {entry.key for entry in root.entries}
    return (
        base in _TOOLING
        or any(part in base for part in _TOOLING_PARTS)
        or any(folder in f"/{path}/" for folder in (f"/{each}" for each in _TOOLING_FOLDERS))
        or {"apiVersion", "kind"} <= entries
        or {"version", "services"} <= entries
        or "$schema" in entries
        or {"version", "models"} <= entries
        or {"version", "sources"} <= entries
    )


def _order(span: Span) -> tuple[Any, ...]:
    return (span.path, span.cell or 0, span.line, span.column)


def _read_places(known: dict[str, Configuration], m: Machine) -> tuple[set[Span], set[Span], set[Span]]:
    """Places of the values that the program reads, of those that code which is not followed may read, and of all that
    it was given: what composing takes for itself (a list of defaults) is none of them."""
    read: set[Span] = set()
    unsure: set[Span] = set()
    inside: set[Span] = set()
    for each in known.values():
        tree = tree_of(each.tree, next(iter(each.files))) if isinstance(each.tree, Value) else each.tree
        inside.update(leaf.span for leaf in leaves(tree) if leaf.span)
        deeper = {keys[:length] for keys in each.reads | each.whole for length in range(1, len(keys))}
        for keys in each.reads:
            part = select_keys(tree, keys)
            if isinstance(part, dict):
                if keys not in deeper:
                    unsure.update(leaf.span for leaf in leaves(part) if leaf.span)
            else:
                read.update(leaf.span for leaf in leaves(part) if leaf.span)
        for keys in each.whole:
            read.update(leaf.span for leaf in leaves(select_keys(tree, keys)) if leaf.span)
        if each.jobs & m.exhausted or not each.reads:
            unsure.update(leaf.span for leaf in leaves(tree) if leaf.span)
    return read, unsure, inside


def _keys_of(
    facts: FileFacts, root: Value, read: set[Span] | None, unsure: set[Span], inside: set[Span], words: _Words
) -> tuple[Key, ...]:
    """All keys of a file in its order; without `read` nobody is known to load it."""
    found: list[Key] = []

    def add(value: Value, keys: tuple[str, ...]) -> set[str]:
        """The states of all values below."""
        states: set[str] = set()
        for entry in value.entries:
            if len(found) > MOST_KEYS:
                break
            own, place = (*keys, entry.key), len(found)
            if entry.value.kind == "mapping" and entry.value.entries:
                below = add(entry.value, own)
            else:
                spans = {span_of(each, facts.path) for each in _scalars(entry.value)}
                below = {_state(spans, read or set(), unsure, inside)}
            state = next(word for word in ("read", "unsure", "unread") if word in below | {"unread"})
            if read is None or (state == "unread" and words.mention(entry.key)):
                state = "unsure"
            if state == "unsure":  # who may read the section may read it whole
                found[place:] = [replace(key, state="unsure") for key in found[place:]]
            span = Span(facts.path, entry.line, entry.column, entry.line, entry.end_column)
            is_scalar = entry.value.kind == "scalar"
            content = "" if is_scalar else repr([each.value for each in _scalars(entry.value)])
            found.insert(place, Key(own, span, state, is_scalar, entry.value.value, content[:500]))
            states |= {"unread"} if below == {"unread"} else {state}  # a name alone does not read it
        return states

    add(root, ())
    return tuple(found) if len(found) <= MOST_KEYS else ()


def _state(spans: set[Span], read: set[Span], unsure: set[Span], inside: set[Span]) -> str:
    if spans & read:
        return "read"
    return "unsure" if spans & unsure or not spans <= inside else "unread"


def _scalars(value: Value) -> Iterator[Value]:
    if value.kind == "scalar":
        yield value
    for item in (*value.items, *(entry.value for entry in value.entries)):
        yield from _scalars(item)


def _missing(m: Machine, known: dict[str, Configuration], made: set[str]) -> Iterator[MissingKey]:
    for span, asked in m.settings.missing.items():
        lost = {each for each in asked if each is not None}
        if None in asked or not lost or lost & m.settings.guarded:
            continue
        names = {name for name, _ in lost}
        files = {path for name in names for path in known[name].files}
        jobs = {job for name in names for job in known[name].jobs}
        if len({keys for _, keys in lost}) == 1 and not jobs & m.exhausted and not files & made:
            (keys,) = {keys for _, keys in lost}
            yield MissingKey(span, keys, tuple(sorted(files)))


def _bases(m: Machine) -> dict[str, tuple[str, ...]]:
    """By file, the files that it is laid on."""
    found: dict[str, set[str]] = {}
    for over, replaced in m.settings.overrides.items():
        for base in replaced:
            if base.path != over.path:
                found.setdefault(over.path, set()).add(base.path)
    return {path: tuple(sorted(bases)) for path, bases in found.items()}


class _Words:
    """Every word of code, queries, commands and templates: a key that is one of them may be read in some way that is
    not followed."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._words: set[bytes] | None = None

    def mention(self, key: str) -> bool:
        if not re.search(r"[A-Za-z]", key):
            return True  # an entry of a table of numbers: which one is asked for is computed
        if self._words is None:
            self._words = set()
            for facts in self._project.files.values():
                if facts.config is None:
                    self._words.update(_words_of(encode(facts)))
                else:
                    for text in _references(facts):
                        self._words.update(re.findall(rb"\w+", text.encode()))
        return any(word in self._words for word in (key.encode(), key.replace("-", "_").encode()))


def _words_of(data: bytes) -> Iterator[bytes]:
    """Words, and whole short texts, of encoded facts: before one of these its length stands (msgpack)."""
    yield from re.findall(rb"[A-Za-z0-9_]+", data)
    for hit in _SHORT_TEXT.finditer(data):
        yield data[hit.end() : hit.end() + hit.group()[0] - 0xA0]


_SHORT_TEXT = re.compile(rb"[\xa1-\xbf]")


def _references(facts: FileFacts) -> Iterator[str]:
    """Texts of a configuration that refer to other keys: `${data.root}/x.csv`, `{{ var("x") }}`, `params:split`."""
    for document in facts.config.documents if facts.config is not None else ():
        for value in _scalars(document):
            if isinstance(value.value, str) and ("$" in value.value or "{" in value.value or "params:" in value.value):
                yield value.value
