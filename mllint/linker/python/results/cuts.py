"""Predictions that are held against numbers, as entry points tell of them; see `library/decisions.py`."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.source import Span


class Cut(msgspec.Struct, frozen=True):
    """A prediction that is compared with a number; known by the mark that the outcome carries."""

    id: str
    models: tuple[str, ...]
    span: Span
    operator: str
    values: tuple[Any, ...]
    settings: tuple[Span, ...]
    predicted: Span
    text: str


class Act(msgspec.Struct, frozen=True):
    """Something that is done about the outcome of a cut: a branch, or a target into which it goes."""

    cut: str
    span: Span
    target: str


def joined(known: Cut, cut: Cut) -> Cut:
    """A helper that is called with several models, or limits, is one cut."""
    return msgspec.structs.replace(
        cut,
        models=tuple(sorted({*known.models, *cut.models})),
        values=tuple(dict.fromkeys((*known.values, *cut.values))),
        settings=tuple(dict.fromkeys((*known.settings, *cut.settings))),
    )
