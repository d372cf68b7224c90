"""ML903: the label, or a column derived from it, is among the features.

df["city_mean"] = df.groupby("city")["price"].transform("mean")   # the finding: each row's own price is in it
model.fit(train[["rooms", "city_mean"]], train["price"])
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Column,
    Constant,
    Context,
    Expression,
    Finding,
    Fitting,
    Input,
    Label,
    Lineage,
    Measuring,
    Rule,
    Span,
    Trials,
    columns,
    is_known,
    is_test,
    is_window,
)

_DECIDES = {
    "EQ", "NE", "LT", "LE", "GT", "GE", "IS_NULL", "NOT", "IN", "CASE", "MAP", "CAST", "AND", "OR", "CONTAINS",
    "STARTSWITH", "FITTED", "CALL", "COALESCE", "REPLACE", "TRIM", "LOWER", "UPPER",
}  # fmt: skip


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each place at which the label enters the features of a model that is scored."""
    trials = lineage.observations.trials
    found: dict[Span, Finding] = {}
    for model, score in sorted(trials.pairs(), key=lambda pair: pair[1].order):
        if is_test(score.job) or not model.sure or not model.supervised:
            continue
        for column, words, at in _leaking(trials, model, score):
            found.setdefault(at, _finding(at, model, score, column.name, words))
        for fit in trials.learned_by([*model.learned, *score.learned], [*model.rows, *score.rows]):
            if fit.learns == "label" and fit.sure and trials.includes(fit.rows, score.rows):
                found.setdefault(fit.span, _finding(fit.span, model, score, fit.what, _ENCODED))
    for at in sorted(found):
        yield found[at]


_ITSELF = "is the label, and among the features"
_DERIVED = "is computed from the label, and among the features"
_DEFINES = "decides the label alone, and is among the features"
_ENCODED = "is fitted with the labels of the rows that the model is scored on"


def _leaking(trials: Trials, model: Fitting, score: Measuring) -> Iterator[tuple[Input, str, Span]]:
    """The columns through which the label is among the features, and where it gets there."""
    label = model.label
    if label is None or not is_known(label.expression):
        return
    if is_window(label.expression):  # a label that looks ahead is no column of its own row
        return
    own = {(c.dataset, c.name) for c in columns(label.expression)}
    whole = isinstance(label.expression, Column)
    for column in model.inputs:
        if column.expression == label.expression and (whole or _decides(label.expression)):
            yield column, _ITSELF, model.span
        elif is_window(column.expression) or len(own) != 1 or not _decides(label.expression):
            continue
        elif isinstance(column.expression, Column) and (column.expression.dataset, column.expression.name) in own:
            yield column, _DEFINES, model.span
        elif own <= _of_own_row(column.expression):
            yield column, _DERIVED, column.span or model.span
        else:
            for fit in _encodings(trials, column, own, score)[:1]:
                yield column, _DERIVED, fit.span


_AGGREGATES = {"SUM", "MEAN", "MIN", "MAX", "COUNT", "STD", "MEDIAN", "QUANTILE", "GROUPED"}


def _of_own_row(expression: Expression) -> set[tuple[str, str]]:
    """The columns that a value is computed from, of its own row: not those of which it holds a statistic."""
    if isinstance(expression, Column):
        return {(expression.dataset, expression.name)}
    if not isinstance(expression, Apply) or expression.operator in _AGGREGATES:
        return set()
    first = expression.arguments[0] if expression.arguments else None
    if (
        expression.operator == "CALL"
        and isinstance(first, Constant)
        and str(first.value).endswith(("per group", "OVER"))
    ):
        return set()
    return {column for argument in expression.arguments for column in _of_own_row(argument)}


def _decides(expression: Expression) -> bool:
    """Whether a label is a category or a test of its column, not a difference to it: `price - estimate`."""
    if isinstance(expression, Apply):
        return expression.operator in _DECIDES and all(map(_decides, expression.arguments))
    return True


def _encodings(trials: Trials, column: Input, own: set[tuple[str, str]], score: Measuring) -> list[Fitting]:
    """The statistics per group in a column that are of labels, those of the scored rows among them."""
    labels = {f"column:{dataset}#{name}" for dataset, name in own}
    if labels.isdisjoint(column.origins):
        return []
    return [
        fit
        for fit in trials.learned_by(column.learned)
        if fit.learns == "group"
        and trials.includes(fit.rows, score.rows)
        and (not fit.inputs or any(labels.intersection(one.origins) for one in fit.inputs))
    ]


def _finding(at: Span, model: Fitting, score: Measuring, name: str, words: str) -> Finding:
    return Finding(
        message=f"`{name}` {words} of `{model.what}`" if words != _ENCODED else f"`{name}` {words}",
        help="leave it out of the features, or compute it from other rows: earlier ones, or those of other folds",
        span=at,
        label="the label enters the features here",
        related=[
            *([Label(model.label.span, "the label")] if model.label is not None and model.label.span else []),
            *([Label(model.span, f"`{model.what}` is fitted with it")] if at != model.span else []),
            Label(score.span, "and scored"),
        ],
        nodes=[model.model],
    )


RULE = Rule(
    code="ML903",
    name="target-leakage",
    summary="the label, or a column derived from it, is among the features",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
