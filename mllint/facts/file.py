"""The facts of one file, whatever its kind, and the one codec that writes and reads them."""

from __future__ import annotations

import msgspec

from mllint.errors import Problem
from mllint.facts.commands import Command
from mllint.facts.config import Document
from mllint.facts.datafile import DataFile
from mllint.facts.dbt import Artifact
from mllint.facts.foreign import Foreign
from mllint.facts.python import Module
from mllint.facts.sql import SqlText


class Suppression(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`mllint: ignore[a, b] reason` in a comment: it holds for findings on its line. Empty `rules`: all of them."""

    line: int
    column: int
    rules: tuple[str, ...]
    reason: str
    cell: int | None = None


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts are a function of the bytes and kind of the file alone; `path` is put in after the cache."""

    path: str
    kind: str  # see discovery: python, notebook, yaml, json, toml, ini, env, sql, shell, make, docker, csv, r ...
    lines: int = 0
    python: Module | None = None
    config: Document | None = None
    sql: SqlText | None = None
    data: DataFile | None = None
    foreign: Foreign | None = None
    dbt: Artifact | None = None
    commands: tuple[Command, ...] = ()
    names: tuple[str, ...] = ()  # files that a text for people speaks of
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()  # of a Dockerfile: a path inside the container, that in the build context


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(FileFacts).decode
