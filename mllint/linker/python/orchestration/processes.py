"""Files of the repository that code starts in another process, with their arguments.

subprocess.run([sys.executable, "train.py", "--data", path])
os.system(f"python score.py {day}")
papermill.execute_notebook("eda.ipynb", "out.ipynb", parameters={"DAY": day})
"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.values import Constant, Unknown
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.orchestration import templates


def start_command(call: Invocation) -> Any:
    """`args` or `command`: a command line, as one text or as a list of words."""
    templates.start_files(call.m, {"command": call.get("args|command|0")}, call.at, "process")
    return Unknown(call.origins(), "it is what a process returns", call.span)


def start_notebook(call: Invocation) -> Any:
    """`input_path`, `parameters`: a notebook that runs with parameters."""
    given = {"input_nb": call.get("input_path|0"), "parameters": call.get("parameters")}
    templates.start_files(call.m, given, call.at, "process")
    return Unknown(call.origins(), "it is what a notebook returns", call.span)


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
