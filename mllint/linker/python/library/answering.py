"""A service answers a request: what its library calls, in turn, with what was sent and with what the calls give."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import Bound, Class, Constant, Unknown
from mllint.linker.python.library import requests
from mllint.linker.python.library.services import REQUEST, Handler, Step, member, plain, steps_of
from mllint.linker.python.machine import Machine


def answer(m: Machine, handler: Handler) -> Any:
    """What a service answers: its steps, called in turn."""
    assert handler.service is not None
    owner = handler.owner
    if isinstance(owner, Class):
        owner = classes.construct(m, owner, Arguments(), owner.at)
    known: dict[str, Any] = {}
    result: Any = Unknown()
    for step in steps_of(handler.service):
        function = member(m, owner, step.name)
        if function is not None:
            result = _called(m, handler, function, step, known)
        elif step.otherwise is not None:
            at = plain(handler.function).facts.at
            thing, argument = (_given(m, handler, known, step.otherwise[i], None) for i in (0, 2))
            result = m.call(m.attribute(thing, step.otherwise[1], at), Arguments((argument,)), at)
        elif step.result:
            result = _given(m, handler, known, step.arguments[0], None)
        known[step.result] = result
    return result


def _called(m: Machine, handler: Handler, function: Any, step: Step, known: dict[str, Any]) -> Any:
    called = plain(function)
    m.called.add((called.path, called.facts.at))
    own = [p for p in called.facts.parameters if p.kind not in ("star", "double star")]
    own = own[1:] if isinstance(function, Bound) else own
    # one that takes fewer is given fewer: `def load(self)`, `def encode_response(self, output, **kwargs)`
    names = (
        step.arguments
        if len(own) < len(called.facts.parameters) - isinstance(function, Bound)
        else step.arguments[: len(own)]
    )
    given = [_given(m, handler, known, name, own[i] if i < len(own) else None) for i, name in enumerate(names)]
    return m.call(function, Arguments(tuple(given)), called.facts.at)


def _given(m: Machine, handler: Handler, known: dict[str, Any], name: str, parameter: facts.Parameter | None) -> Any:
    if name in known:
        return known[name]
    if name == REQUEST:
        kind = handler.service.request if handler.service is not None else ""
        return requests.whole(m, handler.endpoint, parameter, kind)
    platform = m.library.variable(name)
    if platform is not None:  # `model_fn(model_dir)`
        return Constant(platform)
    return Unknown(why=f"only the server knows `{name}`")
