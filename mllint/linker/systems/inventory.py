"""Which Python files can be run, who runs them, and who imports them."""

from __future__ import annotations

from collections.abc import Mapping

from mllint.facts.python import (
    Assign,
    Attribute,
    Call,
    Define,
    DefineClass,
    Evaluate,
    Import,
    ImportFrom,
    Literal,
    Module,
    Name,
    Stmt,
    encode_body,
)  # fmt: skip
from mllint.lineage.observations import Script
from mllint.linker.project import Project
from mllint.source import Span

_ARGUMENT_PARSERS = {
    "argparse", "click", "typer", "fire", "docopt", "absl", "optparse", "getopt", "hydra", "tyro", "simple_parsing",
    "jsonargparse", "cyclopts", "plac", "configargparse",
}  # fmt: skip


def observe(project: Project, importers: Mapping[str, tuple[str, ...]]) -> None:
    """Fill `observations.scripts` and `observations.runners`. `importers` maps a path to the paths that import it."""
    starters: dict[str, set[Span]] = {}
    for run in project.runs:
        starters.setdefault(run.path, set()).add(run.span)
    project.observations.runners = sorted({span for spans in starters.values() for span in spans})
    project.observations.scripts = [
        Script(
            path, facts.lines, is_entry(facts.python), _takes_arguments(facts.python),
            tuple(sorted(starters.get(path, ()))), tuple(sorted(importers.get(path, ()))),
        )
        for path, facts in project.files.items()
        if facts.kind == "python" and facts.python is not None  # notebooks are run by people
    ]  # fmt: skip


def is_entry(module: Module) -> bool:
    return bool(module.cells) or any(map(_does_something, module.body))


def _does_something(statement: Stmt) -> bool:
    """Whether a statement of a module does more than define names: `main()`, a loop, `if __name__ == "__main__"`."""
    match statement:
        case Import() | ImportFrom() | Define() | DefineClass():
            return False
        case Evaluate(value=Literal()):
            return False
        case Evaluate(value=Call(function=function)):
            # `logging.basicConfig()`, `load_dotenv()`, `sys.path.append(...)` prepare a module for others
            return not _is_preparation(function)
        case Assign():
            return False
        case _:
            return True


def _is_preparation(function: object) -> bool:
    match function:
        case Attribute(value=Name(id="logging" | "warnings" | "sys" | "np" | "pd" | "os")):
            return True
        case Attribute(value=Attribute(value=Name(id="sys" | "os"))):
            return True
        case Name(id="load_dotenv" | "setup_logging" | "print"):
            return True
    return False


def _takes_arguments(module: Module) -> bool:
    for statement in module.body:
        match statement:
            case Import(names=names) if any(alias.name.partition(".")[0] in _ARGUMENT_PARSERS for alias in names):
                return True
            case ImportFrom(module=name) if name.partition(".")[0] in _ARGUMENT_PARSERS:
                return True
    # `sys.argv` may stand deep in a function, whose body is encoded: its name is there as it is
    return b"argv" in bytes(encode_body(module.body))
