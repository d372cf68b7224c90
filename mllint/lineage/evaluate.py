"""The value of an expression for one row. A missing value (NULL, NaN, NaT, None) is `None`.

Nothing raises: what cannot be computed (a division by zero, a logarithm of nothing, text where a number should be)
is `ERROR`. Operators follow the table in `expressions`; all but those that ask for it are missing if an argument is.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from mllint.lineage.expressions import Apply, Column, Constant, Expression


class _Error:
    """The one value of a computation that fails."""

    def __repr__(self) -> str:
        return "ERROR"


ERROR = _Error()
_SIZE = 10_000  # characters, and bits of a power: nothing in an analysed tree may exhaust memory


def evaluate(expression: Expression, row: Mapping[Any, Any]) -> Any:
    """The value for a row, which gives a value by `Column` or by column name; a column that it lacks is missing."""
    match expression:
        case Column():
            value = row[expression] if expression in row else row.get(expression.name)
            return None if isinstance(value, float) and math.isnan(value) else value
        case Constant(value):
            return None if isinstance(value, float) and math.isnan(value) else value
        case Apply("CASE", arguments):
            return _case(arguments, row)
        case Apply("MAP", arguments):
            return _map(arguments, row)
        case Apply("COALESCE", arguments):
            return next((v for v in (evaluate(a, row) for a in arguments) if v is not None), None)
        case Apply(operator, arguments):
            return _applied(operator, [evaluate(argument, row) for argument in arguments])
        case _:
            return ERROR


def _case(arguments: tuple[Expression, ...], row: Mapping[Any, Any]) -> Any:
    for i in range(0, len(arguments) - 1, 2):
        test = evaluate(arguments[i], row)
        if test is ERROR:
            return ERROR
        if test is not None and test:
            return evaluate(arguments[i + 1], row)
    return evaluate(arguments[-1], row) if len(arguments) % 2 else None


def _map(arguments: tuple[Expression, ...], row: Mapping[Any, Any]) -> Any:
    """`df.city.map({"Oslo": 1})`: an unseen key, and a missing one, becomes what stands last."""
    first = evaluate(arguments[0], row)
    pairs = arguments[1:-1]
    for key, value in zip(pairs[::2], pairs[1::2], strict=False):
        equal = _applied("EQ", [first, evaluate(key, row)])
        if equal is ERROR:
            return ERROR
        if equal:
            return evaluate(value, row)
    return evaluate(arguments[-1], row)


def _applied(operator: str, values: list[Any]) -> Any:
    special = _SPECIAL.get(operator)
    try:
        if special is not None:
            return special(values)
        if any(value is ERROR for value in values):
            return ERROR
        function = _FUNCTIONS.get(operator)
        if function is None:
            return ERROR
        if any(value is None for value in values[: 1 if operator in _ONE_MATTERS else None]):
            return None
        return _finite(function(*values))
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError):
        return ERROR


def _finite(value: Any) -> Any:
    if isinstance(value, complex):
        return ERROR
    if isinstance(value, float) and not math.isfinite(value):
        return ERROR
    return value


# --------------------------------------------------------------------------------- operators that see what is missing


def _and(values: list[Any]) -> Any:
    if any(value is not None and value is not ERROR and not value for value in values):
        return False
    return ERROR if ERROR in values else None if None in values else True


def _or(values: list[Any]) -> Any:
    if any(value is not None and value is not ERROR and value for value in values):
        return True
    return ERROR if ERROR in values else None if None in values else False


def _is_null(values: list[Any]) -> Any:
    return ERROR if values[0] is ERROR else values[0] is None


def _in(values: list[Any]) -> Any:
    first, options = values[0], values[1:]
    if ERROR in values:
        return ERROR
    if first is None:
        return None
    if any(option is not None and _equal(first, option) for option in options):
        return True
    return None if None in options else False


_SPECIAL: dict[str, Callable[[list[Any]], Any]] = {
    "AND": _and, "OR": _or, "IS_NULL": _is_null, "IN": _in,
}  # fmt: skip

# -------------------------------------------------------------------------------------------------- numbers


def _add(*values: Any) -> Any:
    if all(isinstance(value, str) for value in values):  # Python's `+` on text
        return "".join(values)
    total = values[0]
    for value in values[1:]:
        total = _shifted(total, value) if isinstance(total, datetime.date) else total + value
    return total


def _shifted(date: datetime.date, days: Any) -> Any:
    return date + (days if isinstance(days, datetime.timedelta) else datetime.timedelta(days=days))


def _sub(a: Any, b: Any) -> Any:
    if isinstance(a, datetime.date) and not isinstance(b, datetime.date):
        return _shifted(a, -b)
    if isinstance(a, datetime.date):
        return (_time(a) - _time(b)).total_seconds() / 86400
    return a - b


def _mul(*values: Any) -> Any:
    return math.prod(_number(value) for value in values)


def _div(a: Any, b: Any) -> Any:
    return _number(a) / _number(b)


def _intdiv(a: Any, b: Any) -> Any:
    a, b = _number(a), _number(b)
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return math.trunc(a / b)


def _rem(a: Any, b: Any) -> Any:
    a, b = _number(a), _number(b)
    return a - b * _intdiv(a, b) if isinstance(a, int) and isinstance(b, int) else math.fmod(a, b)


def _pow(a: Any, b: Any) -> Any:
    a, b = _number(a), _number(b)
    if isinstance(a, int) and isinstance(b, int) and abs(b) * a.bit_length() > _SIZE:
        return ERROR
    return a**b


def _round(way: str) -> Callable[..., Any]:
    def rounded(value: Any, digits: Any = 0) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(digits) > 300:
            return ERROR
        step = Decimal(1).scaleb(-int(digits))
        return float(Decimal(repr(value)).quantize(step, rounding=way)) if abs(value) < 1e18 else value

    return rounded


def _number(value: Any) -> Any:
    if isinstance(value, str | datetime.date):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(a: Any, b: Any) -> bool:
        if isinstance(a, datetime.date) or isinstance(b, datetime.date):
            return compare(_time(a), _time(b))
        return compare(a, b)

    return compared


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, datetime.date) or isinstance(b, datetime.date):
        return bool(_time(a) == _time(b))
    return bool(a == b)


def _least(*values: Any) -> Any:
    return min(values, key=_time) if isinstance(values[0], datetime.date) else min(values)


def _greatest(*values: Any) -> Any:
    return max(values, key=_time) if isinstance(values[0], datetime.date) else max(values)


# ---------------------------------------------------------------------------------------------------- dates


def _time(value: Any) -> datetime.datetime:
    """A moment, from a date, a datetime or ISO text."""
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value.strip())
    raise TypeError


def _epoch(value: Any) -> Any:
    moment = _time(value)
    zone = moment.tzinfo or datetime.UTC
    return moment.replace(tzinfo=zone).timestamp()


def _cast(value: Any, kind: Any) -> Any:
    match kind:
        case "int" | "float" if isinstance(value, datetime.date):
            return ERROR
        case "int":
            return math.trunc(float(value)) if isinstance(value, str) else math.trunc(value)
        case "float":
            return float(value)
        case "text":
            return _text(value)
        case "bool":
            return {"true": True, "false": False}[value.lower()] if isinstance(value, str) else bool(value)
        case "timestamp" | "date":
            moment = _time(value)
            return moment if kind == "timestamp" else moment.date()
        case _:
            return ERROR


def _substring(value: Any, start: Any, stop: Any = None) -> Any:
    return value[start:stop] if isinstance(value, str) else ERROR


def _replace(value: str, old: str, new: str) -> Any:
    return value.replace(old, new) if len(value) * (len(new) + 1) < _SIZE else ERROR


_ONE_MATTERS = {"SUBSTRING"}  # its end may be missing: until the end of the text

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ADD": _add, "SUB": _sub, "MUL": _mul, "DIV": _div, "INTDIV": _intdiv, "REM": _rem, "POW": _pow,
    "FLOORDIV": lambda a, b: _number(a) // _number(b), "MOD": lambda a, b: _number(a) % _number(b),
    "NEG": lambda a: -a, "ABS": abs, "SIGN": lambda a: (a > 0) - (a < 0),
    "FLOOR": math.floor, "CEIL": math.ceil, "TRUNC": math.trunc,
    "ROUND_EVEN": _round(ROUND_HALF_EVEN), "ROUND_AWAY": _round(ROUND_HALF_UP),
    "LEAST": _least, "GREATEST": _greatest,
    "LN": math.log, "LOG2": math.log2, "LOG10": math.log10, "LOG1P": math.log1p,
    "EXP": math.exp, "EXPM1": math.expm1, "SQRT": math.sqrt,
    "EQ": _equal, "NE": lambda a, b: not _equal(a, b),
    "LT": _ordered(lambda a, b: a < b), "LE": _ordered(lambda a, b: a <= b),
    "GT": _ordered(lambda a, b: a > b), "GE": _ordered(lambda a, b: a >= b),
    "NOT": lambda a: not a, "CAST": _cast,
    "LOWER": lambda a: a.lower(), "UPPER": lambda a: a.upper(), "TRIM": lambda a: a.strip(), "LENGTH": len,
    "CONCAT": lambda *parts: "".join(map(_text, parts)),
    "SUBSTRING": _substring, "REPLACE": _replace,
    "CONTAINS": lambda a, b: b in a, "STARTSWITH": lambda a, b: a.startswith(b), "ENDSWITH": lambda a, b: a.endswith(b),
    "YEAR": lambda d: _time(d).year, "MONTH": lambda d: _time(d).month, "DAY": lambda d: _time(d).day,
    "QUARTER": lambda d: (_time(d).month + 2) // 3, "WEEK": lambda d: _time(d).isocalendar().week,
    "DAYOFYEAR": lambda d: _time(d).timetuple().tm_yday,
    "HOUR": lambda d: _time(d).hour, "MINUTE": lambda d: _time(d).minute, "SECOND": lambda d: _time(d).second,
    "EPOCH_SECONDS": _epoch, "DATEDIFF_DAYS": lambda a, b: (_time(a).date() - _time(b).date()).days,
    "WEEKDAY_MON0": lambda d: _time(d).weekday(), "WEEKDAY_ISO": lambda d: _time(d).isoweekday(),
    "WEEKDAY_SUN0": lambda d: _time(d).isoweekday() % 7, "WEEKDAY_SUN1": lambda d: _time(d).isoweekday() % 7 + 1,
}  # fmt: skip
