"""Who reads and writes a name, whether it may be there though nothing writes it, and which near name is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from posixpath import dirname

from mllint.rule import Access, Lineage, Span, is_report, nearness

_KINDS = ("file:", "table:", "model:", "s3://", "gs://", "abfs://", "abfss://", "wasbs://")


def by_id(accesses: Iterable[Access], is_read: bool) -> dict[str, list[Access]]:
    result = defaultdict(list)
    for access in accesses:
        if access.is_read is is_read and access.id.startswith(_KINDS) and "{" not in access.id:
            result[access.id].append(access)
    return {id: sorted(found, key=lambda access: _order(access.called)) for id, found in result.items()}


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def may_exist(lineage: Lineage, id: str, readers: list[Access], writes: dict[str, list[Access]]) -> bool:
    """Whether something else may put it there: the repository, a declaration, a command, a whole folder."""
    path, node = id.removeprefix("file:"), lineage.graph.nodes.get(id)
    if any(reader.guarded for reader in readers) or lineage.graph.in_edges(id) or "*" in id:
        return True
    if node is not None and (node.attributes.get("versioned") or node.attributes.get("columns")):
        return True
    for entry in lineage.declarations.entries:
        named = entry.name if entry.kind == "source" else f"model:{entry.name}" if entry.kind == "model" else ""
        if any(pattern and fnmatchcase(id, pattern) for pattern in (named, *entry.writes)):
            return True
    if path in lineage.shipped or any(file.startswith(path + "/") for file in lineage.shipped):
        return True
    folder = path
    while folder:
        folder = dirname(folder) if dirname(folder) != folder else ""
        if folder and (f"file:{folder}" in writes or folder in writes or f"{folder}.dvc" in lineage.shipped):
            return True
    if any(written.startswith(id.rstrip("/") + "/") for written in writes):
        return True
    base = path.rpartition("/")[2]
    return any(base in (word, word.rpartition("/")[2]) for word in lineage.observations.supplied)


def near(
    lineage: Lineage, id: str, readers: list[Access], writes: dict[str, list[Access]]
) -> tuple[str, Access, str] | None:
    """The one near name that something writes, its writer, and in what the names differ."""
    above = lineage.graph.downstream([id])
    jobs = {reader.job for reader in readers}
    found = []
    for written, writers in sorted(writes.items()):
        how = nearness(id, written)
        own = [writer for writer in writers if writer.job not in jobs]
        if not how or written in above or not own or is_report(written):
            continue
        if how == "folder" and (_is_about_where(id, written, [*readers, *own]) or _is_read(lineage, written)):
            continue  # what has a reader of its own is hardly what another one meant
        found.append((written, own[0], how))
    return found[0] if len(found) == 1 else None


def _is_read(lineage: Lineage, id: str) -> bool:
    return any(access.is_read and access.id == id for access in lineage.observations.accesses)


def _without_steps(path: str) -> str:
    while path.startswith("../"):
        path = path.removeprefix("../")
    return path


def _is_about_where(id: str, written: str, accesses: list[Access]) -> bool:
    """Whether the names differ only by where code is started: `model.pkl` read in `app/`, `app/model.pkl` written."""
    first, second = sorted((id.partition(":")[2], written.partition(":")[2]), key=len)
    if _without_steps(first) == _without_steps(second):
        return True  # `../models/eta.pkl` and `models/eta.pkl`
    if first.startswith("/") or second.startswith("/"):
        return True  # a container's folder
    if len(first) < len(second) and ("/" not in first or any(a.called.path.endswith(".ipynb") for a in accesses)):
        return True  # a name without a folder means any; who moves a notebook moves what `../` means
    more = second[: -len(first)].rstrip("/") if second.endswith("/" + first) else ""
    return bool(more) and any(f"{dirname(access.called.path)}/".startswith(more + "/") for access in accesses)
