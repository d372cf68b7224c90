"""mllint: a static analyzer and lineage linter for machine-learning repositories."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mllint-lineage")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
