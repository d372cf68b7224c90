"""What every picture shows, whatever language draws it: boxes with short labels, arrows, and frames around them."""

from __future__ import annotations

import msgspec

from mllint.drawings.view import View
from mllint.escaping import mask_secrets
from mllint.lineage.graph import Edge, Node
from mllint.lineage.ids import split_column

LONGEST = 28  # characters of a line in a label


class Box(msgspec.Struct, frozen=True):
    """A node. `title` is its short name, `detail` the folder, schema or view it lies in; `tooltip` is everything."""

    id: str
    kind: str
    title: str
    detail: str
    tooltip: str


class Arrow(msgspec.Struct, frozen=True):
    """All edges from one box to another. `label` is a verb where it says more than the arrow does."""

    source: str
    target: str
    strength: str
    label: str
    tooltip: str


class Frame(msgspec.Struct, frozen=True):
    """Boxes that belong together: the columns of a dataset, or what one folder of many holds."""

    label: str
    boxes: list[Box]


class Picture(msgspec.Struct, frozen=True):
    frames: list[Frame]
    boxes: list[Box]  # outside all frames
    arrows: list[Arrow]


def picture(view: View) -> Picture:
    datasets = {split_column(node.id)[0] for node in view.nodes if node.kind == "column"}
    framed: dict[str, list[Box]] = {}
    boxes: list[Box] = []
    for node in view.nodes:
        owner = split_column(node.id)[0] if node.kind == "column" else node.id
        if owner in datasets:
            framed.setdefault(owner, []).append(_box(node))
        else:
            boxes.append(_box(node))
    frames = [Frame(_short(_bare(owner)), inside) for owner, inside in sorted(framed.items())]
    return Picture(frames, boxes, _arrows(view.edges))


# ---------------------------------------------------------------------------------------------------- boxes


def _box(node: Node) -> Box:
    title, detail = _names(node)
    facts = [node.id, node.kind]
    facts += [f"{key}: {_listed(value)}" for key, value in sorted(node.attributes.items())]
    facts += [f"{span.path}:{span.line}" for span in node.spans[:3]]
    return Box(node.id, node.kind, _short(title), _short(detail), mask_secrets("\n".join(facts)))


def _names(node: Node) -> tuple[str, str]:
    """`(title, detail)`: `train.csv` and `data/raw`, `orders` and `shop.public`, `trip_km` and the view `trips`."""
    bare = _bare(node.id)
    if node.kind == "column":
        return split_column(node.id)[1], ""
    if node.id.startswith("feature:"):
        view, _, name = bare.rpartition("#")
        return name, view
    if node.id.startswith("endpoint:"):
        return bare, ""
    separator = "." if node.id.startswith(("table:", "collection:", "xcom:")) else "/"
    folder, _, title = bare.rstrip("/").rpartition(separator)
    return title or bare, folder


def _bare(id: str) -> str:
    return id if "://" in id else id.partition(":")[2] or id


def _short(text: str) -> str:
    """The text, its middle left out where it is long: both ends of a path tell something."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2 - 1]}…{text[-LONGEST // 2 :]}"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# --------------------------------------------------------------------------------------------------- arrows

_SAID = {"predicts", "declares"}  # that an arrow into a model trains it, and one into a consumer feeds it, shapes tell
_STRENGTHS = ("direct", "indirect", "declared")


def _arrows(edges: list[Edge]) -> list[Arrow]:
    pairs: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        pairs.setdefault((edge.source, edge.target), []).append(edge)
    return [_arrow(source, target, several) for (source, target), several in pairs.items()]


def _arrow(source: str, target: str, edges: list[Edge]) -> Arrow:
    verbs = {edge.kind for edge in edges if edge.kind in _SAID}
    strength = min((edge.strength for edge in edges), key=_STRENGTHS.index)
    lines = dict.fromkeys(f"{edge.kind} in {edge.job}" if edge.job else edge.kind for edge in edges)
    expressions = dict.fromkeys(edge.expression for edge in edges if edge.expression)
    tooltip = mask_secrets("\n".join([*lines, *expressions][:8]))
    return Arrow(source, target, strength, ", ".join(sorted(verbs)), tooltip)
