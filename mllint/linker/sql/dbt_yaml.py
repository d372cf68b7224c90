"""Ways through the YAML of a dbt project."""

from __future__ import annotations

from typing import Any

from mllint.facts.config import Value


def get(value: Value | None, *path: str) -> Value | None:
    for key in path:
        value = next((e.value for e in value.entries if e.key == key), None) if value is not None else None
    return value


def text(value: Value | None, *path: str) -> str:
    found = get(value, *path)
    return str(found.value) if found is not None and found.kind == "scalar" and found.value is not None else ""


def entries(value: Value | None, *path: str) -> Any:
    found = get(value, *path)
    return found.entries if found is not None else ()


def items(value: Value | None, *path: str) -> tuple[Value, ...]:
    found = get(value, *path)
    return found.items if found is not None else ()


def plain(value: Value) -> Any:
    """The Python value of a mapping, sequence or scalar."""
    if value.kind == "mapping":
        return {entry.key: plain(entry.value) for entry in value.entries}
    return [plain(item) for item in value.items] if value.kind == "sequence" else value.value
