"""ML902: training rows reach the test set.

X, y = SMOTE().fit_resample(X, y)                    # the finding: neighbours of one row end up on both sides
train, test = train_test_split(X)
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Finding, Fitting, Label, Lineage, Measuring, RowSet, Rule, Span, Trials, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each resample whose rows were split, and for each score of rows that were trained on."""
    trials = lineage.observations.trials
    found: dict[Span, Finding] = {}
    told: set[str] = set()  # fits of which one score has been told
    tested = {
        key
        for fit in trials.fittings.values()
        if fit.learns == "model" and trials.held_out(fit)
        for key in (fit.model, (fit.what, fit.job))
    }
    # a model that is saved where the trail is lost (`--model-output`) may be scored by whoever loads it
    away = {gap.job for gap in lineage.coverage.gaps if not gap.is_read and any("model:" in id for id in gap.data)}
    for model, score in sorted(trials.pairs(), key=lambda pair: pair[1].order):
        if is_test(score.job) or not model.sure or not score.sure:
            continue
        for repeated, split in _repeated(trials, model, score):
            at = repeated.span if repeated.how == "repeated" else split.span
            if at is not None:
                found.setdefault(at, _of_repeated(at, repeated, split, model, score))
        # trained on these rows, and no score of that model, or of its like, is of others
        if score.kind != "metric" or not model.supervised or trials.holds_out(model, score):
            continue
        if model.id not in told and not _is_drawn(trials, model):
            is_own = trials.is_within(score.rows, model.rows)
            if is_own and score.job not in away and tested.isdisjoint((model.model, (model.what, model.job))):
                found.setdefault(score.span, _of_training(model, score))
            elif _holds_both(trials, model, score):
                found.setdefault(score.span, _of_both(trials, model, score))
            else:
                continue
            told.add(model.id)
    for at in sorted(found):
        yield found[at]


def _repeated(trials: Trials, model: Fitting, score: Measuring) -> Iterator[tuple[RowSet, RowSet]]:
    """What repeated the rows of both sides before they were split. A split by groups keeps copies together."""
    sides = trials.split_between(model.rows, score.rows)
    if sides is None or sides[0].order == "grouped":
        return
    for before in (a for id in sides[0].parents for a in trials.ancestors(id)):
        if before.how in ("repeated", "joined"):
            yield before, sides[0]


def _is_drawn(trials: Trials, model: Fitting) -> bool:
    """Whether the rows were made of nothing just before, for a trial of the tools: `make_classification()`."""
    before = [ancestor for id in model.rows for ancestor in trials.ancestors(id)]
    made = all(ancestor.how == "drawn" for ancestor in before if not ancestor.parents)
    return made and not any(ancestor.how == "stored" for ancestor in before)


def _holds_both(trials: Trials, model: Fitting, score: Measuring) -> bool:
    """Whether the rows of the score are those that were split, of which one part was trained on."""
    trained = [trials.row_sets[id] for id in model.rows if id in trials.row_sets]
    are_parts = bool(trained) and all(part.how == "part" for part in trained)
    return (
        are_parts
        and len(score.rows) == 1
        and not set(score.rows) & set(model.rows)
        and all(trials.includes(score.rows, [part.id]) for part in trained)
    )


def _of_repeated(at: Span, repeated: RowSet, split: RowSet, model: Fitting, score: Measuring) -> Finding:
    related = [(repeated.span, "rows are repeated here"), (split.span, "split here")]
    return Finding(
        message=f"rows are repeated before they are split: copies of what `{model.what}` is trained on are among the "
        "rows that it is scored on",
        help="split first and resample the training part alone (as a step of imblearn's Pipeline), or split by groups",
        span=at,
        label="rows are repeated before the split" if at == repeated.span else "split after rows were repeated",
        related=[
            *(Label(span, text) for span, text in related if span is not None and span != at),
            Label(model.span, f"`{model.what}` is trained on one part"),
            Label(score.span, "and scored on the other"),
        ],
        nodes=[model.model],
    )


def _of_training(model: Fitting, score: Measuring) -> Finding:
    return Finding(
        message=f"`{model.what}` is scored on rows that it was trained on, and on no others: the score says how well "
        "it remembers",
        help="hold rows out before the fit and score on these, or use cross-validation",
        span=score.span,
        label="scored on training rows",
        related=[Label(model.span, f"`{model.what}` is trained on these rows")],
        nodes=[model.model],
    )


def _of_both(trials: Trials, model: Fitting, score: Measuring) -> Finding:
    split = trials.row_sets[model.rows[0]].span
    return Finding(
        message=f"`{model.what}` is scored on all rows, of which it was trained on a part",
        help="score it on the part that was held out",
        span=score.span,
        label="scored on training and test rows together",
        related=[
            *([Label(split, "split here")] if split is not None else []),
            Label(model.span, f"`{model.what}` is trained on one part"),
        ],
        nodes=[model.model],
    )


RULE = Rule(
    code="ML902",
    name="overlap-leakage",
    summary="training rows reach the test set",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
