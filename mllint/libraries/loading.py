"""Library models out of YAML: the shipped ones, and those that settings name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import msgspec

from mllint.errors import UsageError
from mllint.facts.config import Value
from mllint.libraries.models import Entry, Kind, LibraryFile


def _complete(file: LibraryFile, path: str) -> LibraryFile:
    """The file with keys of several names spelled out, and its own types by their full names."""
    prefix = file.library + "."
    calls: dict[str, Entry] = {}
    for key, entry in file.calls.items():
        returns = _qualified(entry.returns, prefix, file.types)
        rows = _qualified(entry.rows, prefix, file.types)
        same = (returns, rows) == (entry.returns, entry.rows)
        full = entry if same else msgspec.structs.replace(entry, returns=returns, rows=rows)
        for name in spelled_out(key):
            if name in calls:
                raise UsageError(f"{path}: `{name}` is there twice")
            calls[name] = _named(full, name.rpartition(".")[2])
    types = {
        name: msgspec.structs.replace(
            kind,
            like=_qualified(kind.like, prefix, file.types),
            yields=_qualified(kind.yields, prefix, file.types),
            columns=_qualified(kind.columns, prefix, file.types),
        )
        for name, kind in file.types.items()
    }
    return msgspec.structs.replace(file, calls=calls, types=types)


def _named(entry: Entry, last: str) -> Entry:
    """An entry that stands for several names: `NAME` is each one's own."""
    if "NAME" in entry.column:
        entry = msgspec.structs.replace(entry, column=entry.column.replace("NAME", last))
    if entry.reads is not None and "NAME" in entry.reads.node:
        reads = msgspec.structs.replace(entry.reads, node=entry.reads.node.replace("NAME", last))
        entry = msgspec.structs.replace(entry, reads=reads)
    return entry


def from_values(documents: Sequence[Value], path: str) -> LibraryFile:
    """A model file that the repository itself holds, as the reader of configuration read it: within its budgets.

    Raises UsageError naming the file, the line, and what is wrong there."""
    first = documents[0]
    entries = tuple(entry for document in documents for entry in document.entries)
    value = Value(first.kind, first.line, first.column, first.end_line, first.end_column, entries=entries)
    try:
        tree = _plain(value)
        return msgspec.structs.replace(_complete(msgspec.convert(tree, LibraryFile), path), origin=path)
    except msgspec.ValidationError as error:
        line, key = _place_of_error(value)
        about = f"`{key}`: " if key else ""
        raise UsageError(f"{path}:{line}: {about}{error}; see docs/library-models.md") from None


def _plain(value: Value) -> Any:
    match value.kind:
        case "mapping":
            return {entry.key: _plain(entry.value) for entry in value.entries}
        case "sequence":
            return [_plain(item) for item in value.items]
    return value.value


_PARTS: dict[str, Any] = {"calls": Entry, "types": Kind}


def _place_of_error(value: Value) -> tuple[int, str]:
    """The line and key of the first entry of a mapping that cannot be what it should be."""
    for section in value.entries:
        kind = _PARTS.get(section.key)
        for entry in section.value.entries if kind is not None else ():
            try:
                msgspec.convert(_plain(entry.value), kind)
            except msgspec.ValidationError:
                return entry.line, entry.key
    unknown = [entry for entry in value.entries if entry.key not in LibraryFile.__struct_fields__]
    return (unknown[0].line, unknown[0].key) if unknown else (value.line, "")


def spelled_out(key: str) -> list[str]:
    """
    >>> spelled_out("Series|DataFrame.head|tail")
    ['Series.head', 'Series.tail', 'DataFrame.head', 'DataFrame.tail']
    """
    if "|" not in key:
        return [key]
    mark = "=" if key.startswith("=") else ""
    return [mark + ".".join(parts) for parts in product(*(part.split("|") for part in key.lstrip("=").split(".")))]


def _qualified(name: str, prefix: str, types: dict[str, Kind]) -> str:
    return prefix + name if name in types else name


def load(text: str, path: str) -> LibraryFile:
    """One model file. A second YAML document may hold its examples, so that a run need not parse them.

    Raises UsageError naming the file and what is wrong in it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        parts = [part for part in yaml.load_all(text, Loader=loader) if part is not None]
        merged = {key: value for part in parts for key, value in part.items()}
        return _complete(msgspec.convert(merged, LibraryFile), path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}; see docs/library-models.md") from None


def builtin(imported: Iterable[str]) -> list[LibraryFile]:
    """The shipped models of these top-level modules, and of Python itself."""
    index = _index()
    todo = ["python", *sorted(imported)]
    found: dict[str, LibraryFile] = {}
    while todo:
        for name in index.get(todo.pop(), ()):
            if name not in found:
                found[name] = _load_shipped(name)
                todo += found[name].needs
    return [found[name] for name in sorted(found)]


def defining(names: Iterable[str]) -> set[str]:
    """The libraries that call functions or classes of these names: nothing need import them."""
    told = _told()
    return {told[name] for name in names if name in told}


def _told() -> dict[str, str]:
    """Name that a repository defines -> the library that calls it."""
    result = {}
    for head in _heads().values():
        if hit := re.search(r"^defines: *\[(.*)\]$", head, re.MULTILINE):
            library = re.search(r"^library: *(\S+)$", head, re.MULTILINE)
            assert library is not None
            result.update(dict.fromkeys(re.findall(r"\w+", hit[1]), library[1]))
    return result


_shipped: dict[str, LibraryFile] = {}


def _load_shipped(name: str) -> LibraryFile:
    if name not in _shipped:
        _shipped[name] = load(text_of_shipped(name).partition("\n---\n")[0], name)
    return _shipped[name]


def text_of_shipped(name: str) -> str:
    return resources.files("mllint.libraries").joinpath(name).read_text("utf-8")


def shipped_names() -> list[str]:
    names = (file.name for file in resources.files("mllint.libraries").iterdir())
    return sorted(name for name in names if name.endswith(".yaml"))


@cache
def _heads() -> dict[str, str]:
    """The first lines of each file: they say of what it speaks."""
    return {name: text_of_shipped(name)[:600] for name in shipped_names()}


def _index() -> dict[str, list[str]]:
    """Top-level module -> files. The first lines of each file say which modules it speaks of."""
    result: dict[str, list[str]] = {}
    for name, head in _heads().items():
        for key in ("library", "imports"):
            hit = re.search(rf"^{key}: *(.*)$", head, re.MULTILINE)
            for module in re.findall(r"[A-Za-z_][\w.]*", hit.group(1)) if hit else ():
                result.setdefault(module.partition(".")[0], []).append(name)
    return result


def as_data(entry: Entry) -> dict[str, Any]:
    """What an entry says, defaults left out."""
    return {f: v for f in entry.__struct_fields__ if (v := getattr(entry, f)) not in ("", (), None, False)}
