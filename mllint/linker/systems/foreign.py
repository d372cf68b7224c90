"""Data that other languages read and write."""

from __future__ import annotations

import posixpath

import msgspec

from mllint.facts.file import FileFacts
from mllint.facts.foreign import ForeignCall
from mllint.lineage.graph import Edge, EdgeKind
from mllint.lineage.ids import consumer_id, file_id, is_resolved, table_id
from mllint.lineage.lineage import NAMELESS, Gap
from mllint.linker.project import Project
from mllint.linker.systems.foreign_calls import access_of
from mllint.linker.systems.queries import tables_of
from mllint.source import Span

LANGUAGES = ("r", "scala", "java", "julia", "javascript", "cpp")
_MAX_EDGES = 500  # of one file
_FOR_PEOPLE = (".png", ".pdf", ".svg", ".jpg", ".jpeg", ".html", ".docx", ".pptx", ".tiff", ".eps", ".gif")


def link(project: Project) -> None:
    for facts in project.of_kind(*LANGUAGES):
        if facts.foreign is not None:
            _link_data(project, facts)


class _Use(msgspec.Struct, frozen=True):
    """One dataset that a call reads or writes."""

    id: str
    role: str
    call: ForeignCall
    span: Span


def _link_data(project: Project, facts: FileFacts) -> None:
    assert facts.foreign is not None
    calls = facts.foreign.calls
    uses = [use for call in calls for use in _uses(project, facts, call)]
    if not uses:
        return
    reads = [use for use in uses if use.role in ("read", "load")]
    writes = [use for use in uses if use.role in ("write", "save")]
    for use in uses:
        kind = "artifact" if use.role in ("load", "save") else "dataset"
        project.graph.add_node(use.id, "artifact" if kind == "artifact" else "dataset", use.span)
        share = project.coverage.reads if use in reads else project.coverage.writes
        share.all += 1
        share.resolved += is_resolved(use.id)
        if not is_resolved(use.id):
            project.coverage.gaps.append(Gap(use.span, use in reads, NAMELESS, facts.path, None, use.id))
    data = [use for use in writes if not use.id.lower().endswith(_FOR_PEOPLE)]
    before = _flow(calls)
    for write in data:
        feeding = _reaching(write.call, before)
        for read in reads[:_MAX_EDGES]:
            if read.id != write.id and (_is_within(read.call, write.call) or read.call.target in feeding):
                _edge(project, facts, read, write.id, "saves" if write.role == "save" else "derives", write.span)
    if reads and not data:
        _consume(project, facts, reads, writes)


def _consume(project: Project, facts: FileFacts, reads: list[_Use], pictures: list[_Use]) -> None:
    """A script that makes nothing but reports of what it reads is where the data ends: a consumer."""
    consumer = consumer_id(facts.path)
    project.graph.add_node(consumer, "consumer", reads[0].span, name=facts.path)
    for read in reads[:_MAX_EDGES]:
        _edge(project, facts, read, consumer, "consumes", read.span)
    for picture in pictures[:_MAX_EDGES]:
        edge = Edge(consumer, picture.id, "writes", "direct", facts.path, facts.kind, picture.span)
        project.graph.add_edge(edge)


def _edge(project: Project, facts: FileFacts, read: _Use, target: str, kind: EdgeKind, span: Span) -> None:
    resolved = is_resolved(read.id) and is_resolved(target)
    edge = Edge(
        read.id, target, kind, "direct", facts.path, facts.kind, span, resolved=resolved, read=read.span
    )  # fmt: skip
    project.graph.add_edge(edge)


def _uses(project: Project, facts: FileFacts, call: ForeignCall) -> list[_Use]:
    access = access_of(facts.kind, call)
    if access is None:
        return []
    span = Span(facts.path, call.line, call.column, call.end_line, call.end_column)
    match access.role:
        case "query":
            read, written = tables_of(access.name)
            made = [_Use(table_id(name), "write", call, span) for name in written]
            return [*(_Use(table_id(name), "read", call, span) for name in read), *made]
        case "table":
            return [_Use(table_id(access.name), "read", call, span)]
        case "write table":
            return [_Use(table_id(access.name), "write", call, span)]
        case role:
            return [_Use(_file(project, facts.path, access.name), role, call, span)]


def _file(project: Project, path: str, name: str) -> str:
    """The id of a file. Scripts run in the folder that a command says, else from the root, or where they stand if that
    is where the file is."""
    if "://" in name or name.startswith("/"):
        return file_id(name)
    folders = sorted({run.folder for run in project.runs if run.path == path})
    own = posixpath.dirname(path)
    for folder in [*folders, "", own]:
        id = file_id(posixpath.join(folder, name))
        if id in project.graph.nodes or id.removeprefix("file:") in project.files:
            return id
    return file_id(posixpath.join(folders[0] if len(folders) == 1 else "", name))


def _flow(calls: tuple[ForeignCall, ...]) -> dict[str, set[str]]:
    """Variable -> the variables it is made of, over the whole file and without regard to order."""
    before: dict[str, set[str]] = {}
    for call in calls:
        if call.target:
            before.setdefault(call.target, set()).update(call.uses)
    return before


def _reaching(call: ForeignCall, before: dict[str, set[str]]) -> set[str]:
    """The variables from which a value may have come into a call."""
    seen: set[str] = set()
    todo = list(call.uses)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(before.get(name, ()))
    return seen


def _is_within(inner: ForeignCall, outer: ForeignCall) -> bool:
    """`write.csv(read.csv("a.csv"), "b.csv")`"""
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return start <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= end and inner != outer
