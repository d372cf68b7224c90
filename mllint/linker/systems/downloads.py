"""Commands that fetch a file: `curl -o trips.csv https://example.com/trips.csv`, `wget -O trips.csv URL`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

_URL = re.compile(r"(?:https?|ftp|s3|gs)://[^\s/]+/\S+")
_NAMED = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}
_FOLDER = {"curl": ("--output-dir",), "wget": ("-P", "--directory-prefix")}


def download_of(words: Sequence[str]) -> tuple[str, str] | None:
    """The URL that a command fetches, and the path it writes; `None` if it writes no file.

    >>> download_of(["curl", "-sL", "https://example.com/a.csv", "-o", "data/a.csv"])
    ('https://example.com/a.csv', 'data/a.csv')
    >>> download_of(["wget", "-P", "data", "https://example.com/a.csv?key=1"])
    ('https://example.com/a.csv', 'data/a.csv')
    >>> download_of(["curl", "https://example.com/health"]) is None
    True
    """
    program = posixpath.basename(words[0]) if words else ""
    if program not in _NAMED:
        return None
    urls = [word for word in words[1:] if _URL.fullmatch(word)]
    if len(urls) != 1:
        return None
    url = re.split(r"[?#]", urls[0])[0]  # what comes after may hold secrets
    path = _after(words, _NAMED[program])
    own_name = program == "wget" or any(re.fullmatch(r"-\w*O\w*|--remote-name", word) for word in words)
    if path is None and own_name:
        path = posixpath.join(_after(words, _FOLDER[program]) or "", posixpath.basename(url))
    return (url, path) if path and path not in ("-", "/dev/null") else None


def _after(words: Sequence[str], options: Sequence[str]) -> str | None:
    """The value of an option: `-o path`, `-sLo path`, `--output=path`."""
    for index, word in enumerate(words[:-1]):
        short = word.startswith("-") and not word.startswith("--") and word[-1:] == options[0][-1]
        if word in options or (short and len(options[0]) == 2 and index):
            return words[index + 1]
    found = [word.partition("=")[2] for word in words if word.startswith(tuple(f"{option}=" for option in options))]
    return found[0] if found else None
