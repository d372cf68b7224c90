"""configparser: sections and options of INI files, with what they say of each other.

[paths]
root = data                         parser = ConfigParser()
trips = %(root)s/trips.csv          parser.read("config.ini")
                                    parser["paths"]["trips"], parser.get("paths", "trips", fallback="x.csv")
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, text_of
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library import config
from mllint.linker.python.library.invocation import Invocation

_REFERENCE = re.compile(r"%\((\w+)\)s|\$\{(?:(\w+):)?(\w+)\}")
_DEEPEST = 5  # references to references


def parser_read(call: Invocation) -> Any:
    """`files`: the sections of each go into the receiver; later ones win."""
    m, files = call.m, call.get("files")
    many = items_of(m, files, call.at).known if isinstance(files, Tuple | Cell) and _is_several(files) else None
    for file in many if many is not None else [files]:
        document = config.document_of(m, file)
        if document is None:
            continue
        made = config.as_value(m, document, _path_of(file), call.at)
        for section, options in entries_of(made)[0].items():
            _lay(call, section, options)
    return Unknown(why="which files a parser could read is not known")


def _is_several(files: Any) -> bool:
    return isinstance(files, Tuple) or files.kind == "list"


def _path_of(file: Any) -> str:
    return text_of(file.slots.get("path") if isinstance(file, Cell) else file) or ""


def parser_read_values(call: Invocation) -> Any:
    """`dictionary`: sections by name: `parser.read_dict({"paths": {"trips": "trips.csv"}})`."""
    for section, options in entries_of(call.get("dictionary"))[0].items():
        _lay(call, section, options)
    return Constant(None)


def _lay(call: Invocation, section: str, options: Any) -> None:
    m, parser = call.m, call.receiver
    if not (isinstance(parser, Cell) and isinstance(options, Cell) and options.kind == "dict"):
        return
    held = parser.slots.get("items")
    if not isinstance(held, Cell):
        held = m.heap.new("dict", {}, (m.now.path, call.at))
        m.heap.set(parser, "items", held)
    old = held.slots.get(section)
    known = {key.lower(): value for key, value in options.slots.items() if isinstance(key, str) and not is_inner(key)}
    slots = {**(old.slots if isinstance(old, Cell) else {}), **known}
    m.heap.set(held, section, m.heap.new("dict", slots, (m.now.path, call.at, section)))
    for name, cell in list(held.slots.items()):
        if isinstance(cell, Cell) and not is_inner(name):
            for key, value in list(cell.slots.items()):
                if isinstance(value, Constant) and isinstance(value.value, str):
                    m.heap.set(cell, key, _filled(held, name, value, _DEEPEST))


def _filled(sections: Cell, section: str, value: Constant, depth: int) -> Any:
    """A text with `%(name)s` and `${section:name}` replaced by what these options are."""
    text = str(value.value)
    if depth == 0 or not _REFERENCE.search(text):
        return value

    def told(match: re.Match[str]) -> str:
        within, name = match[2] or section, (match[1] or match[3]).lower()
        for place in (within, "DEFAULT"):
            options = sections.slots.get(place)
            found = options.slots.get(name) if isinstance(options, Cell) else None
            if isinstance(found, Constant) and found.value != text:
                filled = _filled(sections, place, found, depth - 1)
                return str(filled.value) if isinstance(filled, Constant) else match[0]
        return match[0]

    return Constant(_REFERENCE.sub(told, text), value.settings)


def parser_get(call: Invocation) -> Any:
    """`section`, `option`, `fallback`: one option, also of the section `DEFAULT`."""
    section, option = text_of(call.get("section")), text_of(call.get("option"))
    held = call.receiver.slots.get("items") if isinstance(call.receiver, Cell) else None
    if isinstance(held, Cell) and section is not None and option is not None:
        for name in (section, "DEFAULT"):
            options = held.slots.get(name)
            found = options.slots.get(option.lower()) if isinstance(options, Cell) else None
            if found is not None:
                return _typed(call, found)
    fallback = call.get("fallback")
    unknown = Unknown(why=f"no configuration in sight sets `{section or '?'}.{option or '?'}`", span=call.span)
    return fallback if fallback is not None else unknown


def _typed(call: Invocation, value: Any) -> Any:
    """`getint`, `getfloat`: a number; `getboolean`: a truth."""
    if not isinstance(value, Constant):
        return value
    try:
        match call.name.rpartition(".get")[2]:
            case "int":
                return Constant(int(str(value.value)), value.settings)
            case "float":
                return Constant(float(str(value.value)), value.settings)
            case "boolean":
                return Constant(str(value.value).lower() in ("1", "yes", "true", "on"), value.settings)
    except ValueError:
        return Unknown(why="an option is no number")
    return value


def parser_items(call: Invocation) -> Any:
    """`section`: pairs of option and value; without it, of section and options."""
    held = call.receiver.slots.get("items") if isinstance(call.receiver, Cell) else None
    section = text_of(call.get("section"))
    options = held.slots.get(section) if section is not None and isinstance(held, Cell) else held
    pairs = tuple(Tuple((Constant(key), value)) for key, value in entries_of(options)[0].items()) if options else ()
    if not pairs:
        return Unknown(why="no configuration in sight has these options", span=call.span)
    return call.m.heap.new("list", {"items": pairs}, (call.m.now.path, call.at))


def parser_sections(call: Invocation) -> Any:
    held = call.receiver.slots.get("items") if isinstance(call.receiver, Cell) else None
    names = tuple(Constant(name) for name in entries_of(held)[0] if name != "DEFAULT") if held is not None else ()
    if not names:
        return Unknown(why="the sections of the configuration are not known", span=call.span)
    return call.m.heap.new("list", {"items": names}, (call.m.now.path, call.at))


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (parser_read, parser_read_values, parser_get, parser_items, parser_sections)
}
