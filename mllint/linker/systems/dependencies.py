"""Dependencies on packages, as requirements, pyproject.toml, Pipfile, conda environments and Dockerfiles give them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.lineage.observations import Dependency
from mllint.linker.project import Project
from mllint.linker.systems import tree
from mllint.source import Span

_LOCKS = (
    "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "conda-lock.yaml",
    "pylock.toml", "requirements.lock", "requirements.lock.txt", "requirements-lock.txt", "pixi.toml",
)  # fmt: skip
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(.*)", re.DOTALL)
_EXACT = re.compile(r"={2,3}\s*[^\s,;*]+\s*(?:;.*|--hash.*)?$", re.DOTALL)
_OPTIONS_WITH_VALUE = frozenset(
    {"-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t"}
)


def observe(project: Project) -> None:
    """Fill `observations.dependencies`."""
    paths = (*project.files, *project.others)
    locks = {posixpath.dirname(path) for path in paths if posixpath.basename(path) in _LOCKS}
    pins = _pins(project)
    for file in project.files.values():
        folder = posixpath.dirname(file.path)
        for name, wanted, span in _of_file(file):
            is_exact = is_pinned(wanted)
            is_locked = bool(locks & set(_above(folder))) or any((up, name) in pins for up in _above(folder))
            given = Dependency(span, name, wanted, is_exact or is_locked, folder)
            project.observations.dependencies.append(given)


def normal(name: str) -> str:
    """
    >>> normal("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def is_pinned(wanted: str) -> bool:
    """Whether what follows a name admits one version only. A URL, a path or a commit counts.

    >>> is_pinned("==1.4.2"), is_pinned(">=1.4"), is_pinned("==1.4.*"), is_pinned("")
    (True, False, False, False)
    """
    wanted = wanted.strip()
    return bool(_EXACT.match(wanted)) or wanted.startswith("@") or "://" in wanted


def _above(folder: str) -> list[str]:
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


def _pins(project: Project) -> set[tuple[str, str]]:
    """Folder and name of what a file of constraints, or another list beside it, pins."""
    lists = (file for file in project.files.values() if file.kind in ("requirements", "yaml", "toml"))
    return {
        (posixpath.dirname(file.path), name)
        for file in lists
        for name, wanted, _ in _of_file(file)
        if is_pinned(wanted)
    }


def _of_file(file: FileFacts) -> Iterator[tuple[str, str, Span]]:
    base = posixpath.basename(file.path).lower()
    root = file.config.documents[0] if file.config is not None and file.config.documents else None
    if file.kind == "docker":
        yield from _docker(file)
    elif root is None:
        return
    elif file.kind == "requirements":
        for item in root.items:
            yield from _named(tree.as_text(item.value), tree.span(file.path, item))
    elif base == "pyproject.toml":
        yield from _pyproject(file.path, root)
    elif base == "pipfile":
        yield from _table(file.path, root, "packages")
    elif base.endswith((".yml", ".yaml")) and base.startswith(("environment", "env", "conda")):
        yield from _conda(file.path, root)


def _named(text: str, span: Span) -> Iterator[tuple[str, str, Span]]:
    hit = _NAME.match(text)
    if hit and not text.startswith("-"):
        yield normal(hit[1]), hit[2], span


def _pyproject(path: str, root: Value) -> Iterator[tuple[str, str, Span]]:
    for item in tree.items(root, "project", "dependencies"):
        yield from _named(tree.as_text(item.value), tree.span(path, item))
    yield from _table(path, root, "tool", "poetry", "dependencies")


def _table(path: str, root: Value, *keys: str) -> Iterator[tuple[str, str, Span]]:
    """`scikit-learn = "^1.4"`; of poetry a bare version is exact."""
    for entry in tree.entries(root, *keys):
        wanted = tree.text(entry.value) or tree.text(entry.value, "version")
        if tree.get(entry.value, "git") or tree.get(entry.value, "path") or tree.get(entry.value, "url"):
            wanted = "@"
        exact = f"=={wanted}" if wanted[:1].isdigit() else wanted
        yield normal(entry.key), exact, tree.span(path, entry)


def _conda(path: str, root: Value) -> Iterator[tuple[str, str, Span]]:
    """`scikit-learn=1.4` is the newest 1.4.x; it counts as pinned."""
    for item in tree.items(root, "dependencies"):
        for inner in tree.items(item, "pip") if item.kind == "mapping" else ():
            yield from _named(tree.as_text(inner.value), tree.span(path, inner))
        if item.kind == "scalar":
            name = re.sub(r"^[\w./-]+::", "", tree.as_text(item.value))
            for package, wanted, span in _named(name, tree.span(path, item)):
                is_fuzzy = re.match(r"=[^=]", wanted)
                yield package, f"={wanted}" if is_fuzzy else wanted, span


def _docker(file: FileFacts) -> Iterator[tuple[str, str, Span]]:
    """`RUN pip install scikit-learn`."""
    for command in file.commands:
        words = list(command.words)
        if "pip" in words[:2] or "pip3" in words[:2] or words[1:3] == ["-m", "pip"] or words[:2] == ["uv", "pip"]:
            if "install" not in words:
                continue
            rest = words[words.index("install") + 1 :]
            span = Span(file.path, command.line, command.column, command.line, command.column + 1)
            skip = False
            for word in rest:
                if skip or word.startswith("-") or word in (".", "..") or "/" in word or "{" in word or "$" in word:
                    skip = word in _OPTIONS_WITH_VALUE or (word in ("-r", "--requirement"))
                    continue
                yield from _named(word, span)
