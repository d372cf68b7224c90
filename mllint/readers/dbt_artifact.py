"""dbt's `target/manifest.json` and `target/catalog.json`: what they say that a project's own files do not."""

from __future__ import annotations

import msgspec

from mllint.facts.dbt import Artifact, Node
from mllint.facts.file import FileFacts
from mllint.readers import config

_MOST_NODES = 50_000
_OWN = {"dbt"}  # packages whose macros we know better than by their text


class _After(msgspec.Struct):
    nodes: list[str] = []


class _Column(msgspec.Struct):
    name: str = ""
    type: str | None = None
    index: int = 0


class _Node(msgspec.Struct):
    resource_type: str = ""
    depends_on: _After | None = None
    columns: dict[str, _Column] = {}


class _Macro(msgspec.Struct):
    package_name: str = ""
    macro_sql: str = ""


class _Metadata(msgspec.Struct):
    dbt_schema_version: str = ""


class _Artifact(msgspec.Struct):
    metadata: _Metadata
    nodes: dict[str, _Node] = {}
    sources: dict[str, _Node] = {}
    macros: dict[str, _Macro] = {}


def read(path: str, kind: str, data: bytes) -> FileFacts:
    try:
        found = msgspec.json.decode(data, type=_Artifact)
    except (msgspec.DecodeError, RecursionError):  # which includes that it has another shape
        return config.read(path, "json", data)
    version = found.metadata.dbt_schema_version
    if "dbt/manifest" not in version and "dbt/catalog" not in version:
        return config.read(path, "json", data)
    is_catalog = "dbt/catalog" in version  # in a manifest, columns are those that somebody described
    listed = [*found.nodes.items(), *found.sources.items()][:_MOST_NODES]
    nodes = (_node(id, each, is_catalog) for id, each in listed)
    macros = {(each.package_name, each.macro_sql) for each in found.macros.values() if each.package_name not in _OWN}
    artifact = Artifact(tuple(node for node in nodes if node.columns or node.after), tuple(sorted(macros)))
    return FileFacts(path, kind, dbt=artifact)


def _node(id: str, each: _Node, is_catalog: bool) -> Node:
    columns = sorted(each.columns.values(), key=lambda column: column.index) if is_catalog else []
    after = each.depends_on.nodes if each.depends_on is not None else []
    return Node(id, tuple((column.name, column.type or "") for column in columns), tuple(after))
