"""Calls that bind values to parameters: files, texts and values; what asks for them, and the scopes they count in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts.config import Value
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Constant,
    Tuple,
    Unknown,
    text_of,
)
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.bindings import DEEPEST, MISSING, SCOPE, Written, bindings_of
from mllint.linker.python.library.configurables import Making, call_configurable, configurable_of, configurables
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate, texts
from mllint.readers.budget import ReadingError
from mllint.source import Span

_MOST_TEXT = 100_000


def bind_files(call: Invocation) -> Any:
    """`files`, one or several, then `bindings`: lines that count over them."""
    for text in _texts(call, call.get("files")):
        _bind_file(call, text, "", DEEPEST)
    bind_texts(call)
    return Constant(None)


def bind_texts(call: Invocation) -> Any:
    """`bindings`: a text or texts of statements."""
    from mllint.readers.gin_tree import read_gin  # few programs need it

    given = call.get("bindings")
    many = items_of(call.m, given, call.at).known if isinstance(given, Tuple | Cell) else [given]
    for each in many or ():
        if isinstance(each, Constant) and isinstance(each.value, str) and len(each.value) <= _MOST_TEXT:
            try:
                tree = read_gin(each.value)
            except (ReadingError, RecursionError):
                continue
            _bind_tree(call, tree, "", each.settings, DEEPEST)
    return Constant(None)


def _texts(call: Invocation, value: Any) -> list[str]:
    many = items_of(call.m, value, call.at).known if isinstance(value, Tuple | Cell) and not _is_path(value) else None
    return [text for each in (many if many is not None else [value]) for text in texts(each)]


def _is_path(value: Any) -> bool:
    return isinstance(value, Cell) and "path" in value.slots


def _bind_file(call: Invocation, text: str, below: str, depth: int) -> None:
    """A file by its path from where the program runs or, of one that another includes, from its folder."""
    m = call.m
    if "{" in text or depth == 0:
        return
    folders = (f"{folder}/{text}" for folder in bindings_of(m).folders)
    places = [*(locate(m, each).removeprefix("file:") for each in (text, *folders)), f"{below}/{text}".lstrip("/")]
    for path in dict.fromkeys(places):
        tree = m.project.config(path)
        if tree is not None:
            if not m.in_test:
                m.settings.open(path, m.job, (path,), call.span)
            _bind_tree(call, tree, path, (), depth)
            return


def _bind_tree(call: Invocation, tree: Value, path: str, settings: tuple[Span, ...], depth: int) -> None:
    m = call.m
    for entry in tree.entries:
        match entry.value.tag:
            case "!include":
                m.settings.whole(path, (entry.key,))
                _bind_file(call, str(entry.value.value), path.rpartition("/")[0], depth - 1)
            case "!import":
                m.settings.whole(path, (entry.key,))
                module = m.imports.find(str(entry.value.value), path or m.now.path)
                if module is not None:
                    m.load_module(module)
            case _:
                bindings_of(m).bind(m, entry.key, Written(entry.value, path, settings))
    if path and not m.in_test:
        known = configurables(m)
        for entry in tree.entries:
            if "." in entry.key and _last(entry.key.rpartition(".")[0]) not in known:
                m.settings.whole(path, (entry.key,))  # of what is not in sight: it may well ask for it


def _last(selector: str) -> str:
    return selector.rpartition("/")[2].rpartition(".")[2]


def search_folder(call: Invocation) -> Any:
    """`folder`: `gin.add_config_file_search_path("configs")`."""
    bindings_of(call.m).folders += [each for each in texts(call.get("folder")) if "{" not in each][:1]
    return Constant(None)


def unbind(call: Invocation) -> Any:
    """`gin.clear_config()`: from here on nothing is bound."""
    bindings = bindings_of(call.m)
    for key in [key for keys in bindings.keys.values() for key in keys]:
        call.m.heap.delete(bindings.cell, key)
    return Constant(None)


def bind_value(call: Invocation) -> Any:
    """`key`, `value`: `gin.bind_parameter("train.path", path)`, `gin.constant("PATH", "a.csv")`."""
    key = text_of(call.get("key"))
    if key and "{" not in key:
        nothing = Value("scalar", 1, 1, 1, 1)
        bindings_of(call.m).bind(call.m, key.lstrip("%"), Written(nothing, made=call.get("value", Unknown())))
    return Constant(None)


def bound_value(call: Invocation) -> Any:
    """`key`: `gin.query_parameter("train.path")`, `gin.query_parameter("%PATH")`."""
    key = text_of(call.get("key")) or ""
    scope, _, name = key.lstrip("%").rpartition("/")
    selector, _, parameter = name.rpartition(".")
    value = Making(call.m, call.at).of((scope, selector, parameter), DEEPEST)
    return value if value is not None else Unknown(why=f"no configuration in sight sets `{key}`", span=call.span)


def binding_scope(call: Invocation) -> Any:
    """`scope`: `with gin.config_scope("train"):`, where what is bound to `train/f.x` counts."""
    name = text_of(call.get("scope")) or ""
    slots: dict[Any, Any] = {
        "type": "python.context",
        "class": call.name,
        "arguments": {},
        "origins": frozenset(),
        "paused": None,
    }
    held = Constant(name or None)
    if not name or "{" in name:
        return call.m.heap.new("object", {**slots, "held": held}, (call.m.now.path, call.at))
    return call.m.heap.new("object", {**slots, "held": held, SCOPE: name}, (call.m.now.path, call.at))


def not_given(call: Invocation) -> Any:
    """`gin.REQUIRED`: as a default, or in the place of an argument."""
    return Unknown(why=MISSING, span=call.span)


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (
        bind_files, bind_texts, bind_value, bound_value, binding_scope, search_folder, unbind, not_given,
        configurable_of, call_configurable,
    )
}  # fmt: skip
