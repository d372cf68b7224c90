"""SQLMesh: `MODEL (name shop.rides, kind FULL); SELECT ...` is a table, and its macros begin with `@`."""

from __future__ import annotations

import posixpath
import re

import msgspec

from mllint.linker.project import Project
from mllint.linker.sql.dbt_yaml import text

_HEAD = re.compile(r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*(MODEL|AUDIT)\s*\(", re.IGNORECASE)
# what is not closed matches as far as it goes: trying again behind it would take quadratic time
_SKIPPED = re.compile(r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|[()]")
_NAME = re.compile(r"(?:^|,|\()\s*name\s+([\w.\"`-]+)", re.IGNORECASE)
_DIALECT = re.compile(r",\s*dialect\s+['\"]?(\w+)", re.IGNORECASE)
_SEED = re.compile(r"kind\s+SEED\s*\([^)]{0,500}?path\s+['\"]([^'\"]+)['\"]", re.IGNORECASE)
_OWNER = re.compile(r",\s*owner\s+['\"]?([\w.@ -]+)", re.IGNORECASE)
_JINJA = re.compile(r"\bJINJA_(?:QUERY_BEGIN|STATEMENT_BEGIN|END)\s*;", re.IGNORECASE)
_MACRO = re.compile(r"@(?:(?P<hole>\{\w+\})|(?P<def>DEF\([^;\n]{0,1000}\)\s*;)|(?P<call>\w+(?=\()))")
_LONGEST = 50_000  # characters of a head


class Head(msgspec.Struct, frozen=True):
    """What a file says before its query. `table` is empty for an audit, a query for rows that should not be."""

    kind: str  # model, audit
    table: str
    dialect: str
    seed: str  # path of the CSV file that is the model, relative to the model's file
    owner: str
    end: int


def head_of(written: str) -> Head | None:
    """The head of a SQLMesh file; `None` for other SQL."""
    begin = _HEAD.match(written[:_LONGEST])
    end = _closing(written[:_LONGEST], begin.end()) if begin is not None else None
    if begin is None or end is None:
        return None
    inside = written[begin.end() : end - 1]
    is_model = begin[1].upper() == "MODEL"
    name = _first(_NAME, inside).translate(_QUOTES).lower() if is_model else ""
    return Head(
        begin[1].lower(), name, _first(_DIALECT, "," + inside), _first(_SEED, inside), _first(_OWNER, inside), end
    )


_QUOTES = str.maketrans("", "", '"`')


def _first(pattern: re.Pattern[str], written: str) -> str:
    found = pattern.search(written)
    return found[1].strip() if found is not None else ""


def _closing(written: str, begin: int) -> int | None:
    """Behind the bracket that closes the one before `begin`."""
    depth = 1
    for found in _SKIPPED.finditer(written, begin):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def query_of(written: str, head: Head) -> str:
    """The text behind the head, at its place: macros are holes, or functions of their arguments."""
    blank = re.sub(r"[^\n]", " ", written[: head.end])
    rest = _JINJA.sub(lambda found: " " * len(found[0]), written[head.end :])
    return blank + _MACRO.sub(_macro, rest)


def _macro(found: re.Match[str]) -> str:
    if found["hole"]:
        return " " + found["hole"]
    return " " + found["call"] if found["call"] else " " * len(found[0])


def default_dialect(project: Project, path: str) -> str:
    """`model_defaults: {dialect: duckdb}` of the nearest config.yaml."""
    folder = posixpath.dirname(path)
    while True:
        for name in ("config.yaml", "config.yml", "sqlmesh.yaml", "sqlmesh.yml"):
            dialect = text(project.config(posixpath.join(folder, name)), "model_defaults", "dialect")
            if dialect:
                return dialect
        if not folder:
            return ""
        folder = posixpath.dirname(folder)


def heads(project: Project) -> dict[str, Head]:
    """The SQLMesh files of the repository, by path."""
    found = {facts.path: head_of(facts.sql.text) for facts in project.files.values() if facts.sql is not None}
    return {path: head for path, head in found.items() if head is not None}
