"""Whole outputs, kept as files in `tests/snapshots/`. UPDATE_SNAPSHOTS=1 writes them anew: read the difference."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def matches_snapshot(name: str, text: str) -> bool:
    """Whether the text is what the file holds; the difference is shown by pytest's comparison in the caller."""
    path = FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, "utf-8", newline="\n")
    kept = path.read_text("utf-8") if path.exists() else ""
    assert text == kept
    return True
