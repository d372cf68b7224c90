"""Texts that stand for values: literals, JSON, and the names that trackers give."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract import json_texts, literals, texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Column, Constant, Unknown, is_text, text_of
from mllint.linker.python.library import config, locate
from mllint.linker.python.library.invocation import Invocation


def literal(call: Invocation) -> Any:
    """A text that is a literal of Python: `ast.literal_eval("['a', 'b']")`. It is read, never run."""
    text = call.get("0")
    if isinstance(text, Constant) and isinstance(text.value, str) and not text.origins:
        return literals.parsed(call.m.heap, text.value, "python", (call.m.now.path, call.at))
    return Unknown(call.origins(), "the text of a literal is not known", call.span)


def dotted(call: Invocation) -> Any:
    """A name of parts, after those of an object: `client.dataset("ml").table("rides")`, `TableReference(d, "t")`"""
    given = (call.receiver, *(call.get(name) for name in call.entry.parameters))
    parts = [part for value in given for part in _parts_of(value)]
    return texts.concatenate([(part, "name") for value in parts for part in (Constant("."), value)][1:])


def _parts_of(value: Any) -> list[Any]:
    if isinstance(value, Cell) and value.kind == "object":
        return [v for name, v in value.slots.get("arguments", {}).items() if not name.isdigit() and is_text(v)]
    return [value] if value is not None else []


def joined_data(call: Invocation) -> Any:
    """Something of a text nature made of data: keeps the origins. A text of JSON holds what it is made of."""
    first = call.receiver if call.receiver is not None else call.get("0")
    if json_texts.is_json(first):
        return first.slots["held"] if call.name.endswith("loads") else first
    if isinstance(first, Cell) and first.kind in ("dict", "list", "frame") and call.name.endswith("dumps"):
        return json_texts.make(call.m.heap, first, (call.m.now.path, call.at))
    if isinstance(first, Cell) and "path" in first.slots:  # `json.loads(open("config.json").read())`
        values = config.load(call.m, first, call.at)
        return values if values is not None else Unknown(call.origins())
    if isinstance(first, Constant) and isinstance(first.value, str) and call.name.endswith("loads"):
        return literals.parsed(call.m.heap, first.value, "json", (call.m.now.path, call.at))
    return first if isinstance(first, Column) else Unknown(call.origins())


def logged_uri(call: Invocation) -> Any:
    """Where a tracker keeps what has been logged: `mlflow.sklearn.log_model(model, "forest").model_uri`."""
    name = call.get("self.registered_model_name")
    if name is not None and not (isinstance(name, Constant) and name.value is None):
        return texts.concatenate([(Constant("models:/"), ""), (name, "name"), (Constant("/latest"), "")])
    path = text_of(call.get("self.artifact_path"))
    return texts.word(locate.logged_id(path)) if path is not None else Unknown(why="what was logged is not known")
