"""ML203: a column is computed and reaches no model, output or consumer.

orders["margin"] = orders["price"] - orders["cost"]          # the finding: nobody asks for it
model.fit(orders[["price", "cost"]], orders["returned"])
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from mllint.rule import (
    Computed,
    Context,
    Edge,
    Finding,
    Label,
    Lineage,
    Rule,
    Span,
    is_seen,
    is_test,
    split_column,
)

_GOES_ON = ("trains", "predicts", "writes", "saves", "serves", "derives")
_PLAIN = re.compile(r"[\w.\"`\[\]]+|CAST\([\w.\"`]+(?: AS [\w() ,]+|, '\w+')\)", re.IGNORECASE)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Columns of frames, which code computes and asks for nowhere, then those of tables and files that it writes."""
    found: dict[Span, Finding] = {}
    for made in lineage.observations.makings:
        if made.is_used or not made.left or is_test(made.job) or is_test(made.span.path):
            continue
        if _goes_on(lineage, made) and not _is_kept(made.name, context):
            found.setdefault(made.span, _in_memory(made))
    for finding in _stored(lineage, context):
        found.setdefault(finding.span, finding)
    for span in sorted(found, key=_order):
        yield found[span]


def _is_kept(name: str, context: Context) -> bool:
    return name.startswith("_") or any(fnmatchcase(name, pattern) for pattern in context.options["keep"])


def _goes_on(lineage: Lineage, made: Computed) -> bool:
    """Whether anything comes of what that job does: an exploration has no features."""
    return any(edge.job == made.job and edge.kind in _GOES_ON and is_seen(edge) for edge in lineage.graph.edges())


def _in_memory(made: Computed) -> Finding:
    where = f" in `{made.function.rpartition('.')[2]}`" if made.function else ""
    return Finding(
        message=f"`{made.name}` is computed{where}, and no model, output or other column uses it",
        help="delete the line, or add the column to the features if it was meant to be one",
        span=made.span,
        label=f"nothing asks for `{made.name}`",
        deletes=[made.span],
        related=[Label(span, f"its frame goes on without `{made.name}`") for span in made.left[:3]],
    )


# -------------------------------------------------------------------------------------- tables and files


def _stored(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Columns of a dataset that is made for training, whose readers all name what they read, and nobody names this."""
    graph = lineage.graph
    named = {feature.name.lower() for feature in lineage.observations.features}
    training = {edge.job for edge in graph.edges() if edge.kind == "trains" and is_seen(edge)}
    for node in graph.of_kind("dataset", "source", "artifact"):
        columns = graph.columns(node.id)
        if not columns or not _is_for_training(lineage, node.id, columns, training):
            continue
        for id in columns:
            name = split_column(id)[1]
            made = [edge for edge in graph.in_edges(id) if is_seen(edge)]
            if not made or graph.out_edges(id) or _is_kept(name, context) or name.lower() in named:
                continue
            if (
                all(map(_is_computed, made))
                and not _is_part(lineage, id, made)
                and not _is_elsewhere(lineage, id, made)
            ):
                at = min((edge.span for edge in made if edge.span is not None), key=_order)
                if not is_test(at.path):
                    yield _of_dataset(lineage, node.id, name, at, made)


def _is_computed(edge: Edge) -> bool:
    """More than a copy, a new name, another type, or the same column put right."""
    text, names = edge.expression, {split_column(id)[1] for id in (edge.source, edge.target)}
    return len(names) > 1 and edge.span is not None and text not in ("", "…") and not _PLAIN.fullmatch(text)


def _is_part(lineage: Lineage, id: str, made: list[Edge]) -> bool:
    """Whether another column of the dataset is computed from this one: the expression of one contains the other."""
    graph = lineage.graph
    others = [each for each in graph.columns(split_column(id)[0]) if each != id]
    texts = {edge.expression for each in others for edge in graph.in_edges(each)}
    return any(edge.expression in text and edge.expression != text for edge in made for text in texts)


def _is_elsewhere(lineage: Lineage, id: str, made: list[Edge]) -> bool:
    """Whether its frame goes into another dataset too, with this column: a database, whose readers may be anybody."""
    graph = lineage.graph
    name = split_column(id)[1]
    places = {edge.span for edge in made}
    return any(
        other.target != id and other.target.startswith("column:") and split_column(other.target)[1] == name
        for source in {edge.source for edge in made}
        for other in graph.out_edges(source)
        if other.span in places
    )


def _is_for_training(lineage: Lineage, id: str, columns: list[str], training: set[str]) -> bool:
    """Whether code of the repository makes it, only jobs that train read it, and all of them say which columns."""
    graph = lineage.graph
    out = graph.out_edges(id)
    readers = {edge.job for edge in out if is_seen(edge)}
    if not readers or not readers <= training or any(edge.strength == "declared" for edge in out):
        return False
    if id.startswith("file:") and any(gap.is_read and not gap.node for gap in lineage.coverage.gaps):
        return False  # a read of nobody knows which file
    named = {edge.job for column in columns for edge in graph.out_edges(column) if is_seen(edge)}
    makers = {edge.job for column in columns for edge in graph.in_edges(column) if is_seen(edge)}
    return readers <= named and makers.isdisjoint(readers)


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _of_dataset(lineage: Lineage, dataset: str, name: str, at: Span, made: list[Edge]) -> Finding:
    graph = lineage.graph
    readers = sorted({edge.span for edge in graph.out_edges(dataset) if edge.span is not None}, key=_order)
    short = graph.nodes[dataset].name
    return Finding(
        message=f"`{name}` of `{short}` is computed, and nothing that reads `{short}` uses it",
        help="delete it, or declare the consumer outside this repository that reads it",
        span=at,
        label=f"nothing reads `{name}`",
        deletes=[at],
        related=[Label(span, f"`{short}` is read here, without `{name}`") for span in readers[:3]],
        nodes=[made[0].source, made[0].target],
    )


RULE = Rule(
    code="ML203",
    name="unused-feature",
    summary="a column is computed and reaches no model, output or consumer",
    options={"keep": []},
    check=check,
)
