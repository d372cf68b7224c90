"""ML205: two features of one model are the same expression over the same inputs.

df["km"] = df["metres"] / 1000
df["distance_km"] = df["metres"] * 0.001     # the finding: the same column again, under another name
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Apply,
    Column,
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
    by_member,
    columns,
    equal,
    is_known,
    is_test,
    models,
    show,
)

_STATISTICS = {"SUM", "MEAN", "MIN", "MAX", "COUNT", "STD", "MEDIAN", "QUANTILE", "FIRST", "LAST"}
_MOST = 60  # features over the same inputs that are compared with each other


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each definition that an earlier one has already given the model."""
    owner = by_member(models(lineage.graph))
    found: dict[Span, Finding] = {}
    for (member, job), features in sorted(_trained(lineage).items()):
        model = owner.get(member)
        if model is None or is_test(job):
            continue
        for first, second in _pairs(features):
            found.setdefault(second.span, _finding(model, first, second))
    for span in sorted(found, key=_order):
        yield found[span]


def _trained(lineage: Lineage) -> dict[tuple[str, str], list[Feature]]:
    """The computed features of each model and job that trains it; columns as they are read are no definitions."""
    result: dict[tuple[str, str], list[Feature]] = defaultdict(list)
    for feature in lineage.observations.features:
        if feature.side == "train" and _is_computed(feature):
            result[feature.model, feature.job].append(feature)
    return result


def _is_computed(feature: Feature) -> bool:
    if not is_known(feature.expression) or isinstance(_bare(feature.expression), Column | Constant):
        return False
    if _hides_rows(feature.expression):
        return False
    return bool(list(columns(feature.expression)))


def _hides_rows(expression: Expression) -> bool:
    """Whether an expression does not say of which rows it is: a statistic of some group, or the difference of a column
    to itself, as in `prices.loc[day] - prices.loc[day - week]`."""
    if not isinstance(expression, Apply):
        return False
    own, parts = expression.operator, expression.arguments
    is_of_itself = own in ("SUB", "DIV") and len(parts) == 2 and parts[0] == parts[1]
    return own in _STATISTICS or is_of_itself or any(map(_hides_rows, parts))


def _bare(expression: Expression) -> Expression:
    """What is cast: another type makes no other feature."""
    while isinstance(expression, Apply) and expression.operator == "CAST":
        expression = expression.arguments[0]
    return expression


def _pairs(features: list[Feature]) -> Iterator[tuple[Feature, Feature]]:
    """Pairs that are certainly equal, the earlier definition first; each later one once."""
    groups: dict[frozenset[Column], list[Feature]] = defaultdict(list)
    for feature in sorted(features, key=lambda one: (_order(one.span), one.name)):
        groups[frozenset(columns(feature.expression))].append(feature)
    for group in groups.values():
        kept: list[Feature] = []
        for feature in group[:_MOST]:
            same = next((one for one in kept if one.name != feature.name and _is_same(one, feature)), None)
            if same is not None:
                yield same, feature
            else:
                kept.append(feature)


def _is_same(first: Feature, second: Feature) -> bool:
    """Equal, and written in two places: one statement that gives two columns their values is one definition."""
    return first.span != second.span and equal(first.expression, second.expression) is True


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _finding(model: Model, first: Feature, second: Feature) -> Finding:
    return Finding(
        message=f"features `{first.name}` and `{second.name}` of `{model.name}` are the same computation: "
        f"`{show(first.expression)}`",
        help=f"drop `{second.name}` from the features: two equal columns share one weight, and each hides the other's "
        "importance",
        span=second.span,
        label=f"`{second.name}` is computed here",
        related=[Label(first.span, f"`{first.name}` is the same")],
        nodes=[model.id],
    )


RULE = Rule(
    code="ML205",
    name="duplicate-feature",
    summary="two features of one model are the same expression over the same inputs",
    stable=False,  # four findings in unseen code so far, all false before their causes were mended
    check=check,
)
