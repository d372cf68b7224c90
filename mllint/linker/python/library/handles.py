"""Open files: objects that remember where they read and write, of a disk or behind an address."""

from __future__ import annotations

import re
from typing import Any

from mllint.libraries.models import Place
from mllint.lineage.ids import endpoint_id
from mllint.linker.containers import OWN_HOSTS, host_of
from mllint.linker.python.abstract.values import Constant, Unknown
from mllint.linker.python.library import buffers, config, web
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import nodes_of, texts
from mllint.linker.python.library.requests import named_by_clients
from mllint.linker.python.library.storage import note_read, note_unknown

_NO_DATASET = ("<stdin>", "<stdout>", "-", "")


def open_handle(call: Invocation, place: Place) -> Any:
    """`open(path, mode)`: an object that remembers where it reads and writes."""
    m, call = call.m, named_by_clients(call, place)
    value = call.get(place.file or place.url)
    mode = place.mode[1:] if place.mode.startswith("=") else call.constant(place.mode, "r") if place.mode else "r"
    opened = buffers.wrapped(call, value, place.texts)
    if opened is not None:
        return opened
    names = texts(value)
    if isinstance(value, Constant) and (isinstance(value.value, int) or value.value in _NO_DATASET):
        return Unknown()
    nodes = tuple(nodes_of(call, place))
    written = (
        len([node for node in nodes if m.recall(node) is not None]) > 0
    )  # what code writes is data, not configuration
    document = config.document_of(m, value) if not _writes(mode) and not written else None
    slots: dict[Any, Any] = {
        "type": call.entry.returns or "python.file",
        "class": "file",
        "arguments": call.given,
        "path": value if value is not None else Unknown(),
        "mode": mode,
        "nodes": nodes,
        "origins": frozenset(),
    }
    if _writes(mode):
        pass
    elif document is None:
        slots["origins"] = frozenset(slots["nodes"])
        if not _is_source(names):
            for node in slots["nodes"]:
                note_read(call, node, place, value)
            if not slots["nodes"]:
                note_unknown(call, value, is_read=True)
    return m.heap.new("object", slots, (m.now.path, call.at))


def _writes(mode: Any) -> bool:
    how = re.split(r"[:|]", mode)[0] if isinstance(mode, str) else ""  # `r:xz` of an archive only reads
    return any(letter in how for letter in "wax+")


_SOURCE_ENDINGS = (".py", ".md", ".rst", ".txt", ".cfg", ".html", ".sql", ".toml", ".sh")


def _is_source(names: list[str]) -> bool:
    """Whether all are texts that no data is in: `open("README.md")` in a setup.py."""
    readme = ("README", "LICENSE", "VERSION", "requirements")
    return all(n.endswith(_SOURCE_ENDINGS[:2]) or n.rpartition("/")[2].startswith(readme) for n in names)


def url_opened(call: Invocation) -> Any:
    """`urlopen(url)`, `urlopen(Request(url, data, method="POST"))`: a download is a file that is read; what is sent
    somewhere, or asks a service of the repository, is a request."""
    body = call.get("url.data|data")
    is_sent = body is not None and body != Constant(None)
    method = str(call.constant("url.method|method") or ("POST" if is_sent else "GET")).upper()
    url = call.get("url.url|url")
    urls = texts(url)
    own = [
        each for each in urls if call.m.knows(endpoint_id(method, web.route_of(each))) or host_of(each)[0] in OWN_HOSTS
    ]
    if method != "GET" or (urls and len(own) == len(urls)):
        return web.sent(call, method, urls, body)
    for each in own:
        call.m.effects.request(method, each, call.span, call.m.now.path)
    return open_handle(call.with_given({**call.given, "url": url}), Place(file="url"))
