"""A row on which two computations differ, found by evaluating both on boundary values and on seeded random ones."""

from __future__ import annotations

import datetime
import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from mllint.lineage.evaluate import ERROR, evaluate
from mllint.lineage.expressions import Apply, Column, Constant, Expression, columns, is_known
from mllint.lineage.normalise import normalise
from mllint.lineage.opaque import closed, opaque_parts
from mllint.lineage.show import show

Kind = Literal["number", "text", "time", "flag"]


class Disagreement(msgspec.Struct, frozen=True):
    """`kind`: `value` where both sides compute something else from a row without missing values; `null` where a
    missing input is needed to tell them apart; `error` where one side cannot compute at all."""

    inputs: dict[str, Any]
    left: Any
    right: Any
    kind: Literal["value", "null", "error"]


_ROWS = 2000  # that are tried
_FURTHER = 200  # that are tried for a more readable one, once a row is found
_CLOSE = 1e-9
_RANK = {"value": 0, "null": 1, "error": 2}


def witness(a: Expression, b: Expression, types: Mapping[str, Kind] | None = None) -> Disagreement | None:
    """The most readable row found on which `a` and `b` differ by more than 1e-9, relative; `None` if none is found,
    or if they cannot be compared row by row (unknown parts, or different aggregates or calls).

    Columns of both sides are paired by name. `types` says what a column holds where the operators do not tell.
    The same arguments give the same row, always.
    """
    if not is_known(a) or not is_known(b):
        return None
    left, right = _by_name(normalise(a)), _by_name(normalise(b))
    parts = opaque_parts(left)
    if parts != opaque_parts(right):
        return None
    names = {part: show(part) for part in parts}
    if len(set(names.values())) < len(names):
        return None
    # evaluated as they were written: a normal form could hide a failure
    left, right = closed(_open(a), names), closed(_open(b), names)
    best: tuple[Any, ...] | None = None
    last = _ROWS
    for number, row in enumerate(_rows([left, right], types or {})):
        if number > last:
            break
        x, y = evaluate(left, row), evaluate(right, row)
        if not differ(x, y):
            continue
        kind = "error" if x is ERROR or y is ERROR else "null" if None in row.values() else "value"
        rank = _RANK[kind], _effort([*row.values(), x, y]), number
        if kind == "value":
            last = min(last, number + _FURTHER)
        if best is None or rank < best[0]:
            best = rank, Disagreement(row, x, y, kind)  # type: ignore[arg-type]
    return best[1] if best else None


def differ(x: Any, y: Any) -> bool:
    """Whether two values are more than a rounding apart."""
    if x is ERROR or y is ERROR or x is None or y is None:
        return x is not y
    if isinstance(x, int | float) and isinstance(y, int | float):
        return not math.isclose(x, y, rel_tol=_CLOSE, abs_tol=1e-12)
    if isinstance(x, datetime.date) and isinstance(y, datetime.date):
        return _moment(x) != _moment(y)
    return bool(x != y)


def _moment(value: datetime.date) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    return datetime.datetime(value.year, value.month, value.day)


def _by_name(expression: Expression) -> Expression:
    match expression:
        case Column(name=name):
            return Column("", name)
        case Apply(operator, arguments):
            return Apply(operator, tuple(map(_by_name, arguments)))
        case _:
            return expression


def _open(expression: Expression) -> Expression:
    """With opaque parts in normal form, so that both sides call them alike."""
    from mllint.lineage.opaque import is_opaque

    if is_opaque(expression):
        return _by_name(normalise(expression))
    if isinstance(expression, Apply):
        return Apply(expression.operator, tuple(map(_open, expression.arguments)))
    return _by_name(expression)


def _effort(values: list[Any]) -> int:
    """How much there is to read: `1000` and `1` before `0.001`, `'a'` before the empty text, which is easily missed."""
    return sum(map(_length, values))


def _length(value: Any) -> int:
    match value:
        case float():
            return len(f"{value:.6g}")
        case datetime.datetime():
            return 10 if value.time() == datetime.time() else 16
        case "":
            return 8
        case _:
            return len(str(value))


# ------------------------------------------------------------------------------------------------ rows to try


def _rows(sides: list[Expression], types: Mapping[str, Kind]) -> Iterator[dict[str, Any]]:
    names = sorted({column.name for side in sides for column in columns(side)})
    kinds = _kinds(sides) | dict(types)
    constants = sorted({c for side in sides for c in _constants(side)}, key=repr)
    pools = [_pool(kinds.get(name, "number"), constants) for name in names]
    if math.prod(map(len, pools)) <= _ROWS:
        for values in itertools.product(*pools):
            yield dict(zip(names, values, strict=True))
        return
    short = max(2, int(_ROWS ** (1 / len(names)) / 1.3)) if names else 1
    if short ** len(names) <= _ROWS:
        for values in itertools.product(*[pool[:short] for pool in pools]):
            yield dict(zip(names, values, strict=True))
    dice = random.Random(20240229)
    for _ in range(_ROWS):
        yield {name: dice.choice(pool) for name, pool in zip(names, pools, strict=True)}


def _pool(kind: Kind, constants: list[Any]) -> list[Any]:
    """Values of one column, the most telling first and the missing one last."""
    numbers = [c for c in constants if isinstance(c, int | float) and not isinstance(c, bool)]
    texts = [c for c in constants if isinstance(c, str)]
    match kind:
        case "flag":
            pool: list[Any] = [True, False]
        case "text":
            near = [v for text in texts for v in (text, text.upper(), text.lower(), text.title(), f" {text} ")]
            pool = [*near, "a", "abc", "ABC", " a ", "", "unseen", "a,b", "Straße", "2024-03-01", "12"]
        case "time":
            dates = [d for text in texts if (d := _date(text)) is not None]
            pool = [*dates, *_TIMES]
        case _:
            beside = [v for n in numbers[:12] for v in (n, n + 1, n - 1, -n, n / 2)]
            pool = [1, 10, 1000, 2, 0, -1, 0.5, 2.5, -2.5, 3, 7, -7, 100, 1.005, 1e6, *beside, 12345.678, -0.001]
    return _unique(pool)


def _unique(pool: list[Any]) -> list[Any]:
    seen: dict[tuple[bool, Any], Any] = {}
    for value in pool:
        if not isinstance(value, float) or math.isfinite(value):
            seen.setdefault((isinstance(value, bool), value), value)
    return [*seen.values(), None]


_TIMES = [
    datetime.datetime(2024, 1, 1),  # a Monday
    datetime.datetime(2024, 1, 7, 12),  # a Sunday
    datetime.datetime(2023, 12, 31, 23, 30),  # Sunday, another day and year one zone to the east
    datetime.datetime(2024, 12, 30),  # in week 1 of the next ISO year
    datetime.datetime(2024, 2, 29, 0, 30),
    datetime.datetime(2024, 3, 31, 1, 30),  # when clocks change
    datetime.datetime(2023, 7, 15, 18, 45, 59),
    datetime.datetime(1969, 12, 31, 23, 59, 59),
]


def _date(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _constants(expression: Expression) -> Iterator[Any]:
    match expression:
        case Constant(value) if value is not None:
            yield value
        case Apply("CAST", (inner, *_)):
            yield from _constants(inner)
        case Apply(_, arguments):
            for argument in arguments:
                yield from _constants(argument)


# ------------------------------------------------------------------------------------- what a column holds

_TEXT_FIRST = {"LOWER", "UPPER", "TRIM", "LENGTH", "SUBSTRING", "REPLACE", "CONTAINS", "STARTSWITH", "ENDSWITH"}
_TIME_ALL = {
    "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "EPOCH_SECONDS",
    "DATEDIFF_DAYS", "WEEKDAY_MON0", "WEEKDAY_SUN0", "WEEKDAY_SUN1", "WEEKDAY_ISO",
}  # fmt: skip
_ALIKE = {"EQ", "NE", "LT", "LE", "GT", "GE", "IN", "COALESCE", "LEAST", "GREATEST", "CONCAT", "ADD"}


def _kinds(sides: list[Expression]) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for side in sides:
        _learn(side, found)
    return found


def _learn(expression: Expression, found: dict[str, Kind]) -> None:
    if not isinstance(expression, Apply):
        return
    operator, arguments = expression.operator, expression.arguments
    if operator in _TEXT_FIRST:
        _say(arguments[:1], "text", found)
    elif operator in _TIME_ALL:
        _say(arguments, "time", found)
    elif operator == "CAST" and arguments[1] in (Constant("timestamp"), Constant("date")):
        _say(arguments[:1], "time", found)
    elif operator == "MAP":
        _say(arguments[:1], "text" if any(_is_text(k) for k in arguments[1:-1:2]) else "number", found)
    elif operator in _ALIKE and any(map(_is_text, arguments)):
        _say(arguments, "text", found)
    elif operator in ("AND", "OR", "NOT"):
        _say(arguments, "flag", found)
    elif operator == "CASE":
        _say(arguments[:-1:2], "flag", found)
    for argument in arguments:
        _learn(argument, found)


def _say(arguments: tuple[Expression, ...], kind: Kind, found: dict[str, Kind]) -> None:
    for argument in arguments:
        while isinstance(argument, Apply) and argument.operator in ("COALESCE", "CAST") and argument.arguments:
            argument = argument.arguments[0]
        if isinstance(argument, Column):
            found.setdefault(argument.name, kind)


def _is_text(expression: Expression) -> bool:
    return isinstance(expression, Constant) and isinstance(expression.value, str)
