"""Expressions as people would write them: `trip_m / 1000`, columns without their dataset."""

from __future__ import annotations

from mllint.lineage.expressions import Apply, Column, Constant, Expression

_BINARY = {
    "OR": ("or", 1), "AND": ("and", 2), "EQ": ("=", 4), "NE": ("<>", 4), "LT": ("<", 4), "LE": ("<=", 4),
    "GT": (">", 4), "GE": (">=", 4), "ADD": ("+", 5), "SUB": ("-", 5), "MUL": ("*", 6), "DIV": ("/", 6),
    "FLOORDIV": ("//", 6), "MOD": ("%", 6), "POW": ("**", 8),
}  # fmt: skip
_NAMES = {
    "LN": "ln", "MEAN": "mean", "ROUND_EVEN": "round_half_even", "ROUND_AWAY": "round", "INTDIV": "integer_div",
    "DATEDIFF_DAYS": "days_between", "WEEKDAY_MON0": "weekday_from_monday_0", "WEEKDAY_SUN0": "weekday_from_sunday_0",
    "WEEKDAY_SUN1": "weekday_from_sunday_1", "WEEKDAY_ISO": "weekday_from_monday_1",
}  # fmt: skip
_ASSOCIATIVE = {"OR", "AND", "ADD", "MUL"}


def show(expression: Expression) -> str:
    """The expression in infix notation, with as few brackets as its meaning allows."""
    return _show(expression, 0)


def _show(expression: Expression, around: int) -> str:
    match expression:
        case Column(name=name):
            return name
        case Constant(value):
            return _constant(value)
        case Apply(operator, arguments) if operator in _BINARY and len(arguments) > 1:
            sign, level = _BINARY[operator]
            right = level if operator in _ASSOCIATIVE else level + 1
            parts = [_show(a, level if i == 0 else right) for i, a in enumerate(arguments)]
            text = f" {sign} ".join(parts)
            return f"({text})" if level < around else text
        case Apply():
            return _call(expression, around)
        case _:
            return "?"


def _call(expression: Apply, around: int) -> str:
    arguments = expression.arguments
    match expression.operator, len(arguments):
        case "NEG", 1:
            return f"-{_show(arguments[0], 7)}"
        case "NOT", 1:
            text = f"not {_show(arguments[0], 3)}"
            return f"({text})" if around > 3 else text
        case "IS_NULL", 1:
            return f"{_show(arguments[0], 5)} is null"
        case "IN", _:
            return f"{_show(arguments[0], 5)} in ({_listed(arguments[1:])})"
        case "CAST", 2 if isinstance(arguments[1], Constant):
            return f"cast({_show(arguments[0], 0)} as {arguments[1].value})"
        case "CASE", n if n % 2:
            tests = [f"when {show(t)} then {show(v)}" for t, v in zip(arguments[:-1:2], arguments[1::2], strict=True)]
            return f"case {' '.join(tests)} else {show(arguments[-1])} end"
        case "CALL" | "FITTED", n if n and isinstance(arguments[0], Constant):
            return f"{str(arguments[0].value).lower()}({_listed(arguments[1:])})"
        case (("ROUND_EVEN" | "ROUND_AWAY"), 2) if arguments[1] == Constant(0):
            return f"{_NAMES[expression.operator]}({show(arguments[0])})"
        case operator, _:
            return f"{_NAMES.get(operator, operator.lower())}({_listed(arguments)})"


def _listed(arguments: tuple[Expression, ...]) -> str:
    return ", ".join(map(show, arguments))


def _constant(value: bool | float | str | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case float():
            return f"{value:.12g}"
        case _:
            return str(value)
