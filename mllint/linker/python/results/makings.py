"""Columns that code computes, and whether anything uses them: what all entry points said, taken together."""

from __future__ import annotations

from collections import Counter

import msgspec

from mllint.lineage.observations import Computed, Reading
from mllint.linker.project import Project
from mllint.linker.python.results.records import Making, Record
from mllint.source import Span

_encode = msgspec.msgpack.Encoder().encode


def observe_makings(project: Project, records: list[Record]) -> None:
    """Each computed column and each read once, whoever ran the code."""
    makings = {making.id: making for record in records for making in record.makings.values()}
    used = {mark for record in records for mark in record.used}
    asked = {name for record in records for name in record.asked}
    left: dict[str, dict[Span, bool]] = {}
    for record in records:
        for mark, span, names_it in record.left:
            left.setdefault(mark, {})[span] = names_it
    idle = [m for m in makings.values() if not m.dataset and m.id in left and m.id not in used and m.name not in asked]
    named = _named_elsewhere(project, idle, makings, left)
    observations = project.observations
    steps = {flow.span for flow in project.flows}
    for making in makings.values():
        if making.dataset:
            is_used = making.id in used or _is_named_again(project, making)
            is_input = making.span in steps
            observations.readings.append(Reading(making.dataset, making.span, making.job, is_used, is_input))
        else:
            is_used = making.id in used or making.name in asked or making.name in named
            places = tuple(sorted(left.get(making.id, ()), key=_order))
            observations.makings.append(
                Computed(making.name, making.span, making.job, making.function, is_used, places)
            )


def _is_named_again(project: Project, making: Making) -> bool:
    """Whether the global name of the rows that were read stands in that file once more."""
    file = project.files.get(making.span.path)
    if not making.name or file is None or file.python is None:
        return False
    return _encode(file.python).count(_encode(making.name)) > 1


def _named_elsewhere(
    project: Project, idle: list[Making], makings: dict[str, Making], left: dict[str, dict[Span, bool]]
) -> set[str]:
    """Names that stand in code besides where these columns are made and dropped: a function that no entry point came
    to may well use them."""
    if not idle:
        return set()
    names = {making.name for making in idle}
    explained: Counter[str] = Counter()
    for name in names:
        own = [making for making in makings.values() if making.name == name]
        explained[name] = len({making.span for making in own}) + len(
            {span for making in own for span, names_it in left.get(making.id, {}).items() if names_it}
        )
    files = [_encode(file.python) for file in project.files.values() if file.python is not None]
    return {name for name in names if sum(data.count(_encode(name)) for data in files) > explained[name]}


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)
