"""Magics of notebooks. They become calls that the linker knows, on the same line, so that places stay right:

%run ./prepare.py --fast    from prepare import *
%run ./prepare              __run__("./prepare")
!python train.py data       __shell__("python train.py data")
files = !ls data            files = __shell__("ls data")
%%bash / %%sql / %%writefile    __shell__("...") / __sql__("...") / nothing
"""

from __future__ import annotations

import re

from mllint.readers.grammar import parse

_LINE_MAGIC = re.compile(r"^(\s*)(?:(\w[\w, ]*=\s*))?([%!])(?!=)(.*)$")
# what notebooks run without a mark, where the line is no Python: `pip install pandas`
_UNMARKED = re.compile(r"^\s*(?:pip3?|conda|mamba|cd|ls|mkdir|cp|mv|rm|cat|pwd)(?: +[\w./~*-].*)?$", re.MULTILINE)
_SHELL_CELLS = ("bash", "sh", "script", "shell")


def without_magics(source: str) -> str:
    """The Python of a cell, line by line where it was."""
    stripped = source.lstrip()
    if stripped.startswith("%%"):
        first, _, rest = stripped.partition("\n")
        words = first[2:].split()
        name = words[0] if words else ""
        skipped = source[: len(source) - len(stripped)].count("\n")
        if name in _SHELL_CELLS:
            return "\n" * skipped + f"__shell__({rest!r})"
        if name == "sql":
            return "\n" * skipped + f"__sql__({rest!r})"
        if name in ("time", "timeit", "capture", "prun"):
            return "\n" * (skipped + 1) + without_magics(rest)
        return ""
    is_marked = "%" in source or "!" in source or "?" in source
    if not (is_marked or _UNMARKED.search(source)) or _is_plain(source):
        return source
    return "\n".join(map(_without_line_magic, source.split("\n")))


def _is_plain(source: str) -> bool:
    """Whether a cell is Python as it stands: a line that begins with `%` may lie in a text or a longer expression."""
    try:
        parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _without_line_magic(line: str) -> str:
    hit = _LINE_MAGIC.match(line)
    if hit is None and _UNMARKED.match(line) and not _is_plain(line.strip()):
        return f"{line[: len(line) - len(line.lstrip())]}__shell__({line.strip()!r})"
    if hit is None:
        is_help = line.lstrip().startswith("?") or (
            line.rstrip().endswith("?") and "#" not in line and '"' not in line and "'" not in line
        )
        return "" if is_help else line
    indent, target, mark, rest = hit.group(1), hit.group(2) or "", hit.group(3), hit.group(4)
    if mark == "!":
        return f"{indent}{target}__shell__({rest.strip('!').strip()!r})"
    name, _, argument = rest.partition(" ")
    if name == "run":
        return f"{indent}{_run(argument.strip())}"
    if name in ("time", "timeit") and argument:
        return f"{indent}{argument.strip()}"
    if name == "sql":
        return f"{indent}{target}__sql__({argument.strip()!r})"
    return f"{indent}{target}None" if target else f"{indent}pass"


def _run(command: str) -> str:
    """`%run ./utils/setup.py`: whatever that file binds is there afterwards, as after an import of all its names. One
    without `.py` may be a notebook."""
    path = command.partition(" ")[0].strip("'\"")
    names = [part for part in path.removesuffix(".py").split("/") if part not in (".", "..", "")]
    if not path.endswith(".py") or not names or not all(map(str.isidentifier, names)):
        return f"__run__({command!r})"
    return f"from {'.'.join(names)} import *"
