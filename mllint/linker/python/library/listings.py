"""Listings of stores: which objects lie under a prefix only the run knows, but that their names begin with it.

pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix="trips/")
keys = [entry["Key"] for page in pages for entry in page["Contents"]]                   # trips/*"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Hole, Text, Unknown
from mllint.linker.python.library.invocation import Invocation

_ANY = Text((Hole("*"),))
_OF_A_PAGE = ("IsTruncated", "KeyCount", "NextContinuationToken", "NextMarker", "Marker")
_OF_AN_OBJECT = ("LastModified", "Size", "ETag", "StorageClass")


def listed_objects(call: Invocation) -> Any:
    """`Bucket`, `Prefix`: an answer of S3: `s3.list_objects_v2(Bucket="lake", Prefix="trips/")["Contents"]`."""
    if call.get("Bucket") is None:  # what other services list has other fields
        return Unknown(call.origins())
    key = _under(call.get("Prefix"))
    entry = _dict(call, {"Key": key, **{name: Unknown() for name in _OF_AN_OBJECT}})
    folder = _dict(call, {"Prefix": key})
    fields = {"Contents": _several(call, entry), "CommonPrefixes": _several(call, folder)}
    return _dict(call, {**fields, **{name: Unknown() for name in _OF_A_PAGE}})


def listed_pages(call: Invocation) -> Any:
    """Several such answers: `paginator.paginate(Bucket="lake", Prefix="trips/")`."""
    page = listed_objects(call)
    return _several(call, page) if isinstance(page, Cell) else page


def listed_names(call: Invocation) -> Any:
    """`pattern`: names that fit it: `client.scan_iter("trips:*")`."""
    return _several(call, call.get("pattern", _ANY))


def names_under(call: Invocation) -> Any:
    """`prefix`: names that begin with it."""
    return _several(call, _under(call.get("prefix")))


def objects_under(call: Invocation) -> Any:
    """`bucket`, `prefix`: objects of the type that the call returns, which know their name and bucket."""
    key, bucket = _under(call.get("prefix")), call.get("bucket.bucket|bucket|self.bucket", Unknown())
    named = dict.fromkeys(("key", "blob", "name", "object_name"), key)
    slots: dict[Any, Any] = {"type": call.entry.returns, "class": "", "origins": frozenset()}
    slots["arguments"] = {"bucket": bucket, **named}
    for name, value in {**named, "bucket_name": bucket}.items():
        slots["attribute", name] = value
    return _several(call, call.m.heap.new("object", slots, (call.m.now.path, call.at)))


def _under(prefix: Any) -> Any:
    if prefix is None or prefix == Constant(None):
        return _ANY
    return texts.concatenate([(prefix, "prefix"), (_ANY, "")])


def _several(call: Invocation, item: Any) -> Any:
    return call.m.heap.new("list", {"items": (), "<rest>": item}, (call.m.now.path, call.at))


def _dict(call: Invocation, entries: dict[str, Any]) -> Any:
    return call.m.heap.new("dict", entries, (call.m.now.path, call.at))


TABLE: dict[str, Callable[[Invocation], Any]] = {
    "listed_objects": listed_objects,
    "listed_pages": listed_pages,
    "names_of_pattern": listed_names,
    "names_under": names_under,
    "objects_under": objects_under,
}
