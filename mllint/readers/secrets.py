"""Keeps passwords and keys out of facts, and so out of the cache and of every report."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from mllint.facts.config import Entry, Value

_IN_URL = re.compile(r"(://[^/:@\s]*):[^@/\s]+@")
# `pad_token` and `tokenizer` are no secrets, `aws_secret_access_key` is
_NAME = re.compile(
    r"(?:passw(?:or)?d|passphrase|secret|secret_?key|api_?key|access_?key|access_?token|auth_?token|private_?key)$",
    re.IGNORECASE,
)
_ANY = re.compile(rf"{_IN_URL.pattern}|{_NAME.pattern[:-1]}", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with the passwords of its URLs as `***`."""
    return _IN_URL.sub(r"\1:***@", text) if "://" in text else text


def masked_pairs(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "***" if is_secret(name) else masked(value)) for name, value in environment.items())


def is_secret(name: str) -> bool:
    return _NAME.search(name.replace("-", "_")) is not None


def masked_tree(value: Value, text: str) -> Value:
    """The tree with its secrets as `***`; `text` is the file, looked at first since most files hold none."""
    return _masked(value, False) if _ANY.search(text) else value


def _masked(value: Value, secret: bool) -> Value:
    match value.kind:
        case "scalar":
            if not isinstance(value.value, str):
                return value
            return msgspec.structs.replace(value, value="***" if secret and value.value else masked(value.value))
        case "sequence":
            return msgspec.structs.replace(value, items=tuple(_masked(item, secret) for item in value.items))
        case _:
            return msgspec.structs.replace(value, entries=tuple(map(_masked_entry, value.entries)))


def _masked_entry(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, value=_masked(entry.value, is_secret(entry.key)))
