"""Which files import which, and what starts them: commands, stages, containers, schedulers, routes."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.lineage.observations import Import, Start
from mllint.linker.project import Project, Run
from mllint.linker.python.machine import Machine
from mllint.source import Span

_PARAMETERS = ("-p", "-r", "-f", "-y", "-b", "--parameters", "--parameters_raw", "--parameters_file")


def observe_starts(project: Project, m: Machine) -> None:
    """Fill in `starts` and `imports`. Routes must have been observed."""
    starts = {Start(run.path, run.span, by, _is_parametrised(run)) for run in project.runs for by in _by(project, run)}
    starts |= {Start(route.span.path, route.span, "service") for route in project.observations.routes}
    imports: set[Import] = set()
    for file in project.of_kind("python", "notebook"):
        if file.python is None:
            continue
        imports.update(_imports(m, file))
        if file.kind == "python":
            starts.update(_scheduled(m, file, file.python))
    project.observations.starts = sorted(starts, key=lambda start: (start.path, start.span, start.by))
    project.observations.imports = sorted(imports, key=lambda each: (each.span, each.target))


def _by(project: Project, run: Run) -> set[str]:
    """A command of a shell script belongs to whatever calls that script."""
    return (run.by == "command" and project.shells.get(run.span.path)) or {run.by}


def _is_parametrised(run: Run) -> bool:
    return run.entry == "papermill" and any(word in _PARAMETERS for word in run.arguments)


def _scheduled(m: Machine, file: FileFacts, module: facts.Module) -> Iterator[Start]:
    """A file that imports a scheduler's library holds a pipeline that the scheduler runs."""
    for statement in module.imported:
        if not m.library.schedules.isdisjoint(_top_level(statement)):
            yield Start(file.path, m.span(statement.at, file.path), "dag")
            return


def _top_level(statement: facts.Import | facts.ImportFrom) -> list[str]:
    if isinstance(statement, facts.Import):
        return [alias.name.partition(".")[0] for alias in statement.names]
    return [] if statement.level else [statement.module.partition(".")[0]]


def _imports(m: Machine, file: FileFacts) -> Iterator[Import]:
    if file.python is None:
        return
    extended = file.path in m.imports.extending
    for statement in file.python.imported:
        span: Span | None = None
        for dotted in _names(m, file.path, statement):
            path = m.imports.path_of(dotted, file.path)
            if path is None or path == file.path or path.endswith("/"):  # a folder without code says nothing
                continue
            # `import evaluate` is hardly `notebooks/evaluate.py` for `service/app.py`, which knows nothing of notebooks
            if extended or "." in dotted or file.path.startswith(f"{dirname(path)}/".lstrip("/")):
                span = span or m.span(statement.at, file.path)
                yield Import(span, path)


def _names(m: Machine, importer: str, statement: facts.Import | facts.ImportFrom) -> list[str]:
    """The modules that an import names: `from package import module` means the module."""
    if isinstance(statement, facts.Import):
        return [alias.name for alias in statement.names]
    dotted = m.imports.absolute(statement.module, statement.level, importer)
    parts = [f"{dotted}.{alias.name}" if dotted else alias.name for alias in statement.names]
    within = [part for part in parts if m.imports.path_of(part, importer) is not None]
    return within if len(within) == len(parts) or not dotted else [dotted, *within]
