"""Where dbt puts the tables of a project: database, schema and alias, for each target of its profile.

In a project `mart.rides` may be `shop.dev_mart.rides` in one target and `shop.mart.rides` in another; whoever reads
either reads what the model makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.linker.jinja.values import Unknown
from mllint.linker.project import Project
from mllint.linker.sql.dbt_project import Dbt, targets
from mllint.linker.sql.dbt_yaml import text
from mllint.linker.sql.names import Names

_DATABASE = ("database", "dbname", "catalog", "project")
_SCHEMA = ("schema", "dataset")
_FIRST = {"duckdb": "main", "sqlite": "main"}  # the schema of a target that names none


class Homes:
    """The places of a project's tables, from the schema and database that their settings ask for."""

    def __init__(self, project: Project, dbt: Dbt) -> None:
        self._names = [_for_target(dbt.names, name, value) for name, value in targets(project, dbt)]
        self._known: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def of(self, schema: str, database: str, alias: str) -> set[str]:
        if (schema, database) not in self._known:
            self._known[schema, database] = list(self._places(schema, database))
        return {".".join(filter(None, (*place, alias))).lower() for place in self._known[schema, database]}

    def of_source(self, name: str) -> set[str]:
        """A source without a database lies in that of the target."""
        return {
            f"{names.target['database']}.{name}".lower() for names in self._names if _plain(names.target["database"])
        }

    def _places(self, schema: str, database: str) -> Iterator[tuple[str, str]]:
        for names in self._names:
            found = _schema(names, schema)
            if found:
                yield _plain(database) or _plain(names.target["database"]), found


def _for_target(names: Names, name: str, value: Any) -> Names:
    from mllint.linker.sql.template import rendered

    def said(keys: tuple[str, ...]) -> Any:
        written = next(filter(None, (text(value, key) for key in keys)), "")
        return _plain(rendered(written, names)) or Unknown("target")

    kind = text(value, "type")
    schema = said(_SCHEMA) if any(text(value, key) for key in _SCHEMA) else _FIRST.get(kind, Unknown("target"))
    target = {"type": kind, "name": name, "schema": schema, "dataset": schema, "database": said(_DATABASE)}
    return msgspec.structs.replace(names, target={**target, "project": target["database"]})


def _schema(names: Names, custom: str) -> str:
    """The project's own `generate_schema_name`, or dbt's: the schema of the target, and what is asked for."""
    from mllint.linker.sql.template import rendered

    if "generate_schema_name" in names.macros:
        asked = f"'{custom}'" if custom else "none"
        return _plain(rendered(f"{{{{ generate_schema_name({asked}, node) }}}}", names))
    own = _plain(names.target["schema"])
    return f"{own}_{custom}" if own and custom else own


def _plain(written: Any) -> str:
    return written if isinstance(written, str) and re.fullmatch(r"[\w-]+", written) else ""
