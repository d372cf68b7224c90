"""One reader per language or tool: the bytes of one file in, its facts out. A reader looks at nothing else."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

import msgspec

from mllint.errors import OutOfTime, Problem
from mllint.facts.file import FileFacts
from mllint.readers.comments import find_suppressions

# what Git LFS and git-annex keep in the place of a large file
_POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/")

# kind -> the module whose `read(path, kind, data)` makes the facts; imported when the first such file is met
READERS = {
    "python": "mllint.readers.python",
    "notebook": "mllint.readers.notebook",
    "yaml": "mllint.readers.config",
    "json": "mllint.readers.config",
    "toml": "mllint.readers.config",
    "ini": "mllint.readers.config",
    "env": "mllint.readers.config",
    "gin": "mllint.readers.config",
    "shell": "mllint.readers.commands",
    "make": "mllint.readers.commands",
    "docker": "mllint.readers.commands",
    "sql": "mllint.readers.sqltext",
    "csv": "mllint.readers.datafile",
    "parquet": "mllint.readers.datafile",
    "dbt": "mllint.readers.dbt_artifact",
    "requirements": "mllint.readers.lines",
    "owners": "mllint.readers.lines",
    "attributes": "mllint.readers.lines",
    "r": "mllint.readers.foreign",
    "scala": "mllint.readers.foreign",
    "java": "mllint.readers.foreign",
    "julia": "mllint.readers.foreign",
    "javascript": "mllint.readers.foreign",
    "html": "mllint.readers.foreign",
    "cpp": "mllint.readers.foreign",
    "markdown": "mllint.readers.markdown",
}
_BINARY = frozenset({"parquet", "csv"})  # the reader itself judges the bytes
_NO_COMMENTS = frozenset(
    {"parquet", "csv", "json", "dbt", "notebook", "markdown"}
)  # a notebook's reader looks cell by cell


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """The facts of one file. Never raises for what the bytes hold: whatever goes wrong is one `Problem` in them."""
    try:
        facts = _read(path, kind, data)
    except (Exception, OutOfTime) as error:
        facts = FileFacts(path, kind, problems=(problem_of(path, kind, error),))
    return msgspec.structs.replace(facts, path=path, kind=kind, lines=facts.lines or _count_lines(kind, data))


def _read(path: str, kind: str, data: bytes) -> FileFacts:
    if data.startswith(_POINTERS):
        return FileFacts(path, kind)  # the file was not checked out: nothing is known of it, and nothing is wrong
    if kind not in _BINARY:
        data = _as_utf8(kind, data)
        if (nul := data.find(b"\0")) >= 0:
            line = data.count(b"\n", 0, nul) + 1
            return FileFacts(path, kind, problems=(Problem(path, line, "ML002", "the file holds NUL bytes"),))
    reader: Any = importlib.import_module(READERS[kind])
    facts: FileFacts = reader.read(path, kind, data)
    if kind not in _NO_COMMENTS and not facts.suppressions and (found := find_suppressions(data, kind)):
        facts = msgspec.structs.replace(facts, suppressions=found)
    return facts


def _as_utf8(kind: str, data: bytes) -> bytes:
    """Without a byte order mark; UTF-16, which PowerShell's `>` writes, as UTF-8. Python tells its own encoding."""
    if kind == "python":
        return data
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16").encode()
    return data.removeprefix(b"\xef\xbb\xbf")


def _count_lines(kind: str, data: bytes) -> int:
    if kind in _BINARY or not data:
        return 0
    return data.count(b"\n") + (not data.endswith(b"\n"))


_NEWER_GRAMMAR = re.compile(r"\s*(type\s+\w+.*=|(class|def|async\s+def)\s+\w+\[)")


def _newer(error: SyntaxError) -> str:
    """Python is read with the grammar of the Python that runs mllint: code may be ahead of it."""
    if not _NEWER_GRAMMAR.match(error.text or ""):
        return ""
    return f" in Python {sys.version_info.major}.{sys.version_info.minor}: run mllint with the Python of this code"


def _is_of_encoding(message: str) -> bool:
    if "encoding declaration" in message:  # how `tokenize` says that the bytes are no UTF-8
        return True
    return "codec can't decode" in message and "unicodeescape" not in message


def problem_of(path: str, kind: str, error: BaseException) -> Problem:
    """The one diagnostic that a failed reader costs."""
    line = _line_of(error)
    match error:
        case OutOfTime():
            return Problem(path, line, "ML005", "reading the file took too long")
        case MemoryError() if kind in ("python", "notebook"):  # how CPython's parser says that its stack is full
            return Problem(path, line, "ML004", "the file is nested too deeply")
        case MemoryError():
            return Problem(path, line, "ML005", "reading the file took too much memory")
        case RecursionError():
            return Problem(path, line, "ML004", "the file is nested too deeply")
        case UnicodeDecodeError():
            return Problem(path, line, "ML002", f"the file is not {error.encoding}: {error.reason}")
        case UnicodeEncodeError():  # "\\ud800" in JSON or Python: half a character, which no text can hold
            return Problem(path, line, "ML002", "the file holds half a surrogate pair")
        case SyntaxError() if _is_of_encoding(str(error.msg)):
            return Problem(path, line, "ML002", "the file is not in the encoding that it declares, or UTF-8")
        case SyntaxError():
            return Problem(path, line, "ML001", _clip(f"syntax error: {error.msg}{_newer(error)}"))
        case ValueError() if type(error) is not ValueError:  # JSONDecodeError, TOMLDecodeError, FooterError ...
            return Problem(path, line, "ML001", _clip(f"syntax error: {error}"))
    if hasattr(error, "problem_mark"):
        return Problem(path, line, "ML001", _clip(f"syntax error: {getattr(error, 'problem', None) or error}"))
    # Without the error's own words: a KeyError's are a piece of the file, which may be a secret.
    return Problem(path, line, "ML006", f"mllint's reader failed: {type(error).__name__}")


def _line_of(error: BaseException) -> int:
    """Where the parser stopped, however it says so; 1 if it does not."""
    mark = getattr(error, "problem_mark", None)
    if isinstance(line := getattr(mark, "line", None), int):
        return line + 1
    line = getattr(error, "lineno", None)
    if isinstance(error, UnicodeDecodeError):
        return error.object.count(b"\n", 0, error.start) + 1
    return max(line, 1) if isinstance(line, int) else 1


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:197] + "..."
