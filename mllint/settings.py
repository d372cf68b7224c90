"""Settings of the tool itself: `[tool.mllint]` of pyproject.toml, or the top level of mllint.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


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
