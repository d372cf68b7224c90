"""Operators between values of a template. What is not known on one side is not known in the result."""

from __future__ import annotations

from typing import Any

from mllint.linker.jinja.builtins import percent
from mllint.linker.jinja.values import LARGEST_NUMBER, MOST_CHARACTERS, Unknown, is_known, is_small, shown

_Number = int | float


def binary(operator: str, left: Any, right: Any) -> Any:
    unknown = next((side for side in (left, right) if isinstance(side, Unknown)), None)
    if unknown is not None and not (operator == "+" and isinstance(left, str)):
        return unknown
    match operator, left, right:
        case "+", str(), _:
            return concatenated(left, right)
        case "+", list(), list():
            return left + right if len(left) + len(right) < MOST_CHARACTERS else Unknown()
        case "*", str() | list(), int():
            return left * right if 0 <= right * len(left) < 20_000 else Unknown()
        case "%", str(), _:
            return percent(left, right)
        case "**", int() | float(), int() | float():
            return left**right if abs(left) < 10_000 and 0 <= right < 10 else Unknown()
        case _, int() | float(), int() | float():
            made = _ARITHMETIC[operator](left, right) if operator in _ARITHMETIC else Unknown()
            return made if isinstance(made, Unknown) or abs(made) <= LARGEST_NUMBER else Unknown()
    return Unknown()


_ARITHMETIC: dict[str, Any] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b,
}  # fmt: skip


def concatenated(*parts: Any) -> str:
    texts = [shown(part) for part in parts]
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise ValueError("too long")
    return "".join(texts)


def compared(operator: str, left: Any, right: Any) -> bool | Unknown:
    if not (is_small(left) and is_small(right)):
        return Unknown()
    if operator in ("in", "notin"):
        found = _contained(left, right)
        return found if isinstance(found, Unknown) else found is (operator == "in")
    if not (is_known(left) and is_known(right)):
        return Unknown()
    match operator:
        case "eq":
            return bool(left == right)
        case "ne":
            return bool(left != right)
        case "gt" if isinstance(left, _Number | str):
            return bool(left > right)
        case "gteq" if isinstance(left, _Number | str):
            return bool(left >= right)
        case "lt" if isinstance(left, _Number | str):
            return bool(left < right)
        case "lteq" if isinstance(left, _Number | str):
            return bool(left <= right)
    return Unknown()


def _contained(part: Any, whole: Any) -> bool | Unknown:
    if not isinstance(whole, str | list | tuple | dict) or not is_known(part):
        return Unknown()
    if isinstance(whole, str):
        return part in whole if isinstance(part, str) and is_known(whole) else Unknown()
    return True if part in whole else False if is_known(whole) else Unknown()
