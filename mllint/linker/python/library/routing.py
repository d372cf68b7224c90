"""Routes and what answers them: handlers, services of classes, routers within routers."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.libraries.serving import Route
from mllint.lineage.ids import endpoint_id, split_endpoint
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Module,
    Tuple,
    Unknown,
    text_of,
)
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import services
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import texts
from mllint.linker.python.library.services import Handler
from mllint.linker.python.library.web import told_apart
from mllint.linker.python.machine import Machine

_OWN_NAME = "<name>"  # of a route that is called like its handler
_ANY = "?"  # the method of a route whose handler tells it
_VERBS = {verb: verb.upper() for verb in ("get", "post", "put", "patch", "delete")}


def route(call: Invocation, model: Route) -> Any:
    """The decorator that `app.route("/predict", methods=["POST"])` returns."""
    m, path = call.m, call.get(model.path)
    unnamed = path is None or (isinstance(path, Constant) and path.value is None)
    if unnamed:
        paths = [_OWN_NAME] if model.named else [model.default] if model.default else []
    else:
        known = [""] if text_of(path) == "" else texts(path)
        paths = [_plain_path(text) for text in known] if model.regex else known
    methods = _methods(call, model)
    prefix, _ = _prefix(m, call.receiver)
    endpoints = tuple(endpoint_id(method, _joined(prefix, path)) for path in paths for method in methods)
    slots = {"type": "", "class": "", "arguments": {}, "origins": frozenset(), "route": endpoints, "span": call.span}
    slots["router"] = m.now.module_scope if model.module else call.receiver
    slots["sent"] = model.sent
    slots["name"] = text_of(call.get("name")) or ""
    decorator = m.heap.new("object", slots, (m.now.path, call.at))
    handler = call.get(model.handler) if model.handler else None
    if handler is not None:
        register(m, decorator, handler)
    return decorator


def _plain_path(pattern: str) -> str:
    """
    >>> _plain_path(r"^trips/(?P<id>\\d+)/eta/$")
    'trips/{id}/eta/'
    """
    named = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", pattern)
    return re.sub(r"\((?:[^()])*\)", "{}", named).strip("^$").removesuffix("\\Z").replace("/?", "/")


def _methods(call: Invocation, model: Route) -> list[str]:
    """The method that answers with data: of `["GET", "POST"]` that is POST."""
    given = call.get(model.methods) if model.methods else None
    if given is None:
        return [_ANY if model.sent else model.method]
    one = text_of(given)
    items = [given] if one else items_of(call.m, given, call.at).known
    names = [text.upper().replace("*", "POST") for item in items or () if (text := text_of(item))]
    if "POST" in names and "GET" in names:
        return ["POST"]
    return names or [model.method]


def _prefix(m: Machine, receiver: Any) -> tuple[str, bool]:
    """`APIRouter(prefix="/v1")`, `Blueprint("x", url_prefix="/v1")`: what stands before the routes of a router, and
    whether another, under which it is mounted, stands in its place."""
    known = (
        m.library.types.get(receiver.slots["type"])
        if isinstance(receiver, Cell) and receiver.kind == "object"
        else None
    )
    if known is None or not known.prefix:
        return "", False
    return text_of(receiver.slots["arguments"].get(known.prefix)) or "", known.mounted_at


def _joined(prefix: str, path: str) -> str:
    joined = re.sub(r"//+", "/", f"{prefix}/{path}") if prefix else path
    if not joined.startswith("/"):
        joined = "/" + joined
    return joined.rstrip("/") or "/"


def register(m: Machine, decorator: Cell, handler: Any) -> None:
    """A function answers the routes of a decorator; it is interpreted with a request later. Of a class, the methods
    that are named after a verb do; of an object whose library calls it, what that calls. What has routes of its own
    answers them below that of the decorator."""
    if isinstance(handler, Class):
        _register_methods(m, decorator, handler)
    elif isinstance(handler, Module) or (isinstance(handler, Cell) and handler.kind in ("object", "list")):
        _include(m, decorator, handler)
    elif isinstance(handler, Cell) and handler.kind == "instance":
        if (service := services.of_class(m, handler.slots["<class>"])) is None:
            return
        verb = services.method_of(m, service, handler)
        for route in decorator.slots["route"]:
            endpoint = endpoint_id(verb, route.partition(" ")[2])
            services.serve(m, service, handler, endpoint, decorator.slots["span"], decorator.slots["router"])
        _include_own(m, decorator, handler.slots["<class>"])
    else:
        function = handler.function if isinstance(handler, Bound) else handler
        if isinstance(function, Function):
            _register_function(m, decorator, handler, function)


def _register_function(m: Machine, decorator: Cell, handler: Any, function: Function) -> None:
    slots = decorator.slots
    verbs = services.verbs_of(m, function)
    if not verbs:
        verbs = ["POST" if services.speaks_of(m, function, slots["sent"]) else "GET"]
    verb = "POST" if "POST" in verbs else verbs[0]
    for endpoint in slots["route"]:
        endpoint = endpoint.replace(_OWN_NAME, function.facts.name).replace(f":{_ANY} ", f":{verb} ")
        key = (endpoint, function.path, function.facts.at)
        known = m.handlers.get(key)
        if known is not None and _is_of_script(m, known.function) and not _is_of_script(m, function):
            continue  # what somebody else imports has not loaded what `main` loads
        m.handlers[key] = Handler(endpoint, handler, slots["span"], function.path, slots["router"], slots["name"])


def _is_of_script(m: Machine, handler: Any) -> bool:
    """Whether it was made when its file ran as a script."""
    function = handler.function if isinstance(handler, Bound) else handler
    return isinstance(function, Function) and m.module_scope_of(function.scope) is m.scripts.get(function.path)


def bare(m: Machine, decorator: External, at: int) -> Any:
    """The route of a decorator that is not called: `@bentoml.api`; `None` if it has none."""
    entry = m.library.call(decorator.name)
    if entry is None or entry.routes is None:
        return None
    return route(Invocation(m, m.library.canonical(decorator.name), entry, None, Arguments(), at), entry.routes)


def _register_methods(m: Machine, decorator: Cell, cls: Class) -> None:
    """`class Predict(Resource): def post(self): ...`."""
    paths = {endpoint.removeprefix("endpoint:").partition(" ")[2] for endpoint in decorator.slots["route"]}
    service = services.of_class(m, cls)
    instance = classes.construct(m, cls, Arguments(), cls.at)
    for name, answers in (service.verbs if service is not None and service.verbs else _VERBS).items():
        method = classes.find_member(cls, name)
        if isinstance(method, Function):
            verb, _, below = answers.partition(" ")
            route = tuple(endpoint_id(verb, _joined(path, below) if below else path) for path in sorted(paths))
            slots = {**decorator.slots, "route": route}
            register(m, m.heap.new("object", slots, decorator.site), Bound(method, instance))


def _include(m: Machine, decorator: Cell, routes: Any) -> None:
    """`path("trips/", include("trips.urls"))`: all routes of a module or router, or those of a list."""
    router = routes.scope if isinstance(routes, Module) else routes
    if isinstance(routes, Cell) and routes.kind == "list":
        router = decorator
        for item in routes.slots["items"]:
            if isinstance(item, Cell) and "route" in item.slots:
                _move(m, item, decorator.slots["router"], decorator)
    for endpoint in decorator.slots["route"]:
        _mount(m, router, endpoint.partition(" ")[2].rstrip("/"), decorator.slots["router"])
    decorator.slots["mounted"] = router


def _mount(m: Machine, router: Cell, prefix: str, outer: Any) -> None:
    m.mounts.setdefault(router.site, {})[prefix, outer.site if isinstance(outer, Cell) else None] = outer


def _move(m: Machine, item: Cell, old: Any, new: Cell) -> None:
    """What one route of a list answers is answered below the path of the list."""
    for key, handler in m.handlers.items():
        if handler.span == item.slots["span"] and handler.router is old:
            m.handlers[key] = msgspec.structs.replace(handler, router=new)
    mounted = item.slots.get("mounted")
    if not isinstance(mounted, Cell):
        return
    known = m.mounts.get(mounted.site, {})
    for (prefix, site), outer in list(known.items()):
        if outer is old and any(endpoint.endswith(f" {prefix}") for endpoint in item.slots["route"]):
            del known[prefix, site]
            _mount(m, mounted, prefix, new)


def _include_own(m: Machine, decorator: Cell, cls: Class) -> None:
    """Routes over the methods of a class are answered below the path that an object of it is served under."""
    for router in [h.router for h in m.handlers.values() if services.plain(h.function).scope is cls.scope]:
        if isinstance(router, Cell):
            _include(m, decorator, router)


def deployed(call: Invocation) -> Any:
    """`Eta.bind(model)`: an object of a class, which answers requests unless another one is made with it."""
    m, cls = call.m, call.receiver
    if not isinstance(cls, Class):
        return Unknown(call.origins())
    instance = classes.construct(m, cls, call.arguments, call.at)
    m.heap.put(cls.scope, "<made>", instance)
    for value in call.arguments.values():
        services.withdraw(m, value)
    service = services.of_class(m, cls)
    if service is not None:
        made_by = [d for d in cls.scope.slots.get("<decorators>", ()) if isinstance(d, Cell) and d.kind == "object"]
        paths = [text_of(d.slots["arguments"].get("route_prefix")) for d in made_by]
        path = next((path for path in paths if path), service.path)
        services.serve(m, service, instance, endpoint_id(services.method_of(m, service, instance), path), call.span)
    return instance


def asked(call: Invocation) -> Any:
    """`handle.remote(x)`: an object of the repository that lives elsewhere is called."""
    return call.m.call(call.receiver, call.arguments, call.at)


def included(call: Invocation) -> Any:
    """`arg`: the routes that `include("trips.urls")` speaks of: those of a module, of a router, or a list of them."""
    given = call.get("arg")
    if isinstance(given, Tuple) and given.items:  # with the name of the application
        given = given.items[0]
    dotted = text_of(given)
    path = call.m.imports.find(dotted, call.m.now.path) if dotted else None
    if path is not None:
        with call.m.outside_branches():
            return call.m.load_module(path)
    return given if given is not None and dotted is None else Unknown(why="the routes of a library")


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
        own, _ = _prefix(m, handler.router)
        for prefix, outer in _mounts(m, handler.router):
            verb, path = split_endpoint(handler.endpoint)
            rest = path.removeprefix(_joined("", own)) if own else path
            endpoint = endpoint_id(verb, _joined(prefix, rest)) if prefix != own else handler.endpoint
            result.append(msgspec.structs.replace(handler, endpoint=endpoint, router=outer))
    result = _told_apart(result)
    for handler in result:
        if handler.name:
            m.project.route_names.setdefault(handler.name, set()).add(handler.endpoint)
    return result


def _told_apart(handlers: list[Handler]) -> list[Handler]:
    """Services beside each other may answer one route: those after the first, by path, are called by their file."""
    files: dict[str, set[str]] = {}
    for handler in handlers:
        files.setdefault(handler.endpoint, set()).add(handler.path)
    return [
        msgspec.structs.replace(handler, endpoint=told_apart(handler.endpoint, handler.path, files[handler.endpoint]))
        if " /" in handler.endpoint
        else handler
        for handler in handlers
    ]


def _mounts(m: Machine, router: Any, depth: int = 4) -> list[tuple[str, Any]]:
    """Prefixes of the routes of a router, its own and those under which it is mounted, each with the outermost
    application."""
    mounts = m.mounts.get(router.site) if isinstance(router, Cell) else None
    own, is_replaced = _prefix(m, router)
    if not mounts or depth == 0:
        return [(own, router)]
    found: dict[str, Any] = {}
    for (prefix, _), outer in mounts.items():
        below = prefix if prefix and is_replaced else prefix + own
        for before, outermost in _mounts(m, outer, depth - 1):
            found.setdefault(before + below, outermost)
    return list(found.items())
