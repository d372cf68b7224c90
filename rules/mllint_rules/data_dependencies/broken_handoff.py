"""ML210: what is read nothing writes, ships or declares, while something writes a near name.

features.to_parquet("data/features.parquet")     # prepare.py
pd.read_parquet("data/feature.parquet")          # train.py: the finding
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from posixpath import dirname

from mllint.rule import (
    Access,
    Context,
    Finding,
    Label,
    Lineage,
    Rule,
    Span,
    ends,
    is_report,
    is_test,
    name,
    nearness,
)

_KINDS = ("file:", "table:", "model:", "s3://", "gs://", "abfs://", "abfss://", "wasbs://")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each name that is read in vain, and one for each stage or alias that nothing sets."""
    seen = [access for access in lineage.observations.accesses if not is_test(access.span.path)]
    reads, writes = _by_id(seen, is_read=True), _by_id(seen, is_read=False)
    for id, readers in sorted(reads.items()):
        if id in writes:
            if id.startswith("model:"):
                yield from _unset_labels(lineage, id, readers, writes[id])
        elif not _may_exist(lineage, id, readers, writes):
            found = _near(lineage, id, readers, writes)
            if found is not None:
                yield _finding(lineage, id, readers, *found)


def _by_id(accesses: Iterable[Access], is_read: bool) -> dict[str, list[Access]]:
    result = defaultdict(list)
    for access in accesses:
        if access.is_read is is_read and access.id.startswith(_KINDS) and "{" not in access.id:
            result[access.id].append(access)
    return {id: sorted(found, key=lambda access: _order(access.called)) for id, found in result.items()}


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _may_exist(lineage: Lineage, id: str, readers: list[Access], writes: dict[str, list[Access]]) -> bool:
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


def _near(
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


def _is_about_where(id: str, written: str, accesses: list[Access]) -> bool:
    """Whether the names differ only by where code is started: `model.pkl` read in `app/`, `app/model.pkl` written."""
    first, second = sorted((id.partition(":")[2], written.partition(":")[2]), key=len)
    if first.startswith("/") or second.startswith("/"):
        return True  # a container's folder
    if len(first) < len(second) and ("/" not in first or any(a.called.path.endswith(".ipynb") for a in accesses)):
        return True  # a name without a folder means any; who moves a notebook moves what `../` means
    more = second[: -len(first)].rstrip("/") if second.endswith("/" + first) else ""
    return bool(more) and any(f"{dirname(access.called.path)}/".startswith(more + "/") for access in accesses)


def _unset_labels(lineage: Lineage, id: str, readers: list[Access], writers: list[Access]) -> Iterator[Finding]:
    labels = [label for label in lineage.observations.labels if label.model == id or "{" in label.model]
    for reader in readers:
        wanted = reader.revision.lower()
        known = {label.label.lower() for label in labels}
        if not wanted or wanted.isdigit() or wanted in ("latest", "none") or reader.guarded or wanted in known:
            continue
        if any("{" in word for word in known):
            continue
        near = labels[0].span if labels else writers[0].called
        told = f"`{labels[0].label}` is set here" if labels else "it is registered here, without a stage or alias"
        yield Finding(
            message=f"{name(lineage.graph, id)} is loaded as `{reader.revision}`, and nothing in the repository gives "
            "a version that stage or alias: the load fails, or gets what somebody set by hand",
            help=f"set `{reader.revision}` where the model is registered or promoted, or load what is set there",
            span=reader.called,
            label=f"asks for `{reader.revision}`",
            related=[Label(near, told)],
            nodes=[id],
            reaches=ends(lineage.graph, [id]),
        )


def _finding(lineage: Lineage, id: str, readers: list[Access], written: str, writer: Access, how: str) -> Finding:
    reader = readers[0]
    inner: list[Span] = [reader.span] if reader.span != reader.called else []
    others = dict.fromkeys(other.called for other in readers[1:] if other.called != reader.called)
    return Finding(
        message=f"{name(lineage.graph, id)} is read here, and nothing in the repository writes, ships or declares it; "
        f"`{writer.job}` writes {name(lineage.graph, written)}, which differs in {_DIFFERS[how]}: the read fails, or "
        "gets an old file that lies there",
        help="use one name on both sides, best from one constant or setting; if it comes from outside, declare it "
        "under `sources` in mllint.yaml",
        span=reader.called,
        label="read under this name",
        related=[
            Label(writer.called, "written under this name"),
            *(Label(span, "read here, for the caller") for span in inner),
            *(Label(span, "read here too") for span in others),
        ],
        nodes=[id, written],
        reaches=ends(lineage.graph, [id]),
    )


_DIFFERS = {"spelling": "its spelling, case or ending", "edit": "one letter", "folder": "one folder"}

RULE = Rule(
    code="ML210",
    name="broken-handoff",
    summary="something is read that nothing writes, while something writes a near name",
    check=check,
)
