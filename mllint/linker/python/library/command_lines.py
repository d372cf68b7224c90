"""argparse, and the options that any command declares, with the values that command lines give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, join, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


class Option(msgspec.Struct, frozen=True):
    """One declared argument. `flags` are its spellings; a positional one has none."""

    name: str
    flags: tuple[str, ...]
    default: Any
    action: str
    convert: Any
    many: bool


def add_argument(call: Invocation) -> Any:
    """`parser.add_argument("--x", default=..., dest=..., action=..., type=..., nargs=...)`."""
    flags = tuple(text for argument in call.arguments.args if (text := text_of(argument)))
    if not flags or not isinstance(call.receiver, Cell):
        return Unknown()
    long = next((flag for flag in flags if flag.startswith("--")), flags[0])
    name = text_of(call.get("dest")) or long.lstrip("-").replace("-", "_")
    action = call.constant("action", "store")
    option = Option(
        name,
        flags if flags[0].startswith("-") else (),
        call.get("default"),
        str(action),
        call.get("type"),
        call.constant("nargs") in ("+", "*"),
    )
    call.m.heap.touch(call.receiver)
    options = call.receiver.slots.setdefault("options", [])
    if not any(o.name == name and o.flags == option.flags for o in options):
        options.append(option)
    return Unknown()


def same_parser(call: Invocation) -> Any:
    """Groups and sub-parsers declare arguments of the same command."""
    return call.receiver


def set_defaults(call: Invocation) -> Any:
    if isinstance(call.receiver, Cell):
        call.m.heap.touch(call.receiver)
        call.receiver.slots.setdefault("defaults", {}).update(call.arguments.keywords)
    return Constant(None)


def parse_arguments(call: Invocation) -> Any:
    """The namespace: each argument with what the command in the repository gives, else its default or unknown."""
    m, parser = call.m, call.receiver
    options = parser.slots.get("options", []) if isinstance(parser, Cell) else []
    words = _words(call)
    told = given(options, words) if words is not None else {}
    slots: dict[Any, Any] = {"type": "python.namespace", "class": "Namespace", "arguments": {}, "origins": frozenset()}
    namespace = m.heap.new("object", slots, (m.now.path, call.at))
    entries: dict[Any, Any] = {}
    for option in options:
        if option.action in ("help", "version"):
            continue
        is_told = option.name in told
        value = converted(m, option, told[option.name]) if is_told else default(option, words is not None)
        entries[option.name] = value
        namespace.slots["attribute", option.name] = value
    for name, value in (parser.slots.get("defaults", {}) if isinstance(parser, Cell) else {}).items():
        namespace.slots["attribute", name] = value
        entries[name] = value
    inner = m.heap.new("dict", entries, (m.now.path, call.at))
    namespace.slots["attribute", "__dict__"] = inner
    return namespace


def parse_known(call: Invocation) -> Any:
    return Tuple((parse_arguments(call), Unknown()))


def _words(call: Invocation) -> list[str] | None:
    """The words of the command line: given to the call, or by the command that runs the file."""
    explicit = call.get("args|0")
    if explicit is not None and not (isinstance(explicit, Constant) and explicit.value is None):
        known = items_of(call.m, explicit, call.at).known
        texts = [text_of(word) for word in known] if known is not None else [None]
        return [text for text in texts if text is not None] if None not in texts else None
    return list(call.m.run.arguments) if call.m.run is not None else None


def given(options: list[Option], words: list[str]) -> dict[str, list[str]]:
    """What a command line gives to each argument."""
    by_flag = {flag: option for option in options for flag in option.flags}
    positional = [option for option in options if not option.flags]
    result: dict[str, list[str]] = {}
    index = 0
    while index < len(words):
        word, _, value = words[index].partition("=")
        option = by_flag.get(word)
        index += 1
        if option is not None:
            if option.action.startswith(("store_true", "store_false", "store_const", "count")):
                result[option.name] = []
            elif "=" in words[index - 1]:
                result[option.name] = [value]
            else:
                count = 0
                while index < len(words) and not words[index].startswith("--") and (count == 0 or option.many):
                    result.setdefault(option.name, []).append(words[index])
                    index += 1
                    count += 1
        elif not word.startswith("-") and positional:
            result[positional[0].name] = [*result.get(positional[0].name, []), words[index - 1]]
            if not positional[0].many:
                positional = positional[1:]
    return result


def converted(m: Machine, option: Option, words: list[str]) -> Any:
    if option.action == "store_true":
        return Constant(True)
    if option.action == "store_false":
        return Constant(False)
    values = [texts.word(text) for text in words]
    if option.convert is not None:
        values = [m.call(option.convert, Arguments((value,)), 0) for value in values]
    if option.many:
        return m.heap.new("list", {"items": tuple(values)})
    return values[0] if values else Unknown()


def default(option: Option, is_run: bool) -> Any:
    """What an argument is that the command leaves out. Where no command is known, people may give anything."""
    default = option.default
    if option.action in ("store_true", "store_false"):
        return Unknown(
            why=f"the flag `{option.name}` is given by people"
        )  # people may give it, also where a known command does not
    if default is None:
        return Constant(None) if is_run else Unknown(why=f"the argument `{option.name}` is given by people")
    return (
        default
        if is_run
        else join(default, Unknown(why=f"the argument `{option.name}` is given by people", is_alternative=True))
    )


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function for function in (add_argument, same_parser, set_defaults, parse_arguments, parse_known)
}
