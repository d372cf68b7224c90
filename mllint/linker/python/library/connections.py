"""The schema in which a connection finds bare names: what it was made with, and what has run in it since.

connect(schema="analytics")       create_engine("trino://host/lake/gold")      QueryJobConfig(default_dataset="acme.ml")
cursor.execute("USE analytics")   session.use_schema("analytics")              spark.sql("USE CATALOG lake")
create_engine(url, connect_args={"options": "-csearch_path=analytics"})

What a model says under `within` is kept with the object that is made; see `sql.namespaces` for what names become.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from mllint.libraries.models import Within
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import options_of, text_of
from mllint.linker.python.library import translations
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.sql.namespaces import NOWHERE, Namespace, after, searched

_SLOT = "<namespace>"
_URL = re.compile(r"(\w+)[\w+.-]*://(?:[^/?]*@)?([^/?:]*)(?::[^/?]*)?([^?]*)\??(.*)", re.DOTALL)
_SEARCHED = re.compile(r"search_path\s*=\s*([\w$,-]+)")
_SAID = re.compile(r"(?:^|&)(catalog|schema|currentSchema)=([\w-]+)(?=&|$)")
_CHANGES = re.compile(r"\b(?:use|search_path|schema|current_schema)\b", re.IGNORECASE)
_DEEPEST = 5


def enter(call: Invocation, within: Within, made: Any) -> None:
    """What is made, or else the receiver, is in the namespace that the call names."""
    holder = made if isinstance(made, Cell) and made.kind == "object" else call.receiver
    if within.schemas and holder is made:
        translations.enter(call, call.get(within.schemas), made)
    given = _given(call, within)
    if not isinstance(holder, Cell) or holder.kind != "object" or given == NOWHERE:
        return
    if within.session:
        call.m.effects.namespaces[_library(call)] = _over(call.m.effects.namespaces.get(_library(call), NOWHERE), given)
    before = _of_cell(holder)
    now = _over(before, given)
    call.m.heap.set(holder, _SLOT, (now.catalog, now.schema))


def _over(before: Namespace, given: Namespace) -> Namespace:
    return Namespace(given.catalog or before.catalog, given.schema or before.schema)


def _given(call: Invocation, within: Within) -> Namespace:
    whole = _plain(call, within.dataset)
    if whole:
        catalog, _, schema = whole.rpartition(".")
        return Namespace(catalog, schema)
    url, options = _text(call, within.url), _text(call, within.options)
    said = _of_url(url, within.urls) if url else NOWHERE
    found = _SEARCHED.search(options)
    path = found[1] if found is not None else _text(call, within.path)
    if path:
        return searched(path)
    outer, _, schema = _plain(call, within.schema).rpartition(".")  # `use_schema("shop.raw")`
    return Namespace(_plain(call, within.catalog) or outer or said.catalog, schema or said.schema)


def _of_url(url: str, kinds: Mapping[str, tuple[str, ...]]) -> Namespace:
    """`kinds` tell what host and path stand for: `trino: ["", catalog, schema]`."""
    found = _URL.fullmatch(url)
    if found is None:
        return NOWHERE
    scheme, host, path, query = found.groups()
    parts = dict(zip(kinds.get(scheme.lower(), ()), [host, *path.strip("/").split("/")], strict=False))
    asked = {"schema" if key != "catalog" else key: value for key, value in _SAID.findall(query)}
    said = {key: value.lower() for key, value in {**parts, **asked}.items() if re.fullmatch(r"[\w-]+", value)}
    path_said = _SEARCHED.search(unquote(query))
    if path_said is not None:
        return searched(path_said[1])
    return Namespace(said.get("catalog", ""), said.get("schema", ""))


def namespace_of(call: Invocation) -> Namespace:
    """Where the names lie that a call gives: as its connection says, or the settings of the one query."""
    asked = call.entry.within  # `job_config.default_dataset`: of this one query
    found = [_given(call, asked) if asked is not None else NOWHERE]
    found += [_of_cell(value) for value in (*call.given.values(), call.receiver)]
    found.append(call.m.effects.namespaces.get(_library(call), NOWHERE))
    first = next((each for each in found if each.schema), NOWHERE)
    catalog = first.catalog or next((each.catalog for each in found if each.catalog), "")
    return Namespace(catalog, first.schema)


def ran(call: Invocation, text: str, dialect: str) -> None:
    """A text ran: it may have changed the schema."""
    if _CHANGES.search(text) is None:
        return
    before = now = namespace_of(call)
    for statement in text.split(";"):
        now = after(statement, dialect, now)
    if now == before:
        return
    if call.entry.within is not None and call.entry.within.session:
        call.m.effects.namespaces[_library(call)] = now
    elif isinstance(call.receiver, Cell) and call.receiver.kind == "object":
        for holder in _makers(call.receiver):
            call.m.heap.set(holder, _SLOT, (now.catalog, now.schema))


def _library(call: Invocation) -> str:
    return call.name.partition(".")[0]


def _of_cell(value: Any) -> Namespace:
    told = told_of(value, _SLOT)
    return Namespace(*told) if told is not None else NOWHERE


def told_of(value: Any, slot: str) -> Any:
    """What an object holds under a name of ours, or what made it, or an object that one of these was made with."""
    if not isinstance(value, Cell) or value.kind != "object":
        return None
    for holder in _makers(value):
        if slot in holder.slots:
            return holder.slots[slot]
    given = [each for holder in _makers(value) for each in holder.slots.get("arguments", {}).values()]
    inner = (each for each in given if isinstance(each, Cell) and each.kind == "object")
    return next((h.slots[slot] for each in inner for h in _makers(each) if slot in h.slots), None)


def _makers(cell: Cell) -> Iterator[Cell]:
    """A cursor, the connection that made it, the engine that made that."""
    holder: Any = cell
    for _ in range(_DEEPEST):
        if not isinstance(holder, Cell) or holder.kind != "object":
            return
        yield holder
        holder = holder.slots.get("maker")


def _text(call: Invocation, parameter: str) -> str:
    value = call.get(parameter) if parameter else None
    found = {_told(option) for option in options_of(value)} - {None} if value is not None else set()
    return str(found.pop()) if len(found) == 1 else ""


def _told(value: Any) -> str | None:
    """A text; of an object the texts that it was made with: `DatasetReference("acme", "ml")`"""
    if not isinstance(value, Cell) or value.kind != "object":
        return text_of(value)
    given = value.slots.get("arguments", {})
    parts = [text_of(part) for name, part in given.items() if not name.isdigit()]
    return ".".join(part for part in parts if part) or None


def _plain(call: Invocation, parameter: str) -> str:
    text = _text(call, parameter).strip('"`').lower()
    return text if re.fullmatch(r"[\w-]+(?:\.[\w-]+)?", text) else ""
