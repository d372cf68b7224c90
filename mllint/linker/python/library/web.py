"""Serving and calling over HTTP: what an application keeps and shows, and requests to routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mllint.libraries.models import Place
from mllint.lineage.ids import consumer_id, endpoint_id, file_id, split_endpoint
from mllint.lineage.ownership import is_test
from mllint.linker.containers import answering
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Function,
    Unknown,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import texts
from mllint.linker.python.machine import Machine


def application(call: Invocation) -> Any:
    """The application whose route is being answered: `request.app`, `flask.current_app`."""
    return call.m.application if call.m.application is not None else Unknown(why="the application is not known")


def form_data(call: Invocation) -> Any:
    """What a form of the repository was made with: `TripForm(request.POST)`, `TripSerializer(data=request.data)`."""
    form = call.receiver
    if not isinstance(form, Cell):
        return Unknown(call.origins())
    given = form.slots.get("data") or form.slots.get("<argument 0>")
    return given if given is not None else Unknown(why="the form is not filled in", span=call.span)


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
    method = call.name.rpartition(".")[2].upper()
    if method not in _METHODS:
        method = str(call.constant("method", "POST")).upper()
    urls = texts(call.get(place.url))
    if place.base and (bases := texts(call.get(place.base))):
        urls = [_below(base, url) for base in bases for url in urls]
    return sent(call, method, urls, call.get("json|data|params"))


def _below(base: str, url: str) -> str:
    """A URL that may be relative to that of a session: `httpx.Client(base_url="http://eta:8000")`."""
    if "://" in url or url.startswith("{"):
        return url
    base = base if "://" in base or base.startswith("{") else f"http://{base}"
    return f"{base.rstrip('/')}/{url.lstrip('/')}"


def sent(call: Invocation, method: str, urls: list[str], body: Any) -> Any:
    m, answers = call.m, set[str]()
    for url in urls:
        m.effects.request(method, url, call.span, m.now.path)
        endpoint = endpoint_id(method, route_of(url))
        if m.in_test:  # what tests send is made up
            continue
        if m.knows(endpoint):
            answers.update(_answering(m, endpoint, url))
        elif method == "GET" and _OUTSIDE.match(url):  # a download; what a question mark begins may hold secrets
            answers.add(file_id(url.partition("?")[0]))
        if body is not None:
            m.store(sent_to(endpoint), body)
    return Unknown(call.origins() | answers, "it is the answer of a request", call.span)


def _answering(m: Machine, endpoint: str, url: str) -> set[str]:
    """The endpoints that answer a route, where several services do: those of the container that the URL names."""
    files = {text for option in options_of(m.recall(answered_by(endpoint))) if (text := text_of(option))}
    meant = answering(m.project.containers, url, files)
    return {endpoint} if meant is None else {told_apart(endpoint, path, files) for path in meant}


def answered_by(endpoint: str) -> str:
    """The files with handlers of a route are remembered under this name."""
    return f"answered by {endpoint}"


def told_apart(endpoint: str, path: str, paths: Iterable[str]) -> str:
    """The endpoint that a file answers, where these do: the first, by path, has the plain name."""
    first = min(paths, key=lambda each: (is_test(each), each))
    return endpoint if path == first else endpoint_id(*split_endpoint(endpoint), path)


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
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
