"""CI: the commands of GitHub, GitLab, CircleCI, Azure, Bitbucket and CodeBuild pipelines, and of Procfiles."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from mllint.facts.commands import Command
from mllint.facts.config import Value
from mllint.linker.project import Project, Run
from mllint.linker.systems import tree
from mllint.linker.systems.start import runs_of
from mllint.readers.commands import split_commands
from mllint.source import Span

_SCRIPTS = ("before_script", "script", "after_script")


def runs(project: Project) -> Iterator[Run]:
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            by = _kind(facts.path, document)
            for job, text, folder, environment in _steps(facts.path, document):
                for run in _runs(project, facts.path, job, text, folder, environment):
                    yield msgspec.structs.replace(run, by=by)


def _kind(path: str, root: Value) -> str:
    """A Procfile tells which services run. A workflow with a timetable runs for what it makes; one that changes start
    as well is a test that is also run now and then."""
    if posixpath.basename(path).lower() == "procfile":
        return "service"
    events = {entry.key for entry in tree.entries(root, "on")}
    return "stage" if "schedule" in events and not events & {"push", "pull_request"} else "job"


_Step = tuple[str, Value, str, dict[str, str]]  # job, text, folder, environment


def _steps(path: str, root: Value) -> Iterator[_Step]:
    name = posixpath.basename(path)
    if "/.github/workflows/" in "/" + path or name in ("action.yml", "action.yaml"):
        yield from _github(root)
    elif name.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml")):
        yield from _gitlab(root)
    elif "/.circleci/" in "/" + path:
        yield from _circle(root)
    elif name.startswith(("azure-pipelines", "bitbucket-pipelines")) or "/.azure" in "/" + path:
        yield from _anywhere(root)
    elif name.startswith(("buildspec", "codebuild")) and tree.get(root, "phases") is not None:
        yield from _codebuild(root)
    elif name.lower() == "procfile":
        yield from ((entry.key, entry.value, "", {}) for entry in root.entries if entry.value.kind == "scalar")


def _github(root: Value) -> Iterator[_Step]:
    everywhere = _variables(tree.get(root, "env"))
    default = tree.text(root, "defaults", "run", "working-directory")
    jobs = [(entry.key, entry.value) for entry in tree.entries(root, "jobs")]
    if (composite := tree.get(root, "runs")) is not None:
        jobs.append(("action", composite))
    for job, body in jobs:
        job_folder = tree.text(body, "defaults", "run", "working-directory") or default
        job_variables = everywhere | _variables(tree.get(body, "env"))
        for step in tree.items(body, "steps"):
            script = tree.get(step, "run")
            if script is not None and script.kind == "scalar":
                folder = tree.text(step, "working-directory") or job_folder
                yield job, script, folder, job_variables | _variables(tree.get(step, "env"))


def _gitlab(root: Value) -> Iterator[_Step]:
    everywhere = _variables(tree.get(root, "variables"))
    for entry in root.entries:
        variables = everywhere | _variables(tree.get(entry.value, "variables"))
        bodies = [tree.get(entry.value, key) for key in _SCRIPTS]
        if entry.key in _SCRIPTS:
            bodies = [entry.value]
        for body in bodies:
            for item in tree.items(body):
                for line in item.items or (item,):  # `!reference` and anchors give lists within lists
                    yield entry.key, line, "", variables


def _circle(root: Value) -> Iterator[_Step]:
    for section in ("commands", "jobs"):
        for entry in tree.entries(root, section):
            folder = tree.text(entry.value, "working_directory").removeprefix("~/project").lstrip("/")
            for mapping in tree.mappings(entry.value):
                script = tree.get(mapping, "run")
                if script is not None:
                    command = script if script.kind == "scalar" else tree.get(script, "command")
                    own = tree.text(script, "working_directory") if script.kind == "mapping" else ""
                    if command is not None:
                        yield entry.key, command, own or folder, _variables(tree.get(script, "environment"))


def _codebuild(root: Value) -> Iterator[_Step]:
    """AWS CodeBuild: `phases: {build: {commands: [...]}}`."""
    variables = _variables(tree.get(root, "env", "variables"))
    for phase in tree.entries(root, "phases"):
        for key in ("commands", "finally"):
            for line in tree.items(phase.value, key):
                yield phase.key, line, "", variables


def _anywhere(root: Value) -> Iterator[_Step]:
    for mapping in tree.mappings(root):
        for key in ("script", "bash", "pwsh"):
            for item in tree.items(mapping, key):
                name = tree.text(mapping, "displayName") or tree.text(mapping, "name")
                yield name, item, tree.text(mapping, "workingDirectory"), {}


def _variables(value: Value | None) -> dict[str, str]:
    return {entry.key: tree.text(entry.value) for entry in value.entries} if value is not None else {}


def _runs(project: Project, path: str, job: str, script: Value, folder: str, given: dict[str, str]) -> Iterator[Run]:
    start = "" if folder in (".", "./") or "{" in folder or "$" in folder else posixpath.normpath(folder or ".")
    for command, at in _commands(path, script, given):
        yield from runs_of(project, command, ["" if start == "." else start], f"{path}:{job}" if job else path, at)


def commands(project: Project) -> Iterator[tuple[str, Span, Command]]:
    """Every command of every step, with its file and place."""
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            for _, text, _, environment in _steps(facts.path, document):
                for command, at in _commands(facts.path, text, environment):
                    yield facts.path, at, command


def _commands(path: str, script: Value, given: dict[str, str]) -> Iterator[tuple[Command, Span]]:
    # an expression of the CI system (`${{ secrets.X }}`) is known to it alone
    variables = {name: value for name, value in given.items() if "{{" not in value and "$" not in value}
    for command in split_commands(tree.text(script), tree.first_line(script), "", variables):
        merged = tuple((variables | dict(command.environment)).items())
        at = Span(path, command.line, 1) if script.end_line > script.line else tree.span(path, script)
        yield msgspec.structs.replace(command, environment=merged), at
