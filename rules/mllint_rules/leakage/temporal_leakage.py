"""ML904: a random split on rows that are ordered by time, or features that use later rows.

df["yesterday"] = df["sales"].shift(1)
train, test = train_test_split(df)                  # the finding: the days around each test day are trained on
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Constant,
    Context,
    Expression,
    Finding,
    Fitting,
    Input,
    Label,
    Lineage,
    Measuring,
    RowSet,
    Rule,
    Span,
    is_test,
    is_window,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each split, and for each window that looks ahead."""
    trials = lineage.observations.trials
    found: dict[Span, Finding] = {}
    for model, score in sorted(trials.pairs(), key=lambda pair: pair[1].order):
        if is_test(score.job) or not model.sure or not score.sure or not trials.are_apart(model.rows, score.rows):
            continue
        sides = trials.split_between(model.rows, score.rows)
        windows = _windows(model, sides[0].windows if sides is not None else ())
        if sides is not None and sides[0].order == "random" and windows and sides[0].span is not None:
            found.setdefault(sides[0].span, _of_split(sides[0].span, windows[0], model, score))
        slid = trials.slid(sides[0]) if sides is not None and sides[0].order == "random" else None
        if slid is not None and sides is not None and sides[0].span is not None:
            found.setdefault(sides[0].span, _of_slid(sides[0].span, slid, model, score))
        in_time = bool(windows) or (sides is not None and sides[0].order in ("ordered", "time"))
        for column in model.inputs:
            if column.span is not None and _looks_ahead(column.expression, in_time):
                found.setdefault(column.span, _of_window(column, column.span, model, score))
    for at in sorted(found):
        yield found[at]


def _windows(model: Fitting, of_split: tuple[Input, ...]) -> list[Input]:
    """The columns that the model is given, or predicts, that are computed from rows of other times."""
    label = [model.label] if model.label is not None else []
    used = [column for column in (*model.inputs, *label) if is_window(column.expression)]
    return used or ([] if model.inputs else list(of_split))


def _looks_ahead(expression: Expression, in_time: bool) -> bool:
    """Whether a feature holds something of later rows. What is filled from the next row does, where rows have an order
    in time."""
    if not isinstance(expression, Apply):
        return False
    arguments = expression.arguments
    if expression.operator == "LAG" and _is_negative(arguments[-1]):
        return True
    if expression.operator.startswith("ROLLING") and Constant("centred") in arguments:
        return True
    if expression.operator == "CALL" and isinstance(arguments[0], Constant):
        name = arguments[0].value
        if name in ("shift per group", "diff per group") and _is_negative(arguments[-1]):
            return True
        if in_time and name in ("bfill", "interpolate", "bfill per group", "backward_fill"):
            return True
    return any(_looks_ahead(argument, in_time) for argument in arguments)


def _is_negative(expression: Expression) -> bool:
    return isinstance(expression, Constant) and isinstance(expression.value, int | float) and expression.value < 0


def _of_split(at: Span, window: Input, model: Fitting, score: Measuring) -> Finding:
    seen = [Label(window.span, f"`{window.name}` is made from rows of other times")] if window.span else []
    return Finding(
        message=f"rows in the order of time (`{window.name}` looks at others) are split at random: `{model.what}` is "
        "trained on what comes after the rows that it is scored on",
        help="split by date, or use TimeSeriesSplit",
        span=at,
        label="split at random",
        related=[*seen, Label(model.span, f"`{model.what}` is fitted"), Label(score.span, "and scored")],
        nodes=[model.model],
    )


def _of_slid(at: Span, slid: RowSet, model: Fitting, score: Measuring) -> Finding:
    return Finding(
        message=f"windows that slide over the rows are split at random: `{model.what}` is trained on windows that "
        "share nearly all their rows with those that it is scored on, and on later ones",
        help="split the rows by time first and cut windows out of each part, or split windows without shuffling and "
        "leave a gap",
        span=at,
        label="overlapping windows are split at random",
        related=[
            *([Label(slid.span, "each window is cut here")] if slid.span is not None else []),
            Label(model.span, f"`{model.what}` is fitted"),
            Label(score.span, "and scored"),
        ],
        nodes=[model.model],
    )


def _of_window(column: Input, at: Span, model: Fitting, score: Measuring) -> Finding:
    return Finding(
        message=f"feature `{column.name}` of `{model.what}` is computed from later rows, which nobody has when it is "
        "to be predicted",
        help="shift and fill forward only, and let windows end at the row itself",
        span=at,
        label="looks ahead",
        related=[Label(model.span, f"`{model.what}` is fitted with it"), Label(score.span, "and scored")],
        nodes=[model.model],
    )


RULE = Rule(
    code="ML904",
    name="temporal-leakage",
    summary="a random split on rows that are ordered by time, or features that use later rows",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
