"""Jupyter notebooks: the code cells in order, as one module whose lines are mapped back to cells.

Magics become calls that the linker knows, on the same line, so that places stay right:

    %run prepare.py --fast      __run__("prepare.py --fast")
    !python train.py data       __shell__("python train.py data")
    files = !ls data            files = __shell__("ls data")
    %%bash / %%sql / %%writefile    __shell__("...") / __sql__("...") / nothing

A cell that does not parse is one problem; the other cells are read.
"""

from __future__ import annotations

import ast
import json
import re
import warnings

from mllint.errors import Problem
from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.readers.python import lower

_LINE_MAGIC = re.compile(r"^(\s*)(?:(\w[\w, ]*=\s*))?([%!])(?!=)(.*)$")
_SHELL_CELLS = ("bash", "sh", "script", "shell")


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of one notebook (nbformat 3 or 4). Outputs are not looked at."""
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("not a notebook: the top level is not an object")
    if not _is_python(document):
        return FileFacts(path, kind)
    body: list[facts.Stmt] = []
    imported: set[str] = set()
    starts: list[int] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    line = 1
    for number, source in _code_cells(document):
        text = _without_magics(source)
        try:
            statements, imports = _lowered(text, line)
        except (SyntaxError, ValueError) as error:
            where = getattr(error, "lineno", None) or 1
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            problems.append(Problem(path, where, "ML001", f"syntax error: {reason}", number))
        else:
            body.extend(statements)
            imported.update(imports)
        starts.append(line)
        numbers.append(number)
        line += text.count("\n") + 2
    module = facts.Module(tuple(body), tuple(starts), tuple(numbers), "", tuple(sorted(imported)))
    return FileFacts(path, kind, lines=line, python=module, problems=tuple(problems))


def _lowered(text: str, line: int) -> tuple[tuple[facts.Stmt, ...], tuple[str, ...]]:
    """IPython takes the indent of the first line away from all lines: they are read as the body of a block."""
    try:
        statements, _, imports = lower(text, line)
    except IndentationError:
        if not text.lstrip("\n").startswith((" ", "\t")):
            raise
        (block, *rest), _, imports = lower(f"if True:\n{text}", line - 1)
        assert isinstance(block, facts.If)
        statements = (*block.then, *rest)
    return statements, imports


def code_cells(data: bytes) -> list[tuple[int, str]]:
    """`(number, source)` of the code cells; numbers count all cells, from 1."""
    document = json.loads(data)
    return _code_cells(document) if isinstance(document, dict) else []


def _code_cells(document: dict[str, object]) -> list[tuple[int, str]]:
    cells = document.get("cells")
    if not isinstance(cells, list):  # nbformat 3 keeps them in worksheets
        sheets = document.get("worksheets")
        cells = (
            [c for s in sheets if isinstance(s, dict) for c in s.get("cells", ())] if isinstance(sheets, list) else []
        )
    result = []
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            text = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
            result.append((number, text))
    return result


def _is_python(document: dict[str, object]) -> bool:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return True
    for key in ("kernelspec", "language_info"):
        info = metadata.get(key)
        if isinstance(info, dict):
            language = str(info.get("language", info.get("name", "python"))).lower()
            if key == "language_info" or "language" in info:
                return "python" in language
    return True


def _without_magics(source: str) -> str:
    stripped = source.lstrip()
    if stripped.startswith("%%"):
        first, _, rest = stripped.partition("\n")
        words = first[2:].split()
        name = words[0] if words else ""
        skipped = source[: len(source) - len(stripped)].count("\n")
        if name in _SHELL_CELLS:
            return "\n" * skipped + f"__shell__({rest!r})"
        if name == "sql":
            return "\n" * skipped + f"__sql__({rest!r})"
        if name in ("time", "timeit", "capture", "prun"):
            return "\n" * (skipped + 1) + _without_magics(rest)
        return ""
    if ("%" not in source and "!" not in source and "?" not in source) or _is_plain(source):
        return source
    return "\n".join(map(_without_line_magic, source.split("\n")))


def _is_plain(source: str) -> bool:
    """Whether a cell is Python as it stands: a line that begins with `%` may lie in a text or a longer expression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _without_line_magic(line: str) -> str:
    hit = _LINE_MAGIC.match(line)
    if hit is None:
        is_help = line.lstrip().startswith("?") or (
            line.rstrip().endswith("?") and "#" not in line and '"' not in line and "'" not in line
        )
        return "" if is_help else line
    indent, target, mark, rest = hit.group(1), hit.group(2) or "", hit.group(3), hit.group(4)
    if mark == "!":
        return f"{indent}{target}__shell__({rest.strip('!').strip()!r})"
    name, _, argument = rest.partition(" ")
    if name == "run":
        return f"{indent}__run__({argument.strip()!r})"
    if name in ("time", "timeit") and argument:
        return f"{indent}{argument.strip()}"
    if name == "sql":
        return f"{indent}{target}__sql__({argument.strip()!r})"
    return f"{indent}{target}None" if target else f"{indent}pass"
