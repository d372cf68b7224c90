"""DVC: what stages start, what they say they read and write, and where tracked data came from.

A declaration adds an edge only where the code does not show how an output comes about: `deps` and `outs` of a stage
connect everything with everything, and the code knows better.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.lineage.graph import Edge
from mllint.lineage.ids import file_id
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree
from mllint.linker.systems.dvc_stages import Place, Stage, stages
from mllint.linker.systems.start import runs_of
from mllint.readers.commands import split_commands
from mllint.source import Span

_CODE = {"python", "notebook", "shell", "make", "docker", "r", "scala", "java", "julia", "javascript", "cpp", "sql"}


def runs(project: Project) -> Iterator[Run]:
    for facts, root in _files(project):
        for stage in stages(project, facts.path, root):
            for text, at in stage.commands:
                job, span = f"{facts.path}:{stage.name}", tree.span(facts.path, at)
                for command in split_commands(text, tree.first_line(at), ""):
                    found = list(runs_of(project, command, [stage.folder], job, span))
                    yield from found or _named_by_deps(project, stage, command, job, span)


def _named_by_deps(project: Project, stage: Stage, command: Command, job: str, span: Span) -> Iterator[Run]:
    """`docker run image python train.py` starts the `train.py` that the stage depends on."""
    for dep in stage.deps:
        name = posixpath.basename(dep.path)
        if dep.path in project.files and project.files[dep.path].kind == "python" and name in command.words:
            arguments = command.words[command.words.index(name) + 1 :]
            yield Run(dep.path, arguments, posixpath.dirname(dep.path), job, span, environment=command.environment)


def link(project: Project) -> None:
    names = _Names(sorted(project.graph.nodes), list(project.files))
    for facts in project.of_kind("yaml"):
        if facts.path.endswith(".dvc") and facts.config is not None and facts.config.documents:
            _tracked(project, names, facts.path, facts.config.documents[0])
    for facts, root in _files(project):
        for stage in stages(project, facts.path, root):
            _link_stage(project, names, facts.path, stage)
        _artifacts(project, facts.path, root)


class _Names(msgspec.Struct):
    """Sorted ids of nodes and paths of files, to find what lies in a folder without looking at all of them."""

    nodes: list[str]
    files: list[str]

    def add(self, id: str) -> None:
        index = bisect_left(self.nodes, id)
        if self.nodes[index : index + 1] != [id]:
            self.nodes.insert(index, id)


def _below(names: list[str], folder: str) -> list[str]:
    """The names in a folder; with `file:data/raw`, `file:data/raw/x.csv`."""
    prefix = folder.rstrip("/") + "/"
    return names[bisect_left(names, prefix) : bisect_left(names, prefix + "\U0010ffff")]


def _files(project: Project) -> Iterator[tuple[FileFacts, Value]]:
    for facts in project.named("dvc.yaml"):
        if facts.config is not None and facts.config.documents:
            yield facts, facts.config.documents[0]


def _link_stage(project: Project, names: _Names, path: str, stage: Stage) -> None:
    graph, job = project.graph, f"{path}:{stage.name}"
    deps = [dep for dep in stage.deps if not _is_code(project, names, dep.path)]
    sources = [id for dep in deps for id in _node(project, names, path, dep)]
    for out in stage.outs:
        id = file_id(out.path)
        explained = any(graph.in_edges(each) for each in [id, *_below(names.nodes, id)])
        for id in _node(project, names, path, out):
            attributes = graph.nodes[id].attributes
            attributes.setdefault("versioned", "dvc")
            attributes.setdefault("stage", job)
            if stage.params:
                attributes.setdefault("params", sorted(stage.params))
            if out.path in stage.metrics:
                attributes.setdefault("metric", True)
            if not explained:
                for source in sources:
                    if source != id:
                        span = tree.span(path, out.at)
                        graph.add_edge(Edge(source, id, "derives", "declared", job, "dvc", span))


def _is_code(project: Project, names: _Names, path: str) -> bool:
    """Whether a dependency is code: a file of it, or a folder that holds some."""
    facts = project.files.get(path)
    if facts is not None:
        return facts.kind in _CODE or posixpath.basename(path).startswith(("requirements", "params."))
    return any(project.files[other].kind in _CODE for other in _below(names.files, path))


def _node(project: Project, names: _Names, path: str, place: Place) -> list[str]:
    """The nodes that a path stands for: of a folder that code reads or writes file by file, those files."""
    id = file_id(place.path)
    if id not in project.graph.nodes and (known := _below(names.nodes, id)):
        return known
    project.graph.add_node(id, "dataset", tree.span(path, place.at))
    names.add(id)
    return [id]


def _tracked(project: Project, names: _Names, path: str, root: Value) -> None:
    """`data.xml.dvc`: what is tracked, and the address it was imported from."""
    graph, folder = project.graph, posixpath.dirname(path)
    base = posixpath.normpath(posixpath.join(folder, tree.text(root, "wdir") or "."))
    outs = [(tree.text(item, "path"), tree.get(item, "path")) for item in tree.items(root, "outs")]
    sources = [
        (id, at) for item in tree.items(root, "deps") if (id := _source_id(item, base)) and (at := _path_at(item))
    ]
    for name, at in outs:
        if not name or at is None:
            continue
        target = file_id(name if "://" in name else posixpath.join(base, name))
        graph.add_node(target, "dataset", tree.span(path, at), versioned="dvc", description=tree.text(root, "desc"))
        names.add(target)
        for id, dep in sources:
            span: Span = tree.span(path, dep)
            graph.add_node(id, "source", span, name=id)
            graph.add_edge(Edge(id, target, "writes", "direct", path, "dvc", span))


def _source_id(dependency: Value, base: str) -> str:
    """`https://github.com/org/registry#path` of an import from another repository, or a URL or path."""
    name = tree.text(dependency, "path")
    url = tree.text(dependency, "repo", "url")
    if url:
        return f"{file_id(url)}#{name}" if "://" in url else f"{url}#{name}"
    return file_id(name if "://" in name else posixpath.join(base, name)) if name else ""


def _path_at(dependency: Value) -> Value | None:
    return tree.get(dependency, "path")


def _artifacts(project: Project, path: str, root: Value) -> None:
    """`artifacts:` gives a file a name in the registry, and says if it is a model."""
    graph = project.graph
    for entry in tree.entries(root, "artifacts"):
        name = tree.text(entry.value, "path")
        if not name:
            continue
        id = file_id(name if "://" in name else posixpath.join(posixpath.dirname(path), name))
        is_model = tree.text(entry.value, "type") == "model"
        description = tree.text(entry.value, "desc")
        tags = [tree.text(label) for label in tree.items(entry.value, "labels")]
        node = graph.add_node(id, "artifact" if is_model else "dataset", tree.span(path, entry))
        models = [edge.source for edge in graph.in_edges(id) if edge.kind == "saves"] if is_model else []
        for each in [node, *(graph.nodes[model] for model in models)]:
            each.attributes.setdefault("registered", entry.key)
            if description:
                each.attributes.setdefault("description", description)
            if tags:
                each.attributes.setdefault("tags", tags)
