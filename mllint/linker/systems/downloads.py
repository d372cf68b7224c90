"""Commands that fetch, bring, copy or pack files: `curl -o a.csv https://example.com/a.csv`, `cp -r data train`."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from mllint.facts.commands import Command
from mllint.lineage.graph import Edge
from mllint.lineage.ids import file_id
from mllint.linker.project import Project
from mllint.linker.systems import ci, images
from mllint.linker.systems.start import folders_of
from mllint.source import Span

_URL = re.compile(r"(?:https?|ftp|s3|gs)://[^\s/]+/\S+")
_NAMED = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}
_FOLDER = {"curl": ("--output-dir",), "wget": ("-P", "--directory-prefix")}


def download_of(words: Sequence[str]) -> tuple[str, str] | None:
    """The URL that a command fetches, and the path it writes; `None` if it writes no file.

    >>> download_of(["curl", "-sL", "https://example.com/a.csv", "-o", "data/a.csv"])
    ('https://example.com/a.csv', 'data/a.csv')
    >>> download_of(["wget", "-P", "data", "https://example.com/a.csv?key=1"])
    ('https://example.com/a.csv', 'data/a.csv')
    >>> download_of(["curl", "https://example.com/health"]) is None
    True
    """
    program = posixpath.basename(words[0]) if words else ""
    if program not in _NAMED:
        return None
    urls = [word for word in words[1:] if _URL.fullmatch(word)]
    if len(urls) != 1:
        return None
    url = re.split(r"[?#]", urls[0])[0]  # what comes after may hold secrets
    path = _after(words, _NAMED[program])
    own_name = program == "wget" or any(re.fullmatch(r"-\w*O\w*|--remote-name", word) for word in words)
    if path is None and own_name:
        path = posixpath.join(_after(words, _FOLDER[program]) or "", posixpath.basename(url))
    return (url, path) if path and path not in ("-", "/dev/null") else None


def copy_of(words: Sequence[str]) -> tuple[str, str] | None:
    """What a command of an object store copies, and where to; one end at least is in the store.

    >>> copy_of(["aws", "s3", "cp", "model.pkl", "s3://models/eta/", "--quiet"])
    ('model.pkl', 's3://models/eta/model.pkl')
    """
    for program in _COPIES:
        if tuple(words[: len(program)]) == program:
            ends = [word for word in words[len(program) :] if not word.startswith("-")]
            if len(ends) != 2 or not any("://" in end for end in ends) or "-r" in words or "--recursive" in words:
                return None
            source, target = ends
            into = posixpath.join(target, posixpath.basename(source)) if target.endswith(("/", ".")) else target
            return source, into
    return None


_COPIES = (
    ("aws", "s3", "cp"),
    ("aws", "s3", "mv"),
    ("gsutil", "cp"),
    ("gsutil", "-m", "cp"),
    ("gcloud", "storage", "cp"),
)


def copied_by(words: Sequence[str], is_folder: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The files and folders that `cp` or `mv` takes, each with the path that it gets.

    >>> copied_by(["cp", "-r", "data/", "train/"], {"data"}.__contains__)
    [('data', 'train/data')]
    >>> copied_by(["mv", "a.csv", "b.csv"], {"data"}.__contains__)
    [('a.csv', 'b.csv')]
    >>> copied_by(["cp", "-r", "out/*", "data"], {"data"}.__contains__)
    [('out', 'data')]
    """
    if not words or posixpath.basename(words[0]) not in ("cp", "mv"):
        return []
    *sources, target = [word for word in words[1:] if not word.startswith("-")] or [""]
    if any(re.match(r"-\w*t|--target", word) for word in words[1:]):
        return []  # the folder comes first
    target_is_folder = len(sources) > 1 or posixpath.basename(target) in ("", ".", "..") or is_folder(target)
    return [_copied(source, target, target_is_folder) for source in sources]


def _copied(source: str, target: str, target_is_folder: bool) -> tuple[str, str]:
    if posixpath.basename(source) in (".", "*"):  # all that is in it
        return posixpath.dirname(source) or ".", posixpath.normpath(target)
    path = source.rstrip("/")
    return path, posixpath.normpath(posixpath.join(target, posixpath.basename(path)) if target_is_folder else target)


def packed_by(words: Sequence[str]) -> tuple[list[str], str] | None:
    """The files and folders that a command packs, and into which archive.

    >>> packed_by(["tar", "-czvf", "model.tar.gz", "-C", "model", "."])
    (['model/.'], 'model.tar.gz')
    >>> packed_by(["zip", "-r", "code.zip", "src", "eta.pkl"])
    (['src', 'eta.pkl'], 'code.zip')
    """
    if len(words) < 3 or words[0] not in ("tar", "zip"):
        return None
    if words[0] == "zip":
        plain = [word for word in words[1:] if not word.startswith("-")]
        return (plain[1:], plain[0]) if len(plain) > 1 else None
    if not re.fullmatch(r"-?[a-zA-Z]*c[a-zA-Z]*f", words[1]):
        return None
    members, folder, rest = list[str](), "", list(words[3:])
    while rest:
        word = rest.pop(0)
        if word in ("-C", "--directory") and rest:
            folder = rest.pop(0)
        elif not word.startswith("-"):
            members.append(posixpath.join(folder, word))
    return members, words[2]


def link(project: Project) -> None:
    """Edges between what commands fetch, bring, copy or pack and the files of it that code reads or writes."""
    files = sorted(id for id in project.graph.nodes if id.startswith("file:"))
    for command, bases, path, language, span in commands_of(project):
        folders = list(folders_of(command.folder, bases))
        copied = [] if language == "docker" else _copied_within(project, command, folders, files)
        for source, target in [*_moved(project, command, folders, files), *copied]:
            for id in (source, target):
                if id not in project.graph.nodes:
                    project.graph.add_node(id, "dataset", span)
            if not any(edge.source == source for edge in project.graph.in_edges(target)):
                edge = Edge(source, target, "writes", "direct", path, language, span, read=span)
                project.graph.add_edge(edge)
                if packed_by(command.words) is None:
                    project.observations.trials.copied(source, target, span)


def _moved(project: Project, command: Command, folders: list[str], files: list[str]) -> Iterator[tuple[str, str]]:
    """Ids of what a command takes and makes, of which the graph knows one."""
    if (packed := packed_by(command.words)) is not None:
        target = node_of(project, packed[1], folders)
        members = [_path(folder, member) for member in packed[0] for folder in folders or [""] if "{" not in member]
        for id in dict.fromkeys(id for path in members if path != "." for id in _inside(files, path)):
            if target is not None and id != target:
                yield id, target
        return
    if (found := download_of(command.words) or copy_of(command.words)) is not None:
        source, target = (node_of(project, end, folders) for end in found)
        if source is not None and target is not None and {source, target} & project.graph.nodes.keys():
            yield source, target


def _copied_within(
    project: Project, command: Command, folders: list[str], files: list[str]
) -> Iterator[tuple[str, str]]:
    """Ids of files that a command copies from one place of the repository to another, both known to the graph."""
    for folder in folders or [""]:
        known = {path for path in command.words if _path(folder, path) in project.folders}
        for source, target in copied_by(command.words, known.__contains__):
            if not any(end.startswith("/") or "{" in end or "://" in end for end in (source, target)):
                yield from _members(project, _path(folder, source), _path(folder, target), files)


def _members(project: Project, source: str, target: str, files: list[str]) -> Iterator[tuple[str, str]]:
    for id in _inside(files, source):
        copy = file_id(target) + id.removeprefix(file_id(source))
        if copy != id and copy in project.graph.nodes:
            yield id, copy


def _inside(files: list[str], path: str) -> Iterator[str]:
    """Ids of a file, or of the files in a folder, out of those that are sorted."""
    if (at := bisect_left(files, file_id(path))) < len(files) and files[at] == file_id(path):
        yield files[at]
    for at in range(bisect_left(files, f"file:{path}/"), len(files)):
        if not files[at].startswith(f"file:{path}/"):
            return
        yield files[at]


def _path(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name.lstrip("/")))


def node_of(project: Project, end: str, folders: list[str]) -> str | None:
    """The id of what a word names: that of a file which the graph knows, if it does."""
    if "{" in end:
        return None
    if "://" in end:
        return file_id(end)
    ids = [file_id(_path(folder, end)) for folder in folders or [""]]
    return next((id for id in ids if id in project.graph.nodes), ids[0])


def commands_of(project: Project) -> Iterator[tuple[Command, list[str], str, str, Span]]:
    """Commands with the folders that theirs may be relative to, and the file, language and place they stand in."""
    contexts = images.contexts(project)
    for facts in project.of_kind("shell", "make", "docker"):
        own = posixpath.dirname(facts.path)
        bases = ["", own] if facts.kind == "shell" else [*contexts.get(facts.path, ()), own, ""]
        for command in facts.commands:
            length = sum(len(word) + 1 for word in command.words) - 1
            span = Span(facts.path, command.line, command.column, command.line, command.column + length)
            yield command, bases, facts.path, facts.kind, span
    for path, span, command in ci.commands(project):
        yield command, [""], path, "yaml", span


def _after(words: Sequence[str], options: Sequence[str]) -> str | None:
    """The value of an option: `-o path`, `-sLo path`, `--output=path`."""
    for index, word in enumerate(words[:-1]):
        short = word.startswith("-") and not word.startswith("--") and word[-1:] == options[0][-1]
        if word in options or (short and len(options[0]) == 2 and index):
            return words[index + 1]
    found = [word.partition("=")[2] for word in words if word.startswith(tuple(f"{option}=" for option in options))]
    return found[0] if found else None
