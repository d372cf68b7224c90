"""What rules are told of the models that SQL trains and asks: features on both sides, fits, scores.

One reading for statements of SQL files and for those that Python runs: `observed` and `library/sql_models` put it where
it belongs.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mllint.lineage.expressions import Expression
from mllint.lineage.ids import column_id
from mllint.lineage.observations import Feature
from mllint.lineage.trials import Fitting, Input, Measuring, RowSet
from mllint.linker.sql.statements import OutputColumn, Scored, Statement, TableRead, dataset_id
from mllint.source import Span

Place = Callable[[int, int], Span]  # from a line and a column of the text to the file


class Told(msgspec.Struct):
    features: list[Feature] = []
    row_sets: list[RowSet] = []
    fittings: list[Fitting] = []
    measurings: list[Measuring] = []
    measured: list[Span] = []  # where a metric is computed


class Teller:
    """`job` is what the statement runs in, `tick` tells when, `inlined` sees through what an expression names."""

    def __init__(
        self, place: Place, job: str, tick: Callable[[], int], inlined: Callable[[Expression], Expression]
    ) -> None:
        self.place, self.job, self.tick, self.inlined = place, job, tick, inlined

    def told(self, statement: Statement) -> Told:
        told = Told()
        if statement.training is not None:
            self._training(statement, told)
        for scored in statement.scored:
            if scored.how == "predict":
                self._features(told, scored.model, scored.columns, "serve", self.place(scored.line, scored.column))
            elif scored.how == "measure":
                self._measure(statement, scored, told)
        return told

    def _training(self, statement: Statement, told: Told) -> None:
        training, model = statement.training, statement.target
        assert training is not None
        span = self.place(statement.line, statement.column)
        given = inputs_of(statement)
        self._features(told, model, given, "train", span)
        label = next((column for column in statement.columns if column.name == training.label), None)
        told.fittings.append(Fitting(
            _fit_id(model), self.tick(), span, self.job, model, training.what, "model",
            self._rows(statement, span, told),
            inputs=tuple(self._input(column, span) for column in given),
            label=self._input(label, span) if label is not None else None, supervised=bool(training.label),
        ))  # fmt: skip

    def _features(self, told: Told, model: str, columns: tuple[OutputColumn, ...], side: str, span: Span) -> None:
        for column in columns:
            if column.name not in ("", "*"):
                at = self._at(column, span)
                told.features.append(Feature(model, column.name, side, self.inlined(column.expression), at, self.job))

    def _measure(self, statement: Statement, scored: Scored, told: Told) -> None:
        """ML.EVALUATE(MODEL d.eta, (SELECT ...)); without rows, on those that training has held out."""
        span = self.place(scored.line, scored.column)
        told.measured.append(span)
        on_rows = any(_is_data(read) for read in statement.reads)
        rows = self._rows(statement, span, told) if on_rows else ()
        id, kind = f"@score:sql:{span.path}:{span.line}:{span.column}", "metric" if on_rows else "search"
        told.measurings.append(Measuring(id, self.tick() or 1, span, self.job, kind, (_fit_id(scored.model),), rows))

    def _rows(self, statement: Statement, span: Span, told: Told) -> tuple[str, ...]:
        """The rows that a query yields: those of the one table that it reads whole, else some that nobody knows."""
        tables = tuple(dict.fromkeys(dataset_id(read.name) for read in statement.reads if _is_data(read)))
        if len(tables) == 1 and not statement.indirect:
            return tables
        id = f"@rows:sql:{span.path}:{span.line}:{span.column}"
        told.row_sets.append(RowSet(id, "some", tables, span))
        return (id,)

    def _input(self, column: OutputColumn, span: Span) -> Input:
        origins = tuple(column_id(dataset_id(table), name) for table, name in column.sources if name != "*")
        return Input(column.name, column.expression, self._at(column, span), origins)

    def _at(self, column: OutputColumn, span: Span) -> Span:
        return self.place(column.line, column.column) if column.line else span


def inputs_of(statement: Statement) -> tuple[OutputColumn, ...]:
    """What a model is given to learn from, as far as it is known by name."""
    training = statement.training
    assert training is not None
    return tuple(c for c in statement.columns if c.name not in ("*", training.label, *training.left))


def _is_data(read: TableRead) -> bool:
    return not read.name.startswith("model:")


def _fit_id(model: str) -> str:
    return f"@fit:sql:{model}"
