"""What can go wrong: in how mllint was called (`UsageError`), or in one analysed file (`Problem`)."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

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


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is none of the known ones.

    >>> nearest("ownr", ["owner", "tags"])
    'did you mean `owner`?'
    >>> nearest("x", ["owner", "tags"])
    'expected one of owner, tags'
    """
    words = sorted(set(known))
    if close := get_close_matches(word, words, n=1) or get_close_matches(word.lower(), words, n=1, cutoff=0.5):
        return f"did you mean `{close[0]}`?"
    return f"expected one of {', '.join(words[:20])}{', ...' if len(words) > 20 else ''}"
