"""Linking: the facts of all files become the lineage graph."""
