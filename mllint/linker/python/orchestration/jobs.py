"""Steps that wait to be run: what pipelines were put together from, while files were interpreted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mllint.facts.config import Value
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import Class, External, Function
from mllint.linker.python.entries import Entry, name_of, uncalled
from mllint.linker.python.ghosts import GhostFunction
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import assets, dbt, deployments, kedro, sqlmesh
from mllint.linker.python.orchestration.decorated import meaning
from mllint.linker.python.reads import Needed


def composing(m: Machine) -> Iterator[Entry]:
    """Functions that nothing calls and that put a pipeline together: `create_pipeline` of a Kedro project, a function
    under `@flow` or `@dsl.pipeline`. They come before other uncalled functions, since they call steps."""
    entries = [entry for entry in uncalled(m) if _is_composing(m, entry)]
    for entry in sorted(entries, key=lambda entry: not name_of(entry).startswith("register_")):
        m.composing.add(entry.path)
        _, function = entry.function
        if (function.path, function.facts.at) in m.called:
            continue
        given = deployments.parameters_of(m, function)
        if given:
            yield from (
                Entry(f"{entry.name} {i}", entry.path, entry.job, action=_caller(function, each))
                for i, each in enumerate(given)
            )
        elif any(meaning(m, decorator) == "hydra" for decorator in function.decorators):
            yield Entry(entry.name, entry.path, entry.job, action=_caller(function))
        else:
            yield entry


def _caller(function: Function, given: Value | None = None) -> Callable[[Machine], Any]:
    """An entry point that its decorator, or a deployment, gives its arguments."""

    def run(m: Machine) -> None:
        values = deployments.values_of(m, given) if given is not None else {}
        m.call(function, Arguments((), values), function.facts.at)

    return run


def _is_composing(m: Machine, entry: Entry) -> bool:
    if isinstance(entry.function, GhostFunction):
        if entry.function.composes:
            raise Needed([m.ghosts[entry.path].entry])
        return False
    return composes(m, *entry.function)


def composes(m: Machine, owner: Class | None, function: Function) -> bool:
    """Whether a function puts a pipeline together."""
    for decorator in function.decorators:
        if m.library.composes(_name_of(decorator)):
            return True
    if owner is not None or function.decorators:
        return False
    scope = m.module_scope_of(function.scope)
    return any(isinstance(value, External) and m.library.composes(value.name) for value in list(scope.slots.values()))


def _name_of(decorator: object) -> str:
    if isinstance(decorator, External):
        return decorator.name
    return str(getattr(decorator, "slots", {}).get("class", ""))


def started(m: Machine, entries: list[Entry]) -> Iterator[Entry]:
    """Files that tasks start by a command, with its arguments. What was said of such a file when nobody was known to
    start it is taken back, and its entry leaves `entries`. So is what was said of a notebook that others run
    among their own names."""
    included = m.plans.get("run here", {})
    for path in sorted(path for path, by in included.items() if by - included.keys()):
        if m.effects.records.pop(path, None) is not None:
            entries[:] = [entry for entry in entries if entry.name != path]
    for run in sorted(m.plans.get("runs", ()), key=lambda run: (run.path, run.span, run.arguments)):
        file = m.project.files.get(run.path)
        if file is None or file.python is None or run in m.project.runs:
            continue
        m.project.runs.append(run)
        if m.effects.records.pop(run.path, None) is not None:
            entries[:] = [entry for entry in entries if entry.name != run.path]
        yield Entry(f"{run.path}#task{len(m.project.runs)}", run.path, run.path, run)


def waiting(m: Machine) -> list[Entry]:
    """The steps of all pipelines that were put together, producers before consumers where that is known."""
    jobs = [*kedro.jobs(m), *assets.jobs(m), *dbt.jobs(m), *sqlmesh.jobs(m)]
    return [Entry(job.name, job.path, job.path, action=job.run) for job in jobs]
