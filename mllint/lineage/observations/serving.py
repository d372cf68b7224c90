"""Routes, and what is remembered of their requests."""

from __future__ import annotations

import msgspec

from mllint.source import Span


class Watch(msgspec.Struct, frozen=True):
    """A value of a request, or of the prediction made for it, goes somewhere that stays: a log, a metric, a table."""

    endpoint: str
    span: Span


class Route(msgspec.Struct, frozen=True):
    """A route and where it is registered. `guard`: `seen` if something before it can refuse whoever has no credential,
    `unsure` if something is there that nobody models, else `none`. `predicts`: the nodes that its handler predicts
    with, a file that nothing in the repository makes among them."""

    endpoint: str
    span: Span
    job: str
    guard: str
    predicts: tuple[str, ...] = ()
