"""What a file of data that lies in the repository says: its columns, never its rows."""

from __future__ import annotations

import msgspec


class DataFile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    format: str  # csv, parquet
    columns: tuple[str, ...]
