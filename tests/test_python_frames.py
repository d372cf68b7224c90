"""Frames and their columns: what goes into a written file, a model and an endpoint, column by column."""

from __future__ import annotations

import pytest
from programs import Case, complaints, parameters


@pytest.mark.parametrize("case", parameters("frames", "learning", "listed", "fields"))
def test_columns(case: Case) -> None:
    assert complaints(case) == []
