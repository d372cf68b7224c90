"""mllint: a static analyzer and lineage linter for machine-learning repositories."""

# Written here and read by the build (see pyproject.toml): asking importlib.metadata takes longer than `python -c pass`,
# and an import in this file would run before `__main__` has put the working directory out of reach.
__version__ = "0.1.0"
