"""Configuration files of the repository as values of the program that loads them."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from mllint.facts import python as facts
from mllint.facts.config import Value
from mllint.lineage.ids import is_telling
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.settings import KINDS, PLACE
from mllint.linker.python.abstract.texts import concatenate
from mllint.linker.python.abstract.values import Constant, Unknown, join_all
from mllint.linker.python.iteration import is_inner
from mllint.linker.python.library.locate import locate, texts
from mllint.linker.python.machine import Machine
from mllint.source import Span

MOST_ALIKE = 6  # files that a name may mean which is known in part


def document_of(m: Machine, path: Any) -> Value | None:
    """The parsed configuration file at a path (or open file), if it is one of the repository."""
    if isinstance(path, Cell):
        path = path.slots.get("path") if path.kind == "object" else None
    for text in texts(path):
        for _, document in _documents(m, text):
            return document
    return None


def _documents(m: Machine, text: str) -> list[tuple[str, Value]]:
    """Configuration files by path; of a name that is known in part, `configs/v{version}.yaml`, all that it may mean."""
    if not is_telling(f"file:{text}"):  # before the folder that the program runs in is put before it
        return []
    path = locate(m, text).removeprefix("file:")
    paths = [path] if "{" not in path else _that_fit(m, path)
    found = [(path, value) for path in paths if (value := m.project.config(path)) is not None]
    # a committed report is no configuration
    return [(path, value) for path, value in found if not (path.endswith(".json") and _is_made(m, path))]


def _that_fit(m: Machine, path: str) -> list[str]:
    folder, name = posixpath.split(path)
    if "{" in folder:
        return []
    wanted = re.compile("[^/]*".join(map(re.escape, re.split(r"\{[^{}]*\}", name))))
    known = [path for path in m.project.files if posixpath.dirname(path) == folder]
    fitting = [path for path in known if wanted.fullmatch(posixpath.basename(path))]
    return sorted(fitting) if len(fitting) <= MOST_ALIKE else []


def _is_made(m: Machine, path: str) -> bool:
    """Whether code of the repository writes the file."""
    return m.knows(f"file:{path}")


def load(m: Machine, target: Any, at: facts.At) -> Any:
    """The values of a configuration file, given by path or open file; `None` if it is none of the repository."""
    if isinstance(target, Cell) and target.kind == "object" and "path" in target.slots:
        target = target.slots["path"]
    found = []
    for text in texts(target):
        for path, document in _documents(m, text):
            if m.project.files[path].kind not in KINDS:
                continue
            name = m.settings.open(path, m.job, (path,), m.span(at)) if not m.in_test else ""
            found.append(as_value(m, document, path, at, (name,)))
    return join_all(found) if found else None


def as_value(m: Machine, value: Value, path: str, at: facts.At, place: tuple[str, ...] = ("",)) -> Any:
    """A tree of configuration as dictionaries, lists and constants that remember where they were written. `place` is
    the name under which it is noted what is asked of it, if it is, and the keys that lead to this part."""
    match value.kind:
        case "mapping":
            entries = [entry for entry in value.entries if not is_inner(entry.key)]
            slots = {e.key: as_value(m, e.value, path, at, (*place, e.key)) for e in entries}
            if place[0]:
                slots[PLACE] = (place[0], place[1:])
            return m.heap.new("dict", slots, (path, value.line))
        case "sequence":
            items = tuple(as_value(m, item, path, at) for item in value.items)
            return m.heap.new("list", {"items": items}, (path, value.line))
    if isinstance(value.value, str) and "${" in value.value:
        return interpolated(m, value.value, path, value)
    return Constant(value.value, (span_of(value, path),))


def span_of(value: Value, path: str) -> Span:
    return Span(path, value.line, value.column, value.end_line, value.end_column)


def interpolated(m: Machine, text: str, path: str, value: Value) -> Any:
    """`${data.root}/train.csv`, as OmegaConf and DVC write it: from the same file."""
    root = m.project.config(path)
    parts: list[tuple[Any, str]] = []
    rest = text
    while "${" in rest:
        before, _, after = rest.partition("${")
        name, closed, rest = after.partition("}")
        parts.append((Constant(before), ""))
        found = lookup(root, name) if root is not None and closed else None
        known = found is not None and found.kind == "scalar" and "${" not in str(found.value)
        parts.append((Constant(found.value) if known and found is not None else Unknown(), name.replace(".", "_")))
    parts.append((Constant(rest), ""))
    made = concatenate(parts)
    return Constant(made.value, (span_of(value, path),)) if isinstance(made, Constant) else made


def lookup(root: Value, dotted: str) -> Value | None:
    """The value at `a.b.c`."""
    current: Value | None = root
    for key in dotted.split("."):
        if current is None:
            return None
        current = next((entry.value for entry in current.entries if entry.key == key), None)
    return current
