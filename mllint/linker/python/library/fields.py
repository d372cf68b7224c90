"""Fields of a dictionary that is written as a whole, which are columns of what it is written to:

json.dump({"accuracy": accuracy, "features": names}, file)"""

from __future__ import annotations

from typing import Any

_WITH_FIELDS = ("file:", "topic:", "collection:", "table:")
_TEXTS = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml")


def has(node: str) -> bool:
    """Whether whoever reads it asks for fields by their names; a pickle gives an object back as it was."""
    return node.startswith(_WITH_FIELDS) and (not node.startswith("file:") or node.endswith(_TEXTS))


def named(key: Any) -> str:
    """The column that a key is; none, where it is not known."""
    return key if isinstance(key, str) and key and not key.startswith("<") else ""
