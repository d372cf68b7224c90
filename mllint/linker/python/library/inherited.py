"""Methods of a library's base class that call what the class of the repository writes: `through` of library models.

class Centre(TransformerMixin):                        Centre().fit_transform(X)  # Centre().fit(X).transform(X)
    def fit(self, X, y=None): ...
    def transform(self, X): ..."""

from __future__ import annotations

from typing import Any

from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound
from mllint.linker.python.library.invocation import Invocation


def own_methods(call: Invocation) -> list[Bound]:
    """The methods that the call comes down to; none unless the receiver's class has them all."""
    receiver = call.receiver
    if not (isinstance(receiver, Cell) and receiver.kind == "instance"):
        return []
    methods = [classes.find_method(call.m, receiver, name) for name in call.entry.through]
    return methods if all(methods) else []


def in_turn(call: Invocation, methods: list[Bound]) -> Any:
    """What the last of them makes of the rows, once the others have had all that the call was given."""
    for method in methods[:-1]:
        call.m.call(method, call.arguments, call.at)
    rows = call.get(call.entry.transforms)
    return call.m.call(methods[-1], Arguments((rows,) if rows is not None else ()), call.at)
