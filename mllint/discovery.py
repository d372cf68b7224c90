"""Which files are read, and of which kind.

`files found` in a report's coverage counts every regular file of a kind that mllint reads, in the folders that it
enters: what .gitignore (unless git tracks it), `exclude` and `DEFAULT_EXCLUDE` leave out is not found, nor are links
and special files, which are never opened or followed (they are counted apart). A file that is too large or not
decodable is found but not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

from mllint import gitindex
from mllint.errors import Problem, UsageError
from mllint.files import read_regular
from mllint.globs import Globs

MAX_DEPTH = 100  # folders below the root
_MB = 1 << 20
_MAX_DOCUMENTS = 500  # of which commands for people are read
_MAX_OTHERS = 200_000
_DEFAULT_LIMIT = 5 * _MB
_LIMITS = {
    "notebook": 50 * _MB,
    "csv": 1 << 62,
    "parquet": 1 << 62,
    "dbt": 50 * _MB,
}  # of data files only an end is read
DATA_HEAD = 64 << 10  # bytes of a CSV file that are read
DATA_TAIL = 4 * _MB  # bytes of a Parquet file that are read, at most

DEFAULT_EXCLUDE = (
    ".git/", ".hg/", ".svn/", ".venv/", "venv/", "node_modules/", "__pycache__/", "site-packages/", ".mllint_cache/",
    ".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".hypothesis/", ".ipynb_checkpoints/", ".tox/", ".nox/",
    ".eggs/", "*.egg-info/", "build/", "dist/", "_build/", ".dvc/cache/", ".dvc/tmp/", ".terraform/", ".gradle/",
    "bower_components/",
    # code that a run of MLflow has logged: a copy of what it was
    "**/mlruns/**/artifacts/**/*.py", "**/mlruns/**/artifacts/**/*.ipynb",
)  # fmt: skip

_BY_SUFFIX = {
    ".py": "python", ".pyw": "python", ".ipynb": "notebook",
    ".yaml": "yaml", ".yml": "yaml", ".dvc": "yaml", ".json": "json", ".toml": "toml", ".ini": "ini", ".cfg": "ini",
    ".env": "env", ".gin": "gin", ".sql": "sql", ".hql": "sql", ".ddl": "sql",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".ksh": "shell", ".mk": "make", ".dockerfile": "docker",
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".r": "r", ".rmd": "r", ".scala": "scala", ".sc": "scala", ".java": "java", ".jl": "julia",
    ".js": "javascript", ".jsx": "javascript", ".ts": "javascript", ".tsx": "javascript", ".mjs": "javascript",
    ".cjs": "javascript", ".html": "html", ".htm": "html",
    ".c": "cpp", ".h": "cpp", ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hpp": "cpp", ".hh": "cpp",
}  # fmt: skip
_BY_NAME = {
    "makefile": "make", "gnumakefile": "make", "dockerfile": "docker", "containerfile": "docker",
    "dvc.lock": "yaml", "pipfile": "toml", "pipfile.lock": "json", "poetry.lock": "toml", "uv.lock": "toml",
    ".env": "env", ".envrc": "shell", ".gitattributes": "attributes", "mlproject": "yaml", "procfile": "yaml",
}  # fmt: skip
_INTERPRETERS = {
    "python": "python", "bash": "shell", "sh": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell",
    "rscript": "r", "julia": "julia", "node": "javascript", "make": "make",
}  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """A file to read: its path relative to the root, its kind, and its size in bytes."""

    path: str
    kind: str
    size: int


class Discovery(msgspec.Struct):
    """What a walk met. `found` is sorted by path and leaves out what a `problem` (ML002, ML003) already reports."""

    found: list[Found] = []
    documents: list[Found] = []  # Markdown: told apart, since little but commands is read of it
    problems: list[Problem] = []
    others: list[str] = []  # files of kinds that are not read, and links: what the repository ships besides
    links: int = 0
    special: int = 0  # FIFOs, devices, sockets
    too_large: int = 0
    too_deep: int = 0  # folders below `MAX_DEPTH`
    unreadable: int = 0  # folders that cannot be listed

    @property
    def files_found(self) -> int:
        return len(self.found) + self.too_large


def discover(root: Path, paths: tuple[Path, ...] = (), exclude: tuple[str, ...] = ()) -> Discovery:
    """Walk the root, or the given files and folders under it. A file that is named itself is read even if ignored.

    Raises UsageError if a path does not exist or lies outside the root.
    """
    root = Path(os.path.abspath(root))
    result = Discovery()
    rules = _Rules(root, Globs((*DEFAULT_EXCLUDE, *exclude)))
    seen: dict[str, Found] = {}
    for path in paths or (root,):
        for found in _visit(root, path, rules, result):
            seen[found.path] = found
    result.found = [seen[path] for path in sorted(seen)]
    result.documents = sorted(set(result.documents), key=_nearest)[:_MAX_DOCUMENTS]
    result.problems.sort()
    return result


def _nearest(found: Found) -> tuple[int, str]:
    return found.path.count("/"), found.path


class _Rules:
    """What is left out: by settings always, by .gitignore what git does not track."""

    def __init__(self, root: Path, excluded: Globs) -> None:
        self._root = root
        self.excluded = excluded

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Files that git tracks and the folders above them; looked for where .gitignore leaves out anything."""
        files = gitindex.tracked(self._root)
        return files | {str(above) for file in files for above in PurePosixPath(file).parents}


def _visit(root: Path, path: Path, rules: _Rules, result: Discovery) -> Iterator[Found]:
    absolute = Path(os.path.abspath(path))
    try:
        relative = absolute.relative_to(root).as_posix()
        mode = absolute.lstat().st_mode
    except ValueError:
        raise UsageError(f"{path} lies outside {root}") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if absolute != root and any(above.is_symlink() for above in (absolute, *absolute.parents) if above != root
                                and above.is_relative_to(root)):  # fmt: skip
        result.links += 1
    elif stat.S_ISDIR(mode):
        yield from _walk(root, "" if relative == "." else relative, rules, result)
    elif stat.S_ISREG(mode):
        found = _classify(str(absolute), relative, absolute.stat().st_size, result)
        if found is not None:
            yield found
    else:
        result.special += 1


# ---------------------------------------------------------------------------------------------------- walking

_Chain = tuple[tuple[int, Globs], ...]  # .gitignore files that hold here, outermost first, each with its depth


def _walk(root: Path, start: str, rules: _Rules, result: Discovery) -> Iterator[Found]:
    parts = tuple(start.split("/")) if start else ()
    chain: _Chain = ()
    for depth in range(len(parts)):
        chain = _with_gitignore(str(root.joinpath(*parts[:depth])), depth, chain)
    todo: list[tuple[tuple[str, ...], _Chain, bool]] = [(parts, chain, False)]
    while todo:
        parts, chain, is_ignored = todo.pop()
        folder = os.path.join(root, *parts)
        chain = _with_gitignore(folder, len(parts), chain)
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            result.unreadable += 1
            continue
        if parts and any(entry.name == "pyvenv.cfg" for entry in listing):
            continue  # a virtual environment, whatever its name
        if any(entry.name == "Chart.yaml" for entry in listing):
            # templates of a Helm chart are written in Go's language, whatever their suffix
            listing = [entry for entry in listing if entry.name != "templates"]
        for entry in listing:
            below = (*parts, entry.name)
            links = result.links
            is_folder = _is_folder(entry, result)
            if result.links > links:
                _note_other("/".join(below), result)
            if is_folder is None or rules.excluded.verdict(below, is_folder):
                continue
            ignored = is_ignored or _is_ignored(below, is_folder, chain)
            if ignored and "/".join(below) not in rules.tracked:
                continue
            if not is_folder:
                found = _classify(entry.path, "/".join(below), _size(entry), result)
                if found is not None:
                    yield found
                else:
                    _note_other("/".join(below), result)
            elif len(below) > MAX_DEPTH:
                result.too_deep += 1
            else:
                todo.append((below, chain, ignored))


def _note_other(path: str, result: Discovery) -> None:
    if len(result.others) < _MAX_OTHERS:
        result.others.append(path)


def _is_folder(entry: os.DirEntry[str], result: Discovery) -> bool | None:
    """`None` for what is neither a folder nor a regular file: links and special files are counted and left alone."""
    try:
        if entry.is_symlink():
            result.links += 1
        elif entry.is_dir(follow_symlinks=False):
            return True
        elif entry.is_file(follow_symlinks=False):
            return False
        else:
            result.special += 1
    except OSError:
        result.unreadable += 1
    return None


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:  # gone since it was listed: reading it will say so
        return 0


def _is_ignored(parts: tuple[str, ...], is_folder: bool, chain: _Chain) -> bool:
    for depth, globs in reversed(chain):  # the innermost .gitignore that speaks of it decides
        verdict = globs.verdict(parts[depth:], is_folder)
        if verdict is not None:
            return verdict
    return False


def _with_gitignore(folder: str, depth: int, chain: _Chain) -> _Chain:
    try:
        data = read_regular(os.path.join(folder, ".gitignore"), _MB)
    except OSError:
        return chain
    globs = Globs(data.decode("utf-8", "replace").splitlines())
    return (*chain, (depth, globs)) if globs and len(chain) < 20 else chain


# ------------------------------------------------------------------------------------------------------ kinds


def _classify(absolute: str, path: str, size: int, result: Discovery) -> Found | None:
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        result.problems.append(Problem(shown, 1, "ML002", "the file's name is not valid UTF-8"))
        return None
    kind = kind_of(path)
    if kind is None and "." not in path.rpartition("/")[2]:
        kind = _kind_by_shebang(absolute)
    if kind is None:
        if path.lower().endswith((".md", ".markdown")) and size <= _MB:
            result.documents.append(Found(path, "markdown", size))
        return None
    limit = _LIMITS.get(kind, _DEFAULT_LIMIT)
    if size > limit:
        result.too_large += 1
        text = f"the file has {size} bytes; {kind} files of more than {limit} bytes are not read"
        result.problems.append(Problem(path, 1, "ML003", text))
        return None
    return Found(path, kind, size)


def kind_of(path: str) -> str | None:
    """The kind of file that a repo-relative path names; `None` if mllint does not read such files.

    >>> kind_of("docker/Dockerfile.serve"), kind_of(".env.prod"), kind_of("README.md")
    ('docker', 'env', None)
    """
    folder, _, name = path.rpartition("/")
    lower = name.lower()
    if (kind := _BY_NAME.get(lower)) is not None:
        return kind
    if name == "CODEOWNERS" and folder in ("", ".github", ".gitlab", "docs"):
        return "owners"
    if path == ".dvc/config" or path.endswith("/.dvc/config"):
        return "ini"
    if lower.endswith((".sql.j2", ".sql.jinja", ".sql.jinja2")):
        return "sql"
    if lower in ("manifest.json", "catalog.json") and folder.rpartition("/")[2] == "target":
        return "dbt"
    if lower.startswith(("dockerfile.", "containerfile.")) and not lower.endswith(".dockerignore"):
        return "docker"
    if lower.startswith(".env."):
        return "env"
    if lower.endswith(".txt") and (
        lower.startswith(("requirements", "constraints")) or folder.endswith("requirements")
    ):
        return "requirements"
    return _BY_SUFFIX.get(os.path.splitext(lower)[1])


def _kind_by_shebang(absolute: str) -> str | None:
    """The language of a script without a suffix: `#!/usr/bin/env python3` or `#!/bin/bash -e`."""
    try:
        head = read_regular(absolute, 128, whole=False)
    except OSError:
        return None
    if not head.startswith(b"#!"):
        return None
    words = head[2:].split(b"\n", 1)[0].decode("ascii", "replace").split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    name = words[0].rpartition("/")[2].lower().rstrip("0123456789.") if words else ""
    return _INTERPRETERS.get(name)


# ---------------------------------------------------------------------------------------------------- reading


def read_found(root: Path, found: Found) -> bytes:
    """The bytes that the reader of this kind wants: the whole file, or the telling end of a data file.

    Raises OSError if the file is gone, cannot be read, or is no regular file any more.
    """
    absolute = os.path.join(root, found.path)
    match found.kind:
        case "csv":
            return read_regular(absolute, DATA_HEAD, whole=False)
        case "parquet":
            return read_regular(absolute, DATA_TAIL, whole=False, tail=True)
        case kind:
            return read_regular(absolute, _LIMITS.get(kind, _DEFAULT_LIMIT))
