"""Which Python files can be run, who runs them, and who imports them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import basename, dirname

import msgspec

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
from mllint.linker.systems.start import runs_of
from mllint.source import Span

_ARGUMENT_PARSERS = {
    "argparse", "click", "typer", "fire", "docopt", "absl", "optparse", "getopt", "hydra", "tyro", "simple_parsing",
    "jsonargparse", "cyclopts", "plac", "configargparse",
}  # fmt: skip
_PAGES = {"streamlit", "gradio", "dash", "panel", "chainlit", "nicegui", "shiny", "taipy", "voila", "mesop"}
_SUFFIX = re.compile(rb"\.py(?![A-Za-z0-9_])")
_PATH = re.compile(rb"[A-Za-z0-9_./-]*\Z")
_encode = msgspec.msgpack.Encoder().encode


def observe(project: Project, importers: Mapping[str, tuple[str, ...]]) -> None:
    """Fill `observations.scripts` and `observations.runners`. `importers` maps a path to the paths that import it."""
    starters: dict[str, set[Span]] = {}
    for run in project.runs:
        starters.setdefault(run.path, set()).add(run.span)
    project.observations.runners = sorted({span for spans in starters.values() for span in spans})
    mentioned = _documented(project) | _named_in_code(project)
    project.observations.scripts = [
        Script(
            path, facts.lines, is_entry(facts.python), takes_arguments(facts.python),
            tuple(sorted(starters.get(path, ()))), tuple(sorted(importers.get(path, ()))), path in mentioned,
            not _PAGES.isdisjoint(facts.python.imports),
        )
        for path, facts in project.files.items()
        if facts.kind == "python" and facts.python is not None  # notebooks are run by people
    ]  # fmt: skip


def _documented(project: Project) -> set[str]:
    """What Markdown tells people to run: ``python jobs/train.py``."""
    return {
        run.path
        for facts in project.of_kind("markdown")
        for command in facts.commands
        for run in runs_of(project, command, ["", dirname(facts.path)], facts.path, Span(facts.path, command.line, 1))
    }


def _named_in_code(project: Project) -> set[str]:
    """What a text in Python names by its file: `subprocess.run("python jobs/train.py", shell=True)`, or the usage in a
    docstring. Texts stand in the encoded facts as they are."""
    tails: dict[str, list[str]] = {}
    for path in project.files:
        if path.endswith(".py"):
            tails.setdefault(basename(path), []).append(path)
    found: set[str] = set()
    for facts in project.files.values():
        if facts.python is None:
            continue
        for name in _names(_encode(facts.python)):
            words = name.lstrip("./")
            found.update(path for path in tails.get(basename(words), ()) if f"/{path}".endswith(f"/{words}"))
    return found


def _names(data: bytes) -> set[str]:
    """Every `jobs/train.py` in encoded facts."""
    found = set()
    for suffix in _SUFFIX.finditer(data):
        before = _PATH.search(data, max(suffix.start() - 200, 0), suffix.start())
        found.add((before.group() if before else b"").decode() + ".py")
    return found


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


def takes_arguments(module: Module) -> bool:
    for statement in module.body:
        match statement:
            case Import(names=names) if any(alias.name.partition(".")[0] in _ARGUMENT_PARSERS for alias in names):
                return True
            case ImportFrom(module=name) if name.partition(".")[0] in _ARGUMENT_PARSERS:
                return True
    # `sys.argv` may stand deep in a function, whose body is encoded: its name is there as it is
    return b"argv" in bytes(encode_body(module.body))
