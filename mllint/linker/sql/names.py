"""What the Jinja of a dbt project can name."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.linker.jinja.values import Macro
from mllint.linker.sql.packages import shipped


class Names(msgspec.Struct):
    """What can be named in a project: `tables` by the name of their resource (`rides`, `rides_v2`), `sources` by
    (source, table), both lower case; what each metric is computed from; other projects of the repository, by name."""

    variables: dict[str, Any] = {}
    tables: dict[str, str] = {}
    sources: dict[tuple[str, str], str] = {}
    macros: dict[str, Macro] = {}
    metrics: dict[str, tuple[str, ...]] = {}
    project: str = ""
    warehouse: str = ""
    target: dict[str, Any] = {}
    others: dict[str, Names] = {}

    def ref(self, name: str, version: str = "", package: str = "") -> str:
        keys = [f"{name}_v{version}".lower()] if version else []
        first = [self.others[package]] if package in self.others else []
        found = (
            names.tables.get(key) for names in (*first, self, *self.others.values()) for key in (*keys, name.lower())
        )
        return next(filter(None, found), "") or re.sub(r"[^\w.]", "_", name)

    def source(self, source: str, table: str) -> str:
        key = (source.lower(), table.lower())
        found = (names.sources.get(key) for names in (self, *self.others.values()))
        return next(filter(None, found), "") or re.sub(r"[^\w.]", "_", f"{source}.{table}")

    def macro(self, name: str, space: str = "") -> Macro | None:
        """A macro of a package, or of the project and what ships with dbt."""
        if space and space != self.project:
            other = self.others.get(space)
            own = other.macros.get(name) if other is not None else None
            return own or shipped(space).get(name)
        return self.macros.get(name) or shipped("dbt").get(name)

    def inner_macro(self, name: str) -> Macro | None:
        """A macro of some package by its bare name, as the package's own macros call it."""
        return next((other.macros[name] for other in self.others.values() if name in other.macros), None)
