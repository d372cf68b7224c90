"""ML204: a source or dataset is read, or declared, and nothing of it reaches anything.

weather = pd.read_csv("weather.csv")     # the finding: no line below asks for anything of it
trips = pd.read_csv("trips.csv")
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Declared, Finding, Label, Lineage, Reading, Rule, Span, dataset_of, is_seen, is_test

_LAST = (".ipynb",)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Reads whose rows nothing asks for, then sources that people declared and nothing reads."""
    stages = {span.path for span in lineage.observations.runners}
    found: dict[Span, Finding] = {}
    idle = {(each.dataset, each.job) for each in lineage.observations.readings}
    idle -= {(each.dataset, each.job) for each in lineage.observations.readings if each.is_used}
    for reading in lineage.observations.readings:
        if reading.is_used or "{" in reading.dataset or _is_idle(reading, context) or _goes_on(lineage, reading):
            continue
        found.setdefault(reading.span, _of_read(lineage, reading, _is_exploration(lineage, reading, stages), idle))
    for entry in lineage.declarations.of_kind("source"):
        if context.options["declared"] and entry.origin == "mllint.yaml" and not _is_met(lineage, entry):
            found.setdefault(entry.span, _of_declaration(entry))
    for span in sorted(found, key=_order):
        yield found[span]


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _is_idle(reading: Reading, context: Context) -> bool:
    """Tests and their data; what a notebook shows in its last line is for people."""
    return is_test(reading.job) or is_test(reading.span.path) or is_test(dataset_of(reading.dataset).partition(":")[2])


def _goes_on(lineage: Lineage, reading: Reading) -> bool:
    """Whether an edge leads from the dataset, or one of its columns, into anything by that read."""
    graph = lineage.graph
    ids = [reading.dataset, *graph.columns(reading.dataset)]
    out = [edge for id in ids for edge in graph.out_edges(id) if is_seen(edge) and edge.kind != "consumes"]
    return any(edge.job == reading.job and edge.read in (None, reading.span) for edge in out)


def _is_exploration(lineage: Lineage, reading: Reading, stages: set[str]) -> bool:
    """Whether a notebook reads it that no stage, command or service starts."""
    if not reading.job.endswith(".ipynb"):
        return False
    return not any(script.path == reading.job and script.runners for script in lineage.observations.scripts)


def _of_read(lineage: Lineage, reading: Reading, is_exploration: bool, idle: set[tuple[str, str]]) -> Finding:
    graph = lineage.graph
    what = graph.nodes[reading.dataset].name if reading.dataset in graph.nodes else reading.dataset
    others = {e.job for e in graph.out_edges(reading.dataset) if is_seen(e) and e.job != reading.job}
    others -= {job for dataset, job in idle if dataset == reading.dataset}
    elsewhere = f"; `{min(others)}` reads it too, and uses it" if others else ""
    return Finding(
        message=f"`{what}` is read, and nothing of what is read here reaches a model, an output or a test of its "
        f"values{elsewhere}",
        help=f"delete the {'input' if reading.is_input else 'read'}: it costs time, and fails on the day the source is "
        "gone",
        span=reading.span,
        label="its rows are used nowhere",
        deletes=[] if reading.is_input else [reading.span],
        nodes=[reading.dataset] if reading.dataset in graph.nodes else [],
        severity="info" if is_exploration else None,
    )


def _is_met(lineage: Lineage, entry: Declared) -> bool:
    """Whether code reads what is declared; a glob may mean what is not in sight."""
    if any(sign in entry.name for sign in "*?[{"):
        return True
    graph = lineage.graph
    ids = [entry.name, *graph.columns(entry.name)]
    return any(is_seen(edge) for id in ids for edge in graph.out_edges(id))


def _of_declaration(entry: Declared) -> Finding:
    asking = f"; tell {entry.owner} that nobody needs it" if entry.owner else ""
    return Finding(
        message=f"source `{entry.name}` is declared, and nothing in this repository reads it",
        help=f"delete the declaration, and unsubscribe from the source{asking}",
        span=entry.span,
        label="declared here",
        deletes=[entry.whole or entry.span],
        related=[Label(entry.span, f"owned by {entry.owner}")] if entry.owner else [],
    )


RULE = Rule(
    code="ML204",
    name="unused-source",
    summary="a source is read or declared, and nothing of it reaches anything",
    options={"declared": True},
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
