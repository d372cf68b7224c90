"""ML802: no test reaches a function that computes features of a deployed model.

def ratios(df): df["km_per_hour"] = df["km"] / df["hours"]      # the finding: every test could pass without it
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Constant,
    Context,
    Expression,
    Feature,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    Unresolved,
    by_member,
    ends,
    is_test,
    models,
    name,
)
from mllint_rules.reproducibility.uses import PEOPLE, Use, use_of

_NO_WORK = ("CAST", "ITEM", "FITTED")  # a read, a cast, a fitted step of a library
_DONE = ("computed by what is not modelled", "computed in different ways")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each function; where a repository has no tests at all, one for all of them."""
    seen = lineage.observations
    owner = by_member(models(lineage.graph))
    used = {model.id: use for model in owner.values() if (use := use_of(lineage, model)) is not None}
    found: dict[str, list[Feature]] = defaultdict(list)
    for feature in seen.features:
        use = used.get(owner[feature.model].id) if feature.model in owner else None
        if use is None or feature.function not in seen.functions:
            continue
        is_on_its_way = feature.side == "train" or feature.job in use.jobs  # else an analysis of the model
        if is_on_its_way and _is_code(feature) and _computes(feature.expression):
            found[feature.function].append(feature)
    untested = sorted(found.keys() - set(seen.tested), key=lambda function: seen.functions[function])
    if not seen.tests:
        yield from _no_tests(lineage, owner, used, {function: found[function] for function in untested})
        return
    for function in untested:
        model = owner[min(found[function], key=lambda f: (f.model, f.name)).model]
        yield _finding(lineage, function, found[function], model, used[model.id].at)


def _is_code(feature: Feature) -> bool:
    paths = (feature.span.path, feature.job)
    return not any(is_test(path) or path.endswith(PEOPLE) for path in paths)


def _computes(expression: Expression) -> bool:
    """Whether something is done there, be it by code that nobody models."""
    if isinstance(expression, Unresolved):
        return expression.reason in _DONE
    if not isinstance(expression, Apply):
        return False
    if expression.operator == "COALESCE" and isinstance(expression.arguments[-1], Constant):
        return False  # `rows.fillna(0)`: what is filled may have been computed elsewhere
    return expression.operator not in _NO_WORK or any(map(_computes, expression.arguments))


def _finding(lineage: Lineage, function: str, features: list[Feature], model: Model, at: Span) -> Finding:
    tests = len(lineage.observations.tests)
    files = "the only file of tests" if tests == 1 else f"any of the {tests} files of tests"
    short = function.rpartition(".")[2]
    return Finding(
        message=f"`{short}` computes {_listed(features)} of model `{model.name}`, which is in use, and nothing in "
        f"{files} reaches it: an edit that breaks the feature breaks no test",
        help=f"call `{short}` in a test with a few rows whose result is known, a missing value among them",
        span=lineage.observations.functions[function],
        label="no test reaches this function",
        related=_places(features, at, lineage.observations.tests),
        nodes=list(model.members),
        reaches=[id for id in ends(lineage.graph, model.members) if id not in model.members],
    )


def _no_tests(
    lineage: Lineage, owner: dict[str, Model], used: dict[str, Use], untested: dict[str, list[Feature]]
) -> Iterator[Finding]:
    if not untested:
        return
    spans = lineage.observations.functions
    first = next(iter(untested))
    ids = sorted({owner[feature.model].id for features in untested.values() for feature in features})
    names = ", ".join(name(lineage.graph, id) for id in ids[:3])
    count = "1 function computes" if len(untested) == 1 else f"{len(untested)} functions compute"
    others = [Label(spans[each], f"computes {_listed(untested[each])}") for each in list(untested)[1:4]]
    are = "is" if len(ids) == 1 else "are"
    yield Finding(
        message=f"the repository has no tests, and {count} features of {names}, which {are} in use",
        help="begin with a test of these functions: a few rows whose result is known, a missing value among them",
        span=spans[first],
        label=f"computes {_listed(untested[first])}",
        related=[*others, Label(used[ids[0]].at, "the model is in use here")],
        nodes=ids,
    )


def _places(features: list[Feature], at: Span, tests: list[str]) -> list[Label]:
    places = {feature.span: f"computes `{feature.name}`" for feature in features if feature.name}
    searched = [Label(Span(path, 1, 1, 1, 1), "searched for a way to it") for path in tests[:2]]
    return [
        *(Label(span, places[span]) for span in sorted(places)[:3]),
        Label(at, "the model is in use here"),
        *searched,
    ]


def _listed(features: list[Feature]) -> str:
    names = list(dict.fromkeys(f"`{f.name}`" for f in sorted(features, key=lambda f: f.span) if f.name))
    if not names:
        return "features"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


RULE = Rule(
    code="ML802",
    name="untested-feature-code",
    summary="no test reaches a function that computes features of a deployed model",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
