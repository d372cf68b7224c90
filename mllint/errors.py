"""What can go wrong: in how mllint was called (`UsageError`), or in one analysed file (`Problem`)."""

from __future__ import annotations

import msgspec


class UsageError(Exception):
    """A wrong option, setting or declaration. The message says what to write instead; exit status 2."""


class OutOfTime(BaseException):
    """Raised into a reader that ran for too long. No reader's `except Exception` swallows it."""


class Problem(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One diagnostic (`ML0xx`) about one analysed file that could not be read, or only in part.

    ML001 syntax error, ML002 unreadable or undecodable, ML003 too large, ML004 too deep, ML005 too costly
    (time, memory, aliases), ML006 the reader itself failed. `line` counts from 1, in a notebook within `cell`.
    """

    path: str
    line: int
    code: str
    message: str
    cell: int | None = None
