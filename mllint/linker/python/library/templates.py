"""Texts that Python fills in: `jinja2.Template(...).render(...)`, `string.Template(...).substitute(...)`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Hole, Text, Tuple, Unknown, options_of, text_of
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate
from mllint.linker.python.machine import Machine

_DOLLAR = re.compile(r"\$(?:(?P<double>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_DEEPEST = 5


def fill(m: Machine, template: str, values: Mapping[str, Any], at: facts.At) -> Any:
    """What a Jinja template becomes with these values; what is not known of them stays an unknown part."""
    from mllint.linker.jinja.interpreter import render
    from mllint.linker.jinja.values import CLOSE, OPEN
    from mllint.linker.sql.names import Names
    from mllint.linker.sql.template import Reading

    known = {name: _plain(m, value, name, at, _DEEPEST) for name, value in values.items()}

    class Filled(Reading):
        def find(self, name: str) -> Any:
            return known[name] if name in known else super().find(name)

    made = render(template, Filled(Names()))
    if made is None:
        return Unknown(why="a template that is too much work")
    parts = re.split(f"{OPEN}(\\w*){CLOSE}", made.text)
    return texts.make(tuple(Hole(p or "unknown") if i % 2 else p for i, p in enumerate(parts) if p or i % 2))


def _plain(m: Machine, value: Any, name: str, at: facts.At, depth: int) -> Any:
    """A value as templates know it."""
    from mllint.linker.jinja import values as jinja

    match value:
        case Constant(value=constant):
            return constant
        case Text(parts=parts):
            return "".join(part if isinstance(part, str) else jinja.hole(part.name) for part in parts)
        case Tuple() | Cell(kind="list") if depth:
            known = items_of(m, value, at).known
            if known is not None:
                return [_plain(m, item, name, at, depth - 1) for item in known]
        case Cell(kind="dict") if depth and "<rest>" not in value.slots:
            return {
                key: _plain(m, item, str(key), at, depth - 1) for key, item in value.slots.items() if not is_inner(key)
            }
    return jinja.Unknown(name)


def jinja_template(call: Invocation) -> Any:
    """`environment.get_template("load.sql")`: the template whose text the file holds."""
    m = call.m
    wanted = text_of(call.get("name"))
    loader = call.get("self.loader")
    made = loader.slots.get("arguments", {}) if isinstance(loader, Cell) else {}
    folders = made.get("searchpath", made.get("0"))
    text = _text_of_file(m, wanted, folders, call.at) if wanted else None
    source = Constant(text) if text is not None else Unknown(why="a template that is not in sight")
    return _template(call, source)


def jinja_from_string(call: Invocation) -> Any:
    return _template(call, call.get("source", Unknown()))


def _template(call: Invocation, source: Any) -> Cell:
    slots = {"type": call.entry.returns, "class": "Template", "arguments": {"source": source}, "origins": frozenset()}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def _text_of_file(m: Machine, name: str, folders: Any, at: facts.At) -> str | None:
    """The text of a SQL template: below one of the folders, else the one file in the repository that ends so."""
    options = [folders] if text_of(folders) is not None else (items_of(m, folders, at).known or []) if folders else []
    files = m.project.files
    for folder in options:
        found = files.get(locate(m, f"{(text_of(folder) or '').rstrip('/')}/{name}").removeprefix("file:"))
        if found is not None and found.sql is not None:
            m.take(found.path)
            return found.sql.text
    named = [files[path] for path in files if path == name or path.endswith("/" + name)]
    if len(named) != 1 or named[0].sql is None:
        return None
    m.take(named[0].path)
    return named[0].sql.text


def jinja_render(call: Invocation) -> Any:
    """`template.render(table="rides")`, `template.render({"table": "rides"})`"""
    values = dict(call.arguments.keywords)
    for argument in call.arguments.args:
        values = {**entries_of(argument)[0], **values}
    source = call.get("self.source")
    filled = [fill(call.m, text, values, call.at) for o in options_of(source) if (text := text_of(o)) is not None]
    return filled[0] if len(filled) == 1 else Unknown(why="a template whose text is not known")


def dollar_substitute(call: Invocation) -> Any:
    """`string.Template("select * from $table").substitute(table="rides")`"""
    values = dict(call.arguments.keywords)
    for argument in call.arguments.args:
        values = {**entries_of(argument)[0], **values}
    template = text_of(call.get("self.template"))
    if template is None:
        return Unknown(why="a template whose text is not known")
    parts: list[tuple[Any, str]] = []
    end = 0
    for found in _DOLLAR.finditer(template):
        name = found["name"] or found["braced"] or ""
        value = Constant("$") if found["double"] else values.get(name, Unknown())
        parts += [(Constant(template[end : found.start()]), ""), (value, name)]
        end = found.end()
    return texts.concatenate([*parts, (Constant(template[end:]), "")])
