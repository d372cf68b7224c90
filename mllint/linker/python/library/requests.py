"""What a handler of a route is given: the body of the request, and fields of it, as its parameters declare them."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Place
from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import of_dataset
from mllint.linker.python.abstract.values import (
    WHOLE,
    Bound,
    Choice,
    Class,
    Column,
    Constant,
    External,
    Function,
    Partial,
    Tuple,
    Unknown,
    join_all,
    options_of,
    origins_of,
)
from mllint.linker.python.classes import alias_of, find_member, lineage_of
from mllint.linker.python.frames import frames
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.web import sent_to
from mllint.linker.python.machine import Machine

_BODY_NAMES = ("request", "req", "body", "payload", "data", "input", "event", "features", "item")
_MANY = ("List", "list", "Sequence", "Iterable", "conlist", "tuple", "set", "Set")
_SAME = ("Optional", "Annotated", "Union", "Required", "Body", "Final")
ANNOTATED = "python.annotated"
DEEPEST = 60  # calls within calls, where dependencies depend on each other in a circle
_SCALARS = ("int", "float", "str", "bool", "datetime", "date", "UUID", "Decimal", "Literal", "bytes", "UploadFile")


def field(m: Machine, endpoint: str, parameter: facts.Parameter, given: Any) -> Any:
    """A parameter of a handler: a body whose fields are columns of the endpoint, or one such field."""
    injected = _injected(m, parameter.annotation)
    if injected is not None:
        return injected
    if not isinstance(given, Unknown) and not _is_request_default(given):
        return given  # `model=Depends(get_model)`
    if parameter.annotation is not None:
        return typed(m, endpoint, parameter.name, parameter.annotation, parameter.at)
    if parameter.name in _BODY_NAMES:
        return body(m, endpoint, parameter.at)
    return column(m, endpoint, parameter.name, parameter.at)


def _is_request_default(given: Any) -> bool:
    """`x: int = Query(...)`, `x: str = Form()`, `x: int = 3`."""
    if isinstance(given, Cell) and given.kind == "object":
        return "token" not in given.slots and not origins_of(given)
    return isinstance(given, Constant)


def _injected(m: Machine, annotation: facts.Expr | None) -> Any:
    """`model: Annotated[Model, Depends(get_model)]`."""
    match annotation:
        case facts.Subscript(index=facts.Collection(items=(_, *extra))) if _last_name(annotation.value) == "Annotated":
            for part in extra:
                if isinstance(part, facts.Call) and _last_name(part.function) in ("Depends", "Security"):
                    return m.evaluate(part)
        case facts.Name() | facts.Attribute():  # `ModelDependency = Annotated[Model, Depends(get_model)]`
            alias = m.evaluate(annotation)
            for value in alias.slots["extra"] if is_annotated(alias) else ():
                if not isinstance(value, Unknown) and not _is_request_default(value):
                    return value
    return None


def annotated(call: Invocation) -> Any:
    """`Annotated[Model, Depends(get_model)]`, where it gets a name."""
    declared, *extra = call.arguments.args
    slots = {"type": ANNOTATED, "class": "", "arguments": {}, "origins": frozenset(), "declared": declared}
    return call.m.heap.new("object", {**slots, "extra": tuple(extra)}, (call.m.now.path, call.at))


def is_annotated(value: Any) -> bool:
    return isinstance(value, Cell) and value.kind == "object" and value.slots["type"] == ANNOTATED


def injected_into(m: Machine, callee: Any) -> dict[str, Any]:
    """The parameters of what somebody depends on that depend on something themselves, as their annotations say."""
    function = callee.function if isinstance(callee, Partial | Bound) else callee
    if isinstance(function, Class):
        function = find_member(function, "__init__")
    if not isinstance(function, Function) or len(m.stack) > DEEPEST:
        return {}
    with m.activation(function.scope, m.module_scope_of(function.scope), function.path, None):
        found = {p.name: _injected(m, p.annotation) for p in function.facts.parameters}
    return {name: value for name, value in found.items() if value is not None}


def _last_name(expression: facts.Expr) -> str:
    match expression:
        case facts.Name(id=name) | facts.Attribute(name=name):
            return name
    return ""


def typed(m: Machine, endpoint: str, name: str, annotation: facts.Expr, at: facts.At) -> Any:
    """The part of a request that an annotation describes: `Trip`, `list[Trip]`, `float | None`."""
    match annotation:
        case facts.Subscript(value=outer, index=inner) if _last_name(outer) in (*_SAME, *_MANY):
            first = inner.items[0] if isinstance(inner, facts.Collection) and inner.items else inner
            value = typed(m, endpoint, name, first, at)
            if _last_name(outer) in _SAME or isinstance(value, Column):
                return value
            return m.heap.new("list", {"items": (), "<rest>": value}, (m.now.path, at))
        case facts.Binary(operator="|", left=left, right=right):
            first = typed(m, endpoint, name, left, at)
            one = isinstance(first, Cell) and first.kind == "list" and typed(m, endpoint, name, right, at)
            return one if isinstance(one, Cell) and one.kind == "instance" else first  # `list[Trip] | Trip`
        case facts.Literal(value=str() as quoted):
            annotation = facts.Name(annotation.at, quoted)
    kind = m.evaluate(annotation)
    if is_annotated(kind):
        kind = kind.slots["declared"]
    if isinstance(kind, Class) and kind.flavour != "enum":
        return request_body(m, endpoint, kind, at)
    if isinstance(kind, External) and kind.name == "builtins.int":
        return msgspec.structs.replace(column(m, endpoint, name, at), kind=WHOLE)
    if isinstance(kind, Class) or (isinstance(kind, External) and kind.name.rpartition(".")[2] in _SCALARS):
        return column(m, endpoint, name, at)
    if isinstance(kind, External) and _is_plain_object(m, kind):  # `tasks: BackgroundTasks`
        return m.call(kind, Arguments(), at)
    return body(m, endpoint, at)


def _is_plain_object(m: Machine, cls: External) -> bool:
    """Whether a library gives its own object to who asks for one: no part of the request, nor rows made of it."""
    kind = m.library.types.get(m.library.type_of_class(cls.name))
    return kind is not None and kind.holds == "object"


def body(m: Machine, endpoint: str, at: facts.At, kind: str = "python.request") -> Cell:
    """A body whose fields are not declared."""
    return frames.new(m, of_dataset(endpoint), kind, at)


def whole(m: Machine, endpoint: str, parameter: facts.Parameter | None, kind: str = "") -> Any:
    """All that a service is sent, for a parameter that takes it: as its annotation declares it, if that is a class of
    the repository. `kind` is the type that it has otherwise."""
    if parameter is not None and parameter.annotation is not None:
        declared = typed(m, endpoint, parameter.name, parameter.annotation, parameter.at)
        if isinstance(declared, Cell) and declared.kind in ("instance", "list"):
            return declared
    return body(m, endpoint, parameter.at if parameter is not None else 0, kind or "python.request")


def request_body(m: Machine, endpoint: str, cls: Class, at: facts.At) -> Cell:
    """An instance of a request model: each declared field is a column of the endpoint,
    those of a model within it too."""
    instance = m.heap.new("instance", {"<class>": cls}, (m.now.path, at))
    depth = sum(1 for activation in m.stack if activation.function is None)
    for base in reversed([b for b in lineage_of(cls) if isinstance(b, Class)]):
        for name, annotation in base.scope.slots.get("<fields>", {}).items():
            sent_as = alias_of(base, name)
            instance.slots[name] = _field_of_body(m, endpoint, base, sent_as, annotation, at, depth)
    return instance


def _field_of_body(
    m: Machine, endpoint: str, cls: Class, name: str, annotation: facts.Expr | None, at: facts.At, depth: int
) -> Any:
    if annotation is None or depth > 6:
        return column(m, endpoint, name, at)
    with m.activation(cls.scope, m.module_scope_of(cls.scope), cls.path, None):
        value = typed(m, endpoint, name, annotation, annotation.at)
    if not _may_be_null(annotation):
        m.required.add(column_id(endpoint, name))
    is_part = isinstance(value, Column) or (isinstance(value, Cell) and value.kind in ("instance", "list"))
    return value if is_part else column(m, endpoint, name, at)


def _may_be_null(annotation: facts.Expr) -> bool:
    """`Optional[int]`, `int | None`, `Any`: whoever calls may leave it out, or send null."""
    match annotation:
        case facts.Name(id=name) | facts.Attribute(name=name):
            return name == "Any"
        case facts.Literal(value=value):
            return value is None or not isinstance(value, str) or "None" in value or "Optional" in value
        case facts.Subscript(value=value, index=index):
            inner = index.items if isinstance(index, facts.Collection) else (index,)
            optional = isinstance(value, facts.Name | facts.Attribute) and getattr(value, "id", "") == "Optional"
            return optional or getattr(value, "name", "") == "Optional" or any(map(_may_be_null, inner))
        case facts.Binary(left=left, right=right):
            return _may_be_null(left) or _may_be_null(right)
    return False


def named_by_clients(call: Invocation, place: Place) -> Invocation:
    """The call with what clients send, where a field of a request names the file: `pd.read_csv(body.path)`."""
    target = call.get(place.file) if place.file else None
    sent = _sent_texts(call.m, target)
    if sent is target:
        return call
    return call.with_given({name: sent if value is target else value for name, value in call.given.items()})


def _sent_texts(m: Machine, value: Any) -> Any:
    """What a field of a request is known to be, where clients in the repository send it: a path, for one.

    requests.post(f"{HOST}/score", json=[{"path": "data/batch.parquet"}])
    """
    match value:
        case Column(expression=ex.Column(dataset=endpoint, name=name)) if endpoint.startswith("endpoint:"):
            known = m.recall(sent_to(endpoint))
            found = [msgspec.structs.replace(text, origins=value.origins) for text in _texts_under(known, name)]
            return join_all(found) if found else value
    return value


def _texts_under(body: Any, name: str, depth: int = 5) -> list[Constant]:
    """Texts that a body holds under a name, at whatever depth."""
    match body:
        case _ if depth == 0:
            return []
        case Choice(options=items) | Tuple(items=items):
            return [text for item in items for text in _texts_under(item, name, depth - 1)]
        case Cell(kind="list"):
            items = (*body.slots["items"], body.slots.get("<rest>"))
            return [text for item in items for text in _texts_under(item, name, depth - 1)]
        case Cell(kind="dict"):
            own = [option for option in options_of(body.slots.get(name)) if isinstance(option, Constant)]
            found = [text for text in own if isinstance(text.value, str)]
            inner = (item for key, item in body.slots.items() if not is_inner(key) or key == "<rest>")
            return found + [text for item in inner for text in _texts_under(item, name, depth - 1)]
    return []


def column(m: Machine, endpoint: str, name: str, at: facts.At) -> Column:
    """A field of a request."""
    id = column_id(endpoint, name)
    m.effects.mark(id, "column", m.span(at))
    return Column(ex.Column(endpoint, name), frozenset({id}), name, m.span(at), rows=endpoint, kind="")
