"""The graph in Graphviz' language, drawn from left to right, one shape and colour per kind."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.drawings.picture import Arrow, Box, picture
from mllint.drawings.view import View
from mllint.escaping import dot as quoted

# shape, border, filling: sources are earth, data blue, features green, models violet, what faces users orange
KINDS = {
    "source": ("cylinder", "#8a6d3b", "#f6eedc"),
    "dataset": ("cylinder", "#3b6ea5", "#e3eef9"),
    "column": ("box", "#9db8d4", "#ffffff"),
    "feature": ("box", "#3f8f5f", "#e2f3e8"),
    "model": ("hexagon", "#6b4fa0", "#ece5f7"),
    "artifact": ("note", "#777777", "#f1f1f1"),
    "endpoint": ("cds", "#c0662b", "#fbe8da"),
    "consumer": ("box", "#b03a5b", "#f9e1e8"),
}
_EXTRAS = {
    "column": ', fontsize=10, height=0.22, margin="0.08,0.02"',  # many, and small: they stand in a dataset's frame
    "model": ', margin="0,0.02"',
    "consumer": ', style="filled,rounded"',
}
_STYLES = {"direct": "solid", "indirect": "dashed", "declared": "dotted"}


def render(view: View) -> str:
    """A `digraph` with ids as node names, ready for `dot -Tsvg`."""
    return "".join(f"{line}\n" for line in _lines(view))


def _lines(view: View) -> Iterator[str]:
    drawn = picture(view)
    yield "digraph lineage {"
    yield '  graph [rankdir=LR, ranksep=0.55, nodesep=0.22, fontname="Helvetica", fontsize=10, fontcolor="#555555"];'
    yield '  node [fontname="Helvetica", fontsize=11, height=0.35, margin="0.12,0.05", style=filled, penwidth=1.2];'
    yield '  edge [fontname="Helvetica", fontsize=9, color="#8a8a8a", fontcolor="#666666", arrowsize=0.6];'
    for number, frame in enumerate(drawn.frames):
        yield f"  subgraph cluster_{number} {{"
        yield f'    graph [label={quoted(frame.label)}, style="rounded,filled", color="#c9d6e3", fillcolor="#f8fafc"];'
        yield from (f"    {_node(box)}" for box in frame.boxes)
        yield "  }"
    yield from (f"  {_node(box)}" for box in drawn.boxes)
    yield from (f"  {_edge(arrow)}" for arrow in drawn.arrows)
    yield "}"


def _node(box: Box) -> str:
    shape, border, filling = KINDS[box.kind]
    label = f"{box.title}\n{box.detail}" if box.detail else box.title
    looks = f'shape={shape}, color="{border}", fillcolor="{filling}"{_EXTRAS.get(box.kind, "")}'
    return f"{quoted(box.id)} [label={_lines_of(label)}, {looks}, tooltip={_lines_of(box.tooltip)}];"


def _edge(arrow: Arrow) -> str:
    label = f"label={quoted(arrow.label)}, " if arrow.label else ""
    style = f"style={_STYLES[arrow.strength]}, tooltip={_lines_of(arrow.tooltip)}"
    return f"{quoted(arrow.source)} -> {quoted(arrow.target)} [{label}{style}];"


def _lines_of(text: str) -> str:
    """A quoted string in which our own line breaks, and no others, break lines."""
    return '"' + "\\n".join(quoted(line)[1:-1] for line in text.split("\n")) + '"'
