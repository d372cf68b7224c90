"""ML901: a transformer, selector, imputer or vocabulary is fitted on data that includes the test rows.

X = StandardScaler().fit_transform(X)               # the finding: the mean is that of the test rows too
train, test = train_test_split(X)
print(LogisticRegression().fit(train, ...).score(test, ...))
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    WHOLE_FRAMES,
    Apply,
    Context,
    Expression,
    Finding,
    Fitting,
    Label,
    Lineage,
    Measuring,
    Rule,
    Span,
    Trials,
    Unresolved,
    is_test,
)

_EXTREMES = {"min", "max", "amin", "amax", "nanmin", "nanmax"}
_NO_SCALE = {"sum", "nansum", "count", "first", "last", "any", "all", "prod"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each fit that has seen the rows of a score which its values went into."""
    trials = lineage.observations.trials
    scored = trials.scored_parts()
    found: dict[tuple[str, int | None, int], Finding] = {}
    for model, score in sorted(trials.pairs(), key=lambda pair: (_weight(trials, *pair), pair[1].order)):
        if is_test(score.job) or not _flatters(trials, scored, model, score):
            continue
        for fit, again in _seen(trials, model, score):
            at = _place(model, fit)
            found.setdefault((at.path, at.cell, at.line), _finding(trials, fit, again, at, model, score))
    for place in sorted(found, key=lambda p: (p[0], p[1] or 0, p[2])):
        yield found[place]


def _flatters(trials: Trials, scored: set[tuple[str, str]], model: Fitting, score: Measuring) -> bool:
    """Whether the score is of rows held out, and is what tells how good the model is: folds of a training part choose,
    and the test part tells."""
    if not model.sure or not score.sure or not trials.are_apart(model.rows, score.rows):
        return False
    if score.kind == "search":  # what it has chosen by; what it tells is another score
        return False
    if score.kind == "watch" and any(other.kind == "metric" for other in trials.held_out(model)):
        return False
    within = {a.split: a.part for id in score.rows for a in trials.ancestors(id) if a.how == "part" and a.id != id}
    is_inner = any(within.get(split, part) != part for split, part in scored)
    return score.kind == "metric" or not is_inner


def _seen(trials: Trials, model: Fitting, score: Measuring) -> Iterator[tuple[Fitting, bool]]:
    """The fits that the rows of the score went through and that included them; whether it is a fit on these alone."""
    trained = {fit.id for fit in trials.learned_by(model.learned, model.rows)}
    fits = trials.learned_by([*model.learned, *score.learned], [*model.rows, *score.rows])
    for fit in fits:
        if fit.learns not in ("data", "statistic") or not fit.sure or not trials.includes(fit.rows, score.rows):
            continue
        if fit.learns == "statistic" and not _is_telling(model, fit, fits):
            continue
        again = fit.id not in trained
        if not again or trials.split_between(model.rows, score.rows) is not None:
            yield fit, again


def _is_telling(model: Fitting, fit: Fitting, fits: list[Fitting]) -> bool:
    """Whether values are scaled or filled with a statistic. A range scales; the latest date is where a count starts."""
    if fit.what in _EXTREMES:
        other = "max" if "min" in fit.what else "min"
        if not any(other in one.what and one.rows == fit.rows for one in fits if one.learns == "statistic"):
            return False
        known = [column for column in model.inputs if fit.id in column.learned]
        if not known:  # of all columns of a frame it scales, of one that is lost from sight it may be a date
            return len(fit.inputs) != 1
        return any(_is_scaled(column.expression) for column in known)
    return fit.what not in _NO_SCALE


def _is_scaled(expression: Expression) -> bool:
    if isinstance(expression, Unresolved):
        return expression.reason == WHOLE_FRAMES
    return isinstance(expression, Apply) and (
        expression.operator == "DIV" or any(map(_is_scaled, expression.arguments))
    )


def _place(model: Fitting, fit: Fitting) -> Span:
    """A hand-written statistic is read where it is put to use: at the assignment of the column."""
    if not fit.is_named:
        return fit.span
    used = [
        c.span
        for c in model.inputs
        if fit.id in c.learned
        and c.span is not None
        and c.span.path == fit.span.path
        and isinstance(c.expression, Apply)
    ]
    later = [span for span in used if _order(fit.span) <= _order(span) < _order(model.span)]
    return min(later, key=_order, default=fit.span)


def _order(span: Span) -> tuple[int, int]:
    return span.cell or 0, span.line


def _weight(trials: Trials, model: Fitting, score: Measuring) -> int:
    return (score.kind != "metric") + 2 * (trials.split_between(model.rows, score.rows) is None)


def _finding(trials: Trials, fit: Fitting, again: bool, at: Span, model: Fitting, score: Measuring) -> Finding:
    sides = trials.split_between(model.rows, score.rows)
    split = sides[1].span if sides is not None else None
    what = f"`{fit.what}`" if fit.learns == "data" else f"the {fit.what} that is worked out here"
    if again:
        message = f"{what} is fitted again, on the rows that `{model.what}` is scored on"
        help = "fit it on the training part alone, keep it, and only transform the test part with it"
    else:
        message = f"{what} has seen the rows that `{model.what}` is scored on: their score is too good"
        help = "split first and fit on the training part alone, or make it a step of a Pipeline with the model"
    return Finding(
        message=message,
        help=help,
        span=at,
        label="fitted on rows of the test part too",
        related=[
            *([Label(split, "split here")] if split is not None else []),
            Label(model.span, f"`{model.what}` is fitted on the one part"),
            Label(score.span, "and scored on the other"),
        ],
        nodes=[model.model],
        confidence="proven" if sides is not None else "likely",
    )


RULE = Rule(
    code="ML901",
    name="preprocessing-leakage",
    summary="a transformer, selector, imputer or vocabulary is fitted on data that includes the test rows",
    check=check,
)
