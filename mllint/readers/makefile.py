"""Makefiles as simple commands: the recipes of each target, variables filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from mllint.facts.commands import Command
from mllint.readers.shell import commands_of

_ASSIGNMENT = re.compile(r"(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(\?|:{1,3}|\+|!)?=\s*(.*)", re.DOTALL)
_RULE = re.compile(r"([^\s:=#][^:=#]*?)\s*::?(?!=)\s*([^=]*)$", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:\$|\(([^()$]*)\)|\{([^{}$]*)\}|([^({]))", re.DOTALL)
_DIRECTIVE = re.compile(r"\s*-?(?:ifn?eq|ifn?def|else|endif|include|sinclude|vpath|unexport|undefine)\b")
_MAX_DEPTH = 8
_MAX_LENGTH = 4_000
_MAX_EXPANSIONS = 500  # `A = $(A) $(A)` would go on for ever


class _Rule(msgspec.Struct):
    target: str = ""
    prerequisites: tuple[str, ...] = ()


def make_commands(text: str) -> Iterator[Command]:
    """Commands of all recipes. A recipe line has a shell of its own, so that a `cd` ends with it."""
    variables: dict[str, str] = {}
    lines = list(_logical_lines(text))
    one_shell = any(line.startswith(".ONESHELL") for _, line in lines)
    # Make expands a recipe when it runs it, by when every variable has its last value.
    for _, line in lines:
        if not line.startswith("\t"):
            _assign(line, variables)
    rule, recipe = _Rule(), list[tuple[int, str]]()
    for number, line in lines:
        if line.startswith("\t"):
            recipe.append((number, line[1:]))
            continue
        if not line.strip() or line.lstrip().startswith("#") or _DIRECTIVE.match(line):
            continue
        yield from _recipe(rule, recipe, variables, one_shell)
        rule, recipe = _rule(line, variables), []
    yield from _recipe(rule, recipe, variables, one_shell)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, continued ones joined; `define` blocks left out."""
    number, parts, inside_define = 1, list[str](), False
    for index, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not parts:
            number = index
        if inside_define or line.startswith("define "):
            inside_define = not line.startswith("endef")
            continue
        parts.append(line)
        if not line.endswith("\\"):
            yield number, "\n".join(parts)
            parts = []
    if parts:
        yield number, "\n".join(parts)


def _assign(line: str, variables: dict[str, str]) -> None:
    match = _ASSIGNMENT.fullmatch(line.strip())
    if match is None:
        return
    name, operator, value = match[1], match[2] or "", _flat(match[3])
    if operator == "?" and name in variables:
        return
    if operator == "+":
        value = f"{variables.get(name, '')} {value}".strip()
    elif operator == "!":
        value = "{output}"
    variables[name] = expand(value, variables) if operator.startswith(":") else value[:_MAX_LENGTH]


def _flat(value: str) -> str:
    without_comment = re.split(r"(?<!\\)#", value, maxsplit=1)[0]
    return re.sub(r"\s*\\\n\s*", " ", without_comment).strip()


def _rule(line: str, variables: Mapping[str, str]) -> _Rule:
    match = _RULE.match(line)
    if match is None or _ASSIGNMENT.fullmatch(line.strip()):
        return _Rule()
    targets = expand(_flat(match[1]), variables).split()
    prerequisites, _, _ = expand(_flat(match[2]), variables).partition("|")
    return _Rule(targets[0] if targets else "", tuple(prerequisites.split()))


def _recipe(
    rule: _Rule, recipe: list[tuple[int, str]], variables: Mapping[str, str], one_shell: bool
) -> Iterator[Command]:
    if one_shell and recipe:
        recipe = [(recipe[0][0], "\n".join(line for _, line in recipe))]
    stem = "{stem}"
    own = {"@": rule.target, "<": next(iter(rule.prerequisites), "{<}"), "^": " ".join(rule.prerequisites), "*": stem}
    own = {name: value.replace("%", stem) for name, value in own.items()}
    for number, line in recipe:
        # `\` joins lines within the recipe, whose tab is then no part of the command
        text = re.sub(r"^[@+-]+\s*", "", line.lstrip()).replace("\\\n\t", "\\\n")
        yield from commands_of(expand(text, {**variables, **own}), number, "", {}, rule.target)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` by its value; `$$` becomes the shell's `$`; functions and unknown names become `{NAME}`."""
    result = _expand(text, variables, 0, [_MAX_EXPANSIONS])
    # what is left are calls around others, as in `$(shell echo $(X))`, whose insides are filled by now
    return re.sub(r"\$\((\w+)[^()$]*\)", r"{\1}", result)[:_MAX_LENGTH]


def _expand(text: str, variables: Mapping[str, str], depth: int, budget: list[int]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        if name is None:
            return "$" if match.group() == "$$" else match.group()
        budget[0] -= 1
        if name in variables and depth < _MAX_DEPTH and budget[0] > 0:
            return _expand(variables[name], variables, depth + 1, budget)
        if (place := _own_place(name)) is not None:
            return place
        return "{" + re.split(r"[\s,:]", name, maxsplit=1)[0] + "}"

    return _REFERENCE.sub(value, text)[:_MAX_LENGTH]


def _own_place(name: str) -> str | None:
    if name in ("CURDIR", "PWD", "shell pwd"):
        return "."
    return "{root}" if name.startswith("shell git rev-parse --show-toplevel") else None
