"""Small repositories written down in tests, and what links in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from mllint import session
from mllint.lineage.lineage import Lineage


def linked(root: Path, files: Mapping[str, str]) -> Lineage:
    """The lineage of a repository of these files, by path."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text).lstrip("\n"), "utf-8")
    lineage = session.graph(root, use_cache=False, jobs=1)
    assert not lineage.problems, lineage.problems
    assert not [id for id in lineage.graph.nodes if id.startswith(("@", "measure of "))]
    return lineage


def edges(lineage: Lineage, strength: str = "direct") -> set[tuple[str, str]]:
    """Edges between whole datasets, models and consumers."""
    return {
        (edge.source, edge.target)
        for edge in lineage.graph.edges()
        if edge.strength == strength and not edge.source.startswith("column:") and not edge.target.startswith("column:")
    }


def columns(lineage: Lineage, dataset: str) -> set[str]:
    prefix = f"column:{dataset}#"
    return {id.removeprefix(prefix) for id in lineage.graph.nodes if id.startswith(prefix)}
