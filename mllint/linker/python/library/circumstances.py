"""Under which circumstances data is read or written: who gives the name, what happens if it is not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Place
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import constant_of, options_of, text_of
from mllint.linker.python.library.estimators import models_in
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import place_of
from mllint.linker.python.library.trials import fits_of
from mllint.linker.python.machine import Activation, Machine
from mllint.linker.python.results.records import How
from mllint.source import Span


def of_read(call: Invocation, node: str, revision: str = "") -> How:
    return How(called_from(call.m, call.span, node), call.m.tolerant > 0, False, revision)


def of_write(call: Invocation, node: str, value: Any = None) -> How:
    m, place = call.m, call.entry.writes or call.entry.saves
    is_more = m.effects.spares or (place is not None and adds(call, place))
    return How(called_from(m, call.span, node), m.tolerant > 0, is_more, made=_made_at(m, call.span, value))


def adds(call: Invocation, place: Place) -> bool:
    """`df.to_sql("trips", con, if_exists="append")`, `open(path, "a")`: a value that is not known may be that one."""
    for word in place.adds.split("|") if place.adds else ():
        parameter, _, wanted = word.partition(":")
        if parameter == "always":
            return True
        given = call.get(parameter)
        if given is not None and any(text_of(option) in (wanted, None) for option in options_of(given)):
            return True
    handle = call.get(place.file) if place.file else None
    mode = getattr(handle, "slots", {}).get("mode")
    return isinstance(mode, str) and "a" in mode


def called_from(m: Machine, span: Span, node: str) -> Span:
    """The innermost call whose own function holds the name: outward while an argument brings it."""
    wanted = node.rpartition("/")[2].partition(":")[2] or node.rpartition("/")[2]
    place = span
    for activation, caller in zip(reversed(m.stack), reversed(m.call_places), strict=False):
        if activation.function is None or not _is_given(activation, wanted):
            break
        place = caller
    return place


def _made_at(m: Machine, span: Span, value: Any) -> str:
    """Where what is written is made. A model: where it was made and fitted. Else the innermost call whose own function
    makes it: outward while an argument, or what an argument holds, is it."""
    fittings = m.effects.now.fittings
    models = [(place_of(model.slots["token"]), fits_of(model)) for model in models_in(value)]
    if models and all(fits and fits <= fittings.keys() for _, fits in models):
        spans = {_shown(fittings[id].span) for _, fits in models for id in fits}
        return " ".join(sorted({place for place, _ in models} | spans))
    place = span
    for activation, caller in zip(reversed(m.stack), reversed(m.call_places), strict=False):
        held = [part for given in activation.given.values() for part in (given, *_held(given))]
        if activation.function is None or not any(part is value for part in held):
            break
        place = caller
    return _shown(place)


def _shown(span: Span) -> str:
    return f"{span.path}:{span.cell or ''}:{span.line}:{span.column}"


def _held(value: Any) -> Iterable[Any]:
    return value.slots.values() if isinstance(value, Cell) and value.kind == "instance" else ()


def _is_given(activation: Activation, wanted: str) -> bool:
    assert activation.function is not None
    for parameter in activation.function.facts.parameters:
        value = activation.given.get(parameter.name)
        texts = [text_of(option) or "" for option in options_of(value)] if value is not None else []
        if any(wanted in text.lower() or wanted in text for text in texts):
            return not (isinstance(parameter.default, facts.Literal) and parameter.default.value == constant_of(value))
    return False


def is_survived(attempt: facts.Try) -> bool:
    """Whether some handler goes on after a failure: it neither raises nor leaves the program."""
    return any(not _ends(handler.body) for handler in attempt.handlers)


def _ends(body: tuple[Any, ...]) -> bool:
    return any(_leaves(statement) for statement in body)


def _leaves(statement: Any) -> bool:
    match statement:
        case facts.Raise():
            return True
        case facts.Evaluate(value=facts.Call(function=facts.Name(id="exit" | "quit"))):
            return True
        case facts.Evaluate(value=facts.Call(function=facts.Attribute(name="exit" | "_exit" | "abort"))):
            return True
    return False
