"""How libraries answer requests with code of the repository that they call by its name: `answers` and `scripts` of
library models.

class Eta(ls.LitAPI):                   # an object of it answers by `decode_request`, `predict`, `encode_response`
    def predict(self, x): ...
def model_fn(model_dir): ...            # a file with this function answers by it and those beside it
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.serving import Service
from mllint.lineage.ids import endpoint_id
from mllint.linker.python import classes
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound, Class, External, Function, Module, Unknown, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.systems.functions import functions as functions_called
from mllint.source import Span

_STEP = re.compile(r"(?:(\w+) = )?(\w+|\*)\(([\w, ]*)\)(?: or (\w+)\.(\w+)\((\w+)\))?$")
REQUEST = "request"


class Step(msgspec.Struct, frozen=True):
    """`data = decode_request(request)`, `data = predict_fn(data, model) or model.predict(data)`"""

    result: str
    name: str
    arguments: tuple[str, ...]
    otherwise: tuple[str, str, str] | None = None  # object, method and argument


class Handler(msgspec.Struct, frozen=True):
    """What answers a route: a function, or the steps of a service, of which `function` is the first there is."""

    endpoint: str
    function: Any  # Function or Bound
    span: Span
    path: str
    router: Any = None  # the application, router or module (heap.Cell) whose route it is
    name: str = ""  # under which pages speak of the route
    service: Service | None = None
    owner: Any = None  # of a service: a Class, an instance of one (heap.Cell), or a Module


def steps_of(service: Service) -> list[Step]:
    """Raises ValueError for a step that is none."""
    result = []
    for text in service.steps:
        match = _STEP.match(text)
        if match is None:
            raise ValueError(f"{text!r} is no step such as `data = decode_request(request)`")
        arguments = tuple(name.strip() for name in match[3].split(",") if name.strip())
        otherwise = (match[4], match[5], match[6]) if match[4] else None
        result.append(Step(match[1] or "", match[2], arguments, otherwise))
    return result


def of_class(m: Machine, cls: Class) -> Service | None:
    """How the library of a class's nearest base answers with it."""
    for base in classes.lineage_of(cls):
        kind = m.library.types.get(m.library.type_of_class(base.name)) if isinstance(base, External) else None
        if kind is not None and kind.answers is not None:
            return kind.answers
    return None


def member(m: Machine, owner: Any, name: str) -> Any:
    """A function of a service's owner: of a file, or a method. `None` if there is none in the repository."""
    found: Any = None
    match owner:
        case Module(scope=scope):
            found = scope.slots.get(name)
        case Class():
            found = classes.find_member(owner, name)
        case Cell(kind="instance"):
            found = classes.find_method(m, owner, name)
    function = found.function if isinstance(found, Bound) else found
    return found if isinstance(function, Function) else None


def functions_of(m: Machine, handler: Handler) -> list[Function]:
    """All functions of the repository that answer a route."""
    found = [handler.function]
    if handler.service is not None:
        found += [member(m, handler.owner, step.name) for step in steps_of(handler.service)]
    return [f.function if isinstance(f, Bound) else f for f in found if f is not None]


def serve(m: Machine, service: Service, owner: Any, endpoint: str, span: Span, router: Any = None) -> None:
    """An object, a class or a file answers an endpoint by the steps of a service. It has one endpoint: the last that
    is said of it."""
    functions = [found for step in steps_of(service) if (found := member(m, owner, step.name)) is not None]
    if not functions:
        return
    withdraw(m, owner)
    # what speaks for all of them: the one that is given the request
    taking = {step.name for step in steps_of(service) if REQUEST in step.arguments}
    first = next((f for f in functions if plain(f).facts.name in taking), functions[0])
    function = plain(first)
    handler = Handler(endpoint, first, span, function.path, router, service=service, owner=owner)
    m.handlers[endpoint, function.path, function.facts.at] = handler


def withdraw(m: Machine, owner: Any) -> None:
    """An object answers no endpoint of its own: another one asks it."""
    for key in [key for key, handler in m.handlers.items() if handler.owner is not None and handler.owner is owner]:
        del m.handlers[key]


def plain(function: Any) -> Function:
    plain: Function = function.function if isinstance(function, Bound) else function
    return plain


def method_of(m: Machine, service: Service, owner: Any) -> str:
    """The method of HTTP: where it may be any, POST if what answers takes what was sent."""
    if not service.sent:
        return service.method
    functions = [member(m, owner, step.name) for step in steps_of(service)]
    return "POST" if any(f is not None and speaks_of(m, plain(f), service.sent) for f in functions) else "GET"


def speaks_of(m: Machine, function: Function, names: tuple[str, ...]) -> bool:
    """Whether a body has an attribute, or a text, that is one of these names."""
    encoded = bytes(function.facts.body)
    if not any(name.encode() in encoded for name in names):
        return False
    return any(_is_named(node, names) for node in _nodes(m.body(function.facts)))


def _is_named(node: Any, names: tuple[str, ...]) -> bool:
    match node:
        case facts.Attribute(name=name):
            return name in names
        case facts.Literal(value=str() as text):
            return text in names
    return False


def _nodes(node: Any, depth: int = 60) -> Any:
    if depth == 0:
        return
    if isinstance(node, tuple):
        for item in node:
            yield from _nodes(item, depth - 1)
    elif isinstance(node, msgspec.Struct):
        yield node
        for field in node.__struct_fields__:
            child = getattr(node, field)
            if isinstance(child, tuple | msgspec.Struct):
                yield from _nodes(child, depth - 1)


def verbs_of(m: Machine, function: Function) -> list[str]:
    """The methods that decorators let a function answer: `@api_view(["POST"])`, `@require_POST`."""
    for decorator in function.decorators:
        is_made = isinstance(decorator, Cell) and decorator.kind == "object"
        name = decorator.name if isinstance(decorator, External) else decorator.get("class", "") if is_made else ""
        entry = m.library.call(name) if name else None
        if entry is None or not entry.verbs:
            continue
        if entry.verbs.startswith("="):
            return [entry.verbs[1:]]
        given = decorator.slots["arguments"].get(entry.verbs) if is_made else None
        items = items_of(m, given, function.facts.at).known if given is not None else None
        return [text.upper() for item in items or () if (text := text_of(item))]
    return []


# ------------------------------------------------------------------------------------------ by name, or by class


def function_defined(m: Machine, function: Function) -> None:
    """A function has been defined at the top level of a file: it may be one that a server calls by its name."""
    if m.in_test:
        return
    service = m.library.scripts.get(function.facts.name)
    is_script = function.path.endswith(".py")  # a notebook may try out what a server will call
    if service is not None and is_script and not _is_idle(m, function.path):
        endpoint = endpoint_id(service.method, service.path) if service.path else f"endpoint:{function.path}"
        _by_name(m, service, endpoint, function, m.span(function.facts.at))
    for named in m.project.named_functions.get((function.path, function.facts.name), ()):
        service = m.library.scripts[f"{named.library}.*"]
        steps = tuple(step.replace("*", function.facts.name) for step in service.steps)
        _by_name(m, msgspec.structs.replace(service, steps=steps), named.endpoint, function, named.span)


def _is_idle(m: Machine, path: str) -> bool:
    """Whether a script was brought by its name into an image that starts another application of the repository: that
    one answers, and no platform looks for the functions of this file."""
    starting = [run for run in m.project.runs if run.by == "container" and run.entry and run.path != path]
    return any(source == path for run in starting for _, source in run.mounts)


def _by_name(m: Machine, service: Service, endpoint: str, function: Function, span: Span) -> None:
    """The functions beside it are looked for when the endpoint is answered: they may yet be defined."""
    key = endpoint, function.path, function.facts.at
    owner = Module(function.path, function.scope)
    m.handlers[key] = Handler(endpoint, function, span, function.path, service=service, owner=owner)


def class_defined(m: Machine, cls: Class) -> None:
    """A class has been defined: its library may answer with every such class."""
    if m.in_test:
        return
    service = of_class(m, cls)
    if service is not None and service.always:
        name = cls.name
    elif (service := m.library.scripts.get(cls.name)) is not None:
        name = cls.path  # all such classes have one name
    else:
        return
    endpoint = endpoint_id(method_of(m, service, cls), service.path) if service.path else f"endpoint:{name}"
    serve(m, service, cls, endpoint, m.span(cls.at))


def named_function(call: Invocation) -> Any:
    """Code describes a platform, and names the function that it calls: `handler`, and the folder `code`."""
    m, handler = call.m, text_of(call.get("handler|index"))
    folder = text_of(call.get("code|entry")) or ""
    own = posixpath.dirname(m.now.path)
    m.tracker.says()
    for named in functions_called(m.project, handler or "", [folder, posixpath.join(own, folder)], [], call.span):
        if (named.path, named.function) in m.project.named_functions:
            continue
        m.project.name_function(named)
        scope = m.modules.get(named.path) or m.script(named.path)
        function = scope.slots.get(named.function) if scope is not None else None
        if isinstance(function, Function):
            function_defined(m, function)
    return Unknown()
