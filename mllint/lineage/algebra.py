"""The expression algebra: whether two computations are the same, how people would write them, and where they differ.

`normalise` gives the normal form, `evaluate` the value for a row, `witness` a row on which two computations differ.
`to_sqlglot` is the door to SQL; nothing else here imports sqlglot, so that comparing costs no heavy import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mllint.lineage.evaluate import ERROR, evaluate
from mllint.lineage.expressions import Apply, Column, Constant, Expression, Unresolved, is_known
from mllint.lineage.normalise import normalise
from mllint.lineage.opaque import opaque_parts, unmodelled
from mllint.lineage.show import show
from mllint.lineage.sql import to_sqlglot
from mllint.lineage.witness import Disagreement, witness

__all__ = ["ERROR", "Disagreement", "equal", "evaluate", "normalise", "rename", "show", "to_sqlglot", "witness"]

_CLOSE = 1e-9  # relative; two constants nearer than this are one


def equal(a: Expression, b: Expression, same: Mapping[Column, Column] | None = None) -> bool | None:
    """Whether two computations are the same: `None` where that cannot be told.

    `same` says which column of `b` each column of `a` is, where they are not the same `Column`. True means that the
    normal forms agree; False that a row is known on which they differ, or that they aggregate differently."""
    if not is_known(a) or not is_known(b):
        return None
    a = rename(a, same or {})
    left, right = normalise(a), normalise(b)
    if alike(left, right):
        return True
    if unmodelled(left) != unmodelled(right):
        return None
    if opaque_parts(left) != opaque_parts(right):
        return False
    return None if witness(a, b) is None and _columns(left) == _columns(right) else False


def rename(expression: Expression, same: Mapping[Column, Column]) -> Expression:
    """The expression over other columns; a column that `same` does not name stays."""
    match expression:
        case Column():
            return same.get(expression, expression)
        case Apply(operator, arguments) if same:
            return Apply(operator, tuple(rename(argument, same) for argument in arguments))
        case _:
            return expression


def alike(a: Expression, b: Expression) -> bool:
    """Whether two normal forms are the same but for rounding in their constants."""
    match a, b:
        case Constant(x), Constant(y):
            return _same_constant(x, y)
        case Apply(f, left), Apply(g, right):
            return f == g and len(left) == len(right) and all(map(alike, left, right))
        case Unresolved(), _:
            return False
        case _:
            return a == b


def _same_constant(x: bool | float | str | None, y: bool | float | str | None) -> bool:
    if isinstance(x, int | float) and isinstance(y, int | float):
        return isinstance(x, bool) == isinstance(y, bool) and math.isclose(x, y, rel_tol=_CLOSE)
    return x == y


def _columns(expression: Expression) -> set[Column]:
    from mllint.lineage.expressions import columns

    return set(columns(expression))
