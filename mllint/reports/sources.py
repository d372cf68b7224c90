"""The source lines that a report quotes, read again from disk: carefully, for the tree belongs to a stranger."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path, PurePosixPath

from mllint.source import Span

LARGEST = 16 * 1024 * 1024  # bytes of one file; a larger one is quoted nowhere
BUDGET = 256 * 1024 * 1024  # bytes of all files of one report


class Sources:
    """Lines by place. Whatever cannot be read safely has no lines: a frame without source is still a finding."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._budget = BUDGET
        self._files: dict[str, str] = {}
        self._lines: dict[tuple[str, int | None], list[str]] = {}

    def line(self, span: Span, number: int) -> str | None:
        """Line `number` of the file, or of the notebook cell, that the span lies in; `None` if there is none."""
        key = (span.path, span.cell)
        if key not in self._lines:
            text = self._text(span.path)
            self._lines[key] = _split(text if span.cell is None else _cell(text, span.cell))
        lines = self._lines[key]
        return lines[number - 1] if 1 <= number <= len(lines) else None

    def _text(self, path: str) -> str:
        if path not in self._files:
            data = read_inside(self._root, path, min(LARGEST, self._budget))
            self._budget -= len(data)
            self._files[path] = data.decode("utf-8-sig", "replace")
        return self._files[path]


def read_inside(root: Path, path: str, most: int) -> bytes:
    """The bytes of a regular file under `root`, or none: no link is followed, no device or FIFO opened, and a file
    over `most` bytes is left alone."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        return b""
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in parts[:-1]:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return b""
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            return b""
        with open(file, "rb", closefd=False) as stream:
            return stream.read(most)
    finally:
        os.close(file)


def _split(text: str) -> list[str]:
    """Lines as Python and SQL count them: a form feed or a Unicode separator ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cell(text: str, number: int) -> str:
    """The source of a notebook's cell, cells counted from 1."""
    try:
        source = json.loads(text)["cells"][number - 1]["source"]
        return source if isinstance(source, str) else "".join(source)
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
