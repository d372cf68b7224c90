"""Hydra: functions under `@hydra.main` are given the configuration that their config files compose to.

    # conf/config.yaml
    defaults: [_self_, model: forest]
    data: {path: data/${data.name}.csv, name: trips}

Groups are folders below `config_path`; what commands of the repository override (`python train.py model=linear
data.name=x`) is applied."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.settings import is_same
from mllint.linker.python.abstract.values import (
    Choice,
    Constant,
    External,
    Function,
    Partial,
    Unknown,
    join_all,
    text_of,
)
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library.computations import box
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate, texts
from mllint.linker.python.library.omega import Composed, Leaf, Tree, merged, overrides, placed, tree_of, written
from mllint.linker.python.machine import HERE, Machine
from mllint.source import Span

MOST_DEPTH = 8
MOST_FILES = 400  # of one configuration, each as often as it is named


# ----------------------------------------------------------------------------------------------- composing


class _Composition:
    """One configuration: the choice for each group, and what the files say."""

    def __init__(self, m: Machine, folder: str, overrides: tuple[str, ...]) -> None:
        self.m = m
        self.folder = folder
        self.root: Tree = {}
        self.values: list[tuple[str, str]] = []
        self.left = MOST_FILES
        self.files: dict[str, None] = {}  # all that were loaded
        self.choices: dict[str, str] = {}
        for word in overrides:
            key, equals, value = word.lstrip("+").partition("=")
            if not equals or word.startswith(("-", "~")):
                continue
            group = key.partition("@")[0]
            if posixpath.join(folder, group) in m.project.folders:
                self.choices[group] = value
            else:
                self.values.append((key, value))

    def file(self, name: str) -> str | None:
        for ending in ("", ".yaml", ".yml"):
            path = posixpath.normpath(posixpath.join(self.folder, name + ending))
            if path in self.m.project.files and self.m.project.config(path) is not None:
                return path
        return None

    def compose(self, name: str) -> bool:
        """Load a primary config and all that its defaults name. False if there is no such file."""
        path = self.file(name)
        if path is None:
            return False
        self._overridden_in(path)
        for group, choice in list(self.choices.items()):
            chosen = self.file(posixpath.join(group, choice))
            if chosen is not None:
                self._overridden_in(chosen)
        self.left = MOST_FILES
        self._load(path, "", MOST_DEPTH)
        for group, choice in self.choices.items():  # `+experiment=x` adds a group that no defaults list names
            if group not in self.loaded:
                self._group(group, choice, group.replace("/", "."), MOST_DEPTH)
        for key, text in self.values:
            self.root = merged(self.root, placed(key, _parsed(text)))
        return True

    loaded: frozenset[str] = frozenset()

    def _overridden_in(self, path: str, depth: int = MOST_DEPTH) -> None:
        """`- override /model: linear` in a defaults list counts for the whole configuration."""
        self.left -= 1
        for entry in self._defaults(path) if self.left > 0 else ():
            if isinstance(entry, dict):
                for key, choice in entry.items():
                    words = key.split() or [""]
                    if words[0] == "override" and isinstance(choice, Leaf) and len(words) > 1:
                        self.choices.setdefault(words[1].lstrip("/").partition("@")[0], str(choice.value))
                    elif isinstance(choice, Leaf) and choice.value and depth:
                        below = self.file(posixpath.join(words[-1].lstrip("/").partition("@")[0], str(choice.value)))
                        if below is not None and below != path:
                            self._overridden_in(below, depth - 1)

    def _defaults(self, path: str) -> list[Tree]:
        value = self.m.project.config(path)
        tree = tree_of(value, path) if value is not None else {}
        found = tree.get("defaults") if isinstance(tree, dict) else None
        return found if isinstance(found, list) else []

    def _load(self, path: str, package: str, depth: int) -> None:
        value = self.m.project.config(path)
        self.left -= 1
        if value is None or depth == 0 or self.left < 0:
            return
        self.files[path] = None
        tree = tree_of(value, path)
        own = {key: part for key, part in tree.items() if key != "defaults"} if isinstance(tree, dict) else {}
        entries = self._defaults(path)
        if not any(isinstance(entry, Leaf) and entry.value == "_self_" for entry in entries):
            entries = [*entries, Leaf("_self_")]
        here = posixpath.dirname(path)[len(self.folder) :].strip("/")
        for entry in entries:
            if isinstance(entry, Leaf):
                if entry.value == "_self_":
                    self._lay(placed(package, own))
                elif isinstance(entry.value, str):
                    self._named(entry.value, here, package, depth)
            elif isinstance(entry, dict):
                for key, choice in entry.items():
                    words = key.split() or [""]
                    if words[0] == "override":
                        continue
                    group, _, at = words[-1].partition("@")
                    absolute = group.startswith("/")
                    group = group.lstrip("/") if absolute else posixpath.join(here, group)
                    below = (
                        group.replace("/", ".")
                        if absolute or not package
                        else f"{package}.{words[-1].partition('@')[0]}"
                    )
                    target = at if at else below.replace("/", ".")
                    target = "" if target == "_global_" else target.removeprefix("_global_.").removeprefix("_here_.")
                    for each in choice if isinstance(choice, list) else [choice]:
                        if isinstance(each, Leaf) and isinstance(each.value, str):
                            self._group(group, each.value, target, depth)

    def _lay(self, tree: Tree) -> None:
        for over, base in overrides(self.root, tree):
            if over.span is not None and base.span is not None and not self.m.in_test:
                self.m.settings.overridden(over.span, base.span, is_same(base.value, over.value))
        self.root = merged(self.root, tree)

    def _named(self, name: str, here: str, package: str, depth: int) -> None:
        """`- base` names a file of the same folder."""
        name, _, at = name.partition("@")
        path = self.file(name.lstrip("/") if name.startswith("/") else posixpath.join(here, name))
        if path is not None:
            self._load(path, package if not at or at == "_here_" else at.replace("_global_", ""), depth - 1)

    def _group(self, group: str, choice: str, package: str, depth: int) -> None:
        self.loaded = self.loaded | {group}
        choice = self.choices.get(group, choice)
        for each in choice.strip("[]").split(","):
            path = self.file(posixpath.join(group, each.strip()))
            if path is not None:
                header = self._package(path)
                self._load(path, package if header is None else header, depth - 1)

    def _package(self, path: str) -> str | None:
        """`# @package _global_` above a config of a group: experiments and the like stand at the top."""
        folder = posixpath.basename(posixpath.dirname(path))
        return "" if folder in ("experiment", "experiments", "hparams_search", "debug") else None


def _parsed(text: str) -> Tree:
    if text.startswith("[") and text.endswith("]"):
        return [_parsed(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    bare = text.strip("'\"")
    if bare != text:
        return Leaf(bare)
    if re.fullmatch(r"-?\d{1,15}", text):
        return Leaf(int(text))
    if re.fullmatch(r"-?\d{1,15}\.\d{0,15}(e-?\d{1,3})?", text):
        return Leaf(float(text))
    return Leaf({"true": True, "false": False, "null": None}.get(text.lower(), text))


def composed(
    m: Machine, folder: str, name: str, overrides: tuple[str, ...], at: facts.At, place: Span | None = None
) -> Any:
    """The configuration as the program sees it, `None` if no such file is in sight. `place` is what asks for it, if it
    is not the call at `at`."""
    composition = _Composition(m, folder, overrides)
    if not composition.compose(name):
        return None
    tree = {key: part for key, part in composition.root.items() if key != "hydra"} if composition.root else {}
    key = f"{folder}:{name}:{' '.join(overrides)}"
    parsed = place or m.span(at)
    key = m.settings.open(key, m.job, composition.files, parsed, written(tree)) if not m.in_test else ""
    return boxed(m, Composed(m, tree, _RESOLVERS, at, key).value(tree), at)


_OF_RUN = {"runtime.cwd": ".", "run.dir": ".", "runtime.output_dir": "outputs/{run-time}", "job.num": "{run-id}"}
_RESOLVERS = {
    "hydra": lambda argument, default: Leaf(known) if (known := _OF_RUN.get(argument)) is not None else None,
    "now": lambda argument, default: Leaf("{run-time}"),
}


def boxed(m: Machine, value: Any, at: facts.At) -> Any:
    from mllint.libraries.models import Entry

    return box(Invocation(m, "config", Entry(), None, Arguments(), at), value)


# ------------------------------------------------------------------------------------------- entry points


def main(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Any) -> Any:
    """Call a function under `@hydra.main(config_path="conf", config_name="config")`."""
    if arguments.args:  # called with a configuration of the caller's
        return follow(m, function, arguments, at)
    given = by.slots.get("arguments", {}) if isinstance(by, Cell) else {}
    place = m.span(by.site[1], by.site[0]) if isinstance(by, Cell) and by.site else None
    name = text_of(given.get("config_name")) or "config"
    path = text_of(given.get("config_path"))
    words = m.run.arguments if m.run is not None else ()
    for index, word in enumerate(words):
        flag, equals, value = word.partition("=")
        value = value if equals else words[index + 1] if index + 1 < len(words) else ""
        if flag in ("--config-name", "-cn"):
            name = value
        elif flag in ("--config-path", "-cp", "--config-dir", "-cd"):
            path = value
    plain = tuple(word for word in words if "=" in word and not word.startswith("-"))
    for folder in _folders(m, function.path, path):
        config = composed(m, folder, name.removesuffix(".yaml"), plain, at, place)
        if config is not None:
            return follow(m, function, Arguments((config,)), at)
    return follow(m, function, arguments, at)


def _folders(m: Machine, module: str, path: str | None) -> list[str]:
    """Where a config path may lead: from the module's folder, as Hydra says; then from the root."""
    if path is None:
        return [posixpath.dirname(module)]
    if path.startswith(HERE):
        return [path.removeprefix(HERE).strip("/")]
    path = path.removeprefix("pkg://").replace(".", "/") if path.startswith("pkg://") else path
    found = [posixpath.normpath(posixpath.join(posixpath.dirname(module), path)), posixpath.normpath(path)]
    return ["" if each == "." else each for each in found if not each.startswith(("..", "/"))]


def initialize(call: Invocation) -> Any:
    """`hydra.initialize(config_path="conf")`, `initialize_config_dir(config_dir=...)`"""
    path = text_of(call.get("config_path|config_dir|0"))
    call.m.plans["hydra folder"] = (call.m.entry, call.m.now.path, path)
    return Unknown()


def compose(call: Invocation) -> Any:
    """`hydra.compose(config_name="config", overrides=["model=linear"])`"""
    m = call.m
    _, module, path = m.plans.get("hydra folder", ("", "", None))
    name = text_of(call.get("config_name|0")) or "config"
    overrides = call.get("overrides")
    known = items_of(m, overrides, call.at).known if overrides is not None else []
    words = tuple(text for item in known or [] if (text := text_of(item)))
    for folder in _folders(m, module or m.now.path, path):
        config = composed(m, folder, name.removesuffix(".yaml"), words, call.at)
        if config is not None:
            return config
    return Unknown(why="the configuration is not in sight", span=call.span)


# -------------------------------------------------------------------------------------------- instantiate


def instantiate(call: Invocation) -> Any:
    """`instantiate(cfg.model, frame)`: calls what `_target_` names, with the rest as arguments, inside out."""
    first = call.get("config|0")
    more = {name: value for name, value in call.arguments.keywords.items() if name != "config"}
    return made(call.m, first, call.arguments.args[1:], more, call.at)


def made(m: Machine, value: Any, args: tuple[Any, ...], more: dict[str, Any], at: facts.At, depth: int = 6) -> Any:
    if isinstance(value, Choice):
        return join_all([made(m, option, args, more, at, depth) for option in value.options])
    plain = value.slots["items"] if isinstance(value, Cell) and value.slots.get("type") == "python.box" else value
    if depth == 0 or not isinstance(plain, Cell) or plain.kind not in ("dict", "list"):
        return value
    if plain.kind == "list":
        items = tuple(made(m, item, (), {}, at, depth - 1) for item in plain.slots["items"])
        return m.heap.new("list", {"items": items}, plain.site)
    m.pass_on(plain)  # every key of it becomes an argument
    target = text_of(plain.slots.get("_target_"))
    known, rest = entries_of(plain)
    recursive = not (isinstance(known.get("_recursive_"), Constant) and known["_recursive_"].value is False)
    keywords = {
        name: made(m, item, (), {}, at, depth - 1) if recursive else item
        for name, item in known.items()
        if not (name.startswith("_") and name.endswith("_"))
    }
    if not target:
        return boxed(m, m.heap.new("dict", dict(keywords), plain.site), at) if keywords else value
    function = _named(m, target, at)
    positional = items_of(m, known["_args_"], at).known or [] if "_args_" in known else []
    keywords = {**keywords, **{name: item for name, item in more.items() if not is_inner(name)}}
    if isinstance(known.get("_partial_", keywords.pop("_partial_", None)), Constant):
        return Partial(function, tuple(positional), tuple(sorted(keywords.items())))
    return m.call(function, Arguments((*positional, *args), keywords, rest), at)


def _named(m: Machine, dotted: str, at: facts.At) -> Any:
    """What a dotted name means: of the repository if one of its modules bears the name, else of a library."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = m.imports.find(".".join(parts[:length]), m.now.path)
        if path is not None:
            found: Any = m.load_module(path)
            for name in parts[length:]:
                found = m.attribute(found, name, at)
            return found
    return External(dotted)


def get_object(call: Invocation) -> Any:
    """`hydra.utils.get_class("a.B")`, `get_method`"""
    name = text_of(call.get("path|0"))
    return _named(call.m, name, call.at) if name and "{" not in name else Unknown()


# ---------------------------------------------------------------------------------------------- OmegaConf


def merge(call: Invocation) -> Any:
    """`OmegaConf.merge(base, over, cli)`: later ones win; what is not known may change anything."""
    slots: dict[Any, Any] = {}
    for argument in call.arguments.args:
        plain = argument.slots.get("items") if isinstance(argument, Cell) and argument.kind == "object" else argument
        if isinstance(plain, Cell) and plain.kind == "dict":
            slots = _laid(call.m, slots, plain.slots)
    return boxed(call.m, call.m.heap.new("dict", slots, (call.m.now.path, call.at)), call.at)


def _laid(m: Machine, base: dict[Any, Any], over: dict[Any, Any]) -> dict[Any, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, Cell) and old.kind == "dict" and isinstance(value, Cell) and value.kind == "dict":
            result[key] = m.heap.new("dict", _laid(m, old.slots, value.slots), value.site)
        else:
            m.settings.override(old, value)
            result[key] = value
    return result


def selected(call: Invocation) -> Any:
    """`OmegaConf.select(cfg, "a.b", default=x)`"""
    value, key = call.get("cfg|0"), text_of(call.get("key|1"))
    for part in (key or "").split("."):
        plain = value.slots.get("items") if isinstance(value, Cell) and value.kind == "object" else value
        if not (isinstance(plain, Cell) and plain.kind == "dict" and part in plain.slots):
            return call.get("default", Unknown(why=f"no configuration in sight sets `{key}`"))
        value = boxed(call.m, plain.slots[part], call.at)
    return value


def original_folder(call: Invocation) -> Any:
    """`hydra.utils.get_original_cwd()`: where the command ran."""
    run = call.m.run
    return Constant(f"{HERE}/{run.folder}".rstrip("/") if run is not None else HERE)


def absolute_path(call: Invocation) -> Any:
    """`hydra.utils.to_absolute_path(p)`"""
    return call.get("path|0", Unknown())


def load(call: Invocation) -> Any:
    """`OmegaConf.load("config.yaml")`, with `${...}` filled in from the whole file."""
    m, target = call.m, call.get("file|file_|0")
    found = []
    for text in texts(target):
        path = locate(m, text).removeprefix("file:") if "{" not in text else ""
        value = m.project.config(path) if path else None
        if value is not None:
            tree = tree_of(value, path)
            name = m.settings.open(path, m.job, (path,), call.span) if not m.in_test else ""
            found.append(boxed(m, Composed(m, tree, _RESOLVERS, call.at, name).value(tree), call.at))
    return join_all(found) if found else Unknown(why="the configuration is not in sight", span=call.span)
