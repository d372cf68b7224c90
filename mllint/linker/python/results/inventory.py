"""What there is besides data flow: imports, definitions, branches that settings decide."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage.observations import Branch, Setting
from mllint.linker.project import Project
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.alternatives import Alternatives, written_at
from mllint.linker.python.results.bailing import is_no_experiment
from mllint.source import Span

_encode = msgspec.msgpack.Encoder().encode


def imported_modules(project: Project) -> dict[str, tuple[str, ...]]:
    """Top-level names of the modules that each Python file imports."""
    return {file.path: file.python.imports for file in project.with_python() if file.python is not None}


def observe(project: Project, m: Machine) -> None:
    """What the interpreter saw, and what its library models say, of scripts and branches."""
    notebooks = project.of_kind("python", "notebook")
    project.observations.notebooks = sorted(
        f.path for f in notebooks if f.kind == "notebook" or (f.python is not None and f.python.has_cells)
    )
    observe_hosts(project, m)
    observe_branches(project, m)


def observe_hosts(project: Project, m: Machine) -> None:
    """A file that imports a scheduler's library is started by it: a DAG of Airflow, a page of Streamlit."""
    imported = imported_modules(project)
    project.observations.scripts = [
        msgspec.structs.replace(
            script, is_mentioned=script.is_mentioned or bool(m.library.hosts & {*imported[script.path]})
        )
        for script in project.observations.scripts
    ]


def observe_branches(project: Project, m: Machine) -> None:
    """Branches whose outcome is the same for every value that a setting takes."""
    alternatives = Alternatives(project)
    made = {edge.target.removeprefix("file:") for edge in project.graph.edges() if edge.strength != "declared"}
    made |= {access.id.removeprefix("file:") for access in project.observations.accesses if not access.is_read}
    for (path, at), outcomes in sorted(m.branches.items(), key=lambda item: item[0]):
        settings = outcomes.settings
        if len(outcomes.known) != 1 or None in outcomes.known or not settings:
            continue
        statement = _statement(m.python[path], at)
        if statement is None:
            continue
        outcome = True in outcomes.known
        dead = statement.otherwise if outcome else statement.then
        if not dead:
            continue
        if any(map(alternatives.has, settings)):
            continue  # `conf/pipeline/prod.yaml` beside `local.yaml`: whoever starts it chooses
        if any(place.path in made or _lies_with_results(place.path, made) for place in settings):
            continue  # `json.dump(registry, ...)`: what a job writes may be anything tomorrow
        span = m.span(statement.test.at, path)
        first, last = m.span(dead[0].at, path), m.span(dead[-1].at, path)
        cut = Span(path, first.line, first.column, last.end_line, last.end_column, first.cell)
        found = {place: written_at(project, place) for place in sorted(settings)}
        keys = [keys for keys, _ in filter(None, found.values())]
        if len(set(keys)) > 1 and _is_order(statement.test):
            continue  # a number that is computed from several: it is none of them
        values = tuple(Setting(each[1] if each else None, place) for place, each in found.items())
        project.observations.branches.append(
            Branch(
                span,
                written(_subject(statement.test, {str(each[-1]) for each in keys if each})),
                written(statement.test),
                outcome,
                values,
                (cut,),
                cut.end_line - cut.line + 1,
                is_no_experiment(m, dead, outcome, all(setting.value is True for setting in values)),
            )
        )


def _lies_with_results(path: str, made: set[str]) -> bool:
    """`models/best_params.json` beside models that jobs save: some job wrote it, though which one is not followed."""
    folder = posixpath.dirname(path)
    return path.endswith(".json") and bool(folder) and any(posixpath.dirname(other) == folder for other in made)


def _statement(node: Any, at: facts.At) -> facts.If | None:
    """The `if` at a place of a module."""
    if isinstance(node, facts.If) and node.at == at:
        return node
    if isinstance(node, facts.Function):
        return _statement(facts.body_of(node), at)
    if isinstance(node, msgspec.Struct):
        node = tuple(getattr(node, name) for name in node.__struct_fields__)
    parts = node if isinstance(node, tuple) else ()
    return next((found for part in parts if (found := _statement(part, at)) is not None), None)


def _is_order(test: facts.Expr) -> bool:
    return isinstance(test, facts.Compare) and not {"<", "<=", ">", ">="}.isdisjoint(test.operators)


def _subject(test: facts.Expr, names: set[str]) -> facts.Expr:
    """What a test asks about: `params["model"]` of `params["model"] == "forest"`. Of several tests it is the one that
    speaks of the setting by its name: `enabled` of `not enabled or not rows`."""
    match test:
        case facts.Unary(operator="not", operand=operand):
            return _subject(operand, names)
        case facts.Logical(values=values):
            known = [value for value in values if not names.isdisjoint(re.findall(r"\w+", written(value)))]
            return _subject(known[0], names) if len(known) == 1 else test
        case facts.Compare(left=facts.Literal(), rights=(right,)):
            return right
        case facts.Compare(left=left):
            return left
    return test
