"""Two configuration files, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mllint.lineage.observations import Config, Key

Keys = tuple[str, ...]
_ABSENT = object()


def config_leaves(config: Config) -> dict[Keys, Key]:
    """The keys of a file that lead to a value, not to further keys."""
    sections = {key.keys[:-1] for key in config.keys}
    return {key.keys: key for key in config.keys if key.keys not in sections}


def config_differences(first: Mapping[Keys, Key], second: Mapping[Keys, Key]) -> list[Keys]:
    """The keys that only one of them has, or that have another value, in their order."""
    return [
        keys for keys in sorted(first.keys() | second.keys()) if _value(first.get(keys)) != _value(second.get(keys))
    ]


def _value(key: Key | None) -> Any:
    """Same type and same value: `1` and `1.0` are not."""
    return _ABSENT if key is None else (type(key.value), key.value) if key.is_scalar else key.content
