"""Serving and calling over HTTP: routes with their handlers, requests to routes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.libraries.models import Place, Route
from mllint.lineage.ids import consumer_id, endpoint_id, file_id
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Unknown,
    origins_of,
    text_of,
)
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import texts
from mllint.linker.python.machine import Machine
from mllint.source import Span


class Handler(msgspec.Struct, frozen=True):
    """A function that answers a route."""

    endpoint: str
    function: Any  # Function or Bound
    span: Span
    path: str
    router: Any = None  # the application or router (heap.Cell) whose route it is


_OWN_NAME = "<name>"  # of a route that is called like its handler


def route(call: Invocation, model: Route) -> Any:
    """The decorator that `app.route("/predict", methods=["POST"])` returns."""
    m, path = call.m, call.get(model.path)
    unnamed = path is None or (isinstance(path, Constant) and path.value is None)
    paths = [_OWN_NAME] if model.named and unnamed else texts(path)
    methods = _methods(call, model)
    prefix = _prefix(call.receiver)
    endpoints = tuple(endpoint_id(method, _joined(prefix, path)) for path in paths for method in methods)
    slots = {"type": "", "class": "", "arguments": {}, "origins": frozenset(), "route": endpoints, "span": call.span}
    slots["router"] = call.receiver
    decorator = m.heap.new("object", slots, (m.now.path, call.at))
    handler = call.get(model.handler) if model.handler else None
    if handler is not None:
        register(m, decorator, handler)
    return decorator


def _methods(call: Invocation, model: Route) -> list[str]:
    """The method that answers with data: of `["GET", "POST"]` that is POST."""
    given = call.get(model.methods) if model.methods else None
    if given is None:
        return [model.method]
    items = items_of(call.m, given, call.at).known
    names = [text.upper() for item in items or () if (text := text_of(item))]
    if "POST" in names and "GET" in names:
        return ["POST"]
    return names or [model.method]


def _prefix(receiver: Any) -> str:
    """`APIRouter(prefix="/v1")`, `Blueprint("x", url_prefix="/v1")`, and what including them adds."""
    if not isinstance(receiver, Cell):
        return ""
    given = receiver.slots.get("arguments", {})
    own = text_of(given.get("prefix")) or text_of(given.get("url_prefix")) or ""
    return own


def _joined(prefix: str, path: str) -> str:
    joined = re.sub(r"//+", "/", f"{prefix}/{path}") if prefix else path
    if not joined.startswith("/"):
        joined = "/" + joined
    return joined.rstrip("/") or "/"


def register(m: Machine, decorator: Cell, handler: Any) -> None:
    """A function answers the routes of a decorator; it is interpreted with a request later. Of a class, the methods
    that are named after a verb do."""
    if isinstance(handler, Class):
        _register_methods(m, decorator, handler)
        return
    function = handler.function if isinstance(handler, Bound) else handler
    if not isinstance(function, Function):
        return
    for endpoint in decorator.slots["route"]:
        endpoint = endpoint.replace(_OWN_NAME, function.facts.name)
        m.handlers[endpoint, function.path, function.facts.at] = Handler(
            endpoint, handler, decorator.slots["span"], function.path, decorator.slots.get("router")
        )


def bare(m: Machine, decorator: External, at: int) -> Any:
    """The route of a decorator that is not called: `@bentoml.api`; `None` if it has none."""
    entry = m.library.call(decorator.name)
    if entry is None or entry.routes is None:
        return None
    return route(Invocation(m, m.library.canonical(decorator.name), entry, None, Arguments(), at), entry.routes)


def _register_methods(m: Machine, decorator: Cell, cls: Class) -> None:
    """`class Predict(Resource): def post(self): ...`."""
    paths = {endpoint.removeprefix("endpoint:").partition(" ")[2] for endpoint in decorator.slots["route"]}
    instance = classes.construct(m, cls, Arguments(), cls.at)
    for verb in ("get", "post", "put", "patch", "delete"):
        method = classes.find_member(cls, verb)
        if isinstance(method, Function):
            slots = {**decorator.slots, "route": tuple(endpoint_id(verb.upper(), path) for path in sorted(paths))}
            register(m, m.heap.new("object", slots, decorator.site), Bound(method, instance))


def mount(call: Invocation) -> Any:
    """`app.include_router(router, prefix="/v1")`, `app.register_blueprint(pages, url_prefix="/v1")`: the routes of the
    router are answered below the prefix. `router`, `prefix`."""
    router = call.get("router")
    if isinstance(router, Cell) and isinstance(call.receiver, Cell):
        prefix = text_of(call.get("prefix")) or ""
        known = call.m.mounts.setdefault(router.site, {})
        if not call.m.in_test or (prefix, call.receiver.site) not in known:  # a test makes the application once more
            known[prefix, call.receiver.site] = call.receiver
    return Constant(None)


def answered(m: Machine) -> list[Handler]:
    """All handlers, by the whole route that each answers."""
    result = []
    for _, handler in sorted(m.handlers.items(), key=lambda item: str(item[0])):
        for prefix, outer in _mounts(m, handler.router):
            verb, _, path = handler.endpoint.removeprefix("endpoint:").partition(" ")
            endpoint = endpoint_id(verb, _joined(prefix, path)) if prefix else handler.endpoint
            result.append(msgspec.structs.replace(handler, endpoint=endpoint, router=outer))
    return result


def _mounts(m: Machine, router: Any, depth: int = 4) -> list[tuple[str, Any]]:
    """Prefixes under which a router is mounted, each with the outermost application."""
    mounts = m.mounts.get(router.site) if isinstance(router, Cell) else None
    if not mounts or depth == 0:
        return [("", router)]
    found: dict[str, Any] = {}
    for (prefix, _), outer in mounts.items():
        own = _prefix(outer)
        for before, outermost in _mounts(m, outer, depth - 1):
            found.setdefault(before + own + prefix, outermost)
    return list(found.items())


def application(call: Invocation) -> Any:
    """The application whose route is being answered: `request.app`, `flask.current_app`."""
    return call.m.application if call.m.application is not None else Unknown(why="the application is not known")


def shown(call: Invocation) -> Any:
    """`gr.Interface(fn=predict, ...)`: what the function gives for some input is shown."""
    m, function = call.m, call.get("fn")
    if isinstance(function, Function | Bound):
        result = m.call(function, Arguments(), call.at)
        shown_by = consumer_id(m.effects.job)  # who looks at the page is known by the file that shows it
        m.effects.mark(shown_by, "consumer", call.span)
        m.effects.link(origins_of(result), shown_by, "consumes", call.span)
    return Unknown()


def lifespan(m: Machine, app: Cell, at: int) -> None:
    """What runs before an application answers: `FastAPI(lifespan=...)`, up to its `yield`. What comes after that runs
    at the end, when it takes away what handlers have used."""
    function = app.slots["arguments"].get("lifespan")
    if isinstance(function, Function | Bound):
        held = m.call(function, Arguments((app,)), at)
        paused = held.get("paused") if isinstance(held, Cell) else None
        if paused is not None:
            m.heap.take_back(paused)


def state(call: Invocation) -> Any:
    """Where an application keeps what it loads at its start: `app.state.model`, `app.config["MODEL"]`."""
    owner, key = call.receiver, ("attribute", call.name.rpartition(".")[2])
    if not isinstance(owner, Cell):
        return Unknown()
    if key not in owner.slots:
        items = call.m.heap.new("dict", {}, owner.site)
        slots: dict[Any, Any] = {"type": "", "class": "", "arguments": {}, "origins": frozenset(), "items": items}
        call.m.heap.put(owner, key, call.m.heap.new("object", slots, owner.site))
    return owner.slots[key]


def session(call: Invocation) -> Any:
    """What a page remembers of a visitor from one run of its script to the next: `st.session_state`. Its entries are
    attributes too."""
    m = call.m
    if "session" not in m.figures.slots:
        items = m.heap.new("dict", {}, (m.now.path, call.at))
        slots: dict[Any, Any] = {"type": "python.session", "class": "", "arguments": {}, "origins": frozenset()}
        m.heap.put(m.figures, "session", m.heap.new("object", {**slots, "items": items}, items.site))
    return m.figures.slots["session"]


def request(call: Invocation, place: Place) -> Any:
    """An HTTP request: its answer comes from the endpoint of the repository whose route it names."""
    m = call.m
    method = call.name.rpartition(".")[2].upper()
    if method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        method = str(call.constant("method", "POST")).upper()
    answers = set[str]()
    for url in texts(call.get(place.url)):
        m.effects.request(method, url, call.span, m.now.path)
        endpoint = endpoint_id(method, route_of(url))
        if m.in_test:  # what tests send is made up
            continue
        if m.knows(endpoint):
            answers.add(endpoint)
        elif method == "GET" and _OUTSIDE.match(url):  # a download; what a question mark begins may hold secrets
            answers.add(file_id(url.partition("?")[0]))
        if (body := call.get("json|data|params")) is not None:
            m.store(sent_to(endpoint), body)
    return Unknown(call.origins() | answers, "it is the answer of a request", call.span)


# a host that anybody can reach: not `localhost`, not that of a container, not a number
_OUTSIDE = re.compile(
    r"https?://(?!(?:[\d.]+|[^/]*\.(?:local|internal|svc)[^/]*)(?:[:/]|$))[^/{}]+\.[a-z]{2,}(?::\d+)?/\w"
)


def sent_to(endpoint: str) -> str:
    """What clients in the repository send to an endpoint is remembered under this name."""
    return f"sent to {endpoint}"


def route_of(url: str) -> str:
    """The route of a URL: without host, query and trailing slash; a host that is not known is cut too.

    >>> route_of("http://localhost:5005/prediction?date=x")
    '/prediction'
    >>> route_of("{base}/predict/")
    '/predict'
    """
    url = url.partition("?")[0].partition("#")[0]
    url = re.sub(r"^[a-zA-Z][\w+.-]*://[^/]*", "", url)
    url = re.sub(r"^\{[^{}]*\}(?=/)", "", url)
    return "/" + url.strip("/")
