"""SQL in Python: the tables a query reads, the columns it gives, the tables a statement writes."""

from __future__ import annotations

from typing import Any

from mllint.libraries.models import Place
from mllint.linker.python.invocation import Invocation
from mllint.linker.python.values import Unknown


def read(call: Invocation, place: Place) -> Any:
    return Unknown(call.origins(), "a query", call.span)


def execute(call: Invocation, place: Place) -> None:
    return None
