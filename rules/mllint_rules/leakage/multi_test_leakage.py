"""ML905: one test set is used to choose and to report.

for k in (1, 3, 5):
    score = KNeighborsClassifier(k).fit(X_train, y_train).score(X_test, y_test)
    if score > best:
        best, model = score, ...
print(accuracy_score(y_test, model.predict(X_test)))   # the finding: the best of three draws on these rows
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Finding, Label, Lineage, Measuring, Rule, Selection, Span, Trials, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each set of rows that something was chosen on: at the last score on it."""
    trials = lineage.observations.trials
    found: dict[Span, Finding] = {}
    for choice in sorted(trials.selections, key=lambda selection: selection.order):
        report = _report(trials, choice)
        if report is None or is_test(report.job) or _keeps_a_set(trials, choice, report):
            continue
        if not _has_another_set(trials, choice, report):
            found.setdefault(report.span, _finding(choice, report))
    for at in sorted(found):
        yield found[at]


def _report(trials: Trials, choice: Selection) -> Measuring | None:
    """The last score on these rows that comes after the choice, and is of what was chosen."""
    scores = [trials.measurings[id] for id in choice.scores if id in trials.measurings]
    fits = {id for score in scores for id in score.fits}
    is_threshold = choice.what != "early stopping" and len(fits) < 2 and not any(score.in_loop for score in scores)
    classes = {trials.fittings[id].what for id in fits if id in trials.fittings}
    reports = [
        score
        for score in trials.measurings.values()
        if score.kind == "metric"
        and score.order > choice.order
        and not score.in_loop  # there it is a further score to choose by
        and score.id not in choice.scores
        and score.sure
        and set(score.rows) == set(choice.rows)
        and (not is_threshold or set(choice.scores) & set(score.after))
        and (fits & set(score.fits) if choice.what == "early stopping" else classes & _classes(trials, score))
    ]
    return max(reports, key=lambda score: score.order, default=None)


def _classes(trials: Trials, score: Measuring) -> set[str]:
    """What was scored: the one that was chosen, or its like, fitted anew as was chosen."""
    return {trials.fittings[id].what for id in score.fits if id in trials.fittings}


def _keeps_a_set(trials: Trials, choice: Selection, report: Measuring) -> bool:
    """Whether these rows and those of training were cut from one part of an earlier split: its other part is kept for
    the report, wherever that is made, and the score here is what a search goes by."""
    fits = [trials.fittings[id] for id in report.fits if id in trials.fittings]
    trained = {a.id for fit in fits for row in fit.rows for a in trials.ancestors(row) if a.how == "part"}
    return any(a.id in trained for row in choice.rows for a in trials.ancestors(row) if a.how == "part")


def _has_another_set(trials: Trials, choice: Selection, report: Measuring) -> bool:
    """Whether what was chosen is scored on rows held out from the choice too: then these were for choosing. Rows of
    another file, that another script runs the same choice on, are not held out from it."""
    chosen_by = {row for selection in trials.selections if selection.span == choice.span for row in selection.rows}
    fits = [trials.fittings[id] for id in report.fits if id in trials.fittings]
    trained, classes = [row for fit in fits for row in fit.rows], {fit.what for fit in fits}
    return any(
        score.kind == "metric"
        and score.order > choice.order
        and any(trials.fittings[id].what in classes for id in score.fits if id in trials.fittings)
        and not chosen_by.issuperset(score.rows)
        and trials.are_apart(choice.rows, score.rows)
        and not trials.is_within(score.rows, trained)
        and not trials.is_within(trained, score.rows)
        for score in trials.measurings.values()
    )


def _finding(choice: Selection, report: Measuring) -> Finding:
    return Finding(
        message=f"the rows of this score have already chosen ({choice.what}) what is scored: it is the best of several "
        "draws, not what new rows will give",
        help="choose on a validation set or by cross-validation in the training part, and score once on rows that "
        "nothing was chosen by",
        span=report.span,
        label="reported on the rows that were chosen by",
        related=[Label(choice.span, f"chosen here: {choice.what}")],
    )


RULE = Rule(
    code="ML905",
    name="multi-test-leakage",
    summary="one test set is used to choose and to report",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
