"""What was fitted on which rows, and measured on which: the evidence for leakage.

A *row set* is known by the place that makes it: a dataset, the part of a split, a filter, a resample. `parents` are
the sets its rows were taken from, so that

    train, test = train_test_split(df)      # parts of one split of the rows of `df`: they have no row in common
    scaler.fit(df)                          # a fit on all of them

tells that the scaler has seen every row of `test`. All is by data flow; no name of a variable says anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mllint.lineage.expressions import Apply, Constant, Expression
from mllint.lineage.opaque import AGGREGATES
from mllint.source import Span

WHOLE_FRAMES = "an operation on whole frames"  # why an expression is not known: `(df - df.min()) / df.max()`
WINDOW = "window"  # the `part` of a slice that goes over the rows one by one
MOST_STEPS = 200  # ancestors of one set that are looked at


class RowSet(msgspec.Struct, frozen=True):
    """`how`: `source`, `drawn` (made of nothing by a call), `part` (of the split `split`), `some` (a filter or slice:
    nothing is known of its siblings), `repeated` (its rows occur again, as they are or nearly: oversampling,
    augmentation, explode), `stored` (a dataset that was written here). `order` of a split: `random`, `ordered`,
    `grouped`, or empty if that is not known."""

    id: str
    how: str
    parents: tuple[str, ...] = ()
    span: Span | None = None
    split: str = ""
    part: str = ""  # train, test; `window` of slices that hold each other's rows
    order: str = ""
    learned: tuple[str, ...] = ()  # of a stored set: the fits that its values went through
    windows: tuple[Input, ...] = ()  # of a split: the columns of its rows that are computed from other rows' times


class Input(msgspec.Struct, frozen=True):
    """A column that a fit was given: how it is computed, and from which columns of datasets."""

    name: str
    expression: Expression
    span: Span | None = None
    origins: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()


class Fitting(msgspec.Struct, frozen=True):
    """A fit. `learns`: `model`; of transformers `data` (means, components, words, ...), `label`, `codes` (a number for
    each category), `nothing`; `statistic` of a hand-written one. `learned` are the fits that its rows went through."""

    id: str
    order: int
    span: Span
    job: str
    model: str
    what: str  # the class, or the statistic
    learns: str
    rows: tuple[str, ...]
    learned: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    label: Input | None = None
    supervised: bool = False
    sure: bool = True  # whether there is one value only that the rows can be
    predicted: tuple[tuple[str, Span], ...] = ()  # models whose predictions its data hold, and where they were made
    known: bool = True  # whether what is fitted is of a class that some library model tells to be an estimator
    is_named: bool = False  # a statistic that the statement only gives a name, to be put to use later
    goes_on: bool = False  # from what was learned before: `partial_fit`
    step_of: str = ""  # of a step of a Pipeline or ColumnTransformer: the fit of the whole
    labelled: tuple[str, ...] = ()  # the rows of its labels, which may be sliced for themselves


class Measuring(msgspec.Struct, frozen=True):
    """A score of a model on rows. `kind`: `metric`, `folds` (cross-validation), `watch` (validation data of a fit),
    `search` (what a search, or a model that tunes itself, has held out meanwhile)."""

    id: str
    order: int
    span: Span
    job: str
    kind: str
    fits: tuple[str, ...]
    rows: tuple[str, ...]
    learned: tuple[str, ...] = ()
    predicted: Span | None = None
    sure: bool = True
    in_loop: bool = False
    after: tuple[str, ...] = ()  # ids of the measurings that what is scored depends on: `chances > best_threshold`
    against: tuple[str, ...] = ()  # the rows of all that went into it: of the predictions, and of the truth


class Selection(msgspec.Struct, frozen=True):
    """A place where scores on `rows` decide what is kept: an epoch, a model, a threshold, columns."""

    order: int
    span: Span
    job: str
    what: str
    rows: tuple[str, ...]
    scores: tuple[str, ...] = ()  # ids of the measurings that decided


class Trials(msgspec.Struct):
    row_sets: dict[str, RowSet] = {}
    fittings: dict[str, Fitting] = {}
    measurings: dict[str, Measuring] = {}
    selections: list[Selection] = []
    scores_of: dict[str, list[str]] = {}  # of each fit, the ids of the measurings

    # ------------------------------------------------------------------------------------------ row sets

    def ancestors(self, id: str) -> list[RowSet]:
        """The set itself, then those that its rows were taken from, nearest first."""
        found: dict[str, RowSet] = {}
        todo = [id]
        while todo and len(found) < MOST_STEPS:
            next_id = todo.pop(0)
            if next_id not in found:
                found[next_id] = self.row_sets.get(next_id) or RowSet(next_id, "source")
                todo += found[next_id].parents
        return list(found.values())

    def copied(self, source: str, target: str, span: Span | None) -> None:
        """A copy of a dataset holds the rows of the original."""
        id = f"@rows:{target}"
        known = self.row_sets.get(id) or RowSet(id, "stored", (), span)
        self.row_sets[id] = msgspec.structs.replace(known, parents=tuple(sorted({*known.parents, f"@rows:{source}"})))

    def is_within(self, inner: Iterable[str], outer: Iterable[str]) -> bool:
        """Whether all of these rows are certainly rows of those."""
        wanted = set(outer)
        parts = list(inner)
        return bool(parts) and bool(wanted) and all(any(a.id in wanted for a in self.ancestors(i)) for i in parts)

    def includes(self, outer: Iterable[str], inner: Iterable[str]) -> bool:
        """Whether those rows certainly include some set of these."""
        wanted = set(outer)
        return bool(wanted) and any(any(a.id in wanted for a in self.ancestors(i)) for i in inner)

    def split_between(self, left: Iterable[str], right: Iterable[str]) -> tuple[RowSet, RowSet] | None:
        """The parts of one split in which the two lie on different sides: they have no row in common."""
        others = {a.split: a for i in right for a in self.ancestors(i) if a.how == "part"}
        for i in left:
            for a in self.ancestors(i):
                if a.how == "part" and a.split in others and others[a.split].part != a.part:
                    return a, others[a.split]
        return None

    def are_apart(self, left: Iterable[str], right: Iterable[str]) -> bool:
        """Whether two sets are meant to have no row in common: different parts, or different pieces of one set."""
        left, right = set(left), set(right)
        if not left or not right or left & right:
            return False
        if self.split_between(left, right) is not None:
            return True
        return not self.includes(left, right) and not self.includes(right, left)

    def holds_out(self, fitting: Fitting, measuring: Measuring) -> bool:
        """Whether the truth in a score is of other rows of the same data than those that were fitted: what was
        predicted is of other rows too then, even where the trail of it was lost (`predict(horizon=7)`)."""
        own = {*fitting.rows, *fitting.labelled}
        whole = {ancestor.id for id in own for ancestor in self.ancestors(id)}
        return any(
            not self.is_within([id], own) and id not in whole and any(a.id in whole for a in self.ancestors(id))
            for id in measuring.against
        )

    def learned_by(self, ids: Iterable[str], rows: Iterable[str] = ()) -> list[Fitting]:
        """The fits that values went through, also before they were stored, and those that these went through."""
        found: dict[str, Fitting] = {}
        todo = list(ids) + [fit for i in rows for a in self.ancestors(i) for fit in a.learned]
        while todo and len(found) < MOST_STEPS:
            fitting = self.fittings.get(todo.pop(0))
            if fitting is not None and fitting.id not in found:
                found[fitting.id] = fitting
                todo += fitting.learned
        return list(found.values())

    # ------------------------------------------------------------------------------------------- pairs

    def pairs(self) -> Iterator[tuple[Fitting, Measuring]]:
        """Each score with the fit of the model that was scored, as far as there is one that it can be."""
        for measuring in self.measurings.values():
            fits = [self.fittings[id] for id in measuring.fits if id in self.fittings]
            if len(fits) == 1 and fits[0].learns == "model":
                yield fits[0], measuring

    def measured(self, fitting: Fitting) -> list[Measuring]:
        """All scores of what a fit made."""
        return [self.measurings[id] for id in self.scores_of.get(fitting.id, ())]

    def slid(self, split: RowSet) -> RowSet | None:
        """The windows of which a split takes some to one side, and their neighbours to the other."""
        before = (ancestor for id in split.parents for ancestor in self.ancestors(id))
        return next((each for each in before if each.part == WINDOW), None)

    def scored_parts(self) -> set[tuple[str, str]]:
        """The splits and parts whose rows, or some of them, a metric has been worked out on."""
        scored = {id for measuring in self.measurings.values() if measuring.kind == "metric" for id in measuring.rows}
        return {(a.split, a.part) for id in scored for a in self.ancestors(id) if a.how == "part"}

    def held_out(self, fitting: Fitting) -> list[Measuring]:
        """The scores of what a fit made on rows that it was not fitted on, those of folds within these included."""
        inner = ("search", "watch", "folds")
        return [
            m
            for m in self.measured(fitting)
            if self.are_apart(fitting.rows, m.rows) or (m.kind in inner and set(m.rows) != set(fitting.rows))
        ]


def is_window(expression: Expression) -> bool:
    """Whether a value is computed from other times' rows: a lag, a difference, a rolling window. Of aggregates, each
    row stands for many, and their times are over."""
    if not isinstance(expression, Apply) or expression.operator in AGGREGATES:
        return False
    if expression.operator == "LAG" or expression.operator.startswith("ROLLING"):
        return True
    first = expression.arguments[0] if expression.arguments else None
    if expression.operator == "CALL" and isinstance(first, Constant) and first.value in _WINDOWS:
        return True
    return any(is_window(argument) for argument in expression.arguments)


_WINDOWS = {
    "shift per group", "diff per group", "rolling per group", "expanding per group", "ewm per group",
    "pct_change per group", "ewm", "expanding", ".ewm", ".expanding", ".rolling", ".shift",
}  # fmt: skip
