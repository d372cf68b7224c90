"""What commands bring along: `COPY models/eta.pkl /app`, `curl -o data/trips.csv ...`, `aws s3 cp ... data/trips.csv`.

A file that a command names may be there although no code writes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from posixpath import basename
from typing import Any

import msgspec

from mllint.facts import python
from mllint.facts.file import encode
from mllint.facts.walking import PARTS
from mllint.libraries.tooling import brings_files
from mllint.lineage.observations import Mention
from mllint.linker.project import Project


def observe_supplies(project: Project) -> None:
    """The words of all commands that look like paths, but those of programs that supply nothing."""
    found: set[str] = set()
    for facts in project.files.values():
        for command in facts.commands:
            if command.words and brings_files(command.words[0]):
                for word in command.words[1:]:
                    path = word.rpartition("=")[2].partition(":")[0].removeprefix("./").rstrip("/")
                    if "." in path or "/" in path:
                        found.add(path)
    project.observations.supplied = sorted(found)


_NAME = rb"(?<![A-Za-z0-9_.-])(?:%s)(?![A-Za-z0-9_-])"
_MOST_NAMES = 500
_text = msgspec.msgpack.Encoder().encode


def observe_mentions(project: Project) -> None:
    """Fill in `mentions`: who names the files that code writes and none is seen to read. Texts stand in encoded facts
    as they are."""
    accesses = project.observations.accesses
    read = {access.id for access in accesses if access.is_read}
    names = {
        basename(a.id.partition(":")[2]) for a in accesses if not a.is_read and a.id not in read and "{" not in a.id
    }
    wanted = sorted(name for name in names if "." in name)[:_MOST_NAMES]
    if not wanted:
        return
    pattern = re.compile(_NAME % b"|".join(re.escape(name.encode("utf-8", "replace")) for name in wanted))
    for path, facts in project.files.items():
        data = encode(facts)
        counts = Counter(hit.decode("utf-8", "replace") for hit in pattern.findall(data))
        if facts.python is not None and counts:
            for variable, name in _bound(facts.python.body, set(counts)):
                counts[name] += max(data.count(_text(variable)) - 2, 0)  # set once, and written to
        project.observations.mentions += [Mention(name, path, times) for name, times in sorted(counts.items())]


def _bound(node: Any, names: set[str]) -> Iterator[tuple[str, str]]:
    """Variables and fields that hold the name of a file, and that name: whoever they are handed to may read it."""
    if isinstance(node, python.Function):
        node = (*node.parameters, *python.body_of(node))
    if isinstance(node, tuple):
        for item in node:
            yield from _bound(item, names)
        return
    match node:
        case python.Assign(targets=(target, *_), value=value) if value is not None:
            yield from ((variable, name) for variable in _variable(target) for name in _held(value, names))
        case python.Parameter(name=variable, default=value) if value is not None:
            yield from ((variable, name) for name in _held(value, names))
    if type(node) in PARTS:
        for part in PARTS[type(node)](node):
            yield from _bound(part, names)


def _variable(target: python.Expr) -> list[str]:
    match target:
        case python.Name(id=id):
            return [id]
        case python.Attribute(name=name):
            return [name]
    return []


def _held(value: Any, names: set[str]) -> Iterator[str]:
    """The names of files in a path: `os.path.join(folder, "a.csv")`, `folder / "a.csv"`."""
    match value:
        case python.Literal(value=str() as text):
            yield from names & {basename(text)}
        case python.Call(args=args):
            for part in args:
                yield from _held(part, names)
        case python.Binary(left=left, right=right):
            yield from (*_held(left, names), *_held(right, names))
        case python.Text(parts=parts):
            for part in parts:
                yield from _held(part, names)
