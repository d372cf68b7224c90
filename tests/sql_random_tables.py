"""Small random tables that fit a query: filled with the constants that it compares their columns with.

A key (`keys`) is different in each row, so that joins do not multiply.
"""

from __future__ import annotations

import datetime
import random
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

Types = dict[str, dict[str, str]]  # table -> column -> type
_ROWS = 50
_FIRST_DAY = datetime.date(2000, 1, 1)


class RandomTables:
    """Tables of a database of their own, of which one column at a time can be changed."""

    mutants = 3

    def __init__(self, tree: exp.Expr, types: Types, seed: int, keys: frozenset[str], stored: Types) -> None:
        """Only the `stored` columns are put into the database, which costs the most."""
        self.types = stored
        self._chance = random.Random(seed)
        self._rows = _filled(tree, {table: types[table] for table in stored}, self._chance, keys)
        self.connection = duckdb.connect()
        for table in stored:
            self.restore(table)

    def change(self, table: str, column: str, mutant: int) -> None:
        """Three ways: mix the values of the column, move them, take some away."""
        rows = [dict(row) for row in self._rows[table]]
        for row, other in zip(rows, self._chance.sample(self._rows[table], len(rows)), strict=True):
            row[column] = _changed(other[column], self.types[table][column], mutant, self._chance)
        _store(self.connection, table, self.types[table], rows)

    def restore(self, table: str) -> None:
        _store(self.connection, table, self.types[table], self._rows[table])


def _store(
    connection: duckdb.DuckDBPyConnection, table: str, types: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    columns = ", ".join(f'CAST("{column}" AS {type_}) AS "{column}"' for column, type_ in types.items())
    names = ", ".join(f'"{column}"' for column in types)
    values = ", ".join("(" + ", ".join(_literal(row[column]) for column in types) + ")" for row in rows)
    connection.execute(f'CREATE OR REPLACE TABLE "{table}" AS SELECT {columns} FROM (VALUES {values}) AS r ({names})')


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return str(value) if isinstance(value, bool | int | float) else "'" + value.replace("'", "''") + "'"


def _filled(
    tree: exp.Expr, types: Types, chance: random.Random, keys: frozenset[str]
) -> dict[str, list[dict[str, Any]]]:
    constants, nulls = _constants(tree), _asks_for_null(tree)
    place = chance.randrange(8)  # rows that fit each other: the same alternative of every `IN` and `OR`

    def cell(column: str, type_: str, row: int) -> Any:
        if column in keys:
            return row
        if column in nulls and chance.random() < 0.4:
            return None
        return _value(type_, _fitting(constants.get(column, []), place, chance), chance)

    return {
        table: [{column: cell(column, type_, row) for column, type_ in columns.items()} for row in range(1, _ROWS + 1)]
        for table, columns in types.items()
    }


def _fitting(constants: list[str], place: int, chance: random.Random) -> list[str]:
    return [constants[place % len(constants)]] if constants and chance.random() < 0.7 else constants


def _asks_for_null(tree: exp.Expr) -> set[str]:
    return {node.this.name.lower() for node in tree.find_all(exp.Is) if isinstance(node.expression, exp.Null)}


def _constants(tree: exp.Expr) -> dict[str, list[str]]:
    """What a query compares each column with: `d_year = 2001`, `s_state IN ('TN', 'SD')`, `x BETWEEN 1 AND 5`."""
    found: dict[str, list[str]] = {}
    behind = {each.alias.lower(): each.this.name.lower() for each in tree.find_all(exp.Alias) if each.this.name}
    for node in simplify(tree.copy()).find_all(exp.Binary, exp.In, exp.Between, exp.Like):  # `1999 + 1` is 2000
        if isinstance(node, exp.Connector) or node.find(exp.Select):
            continue
        literals = [_written(part) for part in node.find_all(exp.Literal)]
        for column in node.find_all(exp.Column):
            name = column.name.lower()
            for each in {name, behind.get(name, name)}:  # d_year AS year ... WHERE year = 2001
                found.setdefault(each, []).extend(literals)
    return found


def _written(literal: exp.Literal) -> str:
    return "-" + literal.name if isinstance(literal.parent, exp.Neg) else literal.name


def _value(type_: str, constants: list[str], chance: random.Random) -> Any:
    if type_.endswith("[]"):
        return [_value(type_[:-2], [], chance) for _ in range(chance.randrange(4))]
    chosen = chance.choice(constants) if constants and chance.random() < 0.9 else ""
    match type_.partition("(")[0].upper():
        case "INT" | "INTEGER" | "BIGINT" | "UINT32" | "UINT64" | "INT32" | "INT64":
            near = chance.choice((0, 0, 0, 0, 1, -1))  # `x > 50` wants more than 50
            return int(float(chosen)) + near if _is_number(chosen) else chance.randrange(1, 7)
        case "DOUBLE" | "FLOAT" | "DECIMAL" | "NUMERIC":
            near = chance.choice((0, 0, 1, -1))
            return float(chosen) + near if _is_number(chosen) else float(chance.randrange(1, 400)) / 4
        case "DATE":
            days = [datetime.date.fromisoformat(text) for text in constants if _is_date(text)] or [_FIRST_DAY]
            return (chance.choice(days) + datetime.timedelta(chance.randrange(40))).isoformat()
        case "BOOLEAN" | "BOOL":
            return chance.random() < 0.5
        case _:
            return chosen.replace("%", "x") if chosen else chance.choice("abcdefg")


def _changed(value: Any, type_: str, attempt: int, chance: random.Random) -> Any:
    if attempt == 0 or value is None:
        return value
    if attempt == 2:
        return None if chance.random() < 0.3 else value
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value, _value(type_[:-2], [], chance)]
    if isinstance(value, int | float):
        return value + 3
    if type_.upper() == "DATE":
        return (datetime.date.fromisoformat(value) + datetime.timedelta(40)).isoformat()
    return value + "z"


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit() and len(text) < 9


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False
