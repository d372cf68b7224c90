"""Markdown: the commands that it tells people to run, and the files that it speaks of. No more of a text for people is
read.

Train the model with `python src/train.py`, then

```bash
$ python -m service.app
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mllint.facts.commands import Command
from mllint.facts.file import FileFacts
from mllint.readers.budget import ReadingError, count_lines, decode
from mllint.readers.commands import split_commands

_MAX_COMMANDS = 2_000
_MAX_NAMES = 2_000
_FILE = re.compile(r"[A-Za-z0-9_./-]{1,200}\.[A-Za-z][A-Za-z0-9]{1,8}\b")
_FENCE = re.compile(r"[ \t]{0,12}(?:>[ \t]?)?(`{3,}|~{3,})")
_SPAN = re.compile(r"`([^`\n]{1,300})`")
_PROMPT = re.compile(r"[ \t]*(?:[$%>#]|PS>|!)?[ \t]*")
_NAMES_CODE = re.compile(r"\.(?:py|R|jl|sh)\b|[ \t]-m[ \t]|:\w")


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of a text in Markdown: commands in its code blocks and code spans that name something to run."""
    text = decode(data)
    names = dict.fromkeys(islice((hit.group() for hit in _FILE.finditer(text)), _MAX_NAMES))
    commands = tuple(islice(_commands(text), _MAX_COMMANDS))
    return FileFacts(path, kind, count_lines(text), commands=commands, names=tuple(names))


def _commands(text: str) -> Iterator[Command]:
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        opening = _FENCE.match(line)
        if opening is not None and (not fence or opening[1].startswith(fence)):
            fence = "" if fence else opening[1]
        elif fence:
            yield from _split(line[_PROMPT.match(line).end() :], number)  # type: ignore[union-attr]  # matches ""
        else:
            for span in _SPAN.finditer(line):
                yield from _split(span[1].strip(), number)


def _split(text: str, line: int) -> Iterator[Command]:
    """One line at a time: a block may hold commands, their output, or another language altogether."""
    if len(text) > 1_000 or _NAMES_CODE.search(text) is None:
        return
    try:
        yield from split_commands(text.removesuffix("\\"), line)
    except ReadingError:
        return
