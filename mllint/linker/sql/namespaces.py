"""The schema that the bare name of a table means, as `USE`, `SET search_path` or a connection say.

A name whose schema is known only so is written `analytics::orders`: the repository may call the table `orders`
everywhere, and then this is its name. Once all files are read, `same_tables` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from mllint.lineage.expressions import Apply, Column, Expression, apply
from mllint.linker.sql.statements import OutputColumn, Statement

MARK = "::"


class Namespace(msgspec.Struct, frozen=True):
    """The current schema, and the catalog it lies in (Snowflake: database, BigQuery: project); empty if not known."""

    catalog: str = ""
    schema: str = ""


NOWHERE = Namespace()

_WORD = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w$-]+)"
_DOTTED = rf"{_WORD}(?:\s*\.\s*{_WORD})?"
_USE = re.compile(
    rf"\s*use\s+(?:(role|secondary\s+roles|warehouse|catalog|database|schema|namespace)\s+)?({_DOTTED})\s*;?\s*$",
    re.I,
)
_PATH = re.compile(r"\s*set\s+(?:session\s+|local\s+)?search_path\s*(?:=|to\b)\s*([^;]*)", re.I)
_CURRENT = re.compile(
    rf"\s*(?:alter\s+session\s+set\s+current_schema|set\s+(?:current\s+)?schema)\s*=?\s*'?({_DOTTED})'?\s*;?\s*$", re.I
)
_QUOTES = re.compile(r"[\"`\[\]'\s]")
_SYSTEM = ("public", "pg_catalog", "$user", "extensions", "information_schema")
# where DATABASE is what others call a catalog; in all others (MySQL, Hive, Spark, ClickHouse) it is the schema
_CATALOGS = {"snowflake": "", "tsql": "dbo", "fabric": "dbo", "redshift": "public"}


def after(text: str, dialect: str, now: Namespace) -> Namespace:
    """The namespace that holds after a statement has run."""
    if (path := _PATH.match(text)) is not None:
        return searched(path[1])
    if (current := _CURRENT.match(text)) is not None:
        return _of(current[1], now)
    use = _USE.match(text)
    if use is None:
        return now
    kind, parts = (use[1] or "").lower(), _parts(use[2])
    if kind.startswith(("role", "secondary", "warehouse")):
        return now
    if dialect == "duckdb" and not kind and len(parts) == 1:
        return NOWHERE  # a database or a schema
    is_catalog = kind == "catalog" or (dialect in _CATALOGS and kind in ("", "database") and len(parts) == 1)
    return Namespace(parts[0], _CATALOGS.get(dialect, "")) if is_catalog else _of(use[2], now)


def searched(path: str) -> Namespace:
    """`analytics, public`: the schema in which tables are made, and found first; unknown where there are several."""
    schemas = [name for name in map(_clean, path.split(",")) if name and name not in _SYSTEM]
    return Namespace("", schemas[0]) if len(schemas) == 1 and re.fullmatch(r"[\w-]+", schemas[0]) else NOWHERE


def _of(dotted: str, now: Namespace) -> Namespace:
    parts = _parts(dotted)
    return Namespace(parts[0], parts[1]) if len(parts) == 2 else Namespace(now.catalog, parts[0])


def _parts(dotted: str) -> list[str]:
    return [_clean(part) for part in dotted.split(".")]


def _clean(word: str) -> str:
    return _QUOTES.sub("", word).lower()


def within(name: str, namespace: Namespace) -> str:
    """The name of a table with what the namespace adds to it.

    >>> within("orders", Namespace("shop", "raw")), within("mart.orders", Namespace("shop", "raw"))
    ('shop.raw::orders', 'shop::mart.orders')
    >>> within("orders", Namespace("shop")), within("file:orders.csv", Namespace("shop", "raw"))
    ('orders', 'file:orders.csv')
    """
    if not re.fullmatch(r"[\w$-]+(?:\.[\w$-]+)?", name):
        return name  # a file, a model, a whole name, one with unknown parts, a table variable
    if "." in name:
        return f"{namespace.catalog}{MARK}{name}" if namespace.catalog else name
    home = home_of(namespace)
    return f"{home}{MARK}{name}" if home else name


def home_of(namespace: Namespace) -> str:
    """Where bare names lie; empty if that is not known."""
    return f"{namespace.catalog}.{namespace.schema}".lstrip(".") if namespace.schema else ""


def settled(statement: Statement, namespace: Namespace, local: frozenset[str]) -> Statement:
    """The statement with its tables in their schema; `local` are temporary tables, which lie in none."""

    def named(name: str) -> str:
        return name if name in local else within(name, namespace)

    if namespace == NOWHERE:
        return statement
    return msgspec.structs.replace(
        statement,
        target=statement.target if statement.temporary else named(statement.target),
        reads=tuple(msgspec.structs.replace(read, name=named(read.name)) for read in statement.reads),
        columns=tuple(_column(column, named) for column in statement.columns),
        indirect=tuple((named(table), name) for table, name in statement.indirect),
        limits=tuple((named(table), name, operator, value) for table, name, operator, value in statement.limits),
        scored=tuple(
            msgspec.structs.replace(each, columns=tuple(_column(column, named) for column in each.columns))
            for each in statement.scored
        ),
    )


def _column(column: OutputColumn, named: Callable[[str], str]) -> OutputColumn:
    sources = tuple((named(table), name) for table, name in column.sources)
    return msgspec.structs.replace(column, sources=sources, expression=_expression(column.expression, named))


def _expression(expression: Expression, named: Callable[[str], str]) -> Expression:
    match expression:
        case Column(dataset=dataset, name=name) if dataset.startswith("table:"):
            return Column("table:" + named(dataset.removeprefix("table:")), name)
        case Apply(operator=operator, arguments=arguments):
            return apply(operator, *(_expression(argument, named) for argument in arguments))
    return expression
