"""Expressions as sqlglot's: for printing in a dialect, and for tools that read SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mllint.lineage.expressions import Apply, Column, Constant, Expression

if TYPE_CHECKING:
    from sqlglot import exp

_CLASSES = {
    "ADD": "Add", "SUB": "Sub", "MUL": "Mul", "INTDIV": "IntDiv", "REM": "Mod", "POW": "Pow", "NEG": "Neg",
    "ABS": "Abs", "SIGN": "Sign", "FLOOR": "Floor", "CEIL": "Ceil", "LN": "Ln", "EXP": "Exp", "SQRT": "Sqrt",
    "EQ": "EQ", "NE": "NEQ", "LT": "LT", "LE": "LTE", "GT": "GT", "GE": "GTE", "AND": "And", "OR": "Or", "NOT": "Not",
    "LOWER": "Lower", "UPPER": "Upper", "TRIM": "Trim", "LENGTH": "Length", "YEAR": "Year", "MONTH": "Month",
    "QUARTER": "Quarter", "DAY": "Day", "DAYOFYEAR": "DayOfYear", "SUM": "Sum", "MEAN": "Avg", "MIN": "Min",
    "MAX": "Max", "COUNT": "Count", "STD": "Stddev", "MEDIAN": "Median", "DATEDIFF_DAYS": "DateDiff",
    "CONTAINS": "Contains",
       "STARTSWITH": "StartsWith", "ENDSWITH": "EndsWith", "ROUND_AWAY": "Round", "WEEKDAY_ISO": "DayOfWeekIso",
}  # fmt: skip
_LISTS = {"COALESCE": "Coalesce", "LEAST": "Least", "GREATEST": "Greatest", "IN": "In"}
_SECOND = {"ROUND_AWAY": "decimals"}


def to_sqlglot(expression: Expression) -> exp.Expr:
    """The expression as sqlglot's; what SQL has no word for is a function of its name (`ROUND_EVEN(x, 2)`)."""
    from sqlglot import exp

    match expression:
        case Column(name=name):
            return exp.column(name)
        case Constant(value):
            return exp.convert(value)
        case Apply("CASE", arguments):
            branches = zip(arguments[:-1:2], arguments[1::2], strict=True)
            case = exp.Case(ifs=[exp.If(this=to_sqlglot(t), true=to_sqlglot(v)) for t, v in branches])
            case.set("default", to_sqlglot(arguments[-1]))
            return case
        case Apply("IS_NULL", (inner,)):
            return exp.Is(this=_wrapped(inner), expression=exp.null())
        case Apply("CAST", (inner, Constant(str() as kind))):
            return exp.cast(to_sqlglot(inner), "double" if kind == "float" else kind)
        case Apply("DIV", (a, b)):  # never the division of integers
            return exp.Div(this=_wrapped(a), expression=_wrapped(b), typed=False, safe=False)
        case Apply("CONCAT", arguments):
            return exp.Concat(expressions=[to_sqlglot(a) for a in arguments], safe=True, coalesce=False)
        case Apply("CALL", (Constant(str() as name), *arguments)):
            return exp.Anonymous(this=name, expressions=[to_sqlglot(a) for a in arguments])
        case Apply(operator, arguments) if operator in _LISTS:
            first, *rest = [_wrapped(a) for a in arguments]
            return getattr(exp, _LISTS[operator])(this=first, expressions=rest)  # type: ignore[no-any-return]
        case Apply(operator, arguments) if operator in _CLASSES:
            return _classed(getattr(exp, _CLASSES[operator]), operator, arguments)
        case Apply(operator, arguments):
            return exp.Anonymous(this=operator, expressions=[to_sqlglot(a) for a in arguments])
        case _:
            return exp.Anonymous(this="UNRESOLVED", expressions=[])


def _classed(made: type[exp.Expr], operator: str, arguments: tuple[Expression, ...]) -> exp.Expr:
    parts = [_wrapped(argument) for argument in arguments]
    result = parts[0]
    if len(parts) == 1:
        return made(this=result)
    for part in parts[1:]:
        result = made(this=result, **{_SECOND.get(operator, "expression"): part})
    return result


def _wrapped(expression: Expression) -> exp.Expr:
    from sqlglot import exp

    inner = to_sqlglot(expression)
    return exp.paren(inner, copy=False) if isinstance(inner, exp.Binary | exp.Unary) else inner
