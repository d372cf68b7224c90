"""Feature stores that are described in Python: feature views over sources, and the features that code asks for.

trips = FeatureView(name="trips", source=FileSource(path="data/trips.parquet"), schema=[Field(name="km", ...)])
store.get_historical_features(entity_df=orders, features=["trips:km"]).to_df()
"""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage import expressions as ex
from mllint.lineage.declarations import Declared, Deprecation
from mllint.lineage.ids import column_id, is_telling, table_id
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import of_dataset
from mllint.linker.python.abstract.values import Column, Constant, Loss, Tuple, Unknown, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import table_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import locate
from mllint.linker.python.library.invocation import Invocation


def feature_view(call: Invocation) -> Any:
    """`name`, `source`, `schema` or `features`, `tags`: what the source holds goes into the view."""
    m, span = call.m, call.span
    name = text_of(call.get("name"))
    if name is None or "{" in name:
        return Unknown(call.origins())
    view = f"view:{name}"
    m.effects.mark(view, "dataset", span)
    fields = _fields(call, call.get("schema|features"))
    for source in _sources(call, call.get("source|input|batch_source|stream_source|online_source")):
        m.effects.mark(source, "dataset", span)
        m.effects.access(source, span, m.now.path, True)
        m.effects.write_table(view, of_dataset(source, [field for field, _ in fields] or None), "writes", span)
    for field, tags in fields:
        if _is_deprecated(tags):
            _declare(
                call,
                Declared(
                    "feature", field, span, m.now.path, deprecated=Deprecation(replacement=_text(tags, "replacement"))
                ),
            )
    slots: dict[Any, Any] = {"type": "feast.View", "class": "feast.FeatureView", "arguments": call.given}
    return m.heap.new("object", {**slots, "origins": frozenset(), "view": name}, (m.now.path, call.at))


def _declare(call: Invocation, entry: Declared) -> None:
    call.m.tracker.must_run()
    entries = call.m.project.observations.declared
    if entry not in entries:
        entries.append(entry)


def _fields(call: Invocation, schema: Any) -> list[tuple[str, Any]]:
    """Names and tags of `[Field(name="km", tags={...}), ...]`."""
    found = []
    for field in _items(call, schema):
        if isinstance(field, Cell) and field.kind == "object":
            given = field.slots["arguments"]
            name = text_of(given.get("name", given.get("0")))
            if name is not None:
                found.append((name, given.get("tags")))
    return found


def _items(call: Invocation, value: Any) -> list[Any]:
    if not isinstance(value, Tuple) and not (isinstance(value, Cell) and value.kind == "list"):
        return []
    return items_of(call.m, value, call.at).known or []


def _is_deprecated(tags: Any) -> bool:
    return _text(tags, "deprecated").lower() not in ("", "false", "no")


def _text(tags: Any, key: str) -> str:
    value = tags.slots.get(key) if isinstance(tags, Cell) and tags.kind == "dict" else None
    return str(value.value) if isinstance(value, Constant) and value.value is not None else ""


def _sources(call: Invocation, source: Any) -> list[str]:
    """The nodes of a source object: its file, table, query or topic; of a push or stream source, its batch source."""
    if not (isinstance(source, Cell) and source.kind == "object"):
        return []
    given = source.slots["arguments"]
    if "view" in source.slots:
        return [f"view:{source.slots['view']}"]
    if given.get("batch_source") is not None:
        return _sources(call, given["batch_source"])
    for key, make in (
        ("path", lambda text: locate.locate(call.m, text)),
        ("file_url", lambda text: locate.locate(call.m, text)),
        ("table", table_id),
        ("table_ref", table_id),
        ("topic", lambda text: f"topic:{text}"),
    ):
        texts = locate.texts(given[key]) if given.get(key) is not None else []
        nodes = [make(text) for text in texts]
        if nodes:
            return [node for node in nodes if is_telling(node)]
    query = text_of(given.get("query"))
    if query is not None:
        statements = call.m.query(query, call.m.sql_dialect(call.m.now.path))
        return list(dict.fromkeys(table_id(read.name) for s in statements for read in s.reads))
    return []


def features_of(call: Invocation) -> Any:
    """`entity_df` (or `entity_rows`), `features`: the rows with the features that are named `view:feature`."""
    m, span = call.m, call.span
    rows = call.get("entity_df|entity_rows")
    table = table_of(rows) if isinstance(rows, Cell) and rows.kind == "frame" else frames.Table(origins=frozenset())
    views = []
    for reference in _items(call, call.get("features|feature_refs|0")):
        text = text_of(reference)
        if text is None or ":" not in text:
            continue
        view, _, name = text.partition(":")
        node = f"view:{view}"
        views.append(node)
        made = Column(ex.Column(node, name), frozenset({column_id(node, name)}), name, span, rows=node)
        table = msgspec.structs.replace(table.with_columns({name: made}), origins=table.origins | {node})
    for node in dict.fromkeys(views):
        m.effects.mark(node, "dataset", span)
        m.effects.access(node, span, m.now.path, True)
    if not views:
        m.effects.access("", span, m.now.path, True, Loss("which features are asked for is not known"))
    return frames.new(m, table, call.entry.returns, call.at)
