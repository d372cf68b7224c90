"""The graph as a Mermaid flowchart, which GitHub and GitLab draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.drawings.dot import KINDS
from mllint.drawings.picture import Box, picture
from mllint.drawings.view import View
from mllint.escaping import mermaid as quoted

_SHAPES = {
    "source": ("[(", ")]"),
    "dataset": ("[(", ")]"),
    "column": ("[", "]"),
    "feature": ("[", "]"),
    "model": ("{{", "}}"),
    "artifact": ("[", "]"),
    "endpoint": ("([", "])"),
    "consumer": ("(", ")"),
}
_ARROWS = {"direct": "-->", "indirect": "-.->", "declared": "-..->"}


def render(view: View) -> str:
    return "".join(f"{line}\n" for line in _lines(view))


def _lines(view: View) -> Iterator[str]:
    drawn = picture(view)
    names = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}  # ids of ours: none is hostile
    yield "flowchart LR"
    for number, frame in enumerate(drawn.frames):
        yield f"  subgraph f{number}[{quoted(frame.label)}]"
        yield from (f"    {names[box.id]}{_shape(box)}" for box in frame.boxes)
        yield "  end"
    yield from (f"  {names[box.id]}{_shape(box)}" for box in drawn.boxes)
    for arrow in drawn.arrows:
        label = f"|{quoted(arrow.label)}|" if arrow.label else ""
        yield f"  {names[arrow.source]} {_ARROWS[arrow.strength]}{label} {names[arrow.target]}"
    for kind in sorted({node.kind for node in view.nodes}):
        _, border, filling = KINDS[kind]
        yield f"  classDef {kind} fill:{filling},stroke:{border},color:#222"


def _shape(box: Box) -> str:
    before, after = _SHAPES[box.kind]
    return f"{before}{_label(box)}{after}:::{box.kind}"


def _label(box: Box) -> str:
    """`"title<br/>detail"`: the break is ours, each part is escaped on its own."""
    if not box.detail:
        return quoted(box.title)
    return f"{quoted(box.title)[:-1]}<br/>{quoted(box.detail)[1:]}"
