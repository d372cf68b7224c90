"""Models that a platform hosts, with a script of the repository to answer for them."""

from __future__ import annotations

import posixpath
from typing import Any

from mllint.lineage.ids import endpoint_id, is_telling
from mllint.linker.python.abstract.values import Unknown, text_of
from mllint.linker.python.library import locate
from mllint.linker.python.library.invocation import Invocation


def hosted(call: Invocation) -> Any:
    """`SKLearnModel(model_data=..., entry_point="inference.py", source_dir="code").deploy()`: the script answers with
    what the data hold."""
    m, script = call.m, text_of(call.get("self.entry_point"))
    if not script:
        return Unknown(call.origins())
    folder, own = text_of(call.get("self.source_dir")) or "", posixpath.dirname(m.now.path)
    bases = (folder, posixpath.join(own, folder), own, "")
    places = [posixpath.normpath(posixpath.join(base, script)) for base in bases]
    path = next((place for place in places if place in m.python), None)
    if path is None:
        return Unknown(call.origins())
    endpoint = f"endpoint:{path}"
    m.effects.mark(endpoint, "endpoint", call.span)
    data = call.get("self.model_data")
    for name in locate.texts(data) if data is not None else ():
        artifact = locate.locate(m, name)
        m.effects.mark(artifact, "artifact", call.span)
        m.effects.access(artifact, call.span, m.now.path, True)
        m.effects.link([artifact], endpoint, "serves", call.span)
    return Unknown(frozenset({endpoint}))


def invoked(call: Invocation) -> Any:
    """`name`, `body`: what a hosted endpoint answers. If the repository has a server that a host can run, it is that;
    else the endpoint is known by its name alone."""
    m, route = call.m, endpoint_id("POST", _HOSTED)
    m.effects.request("POST", _HOSTED, call.span, m.now.path)
    found = [route]
    if not m.knows(route):
        found = [
            f"endpoint:{name}"
            for name in locate.texts(call.get("name|self.endpoint_name|self.0"))
            if is_telling(f"endpoint:{name}")
        ]
    if m.in_test:
        return Unknown(call.origins())
    for endpoint in found:
        m.effects.mark(endpoint, "endpoint", call.span)
    return Unknown(call.origins() | frozenset(found), "it is the answer of an endpoint", call.span)


_HOSTED = "/invocations"  # what a container that a host runs has to answer
