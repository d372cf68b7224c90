"""ML102: a model trains on another model's predictions, or corrects them.

base["guess"] = eta.predict(base[["km"]])
correction.fit(base[["guess", "rain"]], base["minutes"])    # the finding: when `eta` gets better, this gets worse
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Fitting,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    Unresolved,
    by_member,
    is_seen,
    is_test,
    job_path,
    models,
    trail,
)
from mllint_rules.boundaries.predictions import predictions_of

MOST_COLUMNS = 2_000
Cascade = tuple[Model, Model, Span, list[Label]]  # which model's predictions, which model learns them, the fit, the way
_PREDICTED = "a prediction"  # why the expression of such a column is not known


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each model and file (cell) that trains others on its predictions, at the first of their fits."""
    groups = models(lineage.graph)
    found = by_member(groups)
    told: dict[tuple[str, str], Cascade] = {}
    for fit in sorted(lineage.observations.trials.fittings.values(), key=lambda fit: fit.order):
        later = found.get(fit.model)
        if later is None or fit.learns != "model" or is_test(fit.job):
            continue
        for id, at in fit.predicted:
            earlier = found.get(id)
            if earlier is None or earlier.id == later.id or _is_part(lineage, earlier, fit):
                continue
            if _is_model(lineage, later):
                made = [Label(at, f"model `{earlier.name}` predicts here")]
                told.setdefault((earlier.id, later.id), (earlier, later, fit.span, made))
    for earlier in groups:
        for path in _stored(lineage, earlier):
            later = found.get(path[-1].target)
            fitted_at = path[-1].span
            if later is None or fitted_at is None or later.id == earlier.id or is_test(job_path(path[-1])):
                continue
            if not _is_model(lineage, later):
                continue
            told.setdefault((earlier.id, later.id), (earlier, later, fitted_at, trail(lineage.graph, path)))
    together: dict[tuple[str, str, int], list[Cascade]] = {}
    for key in sorted(told, key=lambda pair: (told[pair][2], pair)):
        earlier, _, at, _ = told[key]
        together.setdefault((earlier.id, at.path, at.cell or 0), []).append(told[key])
    for cascades in together.values():
        yield _finding(cascades)


def _is_model(lineage: Lineage, later: Model) -> bool:
    """Whether what is fitted is a model, and kept, scored or put to use: a drift detector is not."""
    trials = lineage.observations.trials
    fits = [fit for fit in trials.fittings.values() if fit.model in later.members]
    scored = any(trials.measured(fit) for fit in fits)
    return all(fit.known for fit in fits) and (len(later.members) > 1 or bool(later.outputs) or scored)


def _is_part(lineage: Lineage, earlier: Model, fit: Fitting) -> bool:
    """Whether what is fitted is given nothing but predictions, of a model that the same run fits: a calibrator, or the
    last step of stacking by hand. They are trained together, and make one model."""
    only = all(
        isinstance(given.expression, Unresolved) and given.expression.reason == _PREDICTED for given in fit.inputs
    )
    fits = lineage.observations.trials.fittings.values()
    return bool(fit.inputs) and only and any(other.model in earlier.members and other.job == fit.job for other in fits)


def _stored(lineage: Lineage, model: Model) -> Iterator[list[Edge]]:
    """Ways from a model's predicted columns, through datasets, to fits. What is known of whole datasets only is not
    enough: a fit may well take their other columns."""
    graph, sure = lineage.graph, predictions_of(lineage, model)
    ways = [
        [edge]
        for id in model.members
        for edge in graph.out_edges(id)
        if edge.kind == "predicts" and edge.target.startswith("column:") and not edge.measure and is_seen(edge)
        if edge.target in sure
    ]
    seen = {way[-1].target for way in ways}
    while ways and len(seen) < MOST_COLUMNS:
        way = ways.pop(0)
        for edge in graph.out_edges(way[-1].target):
            if edge.strength != "direct" or edge.measure or edge.target in seen:
                continue
            if edge.kind == "trains":
                yield [*way, edge]
            elif edge.target.startswith("column:") and edge.kind in ("derives", "writes"):
                seen.add(edge.target)
                ways.append([*way, edge])


def _finding(cascades: list[Cascade]) -> Finding:
    earlier, later, at, related = cascades[0]
    names = list(dict.fromkeys(f"`{model.name}`" for _, model, _, _ in cascades))
    if len(names) == 1:
        said = f"model {names[0]} is"
    else:
        rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
        said = f"models {', '.join(names[:3])}{rest} are"
    return Finding(
        message=f"{said} trained on predictions of model `{earlier.name}`: whatever changes the one, "
        "even for the better, changes the other, which has learned its present mistakes",
        help=f"give `{later.name}` the features that `{earlier.name}` has, or train both as one model that is "
        "versioned and deployed together",
        span=at,
        label="trained on another model's predictions",
        related=[label for label in related if label.span != at],
        nodes=[earlier.id, *(model.id for _, model, _, _ in cascades)],
    )


RULE = Rule(
    code="ML102",
    name="correction-cascade",
    summary="a model trains on another model's predictions, or corrects them",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
