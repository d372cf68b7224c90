"""Models as people mean them: a fitted object and every artifact it is saved to are one model."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from fnmatch import fnmatchcase

import msgspec

from mllint.lineage.declarations import Declared
from mllint.lineage.graph import Edge, Graph
from mllint.lineage.ids import LOGGED, dataset_of, split_column
from mllint.source import Span

_KEPT_AS = ("saves", "writes", "loads")  # kinds of edges between a model and what it is kept as
_TRANSFORMERS = (
    "sklearn.preprocessing.",
    "sklearn.feature_extraction.",
    "sklearn.impute.",
    "sklearn.compose.ColumnTransformer",
    "sklearn.feature_selection.",
    "category_encoders.",
    "pyspark.ml.feature.",
)
_SCORES = ("predicts", "serves", "loads")


class Model(msgspec.Struct, frozen=True):
    """`members` are the ids of the fitted object, its artifacts and registry entries; `outputs` those that hold or
    give its predictions (with the dataset of a predicted column); `jobs` the files or stages that train and score it,
    `places` the files in which that is written, which may be other ones.
    All are sorted; `id` and `name` are those of the member that people know best."""

    id: str
    name: str
    members: tuple[str, ...]
    outputs: tuple[str, ...]
    jobs: tuple[str, ...]
    places: tuple[str, ...]

    def is_called(self, name: str) -> bool:
        """Whether `name`, as a person would write it (`eta`, `model:eta`, `models/eta.joblib`), means this model."""
        bare = name.removeprefix("model:").removeprefix("file:")
        return name in self.members or any(bare in _names(member) for member in self.members)


def models(graph: Graph) -> list[Model]:
    """All models of the graph, in the order of their ids; a fitted step that only transforms is none by itself.

    joblib.dump(forest, "eta.joblib"); mlflow.register_model(..., "eta")   # three nodes, one model
    """
    groups = defaultdict(list)
    root = _joined(graph)
    for member in sorted(root):
        groups[_find(root, member)].append(member)
    found = [_model(graph, members) for members in groups.values() if not _only_transforms(graph, members)]
    return sorted(found, key=lambda model: model.id)


def by_member(found: list[Model]) -> dict[str, Model]:
    """The model that each node belongs to."""
    return {member: model for model in found for member in model.members}


def declared_ids(graph: Graph, entry: Declared, found: list[Model]) -> set[str]:
    """The nodes that a declaration means: a source (its name may be a glob) with its columns, every column of a
    feature's name, all that a model is kept as."""
    match entry.kind:
        case "source":
            named = {id for id in graph.nodes if fnmatchcase(id, entry.name)}
            return named | {id for id in graph.nodes if id.startswith("column:") and split_column(id)[0] in named}
        case "feature":
            return {
                node.id
                for node in graph.of_kind("column", "feature")
                if split_column(node.id.removeprefix("feature:"))[1] == entry.name
            }
        case "model":
            return {id for model in found if model.is_called(entry.name) for id in model.members}
    return set()


def place(graph: Graph, edge: Edge) -> Span | None:
    """Where the source of an edge is read: the read itself where the edge tells it, else the first mention of the
    source in the same file, up to where something is made of it, else that place."""
    if edge.read is not None or edge.span is None:
        return edge.read
    source = dataset_of(edge.source)
    node = graph.nodes.get(source)
    here = [span for span in (node.spans if node else ()) if span.path == edge.span.path]
    last = (edge.span.cell or 0, max(edge.span.line, edge.span.end_line))
    return min((span for span in here if _order(span)[:2] <= last), key=_order, default=edge.span)


def _order(span: Span) -> tuple[int, int, int]:
    return (span.cell or 0, span.line, span.column)


def job_path(edge: Edge) -> str:
    """The file that an edge runs in: its job, or where that is a stage, the file of its span."""
    at = edge.read or edge.span
    return edge.job if posixpath.splitext(edge.job)[1] or at is None else at.path


def _teaches(graph: Graph, kept: Edge) -> bool:
    """Whether what is kept there is a model that was trained on what the source gives: that one is another."""
    held = [edge.source for edge in graph.in_edges(kept.target) if edge.kind in _KEPT_AS and edge.source != kept.source]
    return any(edge.kind == "trains" and edge.target in held for edge in graph.out_edges(kept.source))


def _joined(graph: Graph) -> dict[str, str]:
    root = {node.id: node.id for node in graph.of_kind("model", "artifact")}
    apart = {id for id in root if _is_anybody_s(graph, id)}
    for edge in graph.edges():
        if edge.source in apart or edge.target in apart:
            continue
        if edge.kind in _KEPT_AS and edge.source in root and edge.target in root and not _teaches(graph, edge):
            first, second = sorted((_find(root, edge.source), _find(root, edge.target)))
            root[second] = first
    return root


def _is_anybody_s(graph: Graph, id: str) -> bool:
    """Whether several scripts log their models to runs under one name: `model` is in each run another one."""
    return id.startswith(LOGGED) and len({e.source for e in graph.in_edges(id) if e.kind == "saves"}) > 1


def _only_transforms(graph: Graph, members: list[str]) -> bool:
    """`CountVectorizer().fit(texts)`: what it makes of rows are no predictions."""
    fitted = [graph.nodes[id].attributes for id in members if graph.nodes[id].kind == "model"]
    return bool(fitted) and all(
        attributes.get("role") == "transformer" or str(attributes.get("class", "")).startswith(_TRANSFORMERS)
        for attributes in fitted
    )


def _find(root: dict[str, str], node: str) -> str:
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node


def _model(graph: Graph, members: list[str]) -> Model:
    inside = set(members)
    outputs: set[str] = set()
    jobs: set[str] = set()
    places: set[str] = set()
    for member in members:
        trained = [edge for edge in graph.in_edges(member) if edge.kind == "trains"]
        jobs.update(map(job_path, trained))
        places.update(edge.span.path for edge in trained if edge.span)
        for edge in graph.out_edges(member):
            if edge.strength == "declared" or edge.target in inside or _is_model(graph, edge.target):
                continue  # what is trained on predictions, registered for its scores or kept with a threshold
            if edge.kind in _SCORES and not edge.measure:
                outputs.add(edge.target)
                jobs.add(job_path(edge))
                places.update({edge.span.path} if edge.span else ())
    outputs |= {split_column(id)[0] for id in outputs if id.startswith("column:")}
    best = min(members, key=lambda id: (graph.nodes[id].kind != "model", len(id), id))
    return Model(
        id=best,
        name=graph.nodes[best].name,
        members=tuple(members),
        outputs=tuple(sorted(outputs & graph.nodes.keys())),
        jobs=tuple(sorted(jobs - {""})),
        places=tuple(sorted(places)),
    )


def _is_model(graph: Graph, id: str) -> bool:
    return graph.nodes[id].kind == "model" or any(edge.kind == "saves" for edge in graph.in_edges(id))


def _names(member: str) -> set[str]:
    full = member.partition(":")[2]
    base = posixpath.basename(full)
    return {full, base, posixpath.splitext(base)[0]}
