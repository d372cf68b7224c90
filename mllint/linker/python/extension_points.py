"""What library models may name of the linker: operations on frames, computations, operators of templates."""

from __future__ import annotations

import ast

from mllint.errors import UsageError, nearest
from mllint.libraries.models import LibraryFile
from mllint.linker.python import computations, frame_operations
from mllint.linker.python.columns import parse_template


def check_model(file: LibraryFile) -> None:
    """Raises UsageError for an entry that names an operation, computation or template that does not exist."""
    for key, entry in file.calls.items():
        if entry.frame and entry.frame not in frame_operations.TABLE:
            raise UsageError(_wrong(file, key, "frame", entry.frame, nearest(entry.frame, frame_operations.TABLE)))
        if entry.computes and entry.computes not in computations.TABLE:
            raise UsageError(_wrong(file, key, "computes", entry.computes, nearest(entry.computes, computations.TABLE)))
        if entry.column and entry.column != "CALL" and not is_template(entry.column):
            raise UsageError(_wrong(file, key, "column", entry.column, "expected such as `COALESCE(self, value)`"))


def is_template(text: str) -> bool:
    try:
        tree = parse_template(text)
    except SyntaxError:
        return False
    return all(isinstance(node, _PARTS) for node in ast.walk(tree))


_PARTS = (
    ast.Call, ast.Name, ast.Constant, ast.Starred, ast.Subscript, ast.BoolOp, ast.Or, ast.And, ast.UnaryOp, ast.Not,
    ast.Compare, ast.Eq, ast.Load,
)  # fmt: skip


def _wrong(file: LibraryFile, key: str, field: str, value: str, hint: str) -> str:
    return f"{file.origin or file.library}: `{key}`: `{field}` cannot be {value!r}; {hint}; see docs/library-models.md"
