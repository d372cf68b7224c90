"""A step that waits to be run."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mllint.linker.python.machine import Machine


class Job(msgspec.Struct, frozen=True):
    """One step. `name` is unique; `path` is the file that defines it, whose job it is."""

    name: str
    path: str
    run: Callable[[Machine], None]
