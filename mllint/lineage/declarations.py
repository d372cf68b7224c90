"""What people declared about sources, features, models and consumers: the words, not their files."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from mllint.globs import Globs
from mllint.source import Span


class Deprecation(msgspec.Struct, frozen=True):
    """Dates are ISO texts (`2024-01-01`), empty where not given."""

    since: str = ""
    sunset: str = ""
    replacement: str = ""


class Window(msgspec.Struct, frozen=True):
    """A stretch of time, ends included; an empty end is open."""

    start: str = ""
    end: str = ""
    reason: str = ""


class Declared(msgspec.Struct, frozen=True):
    """One entry. `kind` is source, feature, model or consumer; `name` is a node id or glob for sources and the bare
    name elsewhere; `reads` and `writes` (of consumers) are node ids; `origin` tells where it was declared."""

    kind: str
    name: str
    span: Span
    origin: str = "mllint.yaml"
    owner: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    deprecated: Deprecation | None = None
    available: Window | None = None
    invalid: tuple[Window, ...] = ()
    exploration: str = ""
    serving: bool = True
    forbids: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    whole: Span | None = None  # with all that stands below it, where that is known


class Declarations(msgspec.Struct):
    entries: list[Declared] = []
    owners: list[tuple[str, str]] = []  # CODEOWNERS: pattern, owner; the last match wins

    def of_kind(self, kind: str) -> list[Declared]:
        return [entry for entry in self.entries if entry.kind == kind]

    def with_entries(self, more: list[Declared]) -> Declarations:
        """These, and what code declares."""
        return Declarations([*self.entries, *more], self.owners) if more else self

    def owner_of(self, path: str) -> str:
        """Who owns a file of the repository by CODEOWNERS, as written there; empty if nobody does."""
        for globs, whole, owner in _matchers(tuple(self.owners)):
            # Unlike in .gitignore, `docs/*` owns what lies in docs, not what lies in its folders.
            if globs.verdict(tuple(path.split("/")), False) if whole else globs.covers(path):
                return owner
        return ""


@lru_cache(maxsize=8)
def _matchers(owners: tuple[tuple[str, str], ...]) -> list[tuple[Globs, bool, str]]:
    return [(Globs([pattern]), pattern.endswith("/*"), owner) for pattern, owner in reversed(owners)]
