"""What a configuration file says: its values, each with its place."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A scalar (`value`), a sequence (`items`) or a mapping (`entries`, in file order; keys are text).

    `line` and `column` count from 1. `tag` is a YAML tag such as `!Ref`, with its `!`, or says what a value of gin is
    (see `readers/gin_tree.py`), else empty. `kind` tells an empty sequence from an empty mapping. YAML merge keys and
    aliases are already applied.
    """

    kind: str  # scalar, sequence, mapping
    line: int
    column: int
    end_line: int
    end_column: int
    value: bool | int | float | str | None = None
    items: tuple[Value, ...] = ()
    entries: tuple[Entry, ...] = ()
    tag: str = ""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    key: str
    line: int
    column: int
    end_column: int
    value: Value


class Document(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One parsed file: YAML may hold several documents; every other format holds one. `choices` are the lines of the
    settings of which a comment says that they may be another way."""

    format: str  # yaml, json, toml, ini, env, gin
    documents: tuple[Value, ...]
    choices: tuple[int, ...] = ()
