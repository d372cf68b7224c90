"""What library calls mean for data, as YAML: one file per library, and the loader. See docs/library-models.md."""
