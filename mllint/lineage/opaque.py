"""Parts of an expression that a single row does not decide: aggregates, windows, fitted steps, unknown calls."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.lineage.expressions import Apply, Column, Expression

AGGREGATES = frozenset({"SUM", "MEAN", "MIN", "MAX", "COUNT", "STD", "MEDIAN", "QUANTILE", "FIRST", "LAST"})
UNMODELLED = frozenset({"CALL", "FITTED", "ITEM"})


def is_opaque(expression: Expression) -> bool:
    return isinstance(expression, Apply) and (
        expression.operator in AGGREGATES
        or expression.operator in UNMODELLED
        or expression.operator == "LAG"
        or expression.operator.startswith("ROLLING_")
    )


def opaque_parts(expression: Expression) -> set[Expression]:
    """The outermost opaque parts."""
    return set(_outermost(expression))


def _outermost(expression: Expression) -> Iterator[Expression]:
    if is_opaque(expression):
        yield expression
    elif isinstance(expression, Apply):
        for argument in expression.arguments:
            yield from _outermost(argument)


def unmodelled(expression: Expression) -> set[Expression]:
    """Every call and fitted step, wherever it stands."""
    if not isinstance(expression, Apply):
        return set()
    inner = {part for argument in expression.arguments for part in unmodelled(argument)}
    return inner | {expression} if expression.operator in UNMODELLED else inner


def closed(expression: Expression, name: dict[Expression, str]) -> Expression:
    """The expression with each opaque part as a column of its own, called as `name` says."""
    if is_opaque(expression):
        return Column("", name[expression])
    if isinstance(expression, Apply):
        return Apply(expression.operator, tuple(closed(argument, name) for argument in expression.arguments))
    return expression
