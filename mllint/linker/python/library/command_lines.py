"""argparse, and the options that any command declares, with the values that command lines give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mllint.facts.python import At
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, join, join_all, text_of
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
    is_required: bool = False


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
        is_required=call.constant("required", not flags[0].startswith("-")) is True,
    )
    call.m.heap.touch(call.receiver)
    options = call.receiver.slots.setdefault("options", [])
    if not any(o.name == name and o.flags == option.flags for o in options):
        options.append(option)
    return Unknown()


def same_parser(call: Invocation) -> Any:
    """Groups declare arguments of the same command."""
    return call.receiver


def add_subparsers(call: Invocation) -> Any:
    """`commands = parser.add_subparsers(dest="command")`: the first word that is no option names a command."""
    if not isinstance(call.receiver, Cell):
        return Unknown()
    commands = _parser(call, dest=text_of(call.get("dest")) or "", commands={})
    call.m.heap.set(call.receiver, "below", commands)
    return commands


def add_parser(call: Invocation) -> Any:
    """`train = commands.add_parser("train", aliases=["t"])`: arguments of its own, beside those of its parents."""
    name = text_of(call.get("name|0"))
    parser = _parser(call)
    if name and isinstance(call.receiver, Cell) and "commands" in call.receiver.slots:
        aliases = items_of(call.m, call.get("aliases"), call.at).known or () if call.get("aliases") is not None else ()
        call.m.heap.touch(call.receiver)
        for each in (name, *filter(None, map(text_of, aliases))):
            call.receiver.slots["commands"][each] = parser
    return parser


def _parser(call: Invocation, **more: Any) -> Cell:
    assert isinstance(call.receiver, Cell)
    slots = {"type": call.receiver.slots["type"], "class": "", "arguments": call.given, "origins": frozenset(), **more}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def set_defaults(call: Invocation) -> Any:
    if isinstance(call.receiver, Cell):
        call.m.heap.touch(call.receiver)
        call.receiver.slots.setdefault("defaults", {}).update(call.arguments.keywords)
    return Constant(None)


def parse_arguments(call: Invocation) -> Any:
    """The namespace: each argument with what the command in the repository gives, else its default or unknown."""
    m, parser = call.m, call.receiver
    words, is_whole = _words(call)
    entries = _entries(m, parser, words, is_whole, call.at) if isinstance(parser, Cell) else {}
    slots: dict[Any, Any] = {"type": "python.namespace", "class": "Namespace", "arguments": {}, "origins": frozenset()}
    namespace = m.heap.new("object", slots, (m.now.path, call.at))
    namespace.slots.update({("attribute", name): value for name, value in entries.items()})
    namespace.slots["attribute", "__dict__"] = m.heap.new("dict", dict(entries), (m.now.path, call.at))
    return namespace


def _entries(m: Machine, parser: Cell, words: list[str] | None, is_whole: bool, at: At) -> dict[str, Any]:
    """The arguments of a parser and of the command below it that the words name; of each, where none is known."""
    options = _options(m, parser, at)
    below = parser.slots.get("below")
    commands: dict[str, Cell] = below.slots["commands"] if isinstance(below, Cell) else {}
    chosen, own, rest = dict(commands), words, words
    if words is not None and commands:
        place = next((index for index, word in enumerate(words) if word in commands), len(words))
        own, rest = words[:place], words[place + 1 :]
        chosen = {words[place]: commands[words[place]]} if place < len(words) else {} if is_whole else chosen
    told = given(options, own) if own is not None else {}
    entries: dict[str, Any] = {}
    for option in options:
        if option.action not in ("help", "version"):
            is_told = option.name in told
            left_out = default(option, words is not None, is_whole)
            entries[option.name] = converted(m, option, told[option.name]) if is_told else left_out
    entries.update(parser.slots.get("defaults", {}))
    if commands and (name := below.slots["dest"] if isinstance(below, Cell) else ""):
        entries[name] = join_all([Constant(each) for each in chosen]) if chosen else Constant(None)
    found: dict[str, list[Any]] = {}
    for command in chosen.values():
        for name, value in _entries(m, command, rest, is_whole, at).items():
            found.setdefault(name, []).append(value)
    return {**entries, **{name: join_all(values) for name, values in found.items()}}


def _options(m: Machine, parser: Cell, at: At) -> list[Option]:
    """Its own arguments, behind those of `parents=[common]`."""
    parents = parser.slots["arguments"].get("parents") if "arguments" in parser.slots else None
    known = items_of(m, parents, at).known or () if parents is not None else ()
    above = [option for parent in known if isinstance(parent, Cell) and parent is not parser
             for option in parent.slots.get("options", [])]  # fmt: skip
    return [*above, *parser.slots.get("options", [])]


def parse_known(call: Invocation) -> Any:
    return Tuple((parse_arguments(call), Unknown()))


def _words(call: Invocation) -> tuple[list[str] | None, bool]:
    """The words of the command line, given to the call or by the command that runs the file, and whether they are all:
    people may add some to what they have installed."""
    explicit = call.get("args|0")
    if explicit is not None and not (isinstance(explicit, Constant) and explicit.value is None):
        known = items_of(call.m, explicit, call.at).known
        texts = [text_of(word) for word in known] if known is not None else [None]
        words = [text for text in texts if text is not None] if None not in texts else None
        return words, words is not None
    run = call.m.run
    return words_of_run(call.m), run is not None and not run.is_open


def words_of_run(m: Machine) -> list[str] | None:
    """What the command that runs the file gives it; `None` if only people know."""
    return list(m.run.arguments) if m.run is not None else None


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


def default(option: Option, is_run: bool, is_whole: bool = True) -> Any:
    """What an argument is that the command leaves out. Where no command is known, people may give anything; to one that
    is not `is_whole` they give what they must."""
    people = f"the argument `{option.name}` is given by people"
    if option.action in ("store_true", "store_false"):  # people may give it, also where a known command does not
        return Unknown(why=f"the flag `{option.name}` is given by people")
    if option.default is None:
        return Constant(None) if is_run and (is_whole or not option.is_required) else Unknown(why=people)
    return option.default if is_run else join(option.default, Unknown(why=people, is_alternative=True))


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (add_argument, same_parser, add_subparsers, add_parser, set_defaults, parse_arguments, parse_known)
}
