"""The session schema: which columns each table has, as far as the project's own SQL and data files tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mllint.lineage.ids import is_telling


def table_name(written: str) -> str:
    """A table's name as all of this package writes it: lower case, no quotes.

    >>> table_name('[dbo]."Trips"')
    'dbo.trips'
    """
    return written.translate(_QUOTES).strip().lower().replace("::", ".")


_QUOTES = str.maketrans("", "", '"`[]')


class Schema:
    """Columns by table, in order, for the whole project. DDL and CREATE TABLE AS/VIEW statements add to it while
    statements are analysed, so that a later `SELECT *` expands."""

    def __init__(self, tables: dict[str, Iterable[str]] | None = None) -> None:
        self._tables: dict[str, tuple[str, ...]] = {}
        self._types: dict[tuple[str, str], str] = {}
        self._by_last: dict[str, list[str]] = {}
        self._resolved: dict[str, str] = {}
        self.within = ""  # the current schema, where a script has named one: see `namespaces`
        self.changes = 0
        self.distinct: set[str] = set()  # whole names: `customers` of a dbt project is not its source `raw.customers`
        self.used: frozenset[tuple[str, str]] = (
            frozenset()
        )  # (table, column) that SQL names together, while it is linked
        self._results: dict[str, Any] = {}  # what each routine yields: a `statements.Statement`
        self._routines: dict[str, set[str]] = {}  # the last part of their names -> whole names
        self.grouped: dict[str, Any] = {}  # tables of aggregates: `relations.Grouped`
        self.labels: dict[str, str] = {}  # of models that SQL trains, by id
        self.features: dict[str, tuple[str, ...]] = {}
        self.functions: dict[str, str] = {}  # functions of SQL that are models: their ids
        self.queries: Any = None  # the memory of `embedded.query`
        for name, columns in (tables or {}).items():
            self.add(name, columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def add(self, name: str, columns: Iterable[str], types: Iterable[str] = ()) -> None:
        """Say what columns a table has; the last word counts. `types` go with `columns`, as SQL writes them."""
        name = self._whole(name)
        if not is_telling("table:" + name):
            return  # `{table}` of one file is not that of another
        self.changes += 1
        listed = tuple(column.lower() for column in columns)
        if name not in self._tables and not name.startswith("file:"):
            self._by_last.setdefault(name.rpartition(".")[2], []).append(name)
        self._tables[name] = listed
        self._resolved.clear()
        for column, type_ in zip(listed, types, strict=False):
            self._types[name, column] = type_.lower()

    def remove(self, name: str) -> None:
        name = self._whole(name)
        if self._tables.pop(name, None) is not None:
            self.changes += 1
            if not name.startswith("file:"):
                self._by_last[name.rpartition(".")[2]].remove(name)
            self._resolved.clear()

    def rename(self, old: str, new: str) -> None:
        columns = self._tables.get(self._whole(old))
        if columns is not None:
            self.add(new, columns, [self.type_of(old, column) for column in columns])
            self.remove(old)

    def columns(self, name: str) -> tuple[str, ...] | None:
        """The columns of a table, `None` if unknown. `trips` finds `raw.trips`, and `db.raw.trips` finds it too,
        where no second table could be meant."""
        found = self._find(self._whole(name))
        return self._tables[found] if found else None

    def type_of(self, table: str, column: str) -> str:
        """The declared type of a column in lower case, empty if unknown."""
        found = self._find(self._whole(table))
        return self._types.get((found, column), "")

    def yields(self, routine: str, rows: Any) -> None:
        """Say what the query of a routine is."""
        self.changes += 1
        self._results[routine] = rows
        self._routines.setdefault(routine.rpartition(".")[2], set()).add(routine)

    def result(self, routine: str) -> Any:
        """What a routine yields, `None` if that is not known; `recent` finds `tools.recent`, if there is one only."""
        if routine in self._results:
            return self._results[routine]
        known = self._routines.get(routine.rpartition(".")[2], ())
        near = [name for name in known if name.endswith("." + routine) or routine.endswith("." + name)]
        return self._results[near[0]] if len(near) == 1 else None

    def state(self) -> bytes:
        """All that it knows, to tell whether it changed."""
        known = (self._tables, self._types, self._by_last, sorted(self.distinct))
        told = (self._results, self.grouped, self.labels, self.features, self.functions)
        return repr(known).encode("utf-8", "replace") + msgspec.msgpack.encode(told, order="deterministic")

    def _whole(self, written: str) -> str:
        name = table_name(written)
        is_bare = self.within and name.isidentifier()
        return f"{self.within}.{name}" if is_bare else name

    def _find(self, name: str) -> str:
        if name in self._tables:
            return name
        if name in self.distinct:
            return ""
        known = self._resolved.get(name)
        if known is None:
            near = [
                table
                for table in self._by_last.get(name.rpartition(".")[2], ())
                if table.endswith("." + name) or name.endswith("." + table)
            ]
            known = self._resolved[name] = near[0] if len(near) == 1 else ""
        return known
