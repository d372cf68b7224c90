"""Columns of two levels, as an aggregate with several functions makes them: `df.agg({"x": ["min", "max"]})`.

Such a column is kept under one name, its parts with a sign between them that no name has."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import Constant, Tuple, text_of

SIGN = "\x1f"


def joined(*parts: str) -> str:
    return SIGN.join(parts)


def label(name: str) -> Any:
    """What a program sees of a column's name: `("x", "min")`."""
    return Tuple(tuple(map(Constant, name.split(SIGN)))) if SIGN in name else Constant(name)


def shown(name: str) -> str:
    """The name where only one text can stand."""
    return ".".join(part for part in name.split(SIGN) if part) if SIGN in name else name


def full_name(table: Table, index: Any) -> str | None:
    """The column that `df[("x", "min")]` asks for."""
    if not (isinstance(index, Tuple) and len(index.items) > 1):
        return None
    parts = [text_of(item) for item in index.items]
    name = joined(*(part for part in parts if part is not None))
    return name if None not in parts and name in table.columns else None


def below(table: Table, name: str) -> Table | None:
    """The columns below `name`, by what comes after it: `df["x"]`."""
    start = name + SIGN
    under = [column for column in table.columns if column.startswith(start)]
    return table.select(under).rename({column: column[len(start) :] for column in under}) if under else None


def with_index(table: Table, names: list[str]) -> Table:
    """The index, or these levels of it, as columns; beside columns of two levels they have two, too."""
    made = table.without_index(names)
    if not any(SIGN in column for column in table.columns):
        return made
    return made.rename({name: joined(name, "") for name in names if name in made.columns})
