"""What annotations tell of values that nothing else does: `def load(session: Session) -> ClientSession`."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.values import Bound, External, Function, Unknown
from mllint.linker.python.library.library import new_object
from mllint.linker.python.machine import Machine


def declared(m: Machine, function: Function, annotation: facts.Expr | None, value: Any, at: facts.At) -> Any:
    """An object of the library's class that is named, if nothing is known of the value, not even where it comes from.
    Classes that hold data are left alone: which data, an annotation does not tell."""
    known = value
    while isinstance(known, Bound) and isinstance(known.function, str):  # `request.app.state.client`
        known = known.receiver
    if not isinstance(known, Unknown) or known.origins or known.given:
        return value
    if not isinstance(annotation, facts.Name | facts.Attribute):
        return value
    with m.activation(function.scope, m.module_scope_of(function.scope), function.path, None):
        named = m.evaluate(annotation)
    if not isinstance(named, External):
        return value
    made = m.library.call(named.name)
    kind = m.library.type_of_class(named.name) or (made.returns if made is not None else "")
    if kind not in m.library.types or m.library.holds(kind) not in ("", "object"):
        return value
    return new_object(m, kind, named.name, {}, at)


def given(m: Machine, function: Function, values: dict[str, Any], at: facts.At) -> None:
    """The same for the parameters of a call."""
    for parameter in function.facts.parameters:
        if parameter.annotation is not None and parameter.name in values:
            values[parameter.name] = declared(m, function, parameter.annotation, values[parameter.name], at)
