"""Jupyter notebooks: the code cells in order, as one module whose lines are mapped back to cells.

A cell that does not parse is one problem; the other cells are read.
"""

from __future__ import annotations

import json

from mllint.errors import Problem
from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.readers import databricks
from mllint.readers.magics import without_magics
from mllint.readers.python import lower, top_level


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of one notebook (nbformat 3 or 4). Outputs are not looked at."""
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("not a notebook: the top level is not an object")
    if not _is_python(document):
        return FileFacts(path, kind)
    body: list[facts.Stmt] = []
    imported: list[facts.Import | facts.ImportFrom] = []
    starts: list[int] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    line = 1
    if databricks.is_exported(document):
        above, _, named = lower(databricks.AMBIENT)
        body.extend(above)
        imported.extend(named)
    for number, source in _code_cells(document):
        text = without_magics(source)
        try:
            statements, imports = _lowered(text, line)
        except (SyntaxError, ValueError) as error:
            where = getattr(error, "lineno", None) or 1
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            problems.append(Problem(path, where, "ML001", f"syntax error: {reason}", number))
        else:
            body.extend(statements)
            imported.extend(imports)
        starts.append(line)
        numbers.append(number)
        line += text.count("\n") + 2
    modules = top_level(tuple(imported))
    module = facts.Module(tuple(body), tuple(starts), tuple(numbers), "", modules, tuple(imported))
    return FileFacts(path, kind, lines=line, python=module, problems=tuple(problems))


def _lowered(text: str, line: int) -> tuple[tuple[facts.Stmt, ...], tuple[facts.Import | facts.ImportFrom, ...]]:
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
