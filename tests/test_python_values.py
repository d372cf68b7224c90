"""Constants across functions, classes, modules, collections, settings and commands: the datasets that programs name."""

from __future__ import annotations

import pytest
from programs import Case, complaints, parameters


@pytest.mark.parametrize("case", parameters("functions", "classes", "collections", "texts", "flow"))
def test_constants(case: Case) -> None:
    assert complaints(case) == []


@pytest.mark.parametrize("case", parameters("modules", "settings", "commands"))
def test_constants_of_several_files(case: Case) -> None:
    assert complaints(case) == []
