"""The lineage graph: node ids, the graph and its queries, the expression algebra, and what linking observed."""
