"""What a reader may spend on one file before it gives up with a diagnostic."""

from __future__ import annotations

from mllint.errors import Problem

MAX_BYTES = 1 << 20  # of one configuration file
MAX_EVENTS = 100_000  # scalars and brackets, as they are written
MAX_NODES = 200_000  # values once aliases and merge keys are applied
MAX_ALIASES = 10_000
MAX_DEPTH = 64  # so that a walk over the tree may be recursive


class ReadingError(Exception):
    """One file, or the rest of it, that will not be read: it becomes one `Problem`."""

    def __init__(self, code: str, line: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.message = message

    def problem(self, path: str) -> Problem:
        return Problem(path, max(self.line, 1), self.code, self.message)


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark. Raises `ReadingError` (ML002)."""
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadingError("ML002", line, f"neither UTF-8 nor UTF-16: {error.reason} at byte {error.start}") from None


def count_lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")


def too_deep(line: int) -> ReadingError:
    return ReadingError("ML004", line, f"nested more than {MAX_DEPTH} levels deep")


def too_many(line: int) -> ReadingError:
    return ReadingError("ML005", line, "more values than the budget for one configuration file allows")
