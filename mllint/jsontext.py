"""JSON as every report and drawing writes it: documents, places and coverage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mllint.lineage.lineage import Coverage
from mllint.source import Span


def span_json(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line or span.line,
        "end_column": span.end_column or span.column,
        "cell": span.cell,
    }


def coverage_json(seen: Coverage) -> dict[str, Any]:
    return {
        "files": {"found": seen.files_found, "read": seen.files_read},
        "reads": {"resolved": seen.reads.resolved, "all": seen.reads.all},
        "writes": {"resolved": seen.writes.resolved, "all": seen.writes.all},
    }


def json_document(document: Mapping[str, Any]) -> str:
    """A JSON document with each item of its lists on a line of its own, in ASCII, so that it is safe to look at.

    Not-a-number and infinities, which JSON lacks, become text."""
    fields = (f"{json.dumps(key)}: {_json_field(value)}" for key, value in document.items())
    return "{" + ",\n ".join(fields) + "}\n"


def _json_field(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(_json(item) for item in value) + "]"
    return _json(value)


_encode = json.JSONEncoder(allow_nan=False).encode


def _json(value: Any) -> str:
    try:
        text = _encode(value)
    except (TypeError, ValueError):
        text = ""
    if text and "\\ud" not in text:  # a surrogate, lone or one of a pair
        return text
    return _encode(_plain(value))


def _plain(value: Any) -> Any:
    """Only what JSON has: no lone surrogates (from file names that are not UTF-8), dates, decimals or NaN."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if value - value == 0 else str(value)
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case Mapping():
            return {_plain(str(key)): _plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(map(_plain, value), key=str)
        case Iterable():
            return [_plain(item) for item in value]
        case _:
            return _plain(str(value))
