"""Where code names a feature that people have declared deprecated: the literal among a model's inputs.

    FEATURES = ["trip_km", "passengers"]        # in features.py, which train.py imports
    X = accounts[["balance", "risk_class"]]

Only deprecated names are looked for, so that this costs nothing where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.linker.project import Project
from mllint.linker.python.machine import Machine
from mllint.source import Span


def name_features(project: Project, m: Machine) -> None:
    """Fill in `named` of the features that training computes and somebody declared deprecated."""
    names = {
        _field(entry.name)
        for entry in (*project.declarations.entries, *project.observations.declared)
        if entry.deprecated and _is_field(entry.kind, entry.name)
    }
    features = project.observations.features
    if names.isdisjoint(feature.name for feature in features if feature.side == "train"):
        return
    mentions = _mentions(project, m, names)
    for index, feature in enumerate(features):
        if feature.side == "train" and feature.name in names and feature.named is None:
            files = _imported_by(m, feature.job)
            places = [span for span in mentions.get(feature.name, ()) if span.path in files]
            if places:
                features[index] = msgspec.structs.replace(feature, named=min(places, key=_order))


def _is_field(kind: str, name: str) -> bool:
    return kind == "feature" or (kind == "source" and name.startswith("column:"))


def _field(name: str) -> str:
    return name.rpartition("#")[2]


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _imported_by(m: Machine, job: str) -> set[str]:
    """The file of a job and every module that it imports, also through others."""
    files = {job}
    while added := {path for path, importers in m.imports.importers.items() if importers & files} - files:
        files |= added
    return files


def _mentions(project: Project, m: Machine, names: set[str]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for file in project.of_kind("python", "notebook"):
        if file.python is not None:
            for literal in _listed(file.python.body):
                name = str(literal.value).rpartition(":")[2]  # a feature store's `driver_stats:acceptance` too
                if name in names:
                    found.setdefault(name, []).append(m.span(literal.at, file.path))
    return found


def _listed(node: Any) -> Iterator[facts.Literal]:
    """Texts that stand in a list, tuple or set, wherever that stands."""
    match node:
        case tuple():
            for item in node:
                yield from _listed(item)
        case facts.Function():
            yield from _listed(facts.body_of(node))
        case facts.Collection(items=items):
            yield from (item for item in items if isinstance(item, facts.Literal))
            yield from _listed(items)
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _listed(getattr(node, name))
