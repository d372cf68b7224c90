"""Git LFS: files that `.gitattributes` gives to it are versioned with the code."""

from __future__ import annotations

import posixpath

from mllint.globs import Globs
from mllint.linker.project import Project
from mllint.linker.systems import tree


def link(project: Project) -> None:
    for file in project.of_kind("attributes"):
        if file.config is None:
            continue
        lines = [tree.as_text(item.value).split() for item in file.config.documents[0].items]
        patterns = [words[0] for words in lines if "filter=lfs" in words[1:]]
        if patterns:
            _mark(project, posixpath.dirname(file.path), patterns)


def _mark(project: Project, folder: str, patterns: list[str]) -> None:
    globs = Globs(patterns)
    for node in project.graph.nodes.values():
        path = node.id.removeprefix("file:")
        inside = path.removeprefix(f"{folder}/") if folder else path
        if node.id.startswith("file:") and (not folder or inside != path) and globs.covers(inside):
            node.attributes.setdefault("versioned", "lfs")
