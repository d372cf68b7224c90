"""Which sources are data that training learns from, and may change under it."""

from __future__ import annotations

import posixpath
import re

from mllint.rule import Lineage, Span, is_test

_PICKLED = (".joblib", ".pkl", ".pickle", ".dill")
_FITTED = {  # what else than data is pickled: `FD004_scaler.joblib`
    "scaler", "scalers", "encoder", "encoders", "vectorizer", "imputer", "tokenizer", "transformer", "preprocessor",
    "pipeline", "model", "selector", "binarizer", "calibrator",
}  # fmt: skip
_SETTINGS = (".yaml", ".yml", ".toml", ".ini", ".cfg", ".env")  # JSON may be data


def is_fixed(lineage: Lineage, source: str, read: Span | None) -> bool:
    """Whether a notebook reads what is committed beside it: that changes with a commit, and people look at it."""
    is_committed = source.removeprefix("file:") in lineage.shipped
    return is_committed and read is not None and read.path.endswith(".ipynb")


def is_data(id: str) -> bool:
    """Not a data set that comes with a package, settings, nor a name that is known in part only."""
    is_named = not id.endswith(":None") and "{" not in id and not is_test(id.removeprefix("file:"))
    stem, ending = posixpath.splitext(posixpath.basename(id).lower())
    is_fitted = ending in _PICKLED and not _FITTED.isdisjoint(re.split(r"[\W_\d]+", stem))
    return (
        is_named
        and not (ending in _SETTINGS or is_fitted)
        and not id.startswith(("python://", "endpoint:", "model:", "column:"))
    )
