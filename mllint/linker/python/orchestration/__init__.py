"""Orchestrators written in Python: what they call, in which order, and how values go from one step to the next.

What a library's names mean stands in `mllint/libraries/`; these modules are the extension points that they name
(`computes`, `decorates`, `runs`). `jobs` says which steps wait to be run when all files have been interpreted."""
