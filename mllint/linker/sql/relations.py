"""What a query yields: relations, whose columns know the columns of tables that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from sqlglot import exp

from mllint.lineage.expressions import Column, Expression, Unresolved
from mllint.lineage.ids import table_id
from mllint.linker.sql.text import named

Source = tuple[str, str]


class Output(msgspec.Struct, frozen=True, gc=False):
    name: str
    sources: tuple[Source, ...]
    expression: Expression
    fields: tuple[Output, ...] = ()  # of a record, where they are known apart
    at: int = -1  # where its name stands in the text of the statement that computes it


class Grouped(msgspec.Struct, frozen=True, gc=False):
    """A row for each group of all rows of a table: its keys, and what else it holds, by name."""

    table: str
    keys: dict[str, Expression]
    made: dict[str, Expression]


class Relation:
    """The columns that are known by name, and where further ones would come from.

    `open` lists alternatives: in `SELECT * FROM a JOIN b` a column that is not known comes from `a` or from `b`; in
    `SELECT * FROM a UNION ALL SELECT * FROM b` from both. It is empty where every column is known.
    `every` answers for any name: the columns of a table function. `fields` answers for any name that is qualified
    with this relation's: in `UNNEST(items) AS item`, `item` is a column, and `item.price` a field of it.
    `table` is the name of a table that a query reads, `nested` the fields that the schema lists with their path.
    `whole` is the table that it has a row of for each row, `grouped` tells that it has one for each group, and `beside`
    that its rows are computed of the table that they were joined with (see `joining_back`).
    """

    __slots__ = (
        "again",
        "beside",
        "columns",
        "every",
        "fields",
        "grouped",
        "names",
        "nested",
        "open",
        "table",
        "whole",
    )

    def __init__(
        self, columns: Iterable[Output] = (), open: Iterable[tuple[str, ...]] = (), every: Output | None = None
    ) -> None:
        self.columns = list(columns)
        self.open = list(dict.fromkeys(open))
        self.every = every
        self.fields: Output | None = None
        self.table = ""
        self.whole = ""
        self.grouped: Grouped | None = None
        self.beside = False
        self.again = False  # a table that stands in FROM a second time: its rows are others
        self.nested: dict[str, Output] = {}
        self.names: dict[str, Output] = {}
        for column in self.columns:
            self.names.setdefault(column.name, column)

    @property
    def closed(self) -> bool:
        """Whether all columns are known by name."""
        return not self.open and self.every is None

    def known(self, name: str) -> Output | None:
        if self.every is not None and name not in self.names:
            return msgspec.structs.replace(self.every, name=name)
        return self.names.get(name)

    def find(self, name: str) -> Output | None:
        """The column of that name, also one of an open table; `None` if there is none or it could be of several."""
        found = self.known(name)
        if found is not None and self.open and name not in self.names:  # a column of the pivoted table, or a new one
            more = tuple((table, name) for group in self.open for table in group)
            return Output(name, found.sources + more, Unresolved(f"{name} is a new column or an old one"))
        if found is None and len(self.open) == 1:
            tables = self.open[0]
            expression: Expression = (
                self._own(Column(_id(tables[0]), name))
                if len(tables) == 1
                else Unresolved(f"{name} comes from several tables")
            )
            found = Output(name, tuple((table, name) for table in tables), expression)
        if found is None and self.fields is not None:
            found = Output(name, self.fields.sources, self.fields.expression)
        return found

    def assumed(self, name: str) -> Output | None:
        """A column of a known table that the schema does not list: what a repository tells of a table is often old."""
        own = self._own(Column(_id(self.table), name))
        return Output(name, ((self.table, name),), own) if self.table else None

    def of_other_rows(self) -> Relation:
        """The same table once more: a column of it, as of the earlier ride, is not the column beside it."""
        self.again, self.whole = True, ""
        self.columns = [msgspec.structs.replace(c, expression=self._own(c.expression)) for c in self.columns]
        self.names = {column.name: column for column in reversed(self.columns)}
        return self

    def _own(self, expression: Expression) -> Expression:
        return Unresolved(f"another row of {self.table}") if self.again else expression

    def row(self, name: str) -> Output:
        """All of a row as one value."""
        known = [source for column in self.columns for source in column.sources]
        known += [(table, "*") for group in self.open for table in group]
        known += self.every.sources if self.every is not None else ()
        return Output(name, tuple(dict.fromkeys(known)), Unresolved("a whole row"), tuple(self.columns))

    def renamed(self, names: list[str]) -> Relation:
        """With other names for the first columns, by position: `AS t(a, b)`, `CREATE VIEW v (a, b)`."""
        if self.every is not None and not self.columns:
            every = self.every
            return Relation([msgspec.structs.replace(every, name=name) for name in names])
        if self.open:  # positions are not known
            return self
        kept = [msgspec.structs.replace(c, name=name) for name, c in zip(names, self.columns, strict=False)]
        return Relation(kept + self.columns[len(names) :])

    def tables(self) -> list[str]:
        """The tables behind all columns."""
        known = [table for column in self.columns for table, _ in column.sources]
        if self.every is not None:
            known += [table for table, _ in self.every.sources]
        return list(dict.fromkeys(known + [table for group in self.open for table in group]))

    def without_covered(self) -> Relation:
        """Without columns that a star of the same open table yields too: `SELECT f1, * FROM t`."""
        if not self.open or not self.columns:
            return self
        covered = {group[0] for group in self.open if len(group) == 1}
        kept = [c for c in self.columns if not (len(c.sources) == 1 and c.sources[0][0] in covered and _passes(c))]
        return self if len(kept) == len(self.columns) else Relation(kept, self.open)


def with_names(relation: Relation, node: exp.Expr) -> Relation:
    """With the names that an alias lists: `AS t(a, b)`."""
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if alias is not None else None
    return relation.renamed([named(c.name) for c in columns]) if columns else relation


def of_table(name: str, columns: tuple[str, ...] | None) -> Relation:
    """A table as the schema knows it: all its columns, or open."""
    dataset = _id(name)
    outputs = [Output(column, ((name, column),), Column(dataset, column)) for column in columns or ()]
    nested = {c.name: c for c in outputs if "." in c.name and c.name.partition(".")[0] in (columns or ())}
    relation = Relation([c for c in outputs if c.name not in nested], [(name,)] if columns is None else ())
    relation.table, relation.whole, relation.nested = name, name, nested
    return relation


def side_by_side(relations: list[Relation]) -> Relation:
    """All columns of several relations, as of the items of a select list or of the tables of FROM."""
    columns = [column for relation in relations for column in relation.columns]
    opened = [group for relation in relations for group in relation.open]
    every = [relation.every for relation in relations if relation.every is not None]
    if every and len(every) + len(opened) > 1:  # a column that is not known comes from any of them
        opened += [tuple(dict.fromkeys(table for table, _ in output.sources)) for output in every if output.sources]
        every = []
    return Relation(columns, opened, every[0] if every else None)


def union(left: Relation, right: Relation, by_name: bool = False) -> Relation:
    """Columns of a set operation take the names of the left side and come from both."""
    if left.every is not None or right.every is not None:
        every = [side.every for side in (left, right) if side.every is not None]
        both = _both(every[0], every[-1])
        return Relation(_union_by_name(left, right), left.open + right.open, both)
    if left.open or right.open:
        if len(left.open) == 1 and len(right.open) == 1 and not left.columns and not right.columns:
            return Relation(open=[tuple(dict.fromkeys(left.open[0] + right.open[0]))])
        columns = _union_by_name(left, right)
        return Relation(columns, left.open + right.open)
    if by_name:
        return Relation(_union_by_name(left, right))
    pairs = zip(left.columns, right.columns, strict=False)
    return Relation([_both(a, b) for a, b in pairs] + left.columns[len(right.columns) :])


def _union_by_name(left: Relation, right: Relation) -> Iterator[Output]:
    for column in left.columns:
        other = right.names.get(column.name)
        yield _both(column, other) if other else column
    yield from (column for column in right.columns if column.name not in left.names)


def _both(left: Output, right: Output) -> Output:
    same = left.expression == right.expression and left.sources == right.sources
    expression = left.expression if same else Unresolved("a union of different computations")
    return Output(left.name, tuple(dict.fromkeys(left.sources + right.sources)), expression)


def _passes(column: Output) -> bool:
    return isinstance(column.expression, Column) and column.expression.name == column.name


def _id(name: str) -> str:
    return name if "://" in name or name.startswith("file:") else table_id(name)
