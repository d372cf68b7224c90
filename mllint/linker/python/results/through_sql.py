"""Trials seen through SQL: what a view computes is computed, wherever the rows are read.

CREATE VIEW features AS SELECT price, price / km AS per_km, km - avg(km) OVER () AS km_centred FROM rides

A model that is fitted on `per_km` and predicts `price` has the label among its features, and the average has seen the
rows of both sides of any split that comes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from mllint.lineage.expressions import Apply, Column, Constant, Expression, apply, columns, is_known
from mllint.lineage.ids import column_id
from mllint.lineage.trials import Fitting, Input, Trials
from mllint.linker.project import Project
from mllint.source import Span

_STATISTICS = {"MEAN", "STD", "VAR", "MEDIAN", "QUANTILE", "MIN", "MAX", "SUM", "COUNT"}
_MOST_STEPS = 2000  # of one fit


class _Statistic:
    """A window over all rows, or over those of a group: avg(km) OVER (PARTITION BY city)"""

    def __init__(self, function: Apply, keys: list[Expression], span: Span) -> None:
        self.function, self.keys, self.span = function, keys, span


def see_through(project: Project) -> None:
    """Put what SQL computes in place of the columns that models were given, and note its statistics as fits."""
    trials = project.observations.trials
    for fit in list(trials.fittings.values()):
        if fit.inputs:
            trials.fittings[fit.id] = _seen_through(project, trials, fit)


def _seen_through(project: Project, trials: Trials, fit: Fitting) -> Fitting:
    steps = iter(range(_MOST_STEPS))
    inputs, learned = [], list(fit.learned)
    for given in fit.inputs:
        statistics: list[_Statistic] = []
        expression = _inlined(project, given.expression, given.span or fit.span, statistics, steps)
        own = [f.id for s in statistics for f in _fits(trials, fit, given, s)]
        learned += own
        inputs.append(
            replace(
                given,
                expression=expression,
                origins=_origins(given, expression),
                learned=tuple(dict.fromkeys([*given.learned, *own])),
            )
        )
    label = fit.label
    if label is not None and all(given.expression != label.expression for given in fit.inputs):
        expression = _inlined(project, label.expression, label.span or fit.span, [], steps)
        label = replace(label, expression=expression, origins=_origins(label, expression))
    elif label is not None:  # the label is a feature as it is: of what it is computed makes no difference
        inputs = [
            given if given.expression == label.expression else new
            for given, new in zip(fit.inputs, inputs, strict=True)
        ]
    return replace(fit, inputs=tuple(inputs), label=label, learned=tuple(dict.fromkeys(learned)))


def _inlined(
    project: Project, expression: Expression, span: Span, found: list[_Statistic], steps: Iterator[Any], depth: int = 6
) -> Expression:
    if next(steps, None) is None:
        return expression
    match expression:
        case Column(dataset=dataset, name=name) if depth and dataset not in project.rejoined:
            id = column_id(dataset, name)
            known, place = project.definitions.get(id), project.in_sql.get(id)
            if known is None or place is None or known == expression or not is_known(known):
                return expression
            return _inlined(project, known, place, found, steps, depth - 1)
        case Apply(operator=operator, arguments=arguments):
            inner = [_inlined(project, argument, span, found, steps, depth) for argument in arguments]
            function = inner[1] if operator == "CALL" and arguments[0] == Constant("OVER") else None
            if isinstance(function, Apply) and function.operator in _STATISTICS and _is_of_all(arguments):
                found.append(_Statistic(function, inner[2:-1], span))
            return apply(operator, *inner)
    return expression


def _is_of_all(arguments: tuple[Expression, ...]) -> bool:
    """Whether a window is of all rows of its group: no order, and no frame."""
    return arguments[-1] == Constant("") and not {Constant("ASC"), Constant("DESC")}.intersection(arguments[2:-1])


def _origins(given: Input, expression: Expression) -> tuple[str, ...]:
    found = [column_id(column.dataset, column.name) for column in columns(expression)]
    return tuple(dict.fromkeys([*given.origins, *found]))


def _fits(trials: Trials, model: Fitting, given: Input, statistic: _Statistic) -> Iterator[Fitting]:
    """The fit that a statistic is: on all rows of the dataset that the model's rows were taken from."""
    rows = _sources(trials, model.rows)
    if len(rows) != 1:
        return
    what, span = statistic.function.operator.lower(), statistic.span
    id = f"@fit:{what}:{span.path}:{span.line}:{span.column}:{given.name}:{rows[0]}"
    of = [Input(c.name, c, None, (column_id(c.dataset, c.name),)) for c in columns(statistic.function)]
    learns = "group" if statistic.keys else "statistic"
    fit = Fitting(id, 0, span, span.path, id, what, learns, rows, inputs=tuple(of))
    yield trials.fittings.setdefault(id, fit)


def _sources(trials: Trials, rows: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.id for one in rows for a in trials.ancestors(one) if a.how == "source"))
