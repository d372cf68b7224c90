"""What commands bring along: `COPY models/eta.pkl /app`, `curl -o data/trips.csv ...`, `aws s3 cp ... data/trips.csv`.

A file that a command names may be there although no code writes it."""

from __future__ import annotations

from mllint.libraries.tooling import brings_files
from mllint.linker.project import Project


def observe_supplies(project: Project) -> None:
    """The words of all commands that look like paths, but those of programs that supply nothing."""
    found: set[str] = set()
    for facts in project.files.values():
        for command in facts.commands:
            if command.words and brings_files(command.words[0]):
                for word in command.words[1:]:
                    path = word.rpartition("=")[2].partition(":")[0].removeprefix("./").rstrip("/")
                    if "." in path or "/" in path:
                        found.add(path)
    project.observations.supplied = sorted(found)
