"""One reader per language or tool: the bytes of one file in, its facts out. A reader looks at nothing else."""
