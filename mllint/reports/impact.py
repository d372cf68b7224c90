"""What a node or file reaches, as a table for people and as JSON (the schema `mllint-impact/1`)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import msgspec

from mllint.escaping import mask_secrets, terminal
from mllint.jsontext import json_document, span_json
from mllint.lineage.impact import KINDS, Reached
from mllint.reports.palette import Palette
from mllint.reports.report import place

WIDTH = 80
PLURAL = {kind: f"{kind}s" for kind in KINDS}


class Impact(msgspec.Struct, frozen=True):
    """`what` is the node or file as it was asked for."""

    what: str
    reached: list[Reached]


def render(impact: Impact, *, colour: bool = False, columns: int | None = None) -> str:
    lines = _lines(impact, Palette(colour, "info"), max(columns or WIDTH, 40))
    return "".join(f"{line}\n" for line in lines)


def _lines(impact: Impact, palette: Palette, columns: int) -> Iterator[str]:
    if not impact.reached:
        yield from _wrapped(f"{impact.what} reaches nothing that is known.", "", columns)
        return
    counts = [(kind, [one for one in impact.reached if one.kind == kind]) for kind in KINDS]
    told = ", ".join(f"{len(found)} {kind if len(found) == 1 else PLURAL[kind]}" for kind, found in counts if found)
    for line in _wrapped(f"{impact.what} reaches {told}.", "", columns):
        yield palette.strong(line)
    owners = sorted({owner for one in impact.reached for owner in one.owners})
    if owners:
        yield from _wrapped(f"Owners: {', '.join(owners)}.", "    ", columns)
    for kind, found in counts:
        if found:
            yield ""
            yield palette.strong(PLURAL[kind])
            for one in found:
                yield from _wrapped(f"  {_told(one)}", "      ", columns)


def _told(one: Reached) -> str:
    steps = "1 step" if one.steps == 1 else f"{one.steps} steps"
    owners = f", owned by {', '.join(one.owners)}" if one.owners else ""
    where = f", {place(one.by.span)}" if one.by.span is not None else ""
    return f"{one.id} ({steps}{owners}{where})"


def _wrapped(text: str, indent: str, columns: int) -> list[str]:
    safe = terminal(mask_secrets(text))
    start = safe[: len(safe) - len(safe.lstrip())]
    return textwrap.wrap(safe, columns, subsequent_indent=indent or start, break_on_hyphens=False)


def render_json(impact: Impact) -> str:
    reached = [
        {
            "id": mask_secrets(one.id),
            "kind": one.kind,
            "steps": one.steps,
            "from": mask_secrets(one.by.source),
            "span": span_json(one.by.span) if one.by.span is not None else None,
            "owners": list(one.owners),
        }
        for one in impact.reached
    ]
    return json_document({"schema": "mllint-impact/1", "of": mask_secrets(impact.what), "reached": reached})
