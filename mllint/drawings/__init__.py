"""The lineage graph, drawn: one module per format, each a function from nodes and edges to text."""
