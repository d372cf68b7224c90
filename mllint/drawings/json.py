"""The graph for programs: the schema `mllint-graph/1`."""

from __future__ import annotations

from typing import Any

from mllint.drawings.view import View
from mllint.escaping import mask_secrets
from mllint.jsontext import coverage_json, json_document, span_json
from mllint.lineage.graph import Edge, Node


def render(view: View) -> str:
    return json_document(
        {
            "schema": "mllint-graph/1",
            "nodes": [_node(node) for node in view.nodes],
            "edges": [_edge(edge) for edge in view.edges],
            "coverage": coverage_json(view.coverage),
        }
    )


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "spans": [span_json(span) for span in node.spans],
        "attributes": dict(sorted(node.attributes.items())),
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind,
        "strength": edge.strength,
        "job": edge.job,
        "language": edge.language,
        "span": None if edge.span is None else span_json(edge.span),
        "expression": mask_secrets(edge.expression),
    }
