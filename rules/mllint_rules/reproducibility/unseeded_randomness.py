"""ML801: what is drawn by chance on the way to a model has no seed.

train, test = train_test_split(df)                   # the finding: other rows, and another model, each time
model = RandomForestClassifier().fit(train[X], train[y])
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import Context, Draw, Finding, Fitting, Label, Lineage, Rule, Span, Trials, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each call; for networks one for each module. Silent where one way to the call seeds it."""
    trials = lineage.observations.trials
    by_rows = _fits_by_rows(trials)
    by_learned = _fits_by_learned(trials)
    draws: dict[Span, list[Draw]] = defaultdict(list)
    for draw in lineage.observations.draws:
        if not is_test(draw.span.path) and not is_test(draw.job):
            draws[draw.span].append(draw)
    modules: set[tuple[str, str]] = set()
    for span in sorted(draws):
        if any(draw.seeded for draw in draws[span]):
            continue
        for draw in draws[span]:
            fits = [by_learned[id] for id in draw.fits if id in by_learned]
            fits += [by_rows[draw.rows]] if draw.rows in by_rows else []
            if not fits and not draw.trains:
                continue
            if draw.once and (span.path, draw.generator) in modules:
                break
            modules.add((span.path, draw.generator if draw.once else ""))
            yield _finding(draw, fits[0] if fits else None)
            break


def _models(trials: Trials) -> list[Fitting]:
    fits = (fit for fit in trials.fittings.values() if fit.learns == "model" and not is_test(fit.job))
    return sorted(fits, key=lambda fit: fit.order)


def _fits_by_rows(trials: Trials) -> dict[str, Fitting]:
    """The first model that is fitted on rows of each draw: the ids of row sets end with the part."""
    found: dict[str, Fitting] = {}
    for fit in _models(trials):
        for row_set in (a for id in fit.rows for a in trials.ancestors(id)):
            found.setdefault(row_set.id.rpartition(":")[0], fit)
    return found


def _fits_by_learned(trials: Trials) -> dict[str, Fitting]:
    """The model that each fit makes, or whose values go through it."""
    found: dict[str, Fitting] = {}
    for fit in _models(trials):
        found[fit.id] = fit
        for other in trials.learned_by(fit.learned, fit.rows):
            found.setdefault(other.id, fit)
    return found


def _finding(draw: Draw, fit: Fitting | None) -> Finding:
    model = f"`{fit.what}`" if fit is not None and fit.what != draw.what else "the model"
    fixes = [f"pass `{draw.seed}=` with a fixed number"] if draw.seed else []
    fixes += [f"seed {draw.generator} before it on every path"] if draw.generator else []
    related = []
    if draw.elsewhere is not None:
        related.append(Label(draw.elsewhere, f"{draw.generator} is seeded here, but not on every way before it"))
    if fit is not None and fit.span != draw.span:
        related.append(Label(fit.span, f"{model} is fitted"))
    return Finding(
        message=f"`{draw.what}` draws by chance without a seed on the way to {model}: no run makes the same "
        "model again",
        help=", or ".join(fixes),
        span=draw.span,
        label="drawn without a seed",
        related=related,
        nodes=[fit.model] if fit is not None else [],
    )


RULE = Rule(
    code="ML801",
    name="unseeded-randomness",
    summary="a split, initialisation, sampler or shuffle on the way to a model has no seed",
    check=check,
)
