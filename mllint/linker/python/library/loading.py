"""What is loaded: models, and other objects that were saved as they are, with what is known of them."""

from __future__ import annotations

import re
from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Place
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import of_dataset
from mllint.linker.python.abstract.texts import named_by
from mllint.linker.python.abstract.values import (
    Column,
    Constant,
    Unknown,
    join_all,
    origins_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.library import buffers, committed, config
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate, texts
from mllint.linker.python.library.reloading import reload
from mllint.linker.python.library.requests import named_by_clients
from mllint.linker.python.library.storage import nodes_named, note_read, note_unknown
from mllint.linker.python.machine import Machine


def load(call: Invocation, place: Place) -> Any:
    """An object as it was saved; a configuration file of the repository, as its values."""
    m, call = call.m, named_by_clients(call, place)
    target = call.get(place.file or place.model or place.url) if not place.node else None
    statement = _sql_text(m, target)
    if statement is not None:
        return statement
    if place.file == "self" and config.document_of(m, target) is not None:
        return target  # the text of a configuration file: `yaml.safe_load(path.read_text())` asks for the file again
    if call.entry.config:
        values = config.load(m, target, call.at)
        if values is not None:
            return values
    held = buffers.nodes_held(target)
    if isinstance(target, Cell) and target.kind == "object" and "nodes" not in target.slots and not held:
        return _held(call, target)
    if isinstance(target, Unknown) and target.origins:
        return Unknown(target.origins, "it is loaded from a buffer", call.span)
    if place.file and isinstance(target, Column) and not named_by(target):
        return target
    results = []
    is_handle = bool(held) or (isinstance(target, Cell) and "nodes" in target.slots)
    nodes = held or nodes_named(call, place, target)
    if not nodes and not is_handle:
        note_unknown(call, target, is_read=True)
    for node in nodes:
        if not is_handle:
            note_read(call, node, place, target)
        made = loaded(m, node, call)
        results.append(committed.completed(m, node, made, call.at) if call.entry.config else made)
        if not m.in_test:
            name = next(iter(texts(target)), "") if len(nodes) == 1 else ""
            m.effects.loading(node, call.span, name, _version(place, name))
    return join_all(results) if results else Unknown()


def _held(call: Invocation, target: Cell) -> Any:
    """What was written into a buffer, as it comes out again."""
    held = buffers.content(call.m, target) if buffers.is_buffer(target) else None
    if held is not None and not isinstance(held, Unknown):
        return held
    return Unknown(origins_of(target), "it is loaded from a buffer", call.span)


def _version(place: Place, name: str) -> str:
    """What of a registered model a name asks for: the first pattern of the model of the call that it fits."""
    return next((version for pattern, version in place.versions.items() if re.fullmatch(pattern, name)), "")


def _sql_text(m: Machine, target: Any) -> Any:
    """The text of a SQL file of the repository: what `open("q.sql").read()` gives."""
    value = target.slots["path"] if isinstance(target, Cell) and "path" in target.slots else target
    found = []
    for text in texts(value):
        if text.endswith(".sql"):
            file = m.project.files.get(locate(m, text).removeprefix("file:"))
            if file is not None and file.sql is not None:
                m.take(file.path)
                found.append(Constant(file.sql.text))
    return join_all(found) if found else None


def loaded(m: Machine, node: str, call: Invocation) -> Any:
    stored = m.recall(node)
    if stored is not None:
        return reload(m, stored, node, call.at, {})
    if m.library.holds(call.entry.returns) == "frame":
        return frames.new(m, of_dataset(node), call.entry.returns, call.at)
    slots: dict[Any, Any] = {
        "type": call.entry.returns if call.entry.returns in m.library.types else "",
        "class": _class_of(call) if m.library.holds(call.entry.returns) == "estimator" else "",
        "arguments": {},
        "origins": frozenset({node}),
        "reference": node,
    }
    return m.heap.new("object", slots, (m.now.path, call.at))


def _class_of(call: Invocation) -> str:
    """The class that loads itself: `AutoModel.from_pretrained(path)`, `SentenceTransformer(path)`."""
    parts = call.name.split(".")
    while parts and not parts[-1][:1].isupper():
        parts.pop()
    return ".".join(parts)


def as_frame(m: Machine, owner: Cell, at: facts.At) -> Cell:
    node = owner.slots["reference"]
    return frames.new(m, of_dataset(node), m.library.usual.get("frame", ""), at)
