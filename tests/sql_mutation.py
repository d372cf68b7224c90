"""A second opinion on column lineage from a database: change one source column and see which outputs change.

What changes although our lineage says nothing of it is an edge that we miss. A column that chooses rows may change
everything; any other column only the outputs that are computed from it. Outputs are compared as bags of values, since
rows have no name. Tables are filled at random, with the constants that a query compares their columns with; a key
(`keys`) is different in each row, so that joins do not multiply. A column that chooses rows explains all it changes:
it is only asked where the edges that are seen count.
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
from sqlglot.optimizer.simplify import simplify

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema

Types = dict[str, dict[str, str]]  # table -> column -> type
_ROWS = 50
_FIRST_DAY = datetime.date(2000, 1, 1)


class Result(msgspec.Struct):
    """`missed`: changes that our lineage does not explain. `asked`: columns that were changed. `seen` of `claimed`
    direct edges changed their output."""

    rows: int = 0
    missed: list[str] = []
    asked: int = 0
    claimed: int = 0
    seen: int = 0


def mutate(
    sql: str, types: Types, seed: int = 0, keys: frozenset[str] = frozenset(), only_misses: bool = False
) -> Result:
    statement = analyse(sql, "duckdb", Schema({table: list(columns) for table, columns in types.items()}))[-1]
    assert not statement.problem, statement.problem
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET scalar_subquery_error_on_multiple_rows = false")
    chance = random.Random(seed)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    used = sorted({read.name for read in statement.reads} & types.keys())
    tables = _filled(tree, {table: types[table] for table in used}, chance, keys)
    for table in used:
        _store(connection, table, types[table], tables[table])
    before = _outputs(connection, sql)
    # a star that stayed open stands for all columns behind it
    listed = [*statement.columns, *statement.columns[-1:] * (len(before) - len(statement.columns))]
    direct = {(source, i) for i, column in enumerate(listed) for source in column.sources}
    result = Result(rows=sum(before[0].values()) if before else 0)
    if only_misses and not result.rows:
        return result
    changed: set[tuple[tuple[str, str], int]] = set()
    indirect = set(statement.indirect)
    named = {part.name.lower() for part in tree.find_all(exp.Identifier)}
    is_open = _is_open(tree)
    for table in used:
        for column, type_ in types[table].items():
            if column not in named and not is_open:
                continue  # what a query does not name cannot change it
            source = (table, column)
            if only_misses and source in indirect:
                continue
            result.asked += 1
            for attempt in range(3):
                rows = [dict(row) for row in tables[table]]
                for row, other in zip(rows, chance.sample(tables[table], len(rows)), strict=True):
                    row[column] = _changed(other[column], type_, attempt, chance)
                _store(connection, table, types[table], rows)
                after = _outputs(connection, sql)
                changed.update((source, i) for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b)
            _store(connection, table, types[table], tables[table])
    names = [column.name for column in listed]
    unexplained = sorted(pair for pair in changed - direct if pair[0] not in indirect)
    result.missed = [f"{'.'.join(source)} -> {names[i]}" for source, i in unexplained]
    claimed = {pair for pair in direct if pair[0][1] != "*" and not (only_misses and pair[0] in indirect)}
    result.claimed, result.seen = len(claimed), len(claimed & changed)
    return result


def _asks_for_null(tree: exp.Expr) -> set[str]:
    return {node.this.name.lower() for node in tree.find_all(exp.Is) if isinstance(node.expression, exp.Null)}


def _is_open(tree: exp.Expr) -> bool:
    """Whether a query may read columns of a table that it does not name."""
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        listed = [part.this for part in [select.args.get("from_"), *joins] if part is not None]
        is_table = any(isinstance(each, exp.Table) and each.name not in common for each in listed)
        has_star = any(e.is_star or e.find(exp.Columns) for e in select.expressions) and not isinstance(
            select.parent, exp.Exists
        )
        is_natural = any(join.method.upper() == "NATURAL" for join in joins)
        if (is_table and has_star) or is_natural:
            return True
    return False


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
    return text.removeprefix("-").replace(".", "", 1).isdigit() and len(text) < 9


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False
