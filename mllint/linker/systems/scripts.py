"""Shell scripts, Makefiles and Dockerfiles: the code that their commands start."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.facts.file import FileFacts
from mllint.linker.project import Project, Run
from mllint.linker.systems import images, pods
from mllint.linker.systems.start import SHELLS, runs_of, shell_of
from mllint.source import Span

_MAX_NESTING = 3


class _Calls(msgspec.Struct):
    """The scripts that others call, and how many commands of such may still be read: there may be circles."""

    scripts: set[str] = set()
    left: int = 20_000


def runs(project: Project) -> Iterator[Run]:
    called = _Calls()
    contexts = images.contexts(project)
    for facts in project.of_kind("make", "docker"):
        own = posixpath.dirname(facts.path)
        bases = [own, ""] if facts.kind == "make" else [*contexts.get(facts.path, ()), own, ""]
        by = "container" if facts.kind == "docker" else "command"
        mounts = _mounts(project, facts, bases)
        for command in facts.commands:
            for run in _started(project, facts, command, bases, called, 0):
                yield msgspec.structs.replace(run, by=by, mounts=mounts)
    # A script that another one calls with arguments is read there, with them; the rest stand for themselves.
    shells = list(project.of_kind("shell"))
    indirect = [list(_called(project, facts, called)) for facts in shells]
    for facts, started in zip(shells, indirect, strict=True):
        yield from started
        if facts.path not in called.scripts:
            for command in facts.commands:
                yield from _started(project, facts, command, ["", posixpath.dirname(facts.path)], called, _MAX_NESTING)


def _mounts(project: Project, image: FileFacts, contexts: list[str]) -> tuple[tuple[str, str], ...]:
    """What an image copies, from the first build context that has some of it."""
    found = [tuple(pods.copied(image, context)) for context in contexts]
    return next((copies for copies in found if any(project.exists(source) for _, source in copies)), found[0])


def _called(project: Project, facts: FileFacts, called: _Calls) -> Iterator[Run]:
    for command in facts.commands:
        if (script := shell_of(project, command, ["", posixpath.dirname(facts.path)])) is not None:
            yield from _inside(project, script, command, called, 0)


def _started(
    project: Project, facts: FileFacts, command: Command, bases: list[str], called: _Calls, nesting: int
) -> Iterator[Run]:
    own = posixpath.dirname(facts.path)
    placed = _placed(command, own)
    job = f"{facts.path}:{command.origin}" if command.origin else facts.path
    yield from runs_of(project, placed, bases, job, place(facts.path, command))
    script = shell_of(project, placed, bases) if nesting < _MAX_NESTING else None
    if script is not None:
        yield from _inside(project, script, placed, called, nesting)


def started_by(project: Project, command: Command, bases: list[str], job: str, span: Span) -> Iterator[Run]:
    """What a command starts that code runs: a script of Python, or what a script of the shell does."""
    yield from runs_of(project, command, bases, job, span)
    if (script := shell_of(project, command, bases)) is not None:
        yield from _inside(project, script, command, _Calls(), 0)


def _inside(project: Project, script: FileFacts, command: Command, called: _Calls, nesting: int) -> Iterator[Run]:
    """The commands of a script that a command calls: `bash scripts/train.sh data.csv` gives `$1` its value."""
    called.scripts.add(script.path)
    if called.left <= 0:
        return
    called.left -= len(script.commands) + 1
    words = list(command.words)
    if posixpath.basename(words[0]) in SHELLS:
        words = [word for word in words[1:] if not word.startswith("-")]
    given = {str(index): word for index, word in enumerate(words)} | {
        "@": " ".join(words[1:]),
        "*": " ".join(words[1:]),
    }
    bases = [command.folder or "", "", posixpath.dirname(script.path)]
    for inner in script.commands:
        filled = tuple(piece for word in inner.words for piece in _fill(word, given))
        given_too = tuple((dict(command.environment) | dict(inner.environment)).items())
        placed = msgspec.structs.replace(inner, words=filled, environment=given_too)
        yield from _started(project, script, placed, bases, called, nesting + 1)


def _fill(word: str, given: dict[str, str]) -> list[str]:
    if word in ("{@}", "{*}"):
        return given["@"].split()
    return [re.sub(r"\{([0-9@*])\}", lambda match: given.get(match[1], match.group()), word)]


def _placed(command: Command, own: str) -> Command:
    """With the script's own folder filled in: `cd "$(dirname "$0")/.."`."""
    words = tuple(_own(word, own) for word in command.words)
    folder = None if command.folder is None else _own(command.folder, own)
    if command.folder is not None and command.folder.startswith("{script}"):
        folder = "{root}/" + (folder or "")
    return msgspec.structs.replace(command, words=words, folder=folder)


def _own(text: str, own: str) -> str:
    if not text.startswith("{script}"):
        return text
    path = posixpath.normpath(posixpath.join(own, text.removeprefix("{script}").lstrip("/")))
    return "" if path == "." else path


def place(path: str, command: Command) -> Span:
    length = sum(len(word) + 1 for word in command.words) - 1
    return Span(path, command.line, command.column, command.line, command.column + length)
