"""ML701: the same feature of one model is computed by different expressions in training and serving.

trips["trip_km"] = trips["trip_m"] / 1000     # training
{"trip_km": body["trip_m"] / 1609.34}         # serving: equal for no trip but the empty one
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from mllint.rule import (
    Apply,
    Constant,
    Context,
    Disagreement,
    Expression,
    Feature,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    Witness,
    by_member,
    by_name,
    columns,
    ends,
    equal,
    is_ambiguous,
    is_known,
    is_test,
    known_names,
    models,
    plain,
    show,
    witness,
)

_TAKE_NULL = ("xgboost.", "lightgbm.", "catboost.", "sklearn.ensemble.HistGradientBoosting", "sklearn.ensemble._hist")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    found = models(lineage.graph)
    owner = by_member(found)
    sides: dict[str, dict[str, list[Feature]]] = defaultdict(lambda: {"train": [], "serve": []})
    for feature in lineage.observations.features:
        model = owner.get(feature.model)
        if model and not is_test(feature.span.path) and not is_test(feature.job):
            sides[model.id][feature.side].append(feature)
    for model in found:
        train, serve = sides[model.id]["train"], list(_asked(lineage, sides[model.id]["serve"]))
        names = known_names(lineage.graph, (feature.expression for feature in train))
        found_at: dict[Span, dict[str, Finding]] = defaultdict(dict)
        for served in sorted(serve, key=lambda feature: (feature.span, feature.name)):
            for finding in _skew(lineage, model, [t for t in train if _is_same_feature(t, served)], served, names):
                found_at[served.span].setdefault(served.name, finding)
        for findings in found_at.values():
            yield _together(findings)


def _asked(lineage: Lineage, serve: list[Feature]) -> Iterator[Feature]:
    """Features of rows that somebody asks about. Where a module that others import is run by itself, and nothing of the
    row comes from anywhere, it tries itself out: `if __name__ == "__main__": print(predict({"km": 50_000}))`. A row of
    constants and of nothing else is a sample, wherever it stands."""
    tries = {script.path for script in lineage.observations.scripts if script.importers and not script.runners}
    by_job = defaultdict(list)
    for feature in serve:
        by_job[feature.job].append(feature)
    for job, features in by_job.items():
        is_given = any(True for feature in features for _ in columns(feature.expression))
        is_lost = any(not is_known(feature.expression) for feature in features)
        if is_given or (is_lost and job not in tries):
            yield from features


def _together(findings: dict[str, Finding]) -> Finding:
    """One finding for one place, whatever features it fills: a row of constants, a dictionary of a form's fields."""
    first, *others = findings.values()
    names = [f"`{name}`" for name in list(findings)[1:]]
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        first.message += f"; so {'is' if len(names) == 1 else 'are'} {shown}, at the same place"
        first.related += [label for other in others for label in other.related if label not in first.related][:4]
        first.nodes = list(dict.fromkeys([*first.nodes, *(node for other in others for node in other.nodes)]))
    return first


def _is_same_feature(trained: Feature, served: Feature) -> bool:
    if trained.position is not None and served.position is not None:
        return trained.position == served.position
    return trained.name == served.name


def _skew(
    lineage: Lineage, model: Model, trained: list[Feature], served: Feature, names: dict[str, str]
) -> Iterator[Finding]:
    """A finding if no way of training the feature equals this way of serving it, and a row shows so."""
    trained = [replace(feature, expression=before_fitted(feature.expression)) for feature in trained]
    served = replace(served, expression=before_fitted(served.expression))
    if not trained or not all(is_known(feature.expression) for feature in (*trained, served)):
        return
    if any(plain(column.name) not in names for column in columns(served.expression)):
        return  # another input: `body["distance_km"]` may well be what training makes of `trip_m`
    if any(_is_given_ready(feature, served) for feature in trained):
        return
    if any(is_ambiguous(feature.expression) for feature in (*trained, served)):
        return
    serving = by_name(served.expression, names)
    for feature in trained:
        if feature.function and feature.function == served.function:
            return
        if equal(by_name(feature.expression, names), serving) is not False:
            return
    row = witness(by_name(trained[0].expression, names), serving)
    if row is None or row.kind == "error":  # no skew where one side raises: that fails loudly
        return
    if row.kind == "null" and not _null_is_possible(lineage, model, trained[0], served, row):
        return
    inputs = {name: _portable(value) for name, value in row.inputs.items()}
    shown = Witness(inputs, _portable(row.left), _portable(row.right))
    yield _finding(lineage, model, trained[0], served, shown)


def _is_given_ready(trained: Feature, served: Feature) -> bool:
    """Whether the caller computes the feature: the request has a field of its name, which training made itself."""
    raw = {plain(column.name) for column in columns(trained.expression)}
    own = plain(served.name)
    return own not in raw and any(plain(column.name) == own for column in columns(served.expression))


def before_fitted(expression: Expression) -> Expression:
    """What goes into the fitted steps before the model: they are persisted and alike on both sides, or ML704 says so.

    model.predict(scaler.transform(frame))   # `frame` is what the two sides make themselves
    """
    while isinstance(expression, Apply) and expression.operator == "FITTED" and len(expression.arguments) == 2:
        expression = expression.arguments[1]
    return expression


def _null_is_possible(lineage: Lineage, model: Model, trained: Feature, served: Feature, row: Disagreement) -> bool:
    """Whether training can have seen the null that the witness needs, and serving can meet it.

    Training that does nothing about nulls had none, unless the model takes them: `Lasso().fit` raises on NaN."""
    never = {plain(name) for name in (*trained.not_null, *served.not_null)}
    if any(value is None and plain(name) in never for name, value in row.inputs.items()):
        return False
    if row.left is None:
        classes = [str(lineage.graph.nodes[id].attributes.get("class", "")) for id in model.members]
        return any(name.startswith(_TAKE_NULL) for name in classes)
    from_request = any(column.dataset.startswith("endpoint:") for column in columns(served.expression))
    return row.right is not None or not from_request


def _finding(lineage: Lineage, model: Model, trained: Feature, served: Feature, row: Witness) -> Finding:
    graph = lineage.graph
    inputs = ", ".join(f"{name} = {_value(value)}" for name, value in row.inputs.items()) or "any row"
    fixed = isinstance(served.expression, Constant)
    used = [f"column:{column.dataset}#{column.name}" for column in columns(trained.expression)]
    how = f"is computed differently when serving: {inputs} gives {_value(row.training)} in training and "
    how += f"{_value(row.serving)} when serving"
    if fixed:
        how = f"is always {_value(row.serving)} when serving, while training takes it from the data"
    return Finding(
        message=f"feature `{trained.name}` of model `{model.name}` {how}",
        help="give the model what it was trained on"
        if fixed
        else "compute it once and import it in both, or persist it in the model's Pipeline",
        span=served.span,
        label=f"serving: {show(served.expression)}",
        related=[Label(trained.span, f"training: {show(trained.expression)}")],
        nodes=list(dict.fromkeys([*(id for id in used if id in graph.nodes), *model.members])),
        witness=row,
        reaches=[model.id, *(id for id in ends(graph, model.members) if id not in model.members)],
    )


def _portable(value: object) -> object:
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _value(value: object) -> str:
    """As a person would write it: `0.6214`, `null`, `2024-01-07 12:00:00`."""
    match value:
        case None:
            return "null"
        case float():
            return f"{value:.6g}"
        case str():
            return repr(value)
    return str(value)


RULE = Rule(
    code="ML701",
    name="train-serve-skew",
    summary="the same feature of one model is computed differently in training and serving",
    check=check,
)
