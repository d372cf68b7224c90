"""ML703: training and serving compute a feature by two copies of the same code, which are equal today.

def speed(df): return df["km"] / df["hours"]             # train.py
def speed(body): return body["km"] / body["hours"]       # serve.py, the finding
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Context,
    Expression,
    Feature,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    by_member,
    by_name,
    columns,
    ends,
    equal,
    is_known,
    is_test,
    known_names,
    models,
    plain,
    show,
)

_NO_WORK = ("CAST", "ITEM", "FITTED", "COALESCE")  # a read, a cast, a persisted step, `fillna(0)` alone


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each function, or block of statements, of serving that repeats training's."""
    owner = by_member(models(lineage.graph))
    sides: dict[str, dict[str, list[Feature]]] = defaultdict(lambda: {"train": [], "serve": []})
    for feature in lineage.observations.features:
        model = owner.get(feature.model)
        if model and not is_test(feature.span.path) and not is_test(feature.job):
            sides[model.id][feature.side].append(feature)
    found: dict[tuple[str, str, str], list[tuple[Model, Feature, Feature]]] = defaultdict(list)
    for model in {model.id: model for model in owner.values()}.values():
        train, serve = sides[model.id]["train"], sides[model.id]["serve"]
        names = known_names(lineage.graph, (feature.expression for feature in train))
        for served in sorted(serve, key=lambda feature: (feature.span, feature.name)):
            trained = [feature for feature in train if _is_same_feature(feature, served)]
            copy = _copied(trained, served, names)
            if copy is not None:
                found[served.span.path, served.function, copy.function and "def"].append((model, copy, served))
    for key in sorted(found):
        yield _finding(lineage, found[key])


def _is_same_feature(trained: Feature, served: Feature) -> bool:
    if trained.position is not None and served.position is not None:
        return trained.position == served.position
    return trained.name == served.name


def _copied(trained: list[Feature], served: Feature, names: dict[str, str]) -> Feature | None:
    """The computation of training that this one repeats, unless both are one piece of code."""
    if (
        served.elsewhere
        or not _is_work(served.expression)
        or any(plain(c.name) not in names for c in columns(served.expression))
    ):
        return None
    if any(_is_shared(feature, served) for feature in trained):
        return None
    for feature in trained:
        if feature.elsewhere or _language(feature) != _language(served) or not _is_work(feature.expression):
            continue
        if equal(by_name(feature.expression, names), by_name(served.expression, names)):
            return feature
    return None


def _is_shared(trained: Feature, served: Feature) -> bool:
    return trained.span == served.span or (bool(served.function) and trained.function == served.function)


def _language(feature: Feature) -> str:
    return "sql" if posixpath.splitext(feature.span.path)[1] == ".sql" else "python"


def _is_work(expression: Expression) -> bool:
    """Whether something is computed that is known throughout, of some column. What is only filled where it is missing
    may have been computed elsewhere: `features[NAMES].fillna(0)` on both sides of one function."""
    if isinstance(expression, Apply) and expression.operator == "COALESCE":
        return False
    return is_known(expression) and _computes(expression) and any(True for _ in columns(expression))


def _computes(expression: Expression) -> bool:
    if not isinstance(expression, Apply):
        return False
    return expression.operator not in _NO_WORK or any(map(_computes, expression.arguments))


def _finding(lineage: Lineage, copies: list[tuple[Model, Feature, Feature]]) -> Finding:
    """At the `def` of the function where training has a function for it too, else at the first statement."""
    model, trained, served = copies[0]
    features = list(dict.fromkeys(f"`{each.name}`" for _, each, _ in copies))
    shown = ", ".join(features[:4]) + (f" and {len(features) - 4} more" if len(features) > 4 else "")
    at = lineage.observations.functions.get(served.function) if trained.function else None
    members = list(dict.fromkeys(id for each, _, _ in copies for id in each.members))
    return Finding(
        message=f"serving computes {shown} of model `{model.name}` by its own copy of training's code: an edit of one "
        "of them becomes skew",
        help="compute it in one function that both import, or in a step of the saved Pipeline",
        span=at or served.span,
        label=f"serving: {show(served.expression)}" if at is None else "a copy",
        related=[
            Label(trained.span, f"training: {show(trained.expression)}"),
            *([Label(served.span, f"serving: {show(served.expression)}")] if at is not None else []),
        ],
        nodes=members,
        reaches=[id for id in ends(lineage.graph, members) if id not in members],
    )


RULE = Rule(
    code="ML703",
    name="duplicated-extraction",
    summary="training and serving compute a feature by two copies of the same code",
    check=check,
    stable=False,  # one finding in some 200 public repositories, which was false before its cause was mended
)
