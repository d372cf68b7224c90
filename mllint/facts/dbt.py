"""What dbt itself wrote about a project: `target/manifest.json` and `target/catalog.json`."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A model, seed, snapshot or source; `id` is dbt's unique id, such as `model.shop.rides`. The catalog knows the
    columns as the warehouse has them; `after` are the ids that the manifest says it depends on."""

    id: str
    columns: tuple[tuple[str, str], ...] = ()  # name, type
    after: tuple[str, ...] = ()


class Artifact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    nodes: tuple[Node, ...] = ()
    macros: tuple[tuple[str, str], ...] = ()  # package, and the text that defines one macro
