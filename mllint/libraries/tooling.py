"""What tools do with files of a repository (`tools/tools.yaml`): which configuration they read themselves, which bring
no files."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from functools import cache
from importlib import resources

import msgspec


class Configured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: frozenset[str]
    parts: tuple[str, ...]
    folders: frozenset[str]
    outlines: tuple[frozenset[str], ...]


class Tools(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    configured: Configured
    supply_nothing: frozenset[str]


@cache
def tools() -> Tools:
    text = resources.files("mllint.libraries").joinpath("tools", "tools.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=Tools)


def is_tooling(path: str, keys: Collection[str]) -> bool:
    """Whether tools of their own read a configuration file, as far as its name and its first keys tell."""
    told = tools().configured
    *folders, base = path.lower().split("/")
    return (
        base in told.names
        or any(part in base for part in told.parts)
        or not told.folders.isdisjoint(folders)
        or any(outline.issubset(keys) for outline in told.outlines)
    )


def brings_files(program: str) -> bool:
    return posixpath.basename(program) not in tools().supply_nothing
