"""Dockerfiles as simple commands: RUN, and what a container of each stage starts.

A container has its own folders. COPY says which folder of the repository is which in there, so that

    COPY app/ /service/app/
    WORKDIR /service/app
    CMD uvicorn main:app

starts `main:app` in `app` of the repository. Paths and folders here are relative to the build context.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.readers.secrets import masked, masked_pairs
from mllint.readers.shell import commands_of, normal

_CONTINUED = re.compile(r"\\[ \t]*$")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)([A-Za-z0-9_]+)\1")
_ASSIGNMENT = re.compile(r"""([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)""")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::-([^{}]*))?\}|([A-Za-z_]\w*))")


class _Stage(msgspec.Struct):
    name: str = ""
    folder: str = "/"
    variables: dict[str, str] = {}
    environment: dict[str, str] = {}
    copies: list[tuple[str, str]] = []  # container folder or file -> that of the build context
    entrypoint: list[Command] = []
    command: list[Command] = []
    entrypoint_is_list: bool = False


def docker_commands(text: str) -> Iterator[Command]:
    """Commands of all stages; ENTRYPOINT and CMD of a stage come at its end, since the last of each counts."""
    stages: dict[str, _Stage] = {}
    stage = _Stage()
    for line, keyword, argument in _instructions(text):
        match keyword:
            case "FROM":
                yield from _started(stage)
                stage = _from(argument, stages)
                stages[stage.name] = stage
            case "WORKDIR":
                stage.folder = posixpath.normpath(posixpath.join(stage.folder, _fill(argument.strip("\"'"), stage)))
            case "ARG" | "ENV":
                _set(stage, keyword, argument)
            case "COPY" | "ADD":
                _copy(stage, argument)
                words = [_fill(word, stage) for word in argument.split() if not word.startswith("--")]
                if words[-1:] not in (["."], ["./"]) and any(
                    posixpath.splitext(word)[1] for word in words
                ):  # a file is brought, maybe under another name
                    yield Command((keyword, *words), line)
            case "RUN":
                yield from _commands(stage, argument, line)
            case "ENTRYPOINT":
                stage.entrypoint = list(_commands(stage, argument, line))
                stage.entrypoint_is_list = argument.lstrip().startswith("[")
            case "CMD":
                stage.command = list(_commands(stage, argument, line))
    yield from _started(stage)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, keyword and argument of each instruction; comments inside a continued one are left out."""
    lines = text.replace("\r\n", "\n").split("\n")
    index = 0
    while index < len(lines):
        number, parts = index + 1, list[str]()
        while index < len(lines):
            line = lines[index]
            index += 1
            if line.lstrip().startswith("#") and (parts or not line.strip()):
                parts.append("")
                continue
            parts.append(_CONTINUED.sub("\\\\", line))
            if not _CONTINUED.search(line):
                break
        whole = "\n".join(part or "\\" for part in parts) if len(parts) > 1 else parts[0]
        keyword, _, argument = whole.strip().partition(" ")
        if keyword.upper() in ("RUN", "COPY") and (heredoc := _HEREDOC.search(argument)):
            body, index = _heredoc(lines, index, heredoc[2])
            if keyword.upper() == "RUN" and argument.strip() == heredoc.group():
                argument, number = body, number + 1  # the body is the script
        if keyword and not keyword.startswith("#"):
            yield number, keyword.upper(), argument.strip()


def _heredoc(lines: list[str], index: int, end: str) -> tuple[str, int]:
    start = index
    while index < len(lines) and lines[index].strip() != end:
        index += 1
    return "\n".join(lines[start:index]), index + 1


def _from(argument: str, stages: dict[str, _Stage]) -> _Stage:
    words = [word for word in argument.split() if not word.startswith("--")]
    name = words[2] if len(words) >= 3 and words[1].lower() == "as" else ""
    base = stages.get(words[0]) if words else None
    if base is None:
        return _Stage(name)
    inherited = _Stage(name, base.folder, dict(base.variables), dict(base.environment), list(base.copies))
    inherited.entrypoint, inherited.entrypoint_is_list = base.entrypoint, base.entrypoint_is_list
    return inherited


def _set(stage: _Stage, keyword: str, argument: str) -> None:
    found = _ASSIGNMENT.findall(argument)
    if not found and keyword == "ENV":  # the older `ENV NAME value`
        name, _, value = argument.partition(" ")
        found = [(name, value.strip())]
    for name, value in found:
        stage.variables[name] = _fill(value.strip("\"'"), stage)
        if keyword == "ENV":
            stage.environment[name] = stage.variables[name]


def _fill(text: str, stage: _Stage) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return stage.variables.get(name) or match[2] or "{" + name + "}"

    return _VARIABLE.sub(value, text)


def _copy(stage: _Stage, argument: str) -> None:
    argument = argument.replace("\\\n", " ")
    if "--from=" in argument or "<<" in argument:
        return
    words = [_fill(word, stage) for word in argument.split() if not word.startswith("--")]
    if argument.lstrip().startswith("["):
        words = _list(argument) or []
    if len(words) < 2:
        return
    *sources, target = words
    folder = posixpath.normpath(posixpath.join(stage.folder, target))
    is_folder = target.endswith(("/", ".")) or len(sources) > 1
    for source in sources:
        if "*" in source:
            source = posixpath.dirname(source)
        source = normal(source.lstrip("/"))
        has_suffix = "." in posixpath.basename(source)
        if has_suffix and (is_folder or "." not in posixpath.basename(folder)):
            stage.copies.append((posixpath.join(folder, posixpath.basename(source)), source))
        else:
            stage.copies.append((folder, source))


def _context_path(stage: _Stage, path: str) -> str | None:
    """The path in the build context of an absolute path in the container, if COPY put it there."""
    best: tuple[int, str] | None = None
    for container, source in stage.copies:
        # `COPY src /app/src` puts `src` where it would be if the whole context were `/app`
        for guess in (False, True):
            if guess:
                container, source = _common_parents(container, source)
                if container == "/":  # `COPY requirements.txt /` says nothing about the rest
                    continue
            if path == container or path.startswith(container.rstrip("/") + "/"):
                rest = path[len(container.rstrip("/")) :].lstrip("/")
                weight = 2 * len(container) + (not guess)
                if best is None or weight > best[0]:
                    best = weight, normal(posixpath.join(source, rest))
    return best[1] if best else None


def _common_parents(container: str, source: str) -> tuple[str, str]:
    while source and posixpath.basename(container) == posixpath.basename(source):
        container, source = posixpath.dirname(container), posixpath.dirname(source)
    return container, source


def _commands(stage: _Stage, argument: str, line: int) -> Iterator[Command]:
    argument = re.sub(r"^(--[a-z]+(=\S+)?\s+)+", "", argument)
    words = _list(argument)
    folder = _context_path(stage, stage.folder)
    if words is not None and not (len(words) > 1 and re.fullmatch(r"(/\w+)*/?(ba|da|z|k)?sh", words[0])):
        found: Iterator[Command] = iter([Command(tuple(words), line)] if words else [])
    else:
        # the shell form, or `["bash", "-c", "text"]`; a cd in it goes from the container's folder
        text = argument if words is None else " ".join([words[0], *map(_quote, words[1:])])
        found = commands_of(text, line, stage.folder, stage.variables)
    for command in found:
        at = command.folder or stage.folder
        here = folder if at == stage.folder else _context_path(stage, posixpath.normpath(posixpath.join("/", at)))
        mapped = tuple(_map_word(stage, word) for word in command.words)
        place = {"PWD": stage.folder} if stage.folder != "/" else {}
        environment = masked_pairs({**place, **stage.environment, **dict(command.environment)})
        yield Command(tuple(map(masked, mapped)), command.line, command.column, here, stage.name, environment)


def _map_word(stage: _Stage, word: str) -> str:
    """`/app/src/train.py` as it is called in the build context, relative to the folder that it is run in."""
    if not word.startswith("/"):
        return word
    path = _context_path(stage, posixpath.normpath(word))
    if path is None:
        return word
    folder = _context_path(stage, stage.folder)
    return posixpath.relpath(path, folder or ".") if folder else (path or ".")


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\"'\"'") + "'" if re.search(r"[^\w./-]", word) else word


def _list(argument: str) -> list[str] | None:
    """The words of the exec form, `["python", "app.py"]`."""
    try:
        words = json.loads(argument.replace("\\\n", " "))
    except (ValueError, RecursionError):
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


def _started(stage: _Stage) -> Iterator[Command]:
    if stage.entrypoint_is_list and stage.entrypoint and stage.command:
        first, arguments = stage.entrypoint[0], stage.command[0]
        yield msgspec.structs.replace(first, words=first.words + arguments.words, origin=stage.name)
        return
    for command in stage.entrypoint or stage.command:
        yield msgspec.structs.replace(command, origin=stage.name)
