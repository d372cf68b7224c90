"""How a value is computed, in a form that no language owns.

Each front end (Python, SQL) writes what a computation *means* in the operators below, so that integer and true
division, or rounding half to even and away from zero, are different operators here. `lineage.algebra` turns these
expressions into sqlglot's for comparing, printing and evaluating.

Operators (`Apply.operator`), upper case, arguments in order:

    ADD SUB MUL DIV (true division) FLOORDIV INTDIV (towards zero) MOD (sign of divisor) REM (sign of dividend)
    POW NEG ABS SIGN FLOOR CEIL TRUNC ROUND_EVEN ROUND_AWAY (x, digits) LEAST GREATEST
    LN LOG2 LOG10 LOG1P EXP EXPM1 SQRT
    EQ NE LT LE GT GE AND OR NOT IN (value, option, ...) IS_NULL
    COALESCE (fill missing) CASE (test, value, ..., otherwise) MAP (value, key, value, ..., otherwise)
    CAST (x, 'int' | 'float' | 'text' | 'bool' | 'timestamp' | 'date') ITEM (collection, key)
    LOWER UPPER TRIM CONCAT LENGTH SUBSTRING (x, start from 0, stop) REPLACE CONTAINS STARTSWITH ENDSWITH
    YEAR QUARTER MONTH WEEK DAY DAYOFYEAR HOUR MINUTE SECOND EPOCH_SECONDS DATEDIFF_DAYS
    WEEKDAY_MON0 WEEKDAY_SUN0 WEEKDAY_SUN1 WEEKDAY_ISO (Monday is 1)
    SUM MEAN MIN MAX COUNT STD MEDIAN QUANTILE FIRST LAST (aggregates), LAG (x, rows), ROLLING_<aggregate> (x, rows)
    FITTED (what, x): a fitted step; CALL (name, ...): a call that is not modelled, equal only to itself
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Column(msgspec.Struct, frozen=True, tag=True):
    """A column of a dataset (`dataset` is a node id), or a field of a request (an endpoint's id)."""

    dataset: str
    name: str


class Constant(msgspec.Struct, frozen=True, tag=True):
    value: bool | int | float | str | None


class Apply(msgspec.Struct, frozen=True, tag=True):
    operator: str
    arguments: tuple[Expression, ...]


class Unresolved(msgspec.Struct, frozen=True, tag=True):
    """What the analysis could not follow. It is equal to nothing, not even to itself.

    `parameter`: a SQL text asks for it, by its name or, from 1, its number; whoever runs the text may know it."""

    reason: str = ""
    parameter: str = ""


Expression = Column | Constant | Apply | Unresolved

LIMIT = 120  # nodes; a longer computation is `Unresolved`


def apply(operator: str, *arguments: Expression) -> Expression:
    """Build `operator(arguments)`, giving up when it grows beyond `LIMIT`."""
    if any(isinstance(a, Unresolved) for a in arguments):
        return next(a for a in arguments if isinstance(a, Unresolved))
    result = Apply(operator, arguments)
    return result if size(result) <= LIMIT else Unresolved("the computation is too long to compare")


def size(expression: Expression) -> int:
    if isinstance(expression, Apply):
        return 1 + sum(map(size, expression.arguments))
    return 1


def columns(expression: Expression) -> Iterator[Column]:
    """Every column that the expression reads, in order, with repeats."""
    if isinstance(expression, Column):
        yield expression
    elif isinstance(expression, Apply):
        for argument in expression.arguments:
            yield from columns(argument)


def is_known(expression: Expression) -> bool:
    """Whether no part of it is `Unresolved`."""
    if isinstance(expression, Apply):
        return all(map(is_known, expression.arguments))
    return not isinstance(expression, Unresolved)


_INFIX = {
    "ADD": "+", "SUB": "-", "MUL": "*", "DIV": "/", "FLOORDIV": "//", "MOD": "%", "POW": "**", "EQ": "==", "NE": "!=",
    "LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "AND": "and", "OR": "or",
}  # fmt: skip


def brief(expression: Expression, depth: int = 8) -> str:
    """The expression in one line, for labels: `trip_m / 1000`. Long ones end in `…`."""
    match expression:
        case Column(name=name):
            return name
        case Constant(value=value):
            return repr(value)
        case Apply(operator=operator, arguments=arguments) if depth > 0:
            shown = [brief(argument, depth - 1) for argument in arguments]
            if operator in _INFIX and len(shown) == 2:
                sides = [
                    f"({text})" if isinstance(a, Apply) and a.operator in _INFIX else text
                    for text, a in zip(shown, arguments, strict=True)
                ]
                return f"{sides[0]} {_INFIX[operator]} {sides[1]}"
            if operator in ("CALL", "FITTED") and isinstance(arguments[0], Constant):
                return f"{arguments[0].value}({', '.join(shown[1:])})"
            return f"{operator.lower()}({', '.join(shown)})"
    return "…"
