"""What is known of a frame: its columns, where its rows come from, and which columns it may have besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.linker.python.abstract.values import NOTHING, Column, as_measures, counted


class Pending:
    """A computation on every column of a frame of which not all columns are known: done to each when it is asked for.
    Two are the same if they are made at the same place by the same call."""

    __slots__ = ("compute", "key")

    def __init__(self, key: tuple[object, ...], compute: Callable[[Column], Column]) -> None:
        self.key = key
        self.compute = compute

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pending) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class Table(msgspec.Struct, frozen=True):
    """The state of a frame.

    `columns` are the known ones, in order. `open`: there may be others, passed on from the datasets in `base`, but
    none of `dropped`. `origins` are the nodes its rows come from, `indirect` those that decided which rows (filters,
    join keys). `rows` names the row set: what a split has made of which rows. `keys` are the pending group keys.
    `unlisted` names the columns of `base` under their new names, where an open frame was renamed."""

    columns: Mapping[str, Column] = {}
    open: bool = True
    base: frozenset[str] = NOTHING
    dropped: frozenset[str] = NOTHING
    origins: frozenset[str] = NOTHING
    indirect: frozenset[str] = NOTHING
    rows: str = ""
    keys: tuple[str, ...] = ()
    mixed: bool = False  # an unlisted column is in one dataset of `base` (a join), not in each (rows of several)
    pending: tuple[Pending, ...] = ()  # what was computed on the columns that are not listed: `df.fillna(0)`
    folds: bool = False  # the columns of `base` have lower-case names there, whatever case they are asked for in
    partial: bool = False  # its columns, the known ones too, are some of these: which, is not known
    tail: int = 0  # of an open frame: how many of the known columns come after all unknown ones
    keys_are_index: bool = False  # of a grouped frame: the keys of an aggregate are its index
    index: Mapping[str, Column] = {}  # what stands beside the columns, as far as it has names
    unsure: frozenset[str] = NOTHING  # known columns that may have been left out: `df[names_from_a_file]`
    some: bool = False  # so may be those of `base` that are not listed

    @property
    def listed(self) -> Mapping[str, Column]:
        """The known columns that it has for certain."""
        return {n: c for n, c in self.columns.items() if n not in self.unsure} if self.unsure else self.columns

    def column(self, name: str) -> Column | None:
        """The column of that name; `None` if there cannot be one."""
        known = self.columns.get(name)
        if known is not None:
            return known
        twin = self.in_any_case(name)
        if twin is not None:
            return msgspec.structs.replace(self.columns[twin], name=name)
        if name in self.index:  # where columns are named, index levels may be named too
            return self.index[name]
        if not self.open or name in self.dropped:
            return None
        if self.base and (len(self.base) == 1 or not self.mixed):
            theirs = name.lower() if self.folds else name
            origins = frozenset(column_id(dataset, theirs) for dataset in self.base)
            origins |= frozenset(origin for origin in self.origins if origin.startswith("@"))  # see traces.py
            column = Column(ex.Column(min(self.base), theirs), origins, name, rows=self.rows)
            for step in self.pending:
                column = step.compute(column)
            return column
        return Column(ex.Unresolved("the column may come from several datasets"), self.origins, name, rows=self.rows)

    def in_any_case(self, name: str) -> str | None:
        """The name under which a column that SQL has named is known: `df["KM"]` of `select km from rides`."""
        own = self.columns.get(name.lower())
        return name.lower() if own is not None and own.any_case and name not in self.columns else None

    def without_index(self, names: Iterable[str] | None = None) -> Table:
        """The frame with its index, or these levels of it, as its first columns."""
        back = {name: column for name, column in self.index.items() if names is None or name in names}
        rest = {name: column for name, column in self.index.items() if name not in back}
        if not back:
            return self
        columns = {**back, **self.columns}
        return msgspec.structs.replace(self, columns=columns, index=rest, dropped=self.dropped - set(back))

    @property
    def whole(self) -> frozenset[str]:
        """Its origins, and the fits that any of its columns went through: for what mixes the columns."""
        return self.origins.union(*(_fits(column.origins) for column in self.columns.values()))

    def with_columns(self, new: Mapping[str, Column]) -> Table:
        twins = {twin for name in new if (twin := self.in_any_case(name)) is not None}
        columns = {**{name: column for name, column in self.columns.items() if name not in twins}, **new}
        origins = self.origins.union(*(dataset_origins(c.origins) for c in new.values()))
        if self.columns or self.base or self.origins:  # a new column adds no rows, and tells its fits itself
            origins = frozenset(o for o in origins if not o.startswith("@") or o in self.origins)
        gone, unsure = self.dropped - set(new), self.unsure - set(new)
        return msgspec.structs.replace(self, columns=columns, origins=origins, dropped=gone, unsure=unsure)

    def expecting(self, names: Iterable[str]) -> Table:
        """The same frame, where code asks for these columns of it: if nobody lists its columns, they are among the
        first, for where they stand is not known."""
        if not self.open or self.mixed or self.some or not self.origins:
            return self
        own = {name: column for name in names if name not in self.columns and (column := self.column(name)) is not None}
        new = {name: column for name, column in own.items() if name not in self.index}
        return msgspec.structs.replace(self, columns={**new, **self.columns}) if new else self

    def select(self, names: Iterable[str]) -> Table:
        found = {name: column for name in names if (column := self.column(name)) is not None}
        return msgspec.structs.replace(
            self, columns=found, open=False, base=NOTHING, dropped=NOTHING, partial=False, unsure=NOTHING, some=False
        )

    def some_of(self, names: Iterable[str] = ()) -> Table:
        """Some of its columns: these, and others of which it is not known which."""
        chosen = {name: column for name in names if (column := self.column(name)) is not None}
        columns = {**chosen, **{name: column for name, column in self.columns.items() if name not in chosen}}
        unsure = frozenset(columns) - set(chosen)
        return msgspec.structs.replace(self, columns=columns, open=True, partial=True, unsure=unsure, some=True, tail=0)

    def all_but(self, names: Iterable[str], held: Iterable[str]) -> Table:
        """All columns that it had when a list of its names was made, which held `held`, but those of `names`. What it
        has got since is not among them, except where an older column was put right."""
        gone = frozenset(names)
        chosen = {name: column for name in held if (column := self.column(name)) is not None}
        for name, column in self.columns.items():
            if name not in chosen and name not in gone and any(column_id(b, name) in column.origins for b in self.base):
                chosen[name] = column
        gone = (gone | set(self.columns)) - set(chosen)
        unsure = self.unsure & set(chosen) - set(held)
        return msgspec.structs.replace(self, columns=chosen, dropped=self.dropped | gone, unsure=unsure, tail=0)

    def drop(self, names: Iterable[str]) -> Table:
        gone = frozenset(names)
        gone |= {twin for name in gone if (twin := self.in_any_case(name)) is not None}
        columns = {name: column for name, column in self.columns.items() if name not in gone}
        return msgspec.structs.replace(self, columns=columns, dropped=self.dropped | gone)

    def rename(self, names: Mapping[str, str]) -> Table:
        names = {self.in_any_case(old) or old: new for old, new in names.items()}
        columns: dict[str, Column] = {}
        for old in (*self.columns, *(n for n in names if n not in self.columns)):
            column = self.column(old)
            if column is not None:
                columns[names.get(old, old)] = column
        gone = frozenset(n for n in names if names[n] != n)
        unsure = frozenset(names.get(name, name) for name in self.unsure)
        return msgspec.structs.replace(self, columns=columns, dropped=self.dropped | gone - set(columns), unsure=unsure)

    def join(self, other: Table) -> Table:
        """Either of two states (after a branch): columns known on both sides stay, joined."""
        if self == other:
            return self
        columns: dict[str, Column] = {}
        for name in (*self.columns, *(n for n in other.columns if n not in self.columns)):
            left, right = self.column(name), other.column(name)
            if left is not None and right is not None:
                columns[name] = join_columns(left, right)
            elif left is not None or right is not None:
                columns[name] = left or right  # type: ignore[assignment]
        return Table(
            columns,
            self.open or other.open,
            self.base | other.base,
            self.dropped & other.dropped,
            self.origins | other.origins,
            self.indirect | other.indirect,
            self.rows if self.rows == other.rows else "",
            self.keys,
            self.mixed or other.mixed,
            _either(self.pending, other.pending),
            self.folds or other.folds,
            self.partial or other.partial,
            index=self.index
            if self.index == other.index
            else {n: c for n, c in (*other.index.items(), *self.index.items()) if n not in columns},
            unsure=_unsure(self, other),
            some=self.some or other.some,
        )

    def beside(self, other: Table, suffixes: tuple[str, str] = ("_x", "_y"), on: frozenset[str] = NOTHING) -> Table:
        """Columns of both, as a join makes them; clashing names take suffixes."""
        columns: dict[str, Column] = {}
        tail = len(other.columns) if not other.open else other.tail
        for name, column in self.columns.items():
            clash = name in other.columns and name not in on
            columns[name + suffixes[0] if clash else name] = column
        for name, column in other.columns.items():
            if name in on and name in self.columns:
                columns[name] = join_columns(self.columns[name], column)
            else:
                columns[name + suffixes[1] if name in self.columns else name] = column
        index = {**{n: c for n, c in other.index.items() if n in on}, **self.index}
        return Table(
            columns,
            self.open or other.open,
            (self.base if self.open else NOTHING) | (other.base if other.open else NOTHING),
            self.dropped & other.dropped if self.open and other.open else self.dropped | other.dropped,
            self.origins | other.origins,
            self.indirect | other.indirect,
            self.rows,
            mixed=self.mixed or other.mixed or (self.open and other.open and self.base != other.base),
            pending=_either(self.pending, other.pending)
            if self.open and other.open
            else self.pending
            if self.open
            else other.pending,
            folds=self.folds or other.folds,
            partial=self.partial or other.partial,
            tail=tail,
            index={name: column for name, column in index.items() if name not in columns},
            unsure=_unsure(self, other),
            some=self.some or other.some,
        )

    def at_place(self, place: int) -> Column | None:
        """The column at a position, from 0 or from the end, if the frame is known well enough to tell."""
        names = list(self.columns)
        if not self.open and -len(names) <= place < len(names):
            return self.columns[names[place]]
        if place < 0 and -place <= min(self.tail, len(names)):
            return self.columns[names[place]]
        return None

    def between(self, lower: int | None, upper: int | None) -> Table:
        """The columns of `[:, lower:upper]`, as far as it can tell which these are."""
        names = list(self.columns)
        if not self.open:
            return self.select(names[lower:upper])
        if upper is not None and -min(self.tail, len(names)) <= upper < 0 and not lower:
            return msgspec.structs.replace(self.drop(names[upper:]), tail=self.tail + upper)
        return msgspec.structs.replace(self, tail=0, partial=True)

    def below(self, other: Table) -> Table:
        """Rows of both, as a concatenation makes them."""
        return self.join(other)

    def filtered(self, by: frozenset[str], rows: str = "") -> Table:
        """The same columns, fewer rows, decided by `by`."""
        return msgspec.structs.replace(self, indirect=self.indirect | by, rows=rows or self.rows)


def _unsure(left: Table, right: Table) -> frozenset[str]:
    return (left.unsure - set(right.listed)) | (right.unsure - set(left.listed))


def _fits(origins: frozenset[str]) -> frozenset[str]:
    return frozenset(origin for origin in origins if origin.startswith("@fit:"))


def _either(left: tuple[Pending, ...], right: tuple[Pending, ...]) -> tuple[Pending, ...]:
    return left if left == right else (_UNKNOWN_WAY,)


_UNKNOWN_WAY = Pending(
    (), lambda column: msgspec.structs.replace(column, expression=ex.Unresolved("computed in different ways"))
)


def join_columns(left: Column, right: Column) -> Column:
    if left == right:
        return left
    same = left.expression == right.expression
    expression = left.expression if same else ex.Unresolved("computed in different ways")
    return Column(expression, left.origins | right.origins, left.name, left.span, left.function)


def dataset_origins(origins: frozenset[str]) -> frozenset[str]:
    """Origins with columns replaced by the datasets they stand in."""
    return frozenset(_dataset_origin(origin) for origin in origins)


def besides_columns(origins: frozenset[str]) -> frozenset[str]:
    """Origins that are whole datasets or models."""
    return frozenset(origin for origin in origins if not counted(origin).startswith("column:"))


def _dataset_origin(origin: str) -> str:
    real = counted(origin)
    if not real.startswith("column:"):
        return origin
    dataset = real[len("column:") : real.rindex("#")]
    return dataset if real == origin else next(iter(as_measures(frozenset({dataset}))))


def of_dataset(dataset: str, columns: Iterable[str] | None = None, rows: str = "") -> Table:
    """What reading a dataset yields: its known columns, or an open frame."""
    base = frozenset({dataset})
    if columns is None:
        return Table(base=base, origins=base, rows=rows or dataset)
    known = {n: Column(ex.Column(dataset, n), frozenset({column_id(dataset, n)}), n, rows=rows) for n in columns}
    return Table(known, False, base, NOTHING, base, rows=rows or dataset)


def stored_in(dataset: str, table: Table, rows: str = "") -> Table:
    """What reading a dataset yields that a frame was written into: of an open one, those columns that come last."""
    if not table.open:
        return of_dataset(dataset, list(table.columns), rows)
    last = of_dataset(dataset, list(table.columns)[len(table.columns) - table.tail :], rows).columns
    known = of_dataset(dataset, None, rows)
    return msgspec.structs.replace(known, columns=last, dropped=table.dropped, tail=table.tail)
