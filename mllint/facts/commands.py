"""Commands that a shell script, Makefile, Dockerfile, CI workflow or dvc.yaml `cmd` would run."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One simple command. A word that holds an unknown part keeps it as `{NAME}`; `folder` is where it runs,
    relative to the repository root, `None` if unknown. `line` counts from 1."""

    words: tuple[str, ...]
    line: int
    column: int = 1
    folder: str | None = ""
    origin: str = ""  # what it stands in: a make target, a CI job, a Docker stage
