"""Files of the repository that code starts in another process, with their arguments.

subprocess.run([sys.executable, "train.py", "--data", path])
os.system(f"python score.py {day}")
papermill.execute_notebook("eda.ipynb", "out.ipynb", parameters={"DAY": day})
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from mllint.facts import python as facts
from mllint.linker.project import Run
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, text_of
from mllint.linker.python.iteration import entries_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.widgets import WIDGETS
from mllint.linker.python.machine import DEEPEST_CALL, Machine
from mllint.linker.python.orchestration import templates


def start_command(call: Invocation) -> Any:
    """`args` or `command`: a command line, as one text or as a list of words."""
    templates.start_files(call.m, {"command": call.get("args|command|0")}, call.at, "process")
    return Unknown(call.origins(), "it is what a process returns", call.span)


def start_words(call: Invocation) -> Any:
    """A command line whose words are the arguments."""
    templates.start_files(call.m, {"command": Tuple(tuple(call.arguments.args))}, call.at)
    return Unknown(call.origins(), "it is what a process returns", call.span)


def start_notebook(call: Invocation) -> Any:
    """`input_path`, `parameters`: a notebook that runs with parameters."""
    given = {"input_nb": call.get("input_path|0"), "parameters": call.get("parameters")}
    templates.start_files(call.m, given, call.at, "process")
    return Unknown(call.origins(), "it is what a notebook returns", call.span)


def run_here(call: Invocation) -> Any:
    """`%run ./setup`: that notebook's cells run here, among the names that there are. `command`."""
    m, here = call.m, call.m.now.path
    words = re.findall(r"\"[^\"]*\"|'[^']*'|\S+", text_of(call.get("command")) or "")
    path = _file(m, words[0].strip("'\"")) if words else None
    if path is None or any(activation.path == path for activation in m.stack):
        return Unknown(why="what `%run` names is not known", span=call.span)
    m.imports.importers.setdefault(path, set()).add(here)
    m.imports.note(path, here)
    m.plans.setdefault("run here", {}).setdefault(path, set()).add(m.effects.path)
    m.tracker.file(path)
    if len(m.stack) < DEEPEST_CALL and (module := m.python[path]) is not None:
        with m.activation(m.now.scope, m.now.module_scope, path, m.now.function):
            m.execute(module.body)
    return Constant(None)


def run_notebook(call: Invocation) -> Any:
    """`dbutils.notebook.run("prepare", 600, {"day": day})`: a notebook runs by itself, with `arguments` for its
    widgets. `path`."""
    m, name = call.m, text_of(call.get("path"))
    path = _file(m, name) if name else None
    if path is not None and not m.in_test:
        given, _ = entries_of(call.get("arguments", Constant(None)))
        words = [(key, text) for key, value in given.items() if (text := text_of(value)) and "{" not in text]
        arguments = tuple(word for pair in words for word in pair)
        run = Run(path, arguments, posixpath.dirname(path), m.job, call.span, entry=WIDGETS)
        m.plans.setdefault("runs", {})[run] = None
    return Unknown(call.origins(), "it is what a notebook returns", call.span)


def _file(m: Machine, name: str) -> str | None:
    """The notebook or script that a name means, from the folder of the present one, or from the root of the repository
    in a workspace: `/Repos/me/project/prepare`."""
    parts = name.strip("/").split("/")
    places = [posixpath.join(posixpath.dirname(m.now.path), name)] if not name.startswith("/") else []
    places += ["/".join(parts[index:]) for index in range(len(parts))]
    for place in places:
        for ending in ("", ".ipynb", ".py"):
            path = posixpath.normpath(place + ending)
            if m.python.get(path) is not None:
                return path
    return None


def interpreter(call: Invocation) -> Any:
    """`sys.executable`."""
    return Constant("python")


def with_parameters(body: tuple[facts.Stmt, ...], words: tuple[str, ...]) -> tuple[facts.Stmt, ...]:
    """A notebook as papermill runs it: `-p name value` is assigned after the first value that the notebook itself
    gives the name, or else before everything."""
    given = {words[i + 1]: words[i + 2] for i, word in enumerate(words[:-2]) if word in ("-p", "-r", "--parameters")}
    first = [_assign(name, value) for name, value in given.items()]
    result: list[facts.Stmt] = []
    for statement in body:
        result.append(statement)
        name = _named(statement)
        if name in given:
            result.append(_assign(name, given.pop(name)))
    return (*first, *result)


def _named(statement: facts.Stmt) -> str:
    match statement:
        case facts.Assign(targets=(facts.Name(id=name),), value=value) if value is not None:
            return name
    return ""


def _assign(name: str, text: str) -> facts.Assign:
    return facts.Assign(0, (facts.Name(0, name),), _value(text))


def _value(text: str) -> facts.Expr:
    """`{day}` is a part that only the run knows."""
    if "{" in text:
        return facts.Opaque(0)
    for kind in (int, float):
        try:
            return facts.Literal(0, kind(text))
        except ValueError:
            continue
    words: dict[str, bool | None] = {"True": True, "False": False, "None": None}
    return facts.Literal(0, words.get(text, text))
