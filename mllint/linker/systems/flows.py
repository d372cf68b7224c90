"""Steps of pipelines that are written in Python: what a step is given reaches what it makes, even where the code of the
step does not show how."""

from __future__ import annotations

from mllint.lineage.graph import Edge
from mllint.linker.project import Project


def link(project: Project) -> None:
    """Declared edges from the inputs of each step to those of its outputs that nothing else leads into."""
    graph = project.graph
    for flow in sorted(project.flows, key=lambda flow: (flow.span, flow.inputs, flow.outputs)):
        for output in flow.outputs:
            if not output or graph.in_edges(output):
                continue
            for input in flow.inputs:
                if input and input != output:
                    graph.add_node(input, "dataset", flow.span)
                    graph.add_node(output, "dataset", flow.span)
                    graph.add_edge(Edge(input, output, "derives", "declared", flow.job, "python", flow.span))
