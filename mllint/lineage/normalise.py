"""The normal form: one way of writing for all that compute the same value, missing values and failures included.

Sums and products become polynomials with rational coefficients (`polynomials`); the rest are the rules below, each
of which keeps the value for every row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from mllint.lineage.evaluate import ERROR, evaluate
from mllint.lineage.expressions import Apply, Constant, Expression, Unresolved
from mllint.lineage.opaque import is_opaque
from mllint.lineage.ordering import key
from mllint.lineage.polynomials import arithmetic

Arguments = tuple[Expression, ...]
TRUE, FALSE, NULL = Constant(True), Constant(False), Constant(None)

_INTEGERS = {
    "LENGTH", "COUNT", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "FLOOR",
    "CEIL", "TRUNC", "DATEDIFF_DAYS", "WEEKDAY_MON0", "WEEKDAY_SUN0", "WEEKDAY_SUN1", "WEEKDAY_ISO",
}  # fmt: skip
_TEXTS = {"LOWER", "UPPER", "TRIM", "CONCAT", "SUBSTRING", "REPLACE"}
_TESTS = {"EQ", "NE", "LT", "LE", "GT", "GE", "AND", "OR", "NOT", "IN", "IS_NULL", "CONTAINS", "STARTSWITH", "ENDSWITH"}
_NEGATED = {"LT": "GE", "LE": "GT", "GT": "LE", "GE": "LT", "EQ": "NE", "NE": "EQ"}
_FIRST_WEEKDAY = {"WEEKDAY_SUN1": ("WEEKDAY_SUN0", 1), "WEEKDAY_ISO": ("WEEKDAY_MON0", 1)}


def normalise(expression: Expression) -> Expression:
    """The normal form of an expression."""
    if not isinstance(expression, Apply):
        return _constant(expression)
    arguments = tuple(normalise(argument) for argument in expression.arguments)
    unresolved = next((a for a in arguments if isinstance(a, Unresolved)), None)
    if unresolved is not None:
        return unresolved
    return build(expression.operator, arguments)


def build(operator: str, arguments: Arguments) -> Expression:
    """`operator(arguments)` in normal form, of arguments in normal form."""
    plain = Apply(operator, arguments)
    if all(isinstance(a, Constant) for a in arguments) and not is_opaque(plain):
        value = evaluate(plain, {})
        if value is None or isinstance(value, bool | int | float | str):
            return _constant(Constant(value))
        if value is ERROR:
            return plain
    if operator in ("ADD", "SUB", "MUL", "DIV", "NEG"):
        if operator == "ADD" and any(_is_text(a) for a in arguments):  # Python's `+` on text
            return build("CONCAT", arguments)
        return arithmetic(operator, arguments)
    rule = _RULES.get(operator)
    return rule(operator, arguments) if rule is not None else plain


def order(arguments: Iterable[Expression]) -> Arguments:
    """Operands of a commutative operator, sorted: columns by name first, so that renamed variants sort alike."""
    return tuple(sorted(arguments, key=key))


def _constant(expression: Expression) -> Expression:
    """`1.0` is `1`, NaN is NULL."""
    if isinstance(expression, Constant) and isinstance(expression.value, float):
        if math.isnan(expression.value):
            return NULL
        if expression.value.is_integer() and abs(expression.value) < 2**53:
            return Constant(int(expression.value))
    return expression


def _is_text(expression: Expression) -> bool:
    match expression:
        case Constant(str()):
            return True
        case Apply("CAST", (_, Constant("text"))):
            return True
        case Apply(operator):
            return operator in _TEXTS
        case _:
            return False


# ------------------------------------------------------------------------------------------------------- rules


def _flat(operator: str, arguments: Arguments) -> list[Expression]:
    return [
        inner for a in arguments for inner in (a.arguments if isinstance(a, Apply) and a.operator == operator else (a,))
    ]


def _logic(operator: str, arguments: Arguments) -> Expression:
    parts = list(dict.fromkeys(_flat(operator, arguments)))
    neutral, absorbing = (TRUE, FALSE) if operator == "AND" else (FALSE, TRUE)
    if absorbing in parts:
        return absorbing
    parts = [part for part in parts if part != neutral]
    if operator == "OR":
        parts = _as_in(parts)
    if not parts:
        return neutral
    if len(parts) == 1 and isinstance(parts[0], Apply) and parts[0].operator in _TESTS:
        return parts[0]
    return Apply(operator, order(parts))


def _as_in(parts: list[Expression]) -> list[Expression]:
    """`x = 1 OR x = 2 OR x IN (3, 4)` is `x IN (1, 2, 3, 4)`."""
    options: dict[Expression, list[Expression]] = {}
    rest: list[Expression] = []
    for part in parts:
        match part:
            case Apply("EQ", (x, Constant() as value)) if value != NULL and not isinstance(x, Constant):
                options.setdefault(x, []).append(value)
            case Apply("IN", (x, *values)) if all(isinstance(v, Constant) and v != NULL for v in values):
                options.setdefault(x, []).extend(values)
            case _:
                rest.append(part)
    return rest + [build("IN", (x, *values)) for x, values in options.items()]


def _not(operator: str, arguments: Arguments) -> Expression:
    match arguments[0]:
        case Apply("NOT", (Apply(inner) as test,)) if inner in _TESTS:
            return test
        case Apply(inner, pair) if inner in _NEGATED:
            return build(_NEGATED[inner], pair)
        case Apply("AND" | "OR" as inner, parts):
            return build("OR" if inner == "AND" else "AND", tuple(build("NOT", (part,)) for part in parts))
        case _:
            return Apply("NOT", arguments)


def _compare(operator: str, arguments: Arguments) -> Expression:
    """`a > b` is `b < a`; a constant stands right of `=`."""
    left, right = arguments
    if operator in ("GT", "GE"):
        return Apply("LT" if operator == "GT" else "LE", (right, left))
    return Apply(operator, arguments)


def _symmetric(operator: str, arguments: Arguments) -> Expression:
    return Apply(operator, order(arguments))


def _in(operator: str, arguments: Arguments) -> Expression:
    options = order(dict.fromkeys(arguments[1:]))
    if len(options) == 1:
        return build("EQ", (arguments[0], options[0]))
    return Apply("IN", (arguments[0], *options))


def _extreme(operator: str, arguments: Arguments) -> Expression:
    """Constants of LEAST and GREATEST meet in one; `GREATEST(1, LEAST(9, x))` is `LEAST(9, GREATEST(1, x))`."""
    parts = list(dict.fromkeys(_flat(operator, arguments)))
    constants = [part for part in parts if isinstance(part, Constant)]
    if len(constants) > 1:
        folded = evaluate(Apply(operator, tuple(constants)), {})
        if isinstance(folded, bool | int | float | str) or folded is None:
            parts = [part for part in parts if not isinstance(part, Constant)] + [Constant(folded)]
    if operator == "GREATEST" and len(parts) == 2:
        match order(parts):
            case (Apply("LEAST", inner), Constant(low)):
                match inner:
                    case (x, Constant(high)) if _is_below(low, high):
                        return Apply("LEAST", order((build("GREATEST", (x, Constant(low))), Constant(high))))
    return parts[0] if len(parts) == 1 else Apply(operator, order(parts))


def _is_below(low: object, high: object) -> bool:
    return isinstance(low, int | float) and isinstance(high, int | float) and low <= high


def _coalesce(operator: str, arguments: Arguments) -> Expression:
    parts: list[Expression] = []
    for part in _flat("COALESCE", arguments):
        if part == NULL or part in parts:
            continue
        parts.append(part)
        if isinstance(part, Constant):
            break
    if not parts:
        return NULL
    return parts[0] if len(parts) == 1 else Apply("COALESCE", tuple(parts))


def _case(operator: str, arguments: Arguments) -> Expression:
    otherwise = arguments[-1] if len(arguments) % 2 else NULL
    tests = arguments[: len(arguments) // 2 * 2]
    branches: list[tuple[Expression, Expression]] = []
    for test, value in zip(tests[::2], tests[1::2], strict=True):
        if test in (FALSE, NULL):
            continue
        if test == TRUE:
            otherwise = value
            break
        if branches and branches[-1][1] == value and not _may_fail(test) and not _may_fail(branches[-1][0]):
            branches[-1] = build("OR", (branches[-1][0], test)), value
        else:
            branches.append((test, value))
    else:
        match otherwise:
            case Apply("CASE", inner):
                return _case(operator, (*(e for branch in branches for e in branch), *inner))
    while branches and branches[-1][1] == otherwise and not _may_fail(branches[-1][0]):
        branches.pop()
    return _short_case(branches, otherwise)


def _short_case(branches: list[tuple[Expression, Expression]], otherwise: Expression) -> Expression:
    """CASE forms that have a name: COALESCE, LEAST, GREATEST."""
    if not branches:
        return otherwise
    if len(branches) == 1:
        match branches[0]:
            case Apply("IS_NULL", (x,)), value if x == otherwise:
                return build("COALESCE", (x, value))
            case Apply("NOT", (Apply("IS_NULL", (x,)),)), value if x == value:
                return build("COALESCE", (x, otherwise))
            # CASE WHEN x > 9 THEN 9 ELSE x END: a missing x stays missing in both
            case Apply("LT" | "LE", (Constant(int() | float()) as c, x)), value if c == value and x == otherwise:
                return build("LEAST", (x, c))
            case Apply("LT" | "LE", (x, Constant(int() | float()) as c)), value if c == value and x == otherwise:
                return build("GREATEST", (x, c))
    return Apply("CASE", (*(e for branch in branches for e in branch), otherwise))


def _may_fail(test: Expression) -> bool:
    """Whether evaluating a test could fail, so that it may neither go nor move: `CASE WHEN 1 / x > 2 THEN ...`."""
    if not isinstance(test, Apply):
        return False
    return test.operator not in _SAFE or any(map(_may_fail, test.arguments))


_SAFE = _TESTS | {"COALESCE"}


def _map(operator: str, arguments: Arguments) -> Expression:
    """`MAP(x, 'a', 1, 0)` is `CASE WHEN x = 'a' THEN 1 ELSE 0 END`: both give the last for what is missing."""
    first, pairs, otherwise = arguments[0], arguments[1:-1], arguments[-1]
    tests: list[Expression] = []
    for k, value in zip(pairs[::2], pairs[1::2], strict=False):
        tests += [build("EQ", (first, k)), value]
    return build("CASE", (*tests, otherwise))


def _cast(operator: str, arguments: Arguments) -> Expression:
    match arguments:
        case (Apply("CAST", (x, inner)), kind) if inner == kind:
            return arguments[0]
        case (Apply(inner, _) as x, Constant("int")) if inner in _INTEGERS:
            return x
        case (Apply(inner, _) as x, Constant("float")) if inner in _INTEGERS:
            return x
        case (x, Constant("text")) if _is_text(x):
            return x
        case _:
            return Apply(operator, arguments)


def _date_part(operator: str, arguments: Arguments) -> Expression:
    """`to_datetime(x).dt.year` is the year of x: parts of dates read text and days too."""
    needless = _NEEDLESS_FOR_TIME if operator in ("HOUR", "MINUTE", "SECOND", "EPOCH_SECONDS") else _NEEDLESS_FOR_DATE
    plain = tuple(
        a.arguments[0] if isinstance(a, Apply) and a.operator == "CAST" and a.arguments[1] in needless else a
        for a in arguments
    )
    return _weekday(operator, plain) if operator in _FIRST_WEEKDAY else Apply(operator, plain)


_NEEDLESS_FOR_TIME = (Constant("timestamp"),)
_NEEDLESS_FOR_DATE = (Constant("timestamp"), Constant("date"))


def _concat(operator: str, arguments: Arguments) -> Expression:
    parts: list[Expression] = []
    for part in _flat("CONCAT", arguments):
        match part, parts[-1:]:
            case Constant(str() as text), [Constant(str() as before)]:
                parts[-1] = Constant(before + text)
            case _:
                parts.append(part)
    return parts[0] if len(parts) == 1 and _is_text(parts[0]) else Apply("CONCAT", tuple(parts))


def _idempotent(operator: str, arguments: Arguments) -> Expression:
    match arguments[0]:
        case Apply(inner) if inner == operator:
            return arguments[0]
        case Apply("ABS", _) if operator == "ABS":
            return arguments[0]
        case _:
            return Apply(operator, arguments)


def _weekday(operator: str, arguments: Arguments) -> Expression:
    base, first = _FIRST_WEEKDAY[operator]
    return build("ADD", (Apply(base, arguments), Constant(first)))


def _logarithm(operator: str, arguments: Arguments) -> Expression:
    if operator == "LOG1P":
        return build("LN", (build("ADD", (arguments[0], Constant(1))),))
    base = 2 if operator == "LOG2" else 10
    return build("DIV", (build("LN", arguments), Constant(math.log(base))))


def _power(operator: str, arguments: Arguments) -> Expression:
    match arguments:
        case (x, Constant(int() as exponent)) if not isinstance(exponent, bool) and 1 <= exponent <= 8:
            return build("MUL", (x,) * exponent if exponent > 1 else (x, Constant(1)))
        case (x, Constant(0.5)):
            return Apply("SQRT", (x,))
        case _:
            return Apply(operator, arguments)


def _expm1(operator: str, arguments: Arguments) -> Expression:
    return build("SUB", (Apply("EXP", arguments), Constant(1)))


_RULES: Mapping[str, Callable[[str, Arguments], Expression]] = {
    "AND": _logic, "OR": _logic, "NOT": _not, "LT": _compare, "LE": _compare, "GT": _compare, "GE": _compare,
    "EQ": _symmetric, "NE": _symmetric, "IN": _in, "LEAST": _extreme, "GREATEST": _extreme, "COALESCE": _coalesce,
    "CASE": _case, "MAP": _map, "CAST": _cast, "CONCAT": _concat, "LOWER": _idempotent, "UPPER": _idempotent,
    "TRIM": _idempotent, "ABS": _idempotent, "FLOOR": _idempotent, "CEIL": _idempotent, "TRUNC": _idempotent,
    "LOG2": _logarithm, "LOG10": _logarithm, "LOG1P": _logarithm,
    "POW": _power, "EXPM1": _expm1,
} | dict.fromkeys(
    ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "EPOCH_SECONDS",
     "DATEDIFF_DAYS", "WEEKDAY_MON0", "WEEKDAY_SUN0", "WEEKDAY_SUN1", "WEEKDAY_ISO"), _date_part,
)  # fmt: skip
