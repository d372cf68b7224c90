"""Shell text as simple commands: what is started, with which words, in which folder.

Not a shell: it follows straight-line assignments, `cd`, loops over literal words, and both sides of a condition.
Anything that is known only when it runs becomes `{NAME}` in a word.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

import msgspec

from mllint.facts.commands import Command
from mllint.readers.secrets import masked, masked_pairs
from mllint.readers.shell_words import Token, Word, tokenize

MAX_COMMANDS = 4_000
_MAX_ROUNDS = 50
_MAX_NESTING = 4
_MAX_LENGTH = 4_000  # of a variable's value
_MAX_EXPORTS = 60
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_OPENING = {"if", "then", "else", "elif", "while", "until", "do", "!", "time", "{", "coproc"}
_CLOSING = {"fi", "done", "esac", "}"}
_DECLARING = {"export", "local", "declare", "readonly", "typeset"}
_SHELLS = {"sh", "bash", "zsh", "dash", "ksh"}


class _State(msgspec.Struct):
    folder: str | None
    variables: dict[str, str]
    exported: dict[str, str]
    branches: list[_Branch] = []


class _Branch(msgspec.Struct):
    """What held before an `if` or `case` that is still open, and whether it has more than one way."""

    folder: str | None
    variables: dict[str, str]
    assigned: set[str]
    ways: int = 1


def commands_of(
    text: str, line: int, folder: str | None, variables: Mapping[str, str], origin: str = "", nesting: int = 0
) -> Iterator[Command]:
    """The simple commands of shell text that begins at `line`, run in `folder`, in order."""
    state = _State(folder, dict(variables), {})
    yield from _run(list(tokenize(text, line)), state, origin, nesting)


def _run(tokens: list[Token], state: _State, origin: str, nesting: int) -> Iterator[Command]:
    ends = _loop_ends(tokens)
    index, words, saved = 0, list[Word](), list[tuple[str | None, dict[str, str]]]()
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if isinstance(token, Word):
            if not words and token.plain in _OPENING | _CLOSING:
                _branch(token.plain, state)
                continue
            if not words and token.plain == "case":
                state.branches.append(_Branch(state.folder, dict(state.variables), set(), 2))
            if not words and token.plain == "for" and (end := ends.get(index - 1)) and nesting < _MAX_NESTING:
                loop = tokens[index:end]
                index = end + 1
                yield from _rounds(loop, state, origin, nesting)
                continue
            words.append(token)
            continue
        if token.text == ")" and not saved:
            words = []  # the pattern of a `case`
        yield from _simple(words, state, origin, nesting)
        words = []
        if token.text == "(":
            saved.append((state.folder, dict(state.variables)))
        elif token.text == ")" and saved:
            state.folder, state.variables = saved.pop()
    yield from _simple(words, state, origin, nesting)


def _rounds(loop: list[Token], state: _State, origin: str, nesting: int) -> Iterator[Command]:
    """`NAME in ITEMS; do BODY`: the commands of the body for each item."""
    head = _items(loop)
    name, items = head or ("", [])
    begin = next((index for index, token in enumerate(loop) if not isinstance(token, Word)), len(loop))
    values = [value for item in items[:_MAX_ROUNDS] for value in item.expand(state.variables)]
    for value in values[:_MAX_ROUNDS] or ["{" + name + "}"]:
        if name:
            state.variables[name] = value
        yield from _run(loop[begin:], state, origin, nesting + 1)


def _branch(keyword: str, state: _State) -> None:
    """Keep what is assigned in one way of a condition from being taken for certain after it."""
    if keyword == "if":
        state.branches.append(_Branch(state.folder, dict(state.variables), set()))
    elif keyword in ("else", "elif", "fi", "esac") and state.branches:
        before = state.branches[-1]
        changed = {name for name, value in state.variables.items() if before.variables.get(name) != value}
        before.assigned |= changed
        if keyword in ("else", "elif"):
            before.ways += 1
            state.folder, state.variables = before.folder, dict(before.variables)
            return
        state.branches.pop()
        for name in sorted(before.assigned):
            # `if [ -z "$DATA" ]; then DATA=data/raw; fi` gives a default, as `${DATA:-data/raw}` does
            if before.ways > 1 or name in before.variables:
                state.variables[name] = "{" + name + "}"
        if state.folder != before.folder:
            state.folder = None


def _loop_ends(tokens: list[Token]) -> dict[int, int]:
    """The index of the `done` of each loop, by the index of its first word."""
    ends: dict[int, int] = {}
    open_loops: list[int] = []
    at_start = True
    for index, token in enumerate(tokens):
        plain = token.plain if isinstance(token, Word) and at_start else ""
        if plain in ("for", "while", "until", "select"):
            open_loops.append(index)
        elif plain == "done" and open_loops:
            ends[open_loops.pop()] = index
        at_start = not isinstance(token, Word) or plain in _OPENING
    return ends


def _items(head: list[Token]) -> tuple[str, list[Word]] | None:
    """Name and items of `NAME in ITEMS`; none if that is not what it says."""
    words = [token for token in takewhile(lambda token: isinstance(token, Word), head) if isinstance(token, Word)]
    if len(words) < 2 or words[1].plain != "in":
        return None
    return words[0].plain, words[2:]


def _simple(words: list[Word], state: _State, origin: str, nesting: int) -> Iterator[Command]:
    """One simple command: assignments before it, then its words."""
    if not words:
        return
    yield from _substituted(words, state, origin, nesting)
    prefix: dict[str, str] = {}
    rest = list(words)
    while rest and _ASSIGNMENT.match(rest[0].head):
        name, value = _assigned(rest.pop(0), state.variables)
        prefix[name] = value
    if not rest:
        state.variables.update(prefix)
        return
    expanded = tuple(piece for word in rest for piece in word.expand(state.variables))
    if not expanded:
        return
    first = rest[0]
    match expanded[0]:
        case "case" | "select" | "function":
            pass
        case "cd" | "pushd":
            state.folder = _changed(state.folder, expanded[1:])
        case name if name in _DECLARING:
            for word in rest[1:]:
                if _ASSIGNMENT.match(word.head):
                    key, value = _assigned(word, state.variables)
                    state.variables[key] = value
                    _export(state, key)
                elif word.plain in state.variables:
                    _export(state, word.plain)
        case name if posixpath.basename(name) in _SHELLS and (inner := _script_of(expanded)) is not None:
            if nesting < _MAX_NESTING:
                yield from commands_of(inner, first.line, state.folder, {}, origin, nesting + 1)
        case _:
            environment = masked_pairs(state.exported | prefix)
            words_without_secrets = tuple(map(masked, expanded))
            yield Command(words_without_secrets, first.line, first.column, state.folder, origin, environment)


def _export(state: _State, name: str) -> None:
    if len(state.exported) < _MAX_EXPORTS:
        state.exported[name] = state.variables[name]


def _substituted(words: list[Word], state: _State, origin: str, nesting: int) -> Iterator[Command]:
    """The commands inside `$(...)`, which run as well: `score=$(python score.py data.csv)`."""
    if nesting >= _MAX_NESTING:
        return
    for word in words:
        for text, line in word.substitutions:
            yield from commands_of(text, line, state.folder, state.variables, origin, nesting + 1)


def _assigned(word: Word, variables: Mapping[str, str]) -> tuple[str, str]:
    name, _, value = word.expand_one(variables).partition("=")
    if name.endswith("+"):
        name = name[:-1]
        value = variables.get(name, "") + value
    # `A=$B$B; B=$A$A; ...` doubles at each line
    return name, value if len(value) <= _MAX_LENGTH else "{" + name + "}"


def _script_of(words: tuple[str, ...]) -> str | None:
    """The text of `bash -lc "text"`."""
    for index, word in enumerate(words[1:-1], 1):
        if re.fullmatch(r"-[a-z]*c", word):
            return words[index + 1]
        if not word.startswith("-"):
            break
    return None


def _changed(folder: str | None, arguments: tuple[str, ...]) -> str | None:
    """The folder after `cd`. `~`, `-` and unknown variables lead to an unknown place."""
    target = next((word for word in arguments if not word.startswith("-") or word == "-"), "~")
    if target in ("-", "~") or target.startswith("~/"):
        return None
    if target.startswith(("{script}", "{root}", "/")):
        return normal(target)
    if folder is None or "{" in target:
        return None
    return normal(posixpath.join(folder, target))


def normal(path: str) -> str:
    """A normal path; the starting folder itself is the empty text, and `{script}/..` stays what it is."""
    head, _, rest = path.partition("/")
    if head in ("{script}", "{root}"):
        rest = normal(rest)
        return f"{head}/{rest}" if rest else head
    result = posixpath.normpath(path)
    return "" if result == "." else result
