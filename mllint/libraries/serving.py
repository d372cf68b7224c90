"""What library models say of serving: routes, and how a library answers requests with code of the repository."""

from __future__ import annotations

import msgspec


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str = "path"
    default: str = ""  # where no path is given
    methods: str = ""  # parameter with a list of methods
    method: str = "GET"  # otherwise
    sent: tuple[str, ...] = ()  # otherwise POST, if the handler speaks of any of these: it takes what was sent
    handler: str = ""  # parameter with the handler, where the call is no decorator
    named: bool = False  # where no path is given, it is the name of the handler
    module: bool = False  # the route belongs to the module in which the call stands, and may be included with it
    regex: bool = False  # the path is a regular expression


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a library answers a request with an object, or with the functions of a file, of the repository.

    `steps` are what it calls, in order: `data = decode_request(request)`. `request` is the request; a name that no
    step before has set is unknown. Where there is no method of that name, a step that sets a name goes on with its
    first argument, or with what stands after `or`: `data = predict_fn(data, model) or model.predict(data)`; another is
    left out. What the last step gives is the answer.

    `verbs` are methods that each answer a method of HTTP: `{list: GET, retrieve: "GET /{pk}"}`."""

    steps: tuple[str, ...] = ()
    verbs: dict[str, str] = {}
    path: str = ""  # the route, where nothing says another; where it is empty, the endpoint is called like the file
    method: str = "POST"
    sent: tuple[str, ...] = ()  # as of a route: otherwise GET
    always: bool = False  # as soon as such a class is defined; else where a call serves an object of it
    request: str = ""  # the type of the request, `python.request` if none is given
