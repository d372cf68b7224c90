"""What commands bring along: `COPY models/eta.pkl /app`, `curl -o data/trips.csv ...`, `aws s3 cp ... data/trips.csv`.

A file that a command names may be there although no code writes it."""

from __future__ import annotations

import re
from collections import Counter
from posixpath import basename

from mllint.facts.file import encode
from mllint.libraries.tooling import brings_files
from mllint.lineage.observations import Mention
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


_NAME = rb"(?<![A-Za-z0-9_.-])(?:%s)(?![A-Za-z0-9_-])"
_MOST_NAMES = 500


def observe_mentions(project: Project) -> None:
    """Fill in `mentions`: who names the files that code writes and none is seen to read. Texts stand in encoded facts
    as they are."""
    accesses = project.observations.accesses
    read = {access.id for access in accesses if access.is_read}
    names = {
        basename(a.id.partition(":")[2]) for a in accesses if not a.is_read and a.id not in read and "{" not in a.id
    }
    wanted = sorted(name for name in names if "." in name)[:_MOST_NAMES]
    if not wanted:
        return
    pattern = re.compile(_NAME % b"|".join(re.escape(name.encode("utf-8", "replace")) for name in wanted))
    for path, facts in project.files.items():
        for hit, times in sorted(Counter(pattern.findall(encode(facts))).items()):
            project.observations.mentions.append(Mention(hit.decode("utf-8", "replace"), path, times))
