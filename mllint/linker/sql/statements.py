"""What SQL statements say: the records, and `analyse`, which makes them from a text."""

from __future__ import annotations

import msgspec

from mllint.lineage.expressions import Expression
from mllint.linker.jinja.values import TO_BRACES

Source = tuple[str, str]  # table name, column name; the column `*` stands for columns that are not known by name


class TableRead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dataset that a statement reads: a table's name, or `file:PATH` or a URL where SQL reads files, or
    `model:NAME` where it predicts.
    `line` and `column` count from 1 within the analysed text."""

    name: str
    line: int
    column: int


class OutputColumn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A column that a statement yields. `sources` are columns of the datasets that it is computed from; the name
    `*` stands for the columns of a star that could not be expanded. `line` and `column` as in `TableRead`, 0 where its
    name stands nowhere."""

    name: str
    sources: tuple[Source, ...]
    expression: Expression
    line: int = 0
    column: int = 0


class Training(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a statement trains its target: what kind of model, as the product calls it, on which label; `left` are
    columns that are neither label nor features."""

    what: str
    label: str = ""
    left: tuple[str, ...] = ()


class Scored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A model is asked: `predict`, `measure` (a metric on rows), `look` (at its weights ...). `columns` are those it is
    given, `open` if more of them are not known. `line`, `column` as in `TableRead`."""

    model: str
    how: str
    columns: tuple[OutputColumn, ...]
    open: bool
    line: int
    column: int


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement. Names are in lower case without quotes; an unknown part is written `{name}`.

    `kind`: select, insert, create, view, merge, update, delete, copy, rename, swap, model, export (of a
    model), drop, ddl, other.
    `target`: what it writes, a table's name, or `file:PATH` or a URL (see `dataset_id`), or `model:NAME` of a model
    that SQL trains; empty for a plain SELECT.
    `indirect`: columns that choose rows (filters, join and group keys, ordering) rather than make values.
    `open`: a star, or an unknown piece of text in the select list, could not be expanded.
    `ambiguous`: unqualified columns, with their line and column, that could be of several tables and so are of none.
    `rejoins`: a table is joined with itself, so that two columns of it may be of different rows.
    `problem`: why there is no more than table-level lineage, else empty. `line`, `column` as in `TableRead`.
    """

    kind: str
    target: str = ""
    reads: tuple[TableRead, ...] = ()
    columns: tuple[OutputColumn, ...] = ()
    indirect: tuple[Source, ...] = ()
    open: bool = False
    line: int = 1
    column: int = 1
    problem: str = ""
    temporary: bool = False
    limits: tuple[tuple[str, str, str, str], ...] = ()  # see limits.py
    ambiguous: tuple[tuple[str, int, int], ...] = ()
    rejoins: bool = False
    training: Training | None = None
    scored: tuple[Scored, ...] = ()


def dataset_id(name: str) -> str:
    """The node id of a name in `Statement.target` or `TableRead.name`."""
    from mllint.lineage.ids import file_id, table_id

    if "://" in name:
        return file_id(name.translate(TO_BRACES))
    if name.startswith("file:"):
        return name.translate(TO_BRACES)  # an unknown part of a path is no part of its name
    return name if name.startswith(("file:", "model:")) else table_id(name)
