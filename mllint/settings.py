"""Settings of the tool itself: `[tool.mllint]` of pyproject.toml, or the top level of mllint.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mllint.errors import UsageError, nearest
from mllint.files import read_regular


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults hold for a repository without any settings."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    sql_dialect: str = ""  # sqlglot's name; empty: recognised from the text, else sqlglot's own
    sql_dialects: Mapping[str, str] = {}  # path glob -> dialect, where `sql-dialect` is a table
    library_models: tuple[str, ...] = ()  # repo-relative paths of YAML files
    required_annotations: tuple[str, ...] = ("owner",)
    prototype_folders: tuple[str, ...] = ("experiments", "scratch", "notebooks", "sandbox", "playground")
    fail_on: str = "warning"
    rules: Mapping[str, Mapping[str, Any]] = {}  # rule name -> its options
    origin: str = ""  # the file that these settings stand in, relative to the root
    lines: Mapping[str, int] = {}  # dotted key -> its line in that file

    def place(self, key: str) -> str:
        """`pyproject.toml:12`: where a setting, or the nearest table around it, is written."""
        while key not in self.lines and "." in key:
            key = key.rpartition(".")[0]
        return f"{self.origin}:{self.lines.get(key, 1)}"


SEVERITIES = ("error", "warning", "info")
# sqlglot's dialects; importing it to ask would cost every run half a second. A test compares.
DIALECTS = (
    "athena", "bigquery", "clickhouse", "databricks", "dax", "doris", "dremio", "drill", "druid", "duckdb", "dune",
    "exasol", "fabric", "hive", "materialize", "mysql", "oracle", "postgres", "presto", "prql", "redshift",
    "risingwave", "snowflake", "solr", "spark", "spark2", "sqlite", "starrocks", "tableau", "teradata", "trino", "tsql",
)  # fmt: skip
_LISTS = ("select", "ignore", "exclude", "library-models", "required-annotations", "prototype-folders")
_KEYS = (*_LISTS, "per-file-ignores", "sql-dialect", "fail-on", "rules")
_LIMIT = 5 << 20


def load(root: Path) -> Settings:
    """The settings of a repository: `[tool.mllint]` of its pyproject.toml, or its mllint.toml.

    Raises UsageError, with file and line, for what is wrong in them, and if both files hold settings.
    """
    pyproject, own = _table(root, "pyproject.toml"), _table(root, "mllint.toml")
    if pyproject is not None:
        tool = pyproject[0].get("tool")
        table = tool.get("mllint") if isinstance(tool, dict) else None
        if table is not None and own is not None:
            raise UsageError("settings stand in both pyproject.toml ([tool.mllint]) and mllint.toml: keep one of them")
        if table is not None:
            return parse(table, "pyproject.toml", key_lines(pyproject[1], "tool.mllint"))
    if own is not None:
        return parse(own[0], "mllint.toml", key_lines(own[1], ""))
    return Settings()


def parse(table: object, origin: str, lines: Mapping[str, int]) -> Settings:
    """Settings from a parsed TOML table. Raises UsageError."""
    here = Settings(origin=origin, lines=lines)
    if not isinstance(table, dict):
        raise UsageError(f"{origin}: [tool.mllint] must be a table")
    fields: dict[str, Any] = {}
    for key, value in table.items():
        match key:
            case _ if key in _LISTS:
                fields[key.replace("-", "_")] = _texts(here, key, value)
            case "per-file-ignores":
                fields["per_file_ignores"] = {
                    glob: _texts(here, f"{key}.{glob}", rules) for glob, rules in _mapping(here, key, value).items()
                }
            case "sql-dialect" if isinstance(value, dict):
                fields["sql_dialects"] = {
                    glob: _choice(here, f"{key}.{glob}", v, DIALECTS) for glob, v in value.items()
                }
            case "sql-dialect":
                fields["sql_dialect"] = _choice(here, key, value, DIALECTS)
            case "fail-on":
                fields["fail_on"] = _choice(here, key, value, SEVERITIES)
            case "rules":
                fields["rules"] = {
                    rule: _mapping(here, f"rules.{rule}", options)
                    for rule, options in _mapping(here, key, value).items()
                }
            case _:
                raise UsageError(f"{here.place(key)}: unknown setting `{key}`; {nearest(key, _KEYS)}")
    return msgspec.structs.replace(here, **fields)


def _texts(here: Settings, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f'{here.place(key)}: `{key}` must be a list of texts, such as ["..."]')
    return tuple(value)


def _mapping(here: Settings, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{here.place(key)}: `{key}` must be a table")
    return value


def _choice(here: Settings, key: str, value: object, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{here.place(key)}: `{key}` cannot be {value!r}; {nearest(str(value), known)}")
    return value


def _table(root: Path, name: str) -> tuple[dict[str, Any], str] | None:
    try:
        text = read_regular(str(root / name), _LIMIT).decode("utf-8-sig").replace("\r\n", "\n")
        return tomllib.loads(text), text
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        if "tool.mllint" not in text and name == "pyproject.toml":
            return None  # the file is broken, which its reader tells; but it says nothing to us
        line = re.search(r"at line (\d+)", str(error))
        raise UsageError(f"{name}:{line[1] if line else 1}: {error}") from None


_HEADER = re.compile(r"\s*\[\[?([^\[\]]{1,300})\]")
_ENTRY = re.compile(r"""\s*((?:[\w.-]+|"[^"\n]{0,300}"|'[^'\n]{0,300}')(?:\s?\.\s?(?:[\w-]+|"[^"\n]{0,300}"))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"([^"]*)"|'([^']*)'""")


def key_lines(text: str, table: str) -> dict[str, int]:
    """The line of each key under a table, by dotted name relative to it: tomllib keeps no places.

    >>> key_lines('[tool.mllint]\\nselect = []\\n[tool.mllint.rules.x]\\ny = 1', "tool.mllint")
    {'': 1, 'select': 2, 'rules.x': 3, 'rules.x.y': 4}
    """
    lines: dict[str, int] = {}
    current = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            full = current = _dotted(header[1])
        elif entry := _ENTRY.match(line):
            full = ".".join(filter(None, (current, _dotted(entry[1]))))
        else:
            continue
        if full == table or full.startswith(table + "." if table else ""):
            lines.setdefault(full[len(table) :].lstrip("."), number)
    return lines


def _dotted(key: str) -> str:
    return ".".join(part[1] or part[2] or part[0] for part in _PART.finditer(key))


def with_overrides(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    """Settings in which the options of the command line (field name -> value; `None` is not given) come first."""
    return msgspec.structs.replace(settings, **{key: value for key, value in overrides.items() if value is not None})
