"""The order in which operands stand in normal form."""

from __future__ import annotations

from mllint.lineage.expressions import Apply, Column, Constant, Expression


def key(expression: Expression) -> tuple[int, str]:
    match expression:
        case Column(dataset, name):
            return 0, f"{name}\0{dataset}"
        case Apply():
            return 1, _text(expression)
        case _:
            return 2, _text(expression)


def _text(expression: Expression) -> str:
    match expression:
        case Column(dataset, name):
            return f"{name}\0{dataset}"
        case Apply(operator, arguments):
            return f"{operator}({','.join(map(_text, arguments))})"
        case Constant(float() | int() as value) if not isinstance(value, bool):
            return f"{value:.9g}"
        case Constant(value):
            return repr(value)
        case _:
            return "?"
