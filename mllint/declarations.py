"""The files in which people declare things: mllint.yaml and CODEOWNERS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mllint.errors import UsageError, nearest
from mllint.facts.config import Document, Entry, Value
from mllint.lineage.declarations import Declarations, Declared, Deprecation, Window
from mllint.source import Span

FILE = "mllint.yaml"
CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")  # the first one counts

_DATED = ("deprecated", "available", "invalid")
_COMMON = ("owner", "description", "tags")
_KEYS = {
    "source": (*_COMMON, *_DATED, "exploration", "serving"),
    "feature": (*_COMMON, *_DATED, "serving"),
    "model": (*_COMMON, "deprecated", "forbids", "allows"),
    "consumer": (*_COMMON, "reads", "writes"),
}
_SECTIONS = {f"{kind}s": kind for kind in _KEYS}
_SOURCE_IDS = ("file", "table", "collection", "topic", "view", "column", "memory", "xcom")
_NODE_IDS = (*_SOURCE_IDS, "feature", "model", "endpoint", "consumer")
_ID = re.compile(r"([A-Za-z][\w+.-]*):")


def read_declarations(document: Document | None, path: str = FILE) -> Declarations:
    """The declarations of a parsed mllint.yaml. Raises UsageError with file, line and the nearest right word."""
    if document is None or not document.documents:
        return Declarations([], [])
    if len(document.documents) > 1:
        raise _wrong(path, document.documents[1], "there is more than one YAML document")
    return Declarations(list(_entries(document.documents[0], path)), [])


def _entries(root: Value, path: str) -> Iterator[Declared]:
    for section in _mapping(root, path, "the file"):
        kind = _SECTIONS.get(section.key)
        if kind is None:
            raise _wrong(path, section, f"unknown section `{section.key}`; {nearest(section.key, _SECTIONS)}")
        for entry in _mapping(section.value, path, f"`{section.key}`"):
            if kind == "source":
                _check_id(entry.key, _SOURCE_IDS, path, entry)
            yield _declared(kind, entry, path)


def _declared(kind: str, entry: Entry, path: str) -> Declared:
    span = Span(path, entry.line, entry.column, entry.line, entry.end_column)
    fields: dict[str, Any] = {}
    for item in _mapping(entry.value, path, f"`{entry.key}`"):
        if item.key not in _KEYS[kind]:
            raise _wrong(path, item, f"unknown key `{item.key}` of a {kind}; {nearest(item.key, _KEYS[kind])}")
        fields[item.key] = _field(item, path)
    whole = Span(path, entry.line, entry.column, max(_last_line(entry.value), entry.line), 1)
    return Declared(kind, entry.key, span, **fields, whole=whole)


def _last_line(value: Value) -> int:
    """Of the last scalar: where a block ends, YAML says too late."""
    inner = [_last_line(part) for part in (*value.items, *(entry.value for entry in value.entries))]
    return max(inner) if inner else value.end_line


def _field(item: Entry, path: str) -> Any:
    match item.key:
        case "tags" | "forbids" | "allows":
            return _texts(item, path)
        case "reads" | "writes":
            ids = _texts(item, path)
            for id in ids:
                _check_id(id, _NODE_IDS, path, item)
            return ids
        case "serving":
            if not isinstance(item.value.value, bool):
                raise _wrong(path, item, "`serving` must be true or false")
            return item.value.value
        case "deprecated":
            return _deprecation(item, path)
        case "available":
            return _window(item.key, item.value, path)
        case "invalid":
            if item.value.kind != "sequence":
                raise _wrong(path, item, "`invalid` must be a list of windows, such as [{from: 2024-01-01}]")
            return tuple(_window(item.key, window, path) for window in item.value.items)
        case _:
            return _text(item, path)


def _deprecation(item: Entry, path: str) -> Deprecation | None:
    """`deprecated: true` says no more than that; `deprecated: {since: 2024-01-01, sunset: ..., replacement: ...}`."""
    if isinstance(item.value.value, bool):
        return Deprecation() if item.value.value else None
    fields = {}
    for part in _mapping(item.value, path, "`deprecated`"):
        if part.key not in ("since", "sunset", "replacement"):
            words = ("since", "sunset", "replacement")
            raise _wrong(path, part, f"unknown key `{part.key}` of `deprecated`; {nearest(part.key, words)}")
        fields[part.key] = _text(part, path) if part.key == "replacement" else _date(part, path)
    return Deprecation(**fields)


def _window(name: str, value: Value, path: str) -> Window:
    """`{from: 2023-09-13, to: 2023-09-17, reason: logged twice}`; either end may be left open."""
    fields = {}
    for part in _mapping(value, path, f"`{name}`"):
        match part.key:
            case "from":
                fields["start"] = _date(part, path)
            case "to":
                fields["end"] = _date(part, path)
            case "reason":
                fields["reason"] = _text(part, path)
            case _:
                near = nearest(part.key, ("from", "to", "reason"))
                raise _wrong(path, part, f"unknown key `{part.key}` of `{name}`; {near}")
    window = Window(**fields)
    if window.start and window.end and window.end < window.start:
        raise _wrong(path, value, f"`{name}` ends ({window.end}) before it begins ({window.start})")
    return window


# ------------------------------------------------------------------------------------------------------ values


def _mapping(value: Value, path: str, what: str) -> tuple[Entry, ...]:
    """The entries of a mapping; an empty value (`trip_km:`) is an empty one."""
    if value.kind == "mapping" or (value.kind == "scalar" and value.value is None):
        return value.entries
    raise _wrong(path, value, f"{what} must be a mapping (`key: value`)")


def _texts(item: Entry, path: str) -> tuple[str, ...]:
    if item.value.kind != "sequence" or not all(isinstance(part.value, str) for part in item.value.items):
        raise _wrong(path, item, f"`{item.key}` must be a list of texts, such as [a, b]")
    return tuple(part.value for part in item.value.items if isinstance(part.value, str))


def _text(item: Entry, path: str) -> str:
    if not isinstance(item.value.value, str):
        raise _wrong(path, item, f"`{item.key}` must be a text")
    return item.value.value


def _date(item: Entry, path: str) -> str:
    value = item.value.value
    try:
        if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError
        datetime.fromisoformat(value)
    except ValueError:
        shown = value if item.value.kind == "scalar" else f"a {item.value.kind}"
        raise _wrong(path, item, f"`{item.key}` must be a date such as 2024-01-31, not `{shown}`") from None
    return value


def _check_id(id: str, known: tuple[str, ...], path: str, place: Entry) -> None:
    """`table:raw.trips`, `s3://bucket/key`, `file:data/*.csv`: a node id, or a glob of them."""
    prefix = _ID.match(id)
    if id.startswith("*") or "://" in id or (prefix is not None and prefix[1] in known):
        return
    if prefix is None:
        raise _wrong(path, place, f"`{id}` is no node id: write `table:{id}` for a table, `file:{id}` for a file")
    raise _wrong(path, place, f"`{id}` begins with no known kind of node; {nearest(prefix[1], known)}")


def _wrong(path: str, place: Value | Entry, message: str) -> UsageError:
    return UsageError(f"{path}:{place.line}:{place.column}: {message}")


# -------------------------------------------------------------------------------------------------- CODEOWNERS


def read_codeowners(text: str) -> list[tuple[str, str]]:
    r"""`(pattern, owners)` of each line, owners as written and joined by spaces; empty owners take ownership away.

    >>> read_codeowners("*  @all\n/docs/ @writers @editors # both\n[Section] @nobody\nmodels/*.sql\n")
    [('*', '@all'), ('/docs/', '@writers @editors'), ('models/*.sql', '')]
    """
    owners = []
    for line in text.splitlines():
        words = re.findall(r"(?:\\.|\S)+", re.sub(r"(?:^|\s)#.*", "", line))
        if words and not words[0].startswith(("[", "^[")):
            owners.append((words[0], " ".join(words[1:])))
    return owners
