"""MLflow projects: the entry points of an MLproject file, parameters filled in with their defaults."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from mllint.facts.config import Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree
from mllint.linker.systems.start import runs_of
from mllint.readers.commands import split_commands

_PARAMETER = re.compile(r"\{([\w-]+)\}")


def runs(project: Project) -> Iterator[Run]:
    for facts in project.named("MLproject"):
        root = project.config(facts.path)
        base = posixpath.dirname(facts.path)
        for entry in tree.entries(root, "entry_points"):
            command = tree.get(entry.value, "command")
            if command is None:
                continue
            filled = _PARAMETER.sub(_filler(entry.value), tree.text(command))
            for each in split_commands(filled, tree.first_line(command), ""):
                job = f"{facts.path}:{entry.key}"
                yield from runs_of(project, each, [base], job, tree.span(facts.path, command))


def _filler(entry: Value) -> Callable[[re.Match[str]], str]:
    """`{alpha}` becomes the parameter's default; one without a default stays unknown."""
    defaults = {}
    for parameter in tree.entries(entry, "parameters"):
        default = tree.get(parameter.value, "default")
        if parameter.value.kind == "scalar":  # `alpha: float` names the type alone
            continue
        if default is not None:
            defaults[parameter.key] = tree.text(default)

    def fill(match: re.Match[str]) -> str:
        return defaults.get(match[1], match.group())

    return fill
