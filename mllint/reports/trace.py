"""A trail between two nodes, for people: each step with the lines that make it, or where the trail was lost."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mllint.escaping import mask_secrets, terminal
from mllint.lineage.graph import Edge, Graph
from mllint.lineage.lineage import Gap
from mllint.lineage.tracing import Step, Trails
from mllint.lineage.trails import name, told
from mllint.lineage.whynot import Alike, Lost
from mllint.reports.frames import frames, gutter_of
from mllint.reports.palette import Palette
from mllint.reports.report import place
from mllint.reports.sources import Sources
from mllint.rule import Label
from mllint.source import Span

WIDTH = 80  # columns where no terminal sets a width
FEW = 5  # of what may go on for long, unless all is asked for


class Answer(msgspec.Struct, frozen=True):
    """How `end` comes from `start`. `lost` is there if no trail is and it was asked why; `every`: leave nothing out."""

    root: Path
    graph: Graph
    start: str
    end: str
    trails: Trails
    lost: Lost | None = None
    every: bool = False


def render(answer: Answer, *, colour: bool = False, columns: int | None = None) -> str:
    page = _Page(answer, colour, max(columns or WIDTH, 40))
    lines = page.found() if answer.trails.found else page.lost()
    return "".join(f"{line}\n" for line in lines)


class _Page:
    def __init__(self, answer: Answer, colour: bool, columns: int) -> None:
        self.answer = answer
        self.graph = answer.graph
        self.most = 10_000 if answer.every else FEW
        self.sources = Sources(answer.root)
        self.palette = Palette(colour, "info")
        self.columns = columns

    # -------------------------------------------------------------------------------------------- trails

    def found(self) -> Iterator[str]:
        trails = self.answer.trails
        for number, steps in enumerate(trails.found, 1):
            several = f"Trail {number} of {len(trails.found)}: " if len(trails.found) > 1 else ""
            count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
            yield from self.text(f"{several}{steps[0].edge.source} -> {steps[-1].edge.target}, {count}", strong=True)
            yield ""
            for index, step in enumerate(steps, 1):
                yield from self.step(index, step)
                yield ""
        if not trails.complete:
            yield from self.text("There are more trails than are shown.")

    def step(self, number: int, step: Step) -> Iterator[str]:
        edge = step.edge
        yield from self.text(f"{number}. {sentence(self.graph, edge)}{_shade(edge)}", indent="   ")
        labels = labels_of(self.graph, edge)
        yield from self.frames(labels)
        notes = [("job", edge.job)] if edge.job and all(label.span.path != edge.job for label in labels) else []
        notes += [("value", edge.expression)] if edge.expression else []
        also = list(dict.fromkeys(place(other.span) for other in step.others if other.span not in (None, edge.span)))
        notes += [("also at", self.few(also))] if also else []
        columns = list(dict.fromkeys(map(column_text, step.columns)))
        notes += [("columns", self.few(columns, "; "))] if columns else []
        yield from self.notes(labels, notes)

    # ------------------------------------------------------------------------------------- where it was lost

    def lost(self) -> Iterator[str]:
        answer = self.answer
        yield from self.text(f"No trail leads from {answer.start} to {answer.end}.", strong=True)
        if answer.lost is None:
            yield from self.text("`--why-not` says where it may have been lost.")
            return
        lost = answer.lost
        if lost.is_reverse:
            yield from self.text(f"It leads the other way: {answer.start} comes from {answer.end}.")
        reached = self.few(lost.reached) or "nothing that is known"
        yield from self.text(f"{answer.start} reaches, in the end: {reached}.", indent="    ")
        sources = self.few(lost.sources) or "nothing that is known"
        yield from self.text(f"{answer.end} comes, at first, from: {sources}.", indent="    ")
        parts = [
            *(self.alike(pair) for pair in lost.alike[: self.most]),
            *(self.gap(gap) for gap in lost.writes[: self.most]),
            *(self.gap(gap) for gap in lost.reads[: self.most]),
        ]
        yield ""
        if not parts:
            yield from self.text("Every read and write that could lie between has a name: they seem to be unrelated.")
            return
        yield from self.text("Where it may have been lost, the nearest first:")
        for number, part in enumerate(parts, 1):
            yield ""
            yield from self.text(f"{number}. {next(part)}", indent="   ")
            yield from part
        left = sum(max(len(found) - self.most, 0) for found in (lost.alike, lost.writes, lost.reads))
        if left:
            yield ""
            yield from self.text(f"{left} more further away; --all shows them.")

    def alike(self, pair: Alike) -> Iterator[str]:
        yield f"{pair.after} may be meant by {pair.before}: the names are alike, but not the same."
        labels = [Label(pair.written, f"{name(self.graph, pair.after)} is made")] if pair.written else []
        labels += [Label(pair.read, f"{name(self.graph, pair.before)} is read")] if pair.read else []
        yield from self.frames(labels)

    def gap(self, gap: Gap) -> Iterator[str]:
        yield gap_sentence(gap)
        labels = gap_labels(gap)
        yield from self.frames(labels)
        yield from self.notes(labels, [("since", gap.why)])

    # ------------------------------------------------------------------------------------------- layout

    def frames(self, labels: list[Label]) -> Iterator[str]:
        if labels:
            where = terminal(place(labels[0].span))
            yield from self.text(f"{' ' * gutter_of(labels)} --> {where}")
            shown = [Label(label.span, mask_secrets(label.message)) for label in labels]
            yield from frames(shown, self.sources, self.palette, self.columns, wrap=True)

    def notes(self, labels: list[Label], notes: list[tuple[str, str]]) -> Iterator[str]:
        margin = " " * (gutter_of(labels) if labels else 2) + " = "
        for word, text in notes:
            yield from self.text(f"{margin}{word}: {text}", indent=" " * (len(margin) + 2))

    def text(self, text: str, indent: str = "", strong: bool = False) -> Iterator[str]:
        """Wrapped to the width; a word that is wider than a line, such as a long id, is broken."""
        safe = terminal(mask_secrets(text))
        start = safe[: len(safe) - len(safe.lstrip())]
        for line in textwrap.wrap(
            safe, self.columns, subsequent_indent=indent or start, break_on_hyphens=False, replace_whitespace=False
        ) or [""]:
            yield self.palette.strong(line) if strong else line

    def few(self, items: Iterable[str], separator: str = ", ") -> str:
        listed = list(items)
        more = f" and {len(listed) - self.most} more" if len(listed) > self.most else ""
        return separator.join(listed[: self.most]) + more


# --------------------------------------------------------------------------------------------- sentences


def sentence(graph: Graph, edge: Edge) -> str:
    words = told(graph, [msgspec.structs.replace(edge, span=edge.span or Span("", 1))])
    return f"{edge.source} -> {edge.target}: {words[0][1]}" if words else f"{edge.source} -> {edge.target}"


def _shade(edge: Edge) -> str:
    """What a reader should know who relies on a step."""
    words = {"indirect": "indirectly: it decides which rows", "declared": "declared, not seen in code"}
    found = [words[edge.strength]] if edge.strength in words else []
    found += [] if edge.resolved else ["assumed rather than followed"]
    return f" ({'; '.join(found)})" if found else ""


def labels_of(graph: Graph, edge: Edge) -> list[Label]:
    """Where the source is read, and where the target is made of it."""
    labels = []
    if edge.read is not None and edge.read != edge.span:
        labels.append(Label(edge.read, f"{name(graph, edge.source)} is read"))
    if edge.span is not None:
        labels.append(Label(edge.span, f"{name(graph, edge.target)} {_MADE.get(edge.kind, 'is made')}"))
    return labels


_MADE = {
    "reads": "reads it", "writes": "is written", "derives": "is derived", "trains": "is trained", "saves": "is saved",
    "loads": "loads it", "predicts": "is predicted", "serves": "serves it", "consumes": "reads it",
    "declares": "is declared",
}  # fmt: skip


def column_text(edge: Edge) -> str:
    """`m -> trip_km = m / 1000`; the column alone where it goes into something without columns."""
    source = edge.source.rpartition("#")[2]
    if not edge.target.startswith("column:"):
        return source
    target = edge.target.rpartition("#")[2]
    value = f" = {edge.expression}" if edge.expression and edge.expression != source else ""
    return target if source == target and not value else f"{source} -> {target}{value}"


def gap_sentence(gap: Gap) -> str:
    known = f"{gap.node}, a name that is known only in part" if gap.node else "a name that is not known"
    if gap.is_read:
        return f"Data are read from {known}."
    data = f"Data of {', '.join(gap.data[:FEW])}" if gap.data else "Data"
    return f"{data} are written to {known}."


def gap_labels(gap: Gap) -> list[Label]:
    labels = [Label(gap.span, "read from" if gap.is_read else "written to")]
    if (gap.lost is not None and gap.lost.line != gap.span.line) or (
        gap.lost is not None and gap.lost.path != gap.span.path
    ):
        labels.append(Label(gap.lost, "unknown from here on"))
    return labels
