"""What clusters serve: resources of KServe and Seldon that name a stored model, and those that put such together.

kind: InferenceService              kind: Model                       kind: Experiment
metadata: {name: eta}               metadata: {name: eta}             metadata: {name: trial}
spec:                               spec: {storageUri: s3://m/eta}    spec: {candidates: [{name: eta}, {name: eta2}]}
  predictor: {model: {storageUri: s3://m/eta}}
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from mllint.facts.config import Value
from mllint.lineage.graph import Edge
from mllint.lineage.ids import file_id, model_id
from mllint.linker.project import Project
from mllint.linker.systems import argo, tree

_GROUPS = ("serving.kserve.io/", "serving.kubeflow.org/", "machinelearning.seldon.io/", "mlops.seldon.io/")
_ADDRESSES = ("storageUri", "storageURI", "modelUri", "uri")
# Keys below which names of other resources stand, by the kind that has them.
_PARTS = {
    "Experiment": ("candidates", "mirror"), "Pipeline": ("steps",), "InferenceGraph": ("steps", "routes"),
}  # fmt: skip
_SERVICES = ("serviceName", "service")  # else the name of the part itself
_REGISTERED = re.compile(r"models:/+([^/@]+)")
_MOST_FILES = 50  # of a folder that is served


class _Served(msgspec.Struct, frozen=True):
    path: str
    kind: str
    name: str
    spec: Value
    at: Value


def link(project: Project) -> None:
    nodes = sorted(project.graph.nodes)
    for served in _resources(project):
        endpoint = f"endpoint:{_answering(served)}"
        project.graph.add_node(endpoint, "endpoint", tree.span(served.path, served.at))
        for address in _addresses(served.spec):
            for source in _stored(nodes, tree.text(address)):
                is_model = source.startswith("model:")
                project.graph.add_node(source, "model" if is_model else "artifact", tree.span(served.path, address))
                _serve(project, served, source, endpoint, address)
        for part in _parts(served):
            source = f"endpoint:{tree.text(part)}"
            if source != endpoint:
                project.graph.add_node(source, "endpoint", tree.span(served.path, part))
                _serve(project, served, source, endpoint, part)


def _resources(project: Project) -> Iterator[_Served]:
    for path, _, document in argo.documents(project):
        name, spec = tree.get(document, "metadata", "name"), tree.get(document, "spec")
        if tree.text(document, "apiVersion").startswith(_GROUPS) and name is not None and spec is not None:
            kind = tree.text(document, "kind")
            if _is_known(tree.text(name)) and (kind in _PARTS or any(_addresses(spec))):
                yield _Served(path, kind, tree.text(name), spec, name)


def _answering(served: _Served) -> str:
    """A `TrainedModel` is answered by the service that it is loaded into."""
    return tree.text(served.spec, "inferenceService") or served.name


def _addresses(spec: Value) -> Iterator[Value]:
    """`storageUri: s3://...` of whatever predictor, canary or node of a graph."""
    for mapping in tree.mappings(spec):
        for entry in mapping.entries:
            if entry.key in _ADDRESSES and "/" in tree.text(entry.value) and _is_known(tree.text(entry.value)):
                yield entry.value


def _parts(served: _Served) -> Iterator[Value]:
    """The names of other resources: `candidates: [{name: eta}]`, `mirror: {name: eta2}`, `steps: [{service: a}]`."""
    for mapping in tree.mappings(served.spec):
        for entry in mapping.entries:
            if entry.key in _PARTS.get(served.kind, ()):
                for item in tree.items(entry.value):
                    keys = _SERVICES if served.kind == "InferenceGraph" else ("name",)
                    name = next((found for key in keys if (found := tree.get(item, key)) is not None), None)
                    if name is not None and name.kind == "scalar" and _is_known(tree.text(name)):
                        yield name


def _is_known(text: str) -> bool:
    return bool(text) and not re.search(r"[{}$*]", text)


def _stored(nodes: list[str], uri: str) -> list[str]:
    """The nodes that an address means: a registered model, a file, or the files that code writes into a folder."""
    if registered := _REGISTERED.match(uri):
        return [model_id(registered[1])]
    id = file_id(uri.rstrip("/"))
    start = bisect_left(nodes, id)
    if nodes[start : start + 1] == [id]:
        return [id]
    below = nodes[bisect_left(nodes, id + "/") : bisect_left(nodes, id + "/\U0010ffff")]
    return below[:_MOST_FILES] or [id]


def _serve(project: Project, served: _Served, source: str, endpoint: str, at: Value) -> None:
    span = tree.span(served.path, at)
    project.graph.add_edge(Edge(source, endpoint, "serves", "direct", served.path, "kubernetes", span))
