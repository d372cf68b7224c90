"""Shell scripts, Makefiles and Dockerfiles: bytes -> the commands that they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from mllint.facts.commands import Command
from mllint.facts.file import FileFacts
from mllint.readers.budget import MAX_BYTES, ReadingError, count_lines, decode
from mllint.readers.shell import MAX_COMMANDS, commands_of


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of a file of kind shell, make or docker."""
    commands: tuple[Command, ...] = ()
    copies: list[tuple[str, str]] = []
    problems = []
    text = ""
    try:
        if len(data) > MAX_BYTES:
            raise ReadingError("ML003", 1, f"{len(data):,} bytes are more than a script should have")
        text = decode(data)
        commands = tuple(islice(_commands(kind, text, copies), MAX_COMMANDS + 1))
        if len(commands) > MAX_COMMANDS:
            commands = commands[:MAX_COMMANDS]
            raise ReadingError("ML005", commands[-1].line, f"more than {MAX_COMMANDS} commands; the rest is left out")
    except ReadingError as error:
        problems.append(error.problem(path))
    return FileFacts(path, kind, count_lines(text), commands=commands, copies=tuple(copies), problems=tuple(problems))


def _commands(kind: str, text: str, copies: list[tuple[str, str]]) -> Iterator[Command]:
    match kind:
        case "make":
            from mllint.readers.makefile import make_commands

            yield from make_commands(text)
        case "docker":
            from mllint.readers.dockerfile import docker_commands

            yield from docker_commands(text, copies)
        case _:
            yield from commands_of(text, 1, "", {})


def split_commands(
    text: str, line: int = 1, folder: str | None = "", variables: Mapping[str, str] | None = None
) -> tuple[Command, ...]:
    """The simple commands of shell text that stands elsewhere: `cmd` in dvc.yaml, `run` of a CI step, `!` in a
    notebook. `line` is where the text begins, `variables` what is set around it.

    >>> [command.words for command in split_commands("cd src && python train.py $DATA", 1, "", {"DATA": "x.csv"})]
    [('python', 'train.py', 'x.csv')]
    """
    return tuple(islice(commands_of(text, line, folder, variables or {}), MAX_COMMANDS))
