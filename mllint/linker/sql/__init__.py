"""SQL: statements of files and of strings become table and column lineage, by sqlglot's parsers."""
