"""Debts in the order in which they are worth paying, and what could simply be deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec

from mllint.lineage.declarations import Declared
from mllint.lineage.impact import owners_of, reached_by
from mllint.lineage.lineage import Lineage
from mllint.lineage.models import declared_ids, models
from mllint.rule import Finding
from mllint.source import Span, count_lines

WEIGHTS = {"error": 3, "warning": 2, "info": 1}
REACHED = ("feature", "model", "endpoint", "consumer")  # what a debt is weighed by
SUGGESTS = ("ML201", "ML203", "ML204", "ML401")  # the rules that suggestions stand on
KINDS = {
    "ML203": "features that nobody uses",
    "ML204": "sources to unsubscribe from",
    "ML201": "deprecated, and their last user is gone",
    "ML401": "code that can never run",
}


class Debt(msgspec.Struct, frozen=True):
    """A finding with what it weighs. `reached` are ids of features, models, endpoints and consumers; `files` how many
    files it names, all of which an edit has to look at."""

    finding: Finding
    risk: int
    reached: tuple[str, ...]
    files: int
    effort: str  # small, medium, large
    owners: tuple[str, ...]


class Suggestion(msgspec.Struct, frozen=True):
    """Something that could be deleted, and the lines that would go with it."""

    kind: str  # one of `KINDS`
    what: str
    span: Span
    deletes: tuple[Span, ...]
    owners: tuple[str, ...]

    @property
    def lines(self) -> int:
        return count_lines(self.deletes)


def debts(lineage: Lineage, findings: Iterable[Finding]) -> list[Debt]:
    """The riskiest first; of equal ones those that take the least effort, then by place."""
    weigh = _weigher(lineage)
    found = [weigh(finding) for finding in findings]
    efforts = ("small", "medium", "large")
    return sorted(found, key=lambda d: (-d.risk, efforts.index(d.effort), d.finding.span, d.finding.code))


def _weigher(lineage: Lineage) -> Callable[[Finding], Debt]:
    owner = owners_of(lineage)

    def weigh(finding: Finding) -> Debt:
        nodes = [id for id in (*finding.nodes, *finding.reaches) if id in lineage.graph.nodes]
        reached = tuple(sorted(reached_by(lineage, nodes, REACHED)))
        files = {finding.span.path, *(label.span.path for label in finding.related)}
        risk = WEIGHTS[finding.severity or "warning"] * (1 + len(reached))
        owners = [who] if (who := lineage.declarations.owner_of(finding.span.path)) else []
        owners = owners or sorted({name for id in finding.nodes if id in lineage.graph.nodes for name in owner(id)})
        return Debt(finding, risk, reached, len(files), _effort(finding, len(files)), tuple(owners))

    return weigh


def _effort(finding: Finding, files: int) -> str:
    """By the lines to delete, where deleting is all there is to do; else by the files that have to be looked at."""
    if finding.deletes:
        lines = count_lines(finding.deletes)
        return "small" if lines <= 20 else "medium" if lines <= 200 else "large"
    return "small" if files == 1 else "medium" if files <= 3 else "large"


def by_owner(found: Iterable[Debt]) -> list[tuple[str, int, int]]:
    """`(owner, debts, risk)`, the one with the most risk first; an empty name where nobody is known."""
    counts, risks = Counter[str](), Counter[str]()
    for debt in found:
        for owner in debt.owners or ("",):
            counts[owner] += 1
            risks[owner] += debt.risk
    return sorted(((owner, counts[owner], risks[owner]) for owner in counts), key=lambda row: (-row[2], row[0]))


# ---------------------------------------------------------------------------------------------- suggestions


def suggestions(lineage: Lineage, findings: Iterable[Finding]) -> list[Suggestion]:
    """What the findings of `SUGGESTS` say could be deleted, and deprecated things that reach nothing any more."""
    findings = list(findings)
    weigh = _weigher(lineage)
    declared = {entry.span: (entry.owner,) for entry in lineage.declarations.entries if entry.owner}
    found = [
        Suggestion(KINDS[f.code], f.message, f.span, tuple(f.deletes), declared.get(f.span) or weigh(f).owners)
        for f in findings
        if f.code in KINDS and f.deletes
    ]
    told = {span for suggestion in found for span in suggestion.deletes}
    found += (s for s in _deprecated(lineage, findings) if not set(s.deletes) <= told)
    order = list(KINDS.values())
    return sorted(found, key=lambda s: (order.index(s.kind), -s.lines, s.span, s.what))


def _deprecated(lineage: Lineage, findings: list[Finding]) -> Iterator[Suggestion]:
    """Marks of deprecation of which no finding tells that the thing is still used."""
    used = {label.span for finding in findings if finding.code == "ML201" for label in finding.related}
    known = models(lineage.graph)
    owner = owners_of(lineage)
    for entry in lineage.declarations.entries:
        if entry.deprecated is None or entry.span in used:
            continue
        ids = sorted(declared_ids(lineage.graph, entry, known))
        owners = (entry.owner,) if entry.owner else tuple(sorted({name for id in ids for name in owner(id)}))
        what = f"{entry.kind} `{entry.name}` is deprecated, and reaches no model and no consumer any more"
        spans = {entry.whole or entry.span: None, **dict.fromkeys(_code_of(lineage, entry, ids))}
        yield Suggestion(KINDS["ML201"], what, entry.span, tuple(spans), owners)


def _code_of(lineage: Lineage, entry: Declared, ids: list[str]) -> Iterator[Span]:
    """The lines that still read it, if it is a source, or else make it."""
    graph = lineage.graph
    for id in ids:
        edges = graph.out_edges(id) if entry.kind == "source" else graph.in_edges(id)
        for edge in edges:
            span = (edge.read or edge.span) if entry.kind == "source" else edge.span
            if edge.strength != "declared" and span is not None:
                yield span
        if entry.kind == "source" and not edges:
            yield from (span for span in graph.nodes[id].spans if span != entry.span)
