"""Who calls an endpoint: scripts of a page, forms, and clients in other languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mllint.facts.foreign import ForeignCall
from mllint.facts.python import Attribute, Call, Define, Literal, Stmt
from mllint.lineage.graph import Edge
from mllint.lineage.ids import consumer_id, split_endpoint
from mllint.linker.endpoints import nearest
from mllint.linker.project import Project
from mllint.linker.protocols import asked_by
from mllint.linker.systems.downloads import commands_of, node_of
from mllint.linker.systems.http_commands import files_sent, request_of
from mllint.linker.systems.start import folders_of
from mllint.source import Span

_CLIENTS = re.compile(
    r"(?:^|\.)(?:fetch|axios|(?:\$|jQuery)\.(?:ajax|get|post|getJSON)|(?:axios|http|api|client|ky|got|superagent|request|"
    r"httpx?Client|\$http|instance)\.(?:get|post|put|patch|delete|request|del)|open|sendBeacon|useSWR|EventSource|"
    r"form|hx-(?:get|post|put|delete)|(?:httr::|httr2::)?(?:GET|POST|PUT|request))$"
)
_METHOD_OF_NAME = re.compile(r"(?:\.|hx-|::|^)(get|post|put|patch|delete|getJSON)$", re.IGNORECASE)
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_URL_FOR = re.compile(r"\{url_for\(\s*['\"]([\w.]+)['\"]")
_NAMED = re.compile(r"<url ([\w:.-]+)")  # `{% url "trips:eta" %}`
_PARAMETER = re.compile(r"^(?:\{.*\}|<.*>|:\w+)$")


class Request(msgspec.Struct, frozen=True):
    """A call of some URL, that a file makes. The method is empty where it is not known."""

    path: str
    language: str
    span: Span
    method: str
    url: str
    loose: bool = False  # options that were not followed may name another method
    sent: tuple[str, ...] = ()  # ids of files that it sends


def link(project: Project) -> None:
    """Edges endpoint -> `consumer:PATH`, where what a file calls is a route of the repository, or what it serves."""
    endpoints = [(id, *split_endpoint(id)) for id in project.graph.nodes if id.startswith("endpoint:")]
    if endpoints:
        routes = sorted(endpoint for endpoint in endpoints if _is_route(endpoint[0]))
        for request in (*_of_scripts(project), *_of_commands(project)):
            _link(project, request, routes)
        for asked in project.asked:  # by Python
            if asked.endpoint in project.graph.nodes:
                _consume(project, asked.endpoint, asked.path, "python", asked.span, asked.job)


def _of_scripts(project: Project) -> Iterator[Request]:
    for facts in project.of_kind("javascript", "html", "r", "java", "scala"):
        for call in facts.foreign.calls if facts.foreign is not None else ():
            if call.arguments and _CLIENTS.search(call.function):
                span = Span(facts.path, call.line, call.column, call.end_line, call.end_column)
                # without options a `fetch` is a GET, but options that were not followed may say otherwise
                loose = call.function == "fetch" and bool(call.uses)
                yield Request(facts.path, facts.kind, span, *_request(call), loose)


def _of_commands(project: Project) -> Iterator[Request]:
    """`curl -d @trip.json localhost:8000/eta` in a script, a Makefile, a Dockerfile, a step of CI."""
    for command, bases, path, language, span in commands_of(project):
        if (asked := request_of(command.words)) is not None:
            folders = list(folders_of(command.folder, bases))
            sent = [node_of(project, name, folders) for name in files_sent(command.words)]
            yield Request(path, language, span, *asked, sent=tuple(id for id in sent if id is not None))


def _is_route(id: str) -> bool:
    return id.startswith("endpoint:") and " /" in id


def _link(project: Project, request: Request, routes: list[tuple[str, str, str]]) -> None:
    exact, found, is_certain = list[str](), list[str](), True
    if named := _NAMED.match(request.url):  # a page of Django says which view it asks
        ids = project.route_names.get(named[1].rpartition(":")[2], set())
        exact = [id for id, *_ in routes if id in ids]
    elif (served := f"endpoint:{asked_by(request.url)}") in project.graph.nodes:
        exact = [served]
    else:
        route = _route(project, request.url)
        matching = [(id, verb) for id, verb, path in routes if route and _matches(route, path)]
        exact = [id for id, verb in matching if request.method in ("", verb) or verb in ("", "ANY")]
        found, is_certain = [id for id, _ in matching], not route.startswith("{")
    for id in nearest(project, exact or (found if request.loose else []), request.path, request.url):
        _consume(project, id, request.path, request.language, request.span, resolved=id in exact and is_certain)
        for file in request.sent:
            project.graph.add_node(file, "dataset", request.span)
            _consume(project, file, request.path, request.language, request.span)


def _consume(
    project: Project, source: str, path: str, language: str, span: Span, job: str = "", resolved: bool = True
) -> None:
    consumer = consumer_id(path)
    project.graph.add_node(consumer, "consumer", span, name=path)
    project.graph.add_edge(
        Edge(source, consumer, "consumes", "direct", job or path, language, span, resolved=resolved, read=span)
    )


def _request(call: ForeignCall) -> tuple[str, str]:
    """Method and URL. The method is empty where it is not known."""
    names = call.names or ("",) * len(call.arguments)
    named = dict(zip(names, call.arguments, strict=False))
    method = (named.get("method") or named.get("type") or "").upper()
    plain = [argument for name, argument in zip(names, call.arguments, strict=False) if not name]
    url = named.get("url") or named.get("action") or (plain[0] if plain else "")
    if plain and plain[0].upper() in _METHODS and len(plain) > 1:  # xhr.open("POST", "/predict")
        method, url = plain[0].upper(), plain[1]
    if not method and (verb := _METHOD_OF_NAME.search(call.function)):
        method = verb[1].upper().replace("GETJSON", "GET")
    if not method and call.function in ("fetch", "axios", "$.ajax"):
        method = "GET"
    return (method if method in _METHODS else ""), url


def _route(project: Project, url: str) -> str:
    """The path that is called on our own server; empty for another's."""
    if match := _URL_FOR.match(url):
        return _route_of_function(project, match[1].rpartition(".")[2])
    path = re.split(r"[?#]", url, maxsplit=1)[0].strip()
    if match := re.match(r"[a-z]+://([^/{}]*)", path):
        host = match[1].partition(":")[0]
        if "." in host and not re.fullmatch(r"[\d.]+|.*\.svc(\..*)?|.*\.local|host\.docker\.internal", host):
            return ""
        path = path[match.end() :] if match[1] else re.sub(r"^[a-z]+://\{[^{}]*\}(:[^/]*)?", "", path)
    if not path or not re.search(r"/|^\w", path):
        return ""
    return path if path.startswith(("/", "{")) else "/" + path.removeprefix("./")


def _matches(url: str, route: str) -> bool:
    """Whether a called path may be a route: `{prefix}/predict/{id}` is `/predict/<int:id>`."""
    wanted = route.strip("/").split("/")
    given = url.strip("/").split("/")
    if given and given[0].startswith("{") and given[0].endswith("}") and len(given) > 1:
        given = given[1:]
        if len(given) > len(wanted):
            return False
    if len(given) != len(wanted):
        return False
    return all(_same(one, other) for one, other in zip(given, wanted, strict=True))


def _same(given: str, wanted: str) -> bool:
    if _PARAMETER.match(wanted):
        return given != ""
    # what is glued to a segment is a query that is known only when it runs: `/predict{query}`
    return given == wanted or re.sub(r"\{[^{}]*\}$", "", given) == wanted != ""


def _route_of_function(project: Project, name: str) -> str:
    """`url_for("predict")` is the route of the function `predict`."""
    for facts in project.of_kind("python"):
        for statement in facts.python.body if facts.python is not None else ():
            for route in _routes(statement, name):
                return route
    return ""


def _routes(statement: Stmt, name: str) -> Iterator[str]:
    if not isinstance(statement, Define) or statement.function.name != name:
        return
    for decorator in statement.function.decorators:
        match decorator:
            case Call(function=Attribute(name="route" | "get" | "post"), args=(Literal(value=str() as route), *_)):
                yield route
