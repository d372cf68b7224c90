"""ML702: the features given to predict are not those that the model was fitted on.

model.fit(df[["age", "fare"]].values, y)
model.predict([[body.fare, body.age]])       # the finding: each in the other's place
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import Context, Finding, Intake, Label, Lineage, Model, Rule, by_member, ends, is_test, models, plain


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each predict call. Silent unless all features of every fit of the model are known."""
    owner = by_member(models(lineage.graph))
    fits: dict[str, list[Intake]] = defaultdict(list)
    predicts: dict[str, list[Intake]] = defaultdict(list)
    for intake in lineage.observations.intakes:
        model = owner.get(intake.model)
        if model is not None and not is_test(intake.job) and not is_test(intake.span.path):
            (fits if intake.side == "fit" else predicts)[model.id].append(intake)
    for model in {model.id: model for model in owner.values()}.values():
        fitted = fits[model.id]
        if not fitted or any(fit.names is None for fit in fitted):
            continue
        by_place: dict[object, list[Intake]] = defaultdict(list)
        for given in predicts[model.id]:
            by_place[given.span].append(given)
        for calls in by_place.values():
            # a helper that is called for several models, or with several frames, fits one of them
            wrong = [_difference(fitted[0], given) for given in calls if given.sure and given.names is not None]
            if len(wrong) == len(calls) and all(_differs(fit, given) for given in calls for fit in fitted):
                yield _finding(lineage, model, fitted[0], calls[0], wrong[0])


def _differs(fit: Intake, given: Intake) -> bool:
    return bool(_difference(fit, given))


def _difference(fit: Intake, given: Intake) -> str:
    """What is wrong with the features of a predict call, in words; empty if nothing is, or if that is not certain."""
    wanted, got = fit.names or (), given.names or ()
    by_name = fit.named and given.named
    same = str if by_name else plain
    keys, others = {same(name) for name in wanted}, {same(name) for name in got}
    missing = [name for name in wanted if same(name) not in others]
    extra = [name for name in got if same(name) not in keys]
    if by_name:
        return _of_names(missing, [] if fit.picks or given.picks else extra)
    if fit.picks or given.picks or "" in wanted or len(others) < len(got):
        return ""
    if len(wanted) != len(got):
        # places alone do not tell rows from columns: their names must
        similar = "" not in got and 2 * len(keys & others) >= len(got)
        return _of_names(missing, extra) if similar else ""
    moved = [name for name, other in zip(got, wanted, strict=True) if name and same(name) != same(other)]
    if len(moved) > 1 and all(same(name) in keys for name in moved):
        return f"in another order: {_listed(moved)} are not in the places of the fit"
    return ""


def _of_names(missing: list[str], extra: list[str]) -> str:
    words = [f"without {_listed(missing)}"] if missing else []
    return " and ".join([*words, f"with {_listed(extra)} besides"] if extra else words)


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _finding(lineage: Lineage, model: Model, fit: Intake, given: Intake, difference: str) -> Finding:
    return Finding(
        message=f"model `{model.name}` is given its features {difference}",
        help="keep the list of features with the model, and select by it on both sides",
        span=given.span,
        label=f"given: {_in_order(given)}",
        related=[Label(fit.span, f"fitted on: {_in_order(fit)}")],
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


def _in_order(intake: Intake) -> str:
    names = [name or f"({place})" for place, name in enumerate(intake.names or (), start=1)]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


RULE = Rule(
    code="ML702",
    name="feature-mismatch",
    summary="the features given to predict are not those that the model was fitted on",
    check=check,
    stable=False,  # no finding in some 200 public repositories
)
