"""Values that cross module boundaries as bare numbers: predictions, thresholds, log-odds, multipliers."""

from __future__ import annotations

import re
from typing import Any

from mllint.facts import python as facts
from mllint.facts.walking import parts
from mllint.lineage.observations import Handover
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import KEYS, Choice, Class, Column, External, Function, Tuple
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.library.estimators import models_in
from mllint.linker.python.machine import Machine

_MODEL = re.compile(r"model|version", re.IGNORECASE)
_IDENTITY = re.compile(r"\w*(?:model_?(?:id|name|version|tag|uri|type)|version|registered_model)", re.IGNORECASE)
_PROTOCOL = ("predict", "decision_function", "score_samples", "transform", "fit_predict", "forward")
_TENSOR = "torch.Tensor"
_NETWORKS = ("torch.nn.", "keras.", "tensorflow.keras.")
_BASES = ("mlflow.pyfunc.", "sklearn.base.", "torch.nn.", "lightning.", "pytorch_lightning.", "keras.", "tensorflow.")


def watch(m: Machine, function: Function, result: Any, given: dict[str, Any]) -> None:
    """A function of another module has returned: is what it gives a bare prediction? One that it was itself `given`
    is not the first to cross: `def clip(score, top): return min(score, top)`."""
    if m.in_test or not m.call_places or _is_estimator(function) or _gives_frame(function):
        return
    if _is_callback(m, function) or function in _captured(m, m.now.function):
        return  # `result = func(*args)` in the wrapper that `@timed` put around it: nobody has received anything yet
    function = next(iter(_captured(m, function)), function)
    receiver = m.span_of_call()
    if any(m.span(at, path) == receiver for path, at in m.discards):
        return  # `model.predict(rows)` to warm up: nobody takes it
    owner = given.get("self")
    if isinstance(owner, Cell) and any(isinstance(key, str) and _IDENTITY.fullmatch(key) for key in owner.slots):
        return  # who asks `bundle.predict(rows)` holds the bundle, which knows its `registered_model`
    came = {id for name, value in given.items() if name not in ("self", "cls") for id in _predicted(value)}
    for option in result.options if isinstance(result, Choice) else (result,):
        found = _bare(option)
        if found is None:
            continue
        shape, column = found
        if shape == "tensor" and not _annotated(function):
            continue  # logits, feature maps, descriptors: parts of a program pass them on until they are numbers
        models = sorted(m.predictors.among(column.origins))
        if not came.isdisjoint(models):
            continue
        if not models or column.span is None or column.span.path == receiver.path:
            continue  # `clip(model.predict(rows))`: the receiver made the prediction itself
        if m.now.function is not None and _names_model(m.now.function.facts):
            return
        m.effects.handover(
            Handover(
                m.span(function.facts.at, function.path),
                function.qualified,
                "prediction",
                _annotated(function) or shape,
                models[0],
                column.span,
                receiver,
                m.span(m.now.function.facts.at, m.now.function.path) if m.now.function else None,
                m.effects.job,
            )
        )


def _captured(m: Machine, function: Function | None) -> list[Function]:
    """The functions that an inner function was put around: `func` of `def timed(func): def wrapper(*args): ...`."""
    if function is None or m.module_scope_of(function.scope) is function.scope:
        return []
    if not any(parameter.kind == "star" for parameter in function.facts.parameters):
        return []
    values = [value for name, value in function.scope.slots.items() if not is_inner(name)]
    return [v for v in values if isinstance(v, Function) and v.scope is not function.scope]


def _is_callback(m: Machine, function: Function) -> bool:
    """`def predict_one(history): ...` inside `make_predictor`: whoever is given it knows no module that it came from,
    and asked for what it gives. What a decorator puts around a function stands for that."""
    is_nested = function.owner is None and m.module_scope_of(function.scope) is not function.scope
    return is_nested and not _captured(m, function)


def _annotated(function: Function) -> str:
    """`-> float`, where an array of one became a number."""
    returns = function.facts.returns
    return returns.id if isinstance(returns, facts.Name) and returns.id in ("float", "int") else ""


def _gives_frame(function: Function) -> bool:
    """`-> pd.DataFrame`, `-> tuple[pd.DataFrame, str]`: rows with names, which can say what they are. The model may be
    of any kind (pyfunc)."""
    todo: list[Any] = [function.facts.returns]
    while todo:
        part = todo.pop()
        name = part.name if isinstance(part, facts.Attribute) else part.id if isinstance(part, facts.Name) else ""
        if name in ("DataFrame", "LazyFrame"):
            return True
        todo += parts(part)
    return False


def _names_model(receiver: facts.Function) -> bool:
    """Whether who receives the number says which model it is of: `{"rul": rul, "model_version": served_version}`."""
    todo: list[Any] = list(facts.body_of(receiver))
    while todo:
        part = todo.pop()
        match part:
            case (
                facts.Name(id=word)
                | facts.Attribute(name=word)
                | facts.Literal(value=str(word))
                | facts.Keyword(name=str(word))
            ):
                if _IDENTITY.fullmatch(word):
                    return True
        todo += parts(part)
    return False


def _predicted(value: Any) -> frozenset[str]:
    """The origins of a value that is, or holds, a bare prediction."""
    options = value.options if isinstance(value, Choice) else (value,)
    found = (_bare(option) for option in options)
    return frozenset().union(*(part[1].origins for part in found if part is not None), frozenset())


def _is_estimator(function: Function) -> bool:
    """`predict` of a class that is fitted too, or whose base asks for it: whoever calls it holds the model, and knows
    what it gives."""
    owner = function.scope.slots.get("<self>")
    bases = owner.bases if isinstance(owner, Class) else ()
    if any(isinstance(base, External) and base.name.startswith(_NETWORKS) for base in bases):
        return True  # what a network gives to who holds it
    if not function.facts.name.startswith(_PROTOCOL):
        return False
    asked = any(isinstance(base, External) and base.name.startswith(_BASES) for base in bases)
    return asked or (function.owner is not None and "fit" in function.scope.slots)


def _tells_model(value: Any) -> bool:
    """Whether the model goes along, or its name or version: `return model, scores`, `{"score": s, "version": "3"}`."""
    parts = value.items if isinstance(value, Tuple) else (value,)
    if isinstance(value, Tuple) and models_in(value):
        return True
    dictionaries = [part for part in parts if isinstance(part, Cell) and part.kind == "dict"]
    return any(isinstance(key, str) and _MODEL.search(key) for part in dictionaries for key in part.slots)


def _bare(value: Any) -> tuple[str, Column] | None:
    """A prediction that has no type of its own: alone, or inside a tuple, list or dictionary."""
    match value:
        case Column(name="prediction"):
            return "tensor" if value.kind == _TENSOR else "array" if value.kind else "float", value
        case Tuple() | Cell(kind="dict") if _tells_model(value):
            return None
        case Tuple(items=items):
            held, shape = list(items), "tuple"
        case Cell(kind="list"):
            held, shape = list(value.slots["items"]), "list"
        case Cell(kind="dict"):
            held, shape = [v for k, v in value.slots.items() if k not in ("<span>", KEYS)], "dict"
        case _:
            return None
    for part in (option for each in held for option in (each.options if isinstance(each, Choice) else (each,))):
        if isinstance(part, Column) and part.name == "prediction" and part.kind != _TENSOR:
            return shape, part
    return None
