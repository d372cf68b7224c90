"""Predictions as entry points tell of them: those made, and those held against numbers (`library/decisions.py`)."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.source import Span


class PredictedRows(msgspec.Struct, frozen=True):
    """The rows of a predict call, and the fits of what predicts; known by the mark that the predictions carry."""

    id: str
    span: Span
    fits: tuple[str, ...]
    rows: tuple[str, ...]
    learned: tuple[str, ...]
    sure: bool
    models: tuple[str, ...] = ()
    gives: str = "prediction"
    labels: bool | None = None  # whether they are classes, not scores

    @property
    def predictors(self) -> list[str]:
        """The models whose predictions they are; clusters and embeddings are none."""
        known = self.models if self.gives == "prediction" else ()
        return [model for model in known if not model.startswith(("@", "column:"))]


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
