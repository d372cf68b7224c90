"""A trail between two nodes, for programs: the schema `mllint-trace/1`."""

from __future__ import annotations

from typing import Any

from mllint.escaping import mask_secrets
from mllint.jsontext import json_document, span_json
from mllint.lineage.graph import Edge
from mllint.lineage.lineage import Gap
from mllint.lineage.tracing import Step
from mllint.lineage.whynot import Lost
from mllint.reports.trace import Answer
from mllint.source import Span


def render(answer: Answer) -> str:
    return json_document(
        {
            "schema": "mllint-trace/1",
            "from": mask_secrets(answer.start),
            "to": mask_secrets(answer.end),
            "trails": [list(map(_step, steps)) for steps in answer.trails.found],
            "complete": answer.trails.complete,
            "lost": answer.lost and _lost(answer.lost),
        }
    )


def _step(step: Step) -> dict[str, Any]:
    return {
        **_edge(step.edge),
        "also": [_edge(edge) for edge in step.others],
        "columns": [_edge(edge) for edge in step.columns],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "source": mask_secrets(edge.source),
        "target": mask_secrets(edge.target),
        "kind": edge.kind,
        "strength": edge.strength,
        "resolved": edge.resolved,
        "job": edge.job,
        "language": edge.language,
        "span": _span(edge.span),
        "read": _span(edge.read),
        "expression": mask_secrets(edge.expression),
    }


def _lost(lost: Lost) -> dict[str, Any]:
    return {
        "reached": list(map(mask_secrets, lost.reached)),
        "sources": list(map(mask_secrets, lost.sources)),
        "reverse": lost.is_reverse,
        "alike": [
            {
                "after": mask_secrets(pair.after),
                "before": mask_secrets(pair.before),
                "written": _span(pair.written),
                "read": _span(pair.read),
            }
            for pair in lost.alike
        ],
        "writes": list(map(_gap, lost.writes)),
        "reads": list(map(_gap, lost.reads)),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "span": span_json(gap.span),
        "why": mask_secrets(gap.why),
        "lost": _span(gap.lost),
        "node": mask_secrets(gap.node),
        "data": list(map(mask_secrets, gap.data)),
        "job": gap.job,
    }


def _span(span: Span | None) -> dict[str, Any] | None:
    return span_json(span) if span is not None else None
