"""A second opinion on column lineage from a database: change one source column and see which outputs change.

What changes although our lineage says nothing of it is an edge that we miss. A column that chooses rows may change
everything; any other column only the outputs that are computed from it. Outputs are compared as bags of values, since
rows have no name. Tables are filled at random, with the constants that a query compares their columns with.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from typing import Any

import duckdb
import msgspec
import sqlglot
from sqlglot import exp

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

Types = dict[str, dict[str, str]]  # table -> column -> type
_ROWS = 40
_FIRST_DAY = datetime.date(2000, 1, 1)


class Result(msgspec.Struct):
    """`missed`: changes that our lineage does not explain. `seen` of `claimed` direct edges changed their output."""

    rows: int = 0
    missed: list[str] = []
    claimed: int = 0
    seen: int = 0


def mutate(sql: str, types: Types, seed: int = 0) -> Result:
    statement = analyse(sql, "duckdb", Schema({table: list(columns) for table, columns in types.items()}))[-1]
    assert not statement.problem, statement.problem
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    chance = random.Random(seed)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    used = sorted({read.name for read in statement.reads} & types.keys())
    tables = _filled(tree, {table: types[table] for table in used}, chance)
    for table in used:
        _store(connection, table, types[table], tables[table])
    before = _outputs(connection, sql)
    # a star that stayed open stands for all columns behind it
    listed = [*statement.columns, *statement.columns[-1:] * (len(before) - len(statement.columns))]
    direct = {(source, i) for i, column in enumerate(listed) for source in column.sources}
    result = Result(rows=sum(before[0].values()) if before else 0)
    changed: set[tuple[tuple[str, str], int]] = set()
    named = {part.name.lower() for part in tree.find_all(exp.Identifier)}
    is_open = any(True for _ in tree.find_all(exp.Star, exp.Columns))
    for table in used:
        for column, type_ in types[table].items():
            if column not in named and not is_open:
                continue  # what a query does not name cannot change it
            source = (table, column)
            for attempt in range(3):
                rows = [dict(row) for row in tables[table]]
                for row, other in zip(rows, chance.sample(tables[table], len(rows)), strict=True):
                    row[column] = _changed(other[column], type_, attempt, chance)
                _store(connection, table, types[table], rows)
                after = _outputs(connection, sql)
                changed.update((source, i) for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b)
            _store(connection, table, types[table], tables[table])
    indirect = set(statement.indirect)
    names = [column.name for column in listed]
    unexplained = sorted(pair for pair in changed - direct if pair[0] not in indirect)
    result.missed = [f"{'.'.join(source)} -> {names[i]}" for source, i in unexplained]
    claimed = {pair for pair in direct if pair[0][1] != "*"}
    result.claimed, result.seen = len(claimed), len(claimed & changed)
    return result


def _outputs(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Counter[Any]]:
    """The values of each output column, each with how often it occurs."""
    cursor = connection.execute(sql)
    width = len(cursor.description or ())
    rows = cursor.fetchall()
    return [Counter(repr(_rounded(row[i])) for row in rows) for i in range(width)]


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value  # sums of floats depend on the order


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


def _filled(tree: exp.Expr, types: Types, chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    constants = _constants(tree)
    return {
        table: [
            {column: _value(type_, constants.get(column, []), chance) for column, type_ in columns.items()}
            for _ in range(_ROWS)
        ]
        for table, columns in types.items()
    }


def _constants(tree: exp.Expr) -> dict[str, list[str]]:
    """What a query compares each column with: `d_year = 2001`, `s_state IN ('TN', 'SD')`, `x BETWEEN 1 AND 5`."""
    found: dict[str, list[str]] = {}
    for node in tree.find_all(exp.Binary, exp.In, exp.Between, exp.Like):
        literals = [part.name for part in node.find_all(exp.Literal)]
        for column in node.find_all(exp.Column):
            found.setdefault(column.name.lower(), []).extend(literals)
    return found


def _value(type_: str, constants: list[str], chance: random.Random) -> Any:
    if type_.endswith("[]"):
        return [_value(type_[:-2], [], chance) for _ in range(chance.randrange(4))]
    chosen = chance.choice(constants) if constants and chance.random() < 0.8 else ""
    match type_.partition("(")[0].upper():
        case "INT" | "INTEGER" | "BIGINT" | "UINT32" | "UINT64" | "INT32" | "INT64":
            return int(float(chosen)) if _is_number(chosen) else chance.randrange(1, 8)
        case "DOUBLE" | "FLOAT" | "DECIMAL" | "NUMERIC":
            return float(chosen) if _is_number(chosen) else float(chance.randrange(1, 400)) / 4
        case "DATE":
            days = [datetime.date.fromisoformat(text) for text in constants if _is_date(text)] or [_FIRST_DAY]
            return (chance.choice(days) + datetime.timedelta(chance.randrange(90))).isoformat()
        case "BOOLEAN" | "BOOL":
            return chance.random() < 0.5
        case _:
            return chosen.replace("%", "x") if chosen else chance.choice("abcdefg")


def _changed(value: Any, type_: str, attempt: int, chance: random.Random) -> Any:
    """Three ways to change a column: mix its values, move them, take some away."""
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
    return text.replace(".", "", 1).isdigit() and len(text) < 9


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False
