"""Commands that a shell script, Makefile, Dockerfile, CI workflow or dvc.yaml `cmd` would run."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One simple command. A word that holds an unknown part keeps it as `{NAME}`; `folder` is where it runs,
    relative to the repository root, `None` if unknown. `line` counts from 1.

    In the facts of one file `folder` is relative to where the file's commands start, which only the linker knows: the
    folder of a Makefile, the build context of a Dockerfile, the root or its own folder for a shell script. There
    `{script}` stands for the folder of the file itself and `{root}` for that of the repository.
    """

    words: tuple[str, ...]
    line: int
    column: int = 1
    folder: str | None = ""
    origin: str = ""  # what it stands in: a make target, a CI job, a Docker stage
    environment: tuple[tuple[str, str], ...] = ()  # `A=b cmd`, `export A=b`, Docker ENV
