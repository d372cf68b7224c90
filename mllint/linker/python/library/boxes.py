"""Configurations whose keys are attributes, and what lays files on them: yacs, dynaconf, python-box, dotenv."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, text_of
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library import config
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.omega import Composed, Tree, merged, select, tree_of
from mllint.linker.python.machine import Machine

_ENVIRONMENTS = ("default", "development", "global")  # of dynaconf, where nothing else is asked for
_USUAL = ("settings.toml", "settings.yaml", "settings.yml", "settings.json", "settings.ini")


def boxed(call: Invocation, value: Any) -> Any:
    """A dictionary, and those within it, as an object whose attributes are the entries."""
    m = call.m
    if not (isinstance(value, Cell) and value.kind == "dict"):
        return value
    inner = m.heap.new("dict", {}, (m.now.path, call.at))
    slots: dict[Any, Any] = {"type": "python.box", "class": "box", "arguments": {}, "origins": frozenset()}
    made: Cell = m.heap.new("object", {**slots, "items": inner}, (m.now.path, call.at))
    for key, entry in value.slots.items():
        inner.slots[key] = entry if is_inner(key) else boxed(call, entry)
        if isinstance(key, str) and not is_inner(key):
            made.slots["attribute", key] = inner.slots[key]
    return made


def box_copy(call: Invocation) -> Any:
    """`config.clone()`: the same entries, which may change apart from those of the receiver."""
    return boxed(call, _plain(call.m, call.receiver))


def _plain(m: Machine, value: Any, depth: int = 12) -> Any:
    held = value.slots.get("items") if isinstance(value, Cell) and value.kind == "object" else value
    if depth == 0 or not (isinstance(held, Cell) and held.kind == "dict"):
        return value
    return m.heap.new("dict", {key: _plain(m, entry, depth - 1) for key, entry in held.slots.items()}, held.site)


def box_lay_file(call: Invocation) -> Any:
    """`path`: what the file says is laid on the receiver: `config.merge_from_file("exp.yaml")`."""
    over = config.load(call.m, call.get("path"), call.at)
    if over is not None:
        _lay(call, call.receiver, over)
    return Constant(None)


def box_lay(call: Invocation) -> Any:
    """`values`: a mapping, or another such configuration, is laid on the receiver."""
    _lay(call, call.receiver, _plain(call.m, call.get("values")))
    return Constant(None)


def _lay(call: Invocation, base: Any, over: Any) -> None:
    held = base.slots.get("items") if isinstance(base, Cell) and base.kind == "object" else None
    if not isinstance(held, Cell):
        return
    for key, value in entries_of(over)[0].items():
        old = held.slots.get(key)
        is_part = isinstance(old, Cell) and old.kind == "object" and isinstance(value, Cell) and value.kind == "dict"
        if is_part:
            _lay(call, old, value)
        else:
            call.m.heap.set(held, key, boxed(call, value))
            call.m.heap.set(base, ("attribute", key), held.slots[key])


def box_of_file(call: Invocation) -> Any:
    """`path`, or `text`: `Box.from_yaml(filename="params.yaml")`, `strictyaml.load(path.read_text())`."""
    value = config.load(call.m, call.get("path|text"), call.at)
    return boxed(call, value) if value is not None else Unknown(why="the configuration is not in sight", span=call.span)


def variables_of_file(call: Invocation) -> Any:
    """`path`: the variables that a `.env` file sets, without setting them: `dotenv_values(".env")`."""
    value = config.load(call.m, call.get("path", Constant(".env")), call.at)
    return value if value is not None else Unknown(why="the file with variables is not in sight", span=call.span)


def layered_settings(call: Invocation) -> Any:
    """`files`, in `root`: later ones win. With `environments` the tables `default`, `development` and `global` hold
    what counts. Names may be written in either case at the top."""
    m = call.m
    files = call.get("files")
    many = items_of(m, files, call.at).known if isinstance(files, Tuple | Cell) else [files] if files else None
    tree: Tree = {}
    for name in [text_of(file) for file in many] if many is not None else _USUAL:
        for place in (name, f"config/{name}") if many is None else (name,):
            document = config.document_of(m, _below(call.get("root"), place)) if place else None
            if document is not None:
                tree = merged(tree, tree_of(document, place or ""))
    wanted = text_of(call.get("env")) or ""
    is_layered = call.is_true("environments") or (many is None and select(tree, "default") is not None)
    if is_layered and isinstance(tree, dict):
        parts = [tree.get(name) for name in (*_ENVIRONMENTS[:1], wanted or _ENVIRONMENTS[1], _ENVIRONMENTS[2])]
        tree = {}
        for part in parts:
            tree = merged(tree, part) if isinstance(part, dict) else tree
    if not isinstance(tree, dict) or not tree:
        return Unknown(why="the settings are not in sight", span=call.span)
    either = {spelled: part for key, part in tree.items() for spelled in (key, key.upper(), key.lower())}
    return boxed(call, Composed(m, either, at=call.at).value(either))


def _below(root: Any, name: str) -> Any:
    folder = text_of(root)
    return Constant(f"{folder}/{name}" if folder and folder != "." else name)


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (box_copy, box_lay_file, box_lay, box_of_file, variables_of_file, layered_settings)
}
