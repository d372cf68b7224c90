"""The text of SQL files and of SQL cells: parsed when linking, since its meaning depends on dialect and schema."""

from __future__ import annotations

import msgspec


class SqlText(msgspec.Struct, frozen=True, array_like=True, gc=False):
    text: str
    line: int = 1  # where the text begins in its file
    column: int = 1
    jinja: bool = False
