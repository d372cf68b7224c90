"""Containers that code has a cluster start, with commands that start files of the repository.

V1Container(name="train", image=image, command=["python", "-m", "src.train"], args=["--data", path])
api.create_namespaced_custom_object(..., body={"spec": {"trainer": {"command": [...], "args": [...], "env": [...]}}})
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, options_of, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.orchestration import templates

_DEEPEST = 16
_MOST = 200  # mappings of one manifest


def start_container(call: Invocation) -> Any:
    """One container, described by arguments."""
    _start(call, call.given)
    slots = {"type": "", "class": call.name, "arguments": call.given, "origins": call.origins()}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def start_containers(call: Invocation) -> Any:
    """Every container of a manifest: a dictionary. `body`."""
    for count, found in enumerate(_mappings(call.get("body"))):
        if count == _MOST:
            break
        _start(call, found)
    return Unknown(why="it is what a cluster says")


def _mappings(value: Any, depth: int = _DEEPEST) -> Iterator[Mapping[str, Any]]:
    if depth == 0:
        return
    if isinstance(value, Cell) and value.kind == "dict":
        known = {key: inner for key, inner in value.slots.items() if isinstance(key, str)}
        yield known
        inner = list(known.values())
    elif isinstance(value, Cell) and value.kind == "list":
        inner = list(value.slots["items"])
    else:
        inner = list(value.items) if isinstance(value, Tuple) else []
    for each in inner:
        yield from _mappings(each, depth - 1)


def _start(call: Invocation, container: Mapping[str, Any]) -> None:
    command, arguments = (container.get(name) for name in ("command", "args"))
    if not any(isinstance(words, Tuple | Cell) for words in (command, arguments)):
        return
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in _variables(call, container.get("env")))
    given = {"bash_command": Constant(variables), "command": command, "arguments": arguments}
    templates.start_files(call.m, given, call.at)


def _variables(call: Invocation, given: Any) -> Iterator[tuple[str, str]]:
    """`[{"name": "MODEL", "value": "eta"}, V1EnvVar(name="DAY", value=day)]`"""
    for item in items_of(call.m, given, call.at).known or () if given is not None else ():
        if isinstance(item, Cell):
            held = item.slots["arguments"] if item.kind == "object" else item.slots
            name, value = text_of(held.get("name")), _first_text(held.get("value"))
            if name and value and "{" not in value:
                yield name, value


def _first_text(value: Any) -> str:
    return next(filter(None, map(text_of, options_of(value))), "")
