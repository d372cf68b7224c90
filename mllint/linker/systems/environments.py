"""Which environment variables of a command count: those that code asks for by name, with a value that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mllint.facts.file import encode
from mllint.linker.containers import outside
from mllint.linker.project import Project, Run
from mllint.readers.secrets import is_secret

_MOST_NAMES = 2_000
_MASKED = "***"
_UNKNOWN = re.compile(r"(?:\{[^{}]*\})+")  # as a whole
# Settings whose fields are variables, maybe behind a prefix: their names stand nowhere as they are.
_SETTINGS = b"BaseSettings"


def asked(project: Project, runs: set[Run]) -> set[Run]:
    """The runs with those of their variables that code asks for. A run that is like another one but for variables
    that nobody reads would only say the same again."""
    names = {name for run in runs for name, _ in run.environment if name != "PWD" and not is_secret(name)}
    if not names:
        return runs
    spoken = _spoken(project, names)
    return {msgspec.structs.replace(run, environment=tuple(_wanted(run, spoken))) for run in runs}


def _wanted(run: Run, spoken: set[str]) -> Iterator[tuple[str, str]]:
    """A path below the folder that an image starts in is one that begins there: `/app/models` of `WORKDIR /app`; but
    not one of what is mounted or copied there, which is told by its whole path."""
    place = dict(run.environment).get("PWD", "")
    for name, value in run.environment:
        if name in spoken and _is_known(value):
            is_inside = place and value.startswith("/") and outside(run.mounts, value) is None
            found = outside([(place, "")], value) if is_inside else None
            yield name, value if found is None else found or "."


def _is_known(value: str) -> bool:
    is_json = value.startswith("{") and '"' in value
    return bool(value) and _MASKED not in value and not is_json and not _UNKNOWN.fullmatch(value)


def _spoken(project: Project, names: set[str]) -> set[str]:
    """The names that stand in Python, or in what configuration asks of the environment: `${oc.env:DATA}`."""
    wanted = sorted(names)[:_MOST_NAMES]
    pattern = re.compile(
        rb"(?<![A-Za-z0-9_])(?:%s)(?![A-Za-z0-9_])" % b"|".join(re.escape(n.encode("utf-8", "replace")) for n in wanted)
    )
    found: set[str] = set()
    for facts in project.with_python():
        data = encode(facts)
        if _SETTINGS in data:
            return names
        found.update(hit.decode("utf-8", "replace") for hit in pattern.findall(data))
    for facts in project.of_kind("yaml"):
        data = encode(facts)
        if b"env:" in data:
            found.update(hit.decode("utf-8", "replace") for hit in pattern.findall(data) if b"env:" + hit in data)
    return found
