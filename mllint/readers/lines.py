"""Files of plain lines (requirements.txt, CODEOWNERS): a sequence with one scalar for each line that says something."""

from __future__ import annotations

import re

from mllint.facts.config import Document, Value
from mllint.facts.file import FileFacts

_COMMENT = re.compile(r"(?:^|\s)#.*")


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """`pandas==2.1  # pinned` gives the scalar `pandas==2.1`; a line that ends in a backslash goes on in the next."""
    items = []
    lines = iter(enumerate(data.decode().splitlines(), 1))
    for number, line in lines:
        first, last = number, number
        parts = [line]
        while parts[-1].endswith("\\") and (following := next(lines, None)) is not None:
            last = following[0]
            parts[-1] = parts[-1][:-1]
            parts.append(following[1])
        text = "".join(_COMMENT.sub("", part) for part in parts)
        if text.strip():
            column = len(text) - len(text.lstrip()) + 1
            end = len(text.rstrip()) + 1 if first == last else len(parts[-1]) + 1
            items.append(Value("scalar", first, column, last, end, value=text.strip()))
    whole = Value("sequence", 1, 1, items[-1].end_line if items else 1, 1, items=tuple(items))
    return FileFacts(path, kind, config=Document(kind, (whole,)))
