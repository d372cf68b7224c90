"""What library models may name of the linker: operations on frames, computations, operators of templates."""

from __future__ import annotations

import ast

from mllint.errors import UsageError, nearest
from mllint.libraries.models import Library, LibraryFile
from mllint.libraries.serving import Service
from mllint.linker.python.frames import frame_operations
from mllint.linker.python.library import computations
from mllint.linker.python.library.columns import parse_template
from mllint.linker.python.library.services import steps_of
from mllint.linker.python.orchestration.extensions import COMPUTED

_COMPUTES = {*computations.TABLE, *COMPUTED}


def check_model(file: LibraryFile, library: Library) -> None:
    """Raises UsageError for an entry that names an operation, computation, template or type that does not exist."""
    for name, kind in file.types.items():
        if kind.like and kind.like not in library.types:
            hint = f"no type of that name is loaded: does its library stand under `needs`? {_SEE}"
            raise UsageError(f"{file.origin}: `{name}`: `like` cannot be {kind.like!r}; {hint}")
    services = [(name, kind.answers) for name, kind in file.types.items()] + list(file.scripts.items())
    for name, service in services:
        try:
            steps_of(service or Service())
        except ValueError as error:
            raise UsageError(f"{file.origin}: `{name}`: {error}; {_SEE}") from None
        if service is not None and service.request and service.request not in library.types:
            raise UsageError(f"{file.origin}: `{name}`: `request` cannot be {service.request!r}; {_SEE}")
    for key, entry in file.calls.items():
        if entry.frame and entry.frame not in frame_operations.TABLE:
            raise UsageError(_wrong(file, key, "frame", entry.frame, nearest(entry.frame, frame_operations.TABLE)))
        if entry.computes and entry.computes not in _COMPUTES:
            raise UsageError(_wrong(file, key, "computes", entry.computes, nearest(entry.computes, _COMPUTES)))
        if entry.makes and entry.makes not in library.types:
            raise UsageError(_wrong(file, key, "makes", entry.makes, nearest(entry.makes, library.types)))
        if not _is_result(entry.returns, library):
            known = [*file.types, "self", "same", "none", "unknown"]
            raise UsageError(_wrong(file, key, "returns", entry.returns, nearest(entry.returns, known)))
        if entry.column and entry.column != "CALL" and not is_template(entry.column):
            raise UsageError(_wrong(file, key, "column", entry.column, "expected such as `COALESCE(self, value)`"))


def _is_result(returns: str, library: Library) -> bool:
    return returns in ("", "self", "same", "none", "unknown") or returns.startswith("$") or returns in library.types


def is_template(text: str) -> bool:
    try:
        tree = parse_template(text)
    except SyntaxError:
        return False
    return all(isinstance(node, _PARTS) for node in ast.walk(tree))


_SEE = "see docs/library-models.md"
_PARTS = (
    ast.Call, ast.Name, ast.Constant, ast.Starred, ast.Subscript, ast.BoolOp, ast.Or, ast.And, ast.UnaryOp, ast.Not,
    ast.Compare, ast.Eq, ast.Load,
)  # fmt: skip


def _wrong(file: LibraryFile, key: str, field: str, value: str, hint: str) -> str:
    return f"{file.origin}: `{key}`: `{field}` cannot be {value!r}; {hint}; {_SEE}"
