"""Configuration as OmegaConf composes it: several files merged into one tree, `${a.b}` filled in from the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mllint.facts.config import Value
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.settings import PLACE, Keys
from mllint.linker.python.abstract.values import Constant, Unknown
from mllint.linker.python.library import config
from mllint.linker.python.machine import Machine
from mllint.source import Span

DEEPEST = 12
MOST_VALUES = 20_000  # of one configuration: references to lists of references multiply


class Leaf(msgspec.Struct, frozen=True):
    value: bool | int | float | str | None
    span: Span | None = None


Tree = Any  # dict[str, Tree] | list[Tree] | Leaf
Resolver = Callable[[str, str | None], Any]  # argument and default of `${name:argument,default}` to a tree or None


def tree_of(value: Value, path: str) -> Tree:
    match value.kind:
        case "mapping":
            return {entry.key: tree_of(entry.value, path) for entry in value.entries}
        case "sequence":
            return [tree_of(item, path) for item in value.items]
    return Leaf(value.value, config.span_of(value, path))


def merged(base: Tree, over: Tree) -> Tree:
    """`over` laid on `base`: mappings key by key, everything else replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    result = dict(base)
    for key, value in over.items():
        result[key] = merged(result[key], value) if key in result else value
    return result


def overrides(base: Tree, over: Tree) -> Iterator[tuple[Leaf, Leaf]]:
    """Each value that laying `over` on `base` replaces, the new one first."""
    for key, value in over.items() if isinstance(base, dict) and isinstance(over, dict) else ():
        old = base.get(key)
        if isinstance(old, Leaf) and isinstance(value, Leaf):
            yield value, old
        yield from overrides(old, value)


def written(tree: Tree) -> tuple[tuple[Keys, Span], ...]:
    """The keys that lead to each value, and where it is written; what stands in a list has the keys of the list."""
    return tuple(_written(tree, ()))


def _written(tree: Tree, keys: Keys) -> Iterator[tuple[Keys, Span]]:
    if isinstance(tree, Leaf) and tree.span is not None:
        yield keys, tree.span
    for key, part in tree.items() if isinstance(tree, dict) else ():
        yield from _written(part, (*keys, key))
    for part in tree if isinstance(tree, list) else ():
        yield from _written(part, keys)


def select(root: Tree, dotted: str) -> Tree | None:
    """What stands at `a.b[0].c`; `None` if nothing does."""
    current = root
    for key in re.findall(r"[^.\[\]]+", dotted):
        if isinstance(current, dict):
            current = current.get(key)
        elif isinstance(current, list) and key.isdigit() and int(key) < len(current):
            current = current[int(key)]
        else:
            return None
    return current


def placed(dotted: str, tree: Tree) -> Tree:
    """`tree` as it stands below `a.b`."""
    for key in reversed([key for key in dotted.split(".") if key]):
        tree = {key: tree}
    return tree


class Composed:
    """A whole configuration, from which `${...}` is filled in."""

    def __init__(
        self, m: Machine, root: Tree, resolvers: Mapping[str, Resolver] | None = None, at: int = 0, name: str = ""
    ) -> None:
        self.m = m
        self.root = root
        self.resolvers = resolvers or {}
        self.at = at
        self.left = MOST_VALUES
        self.name = name  # under which it is noted what is asked of it

    def value(self, tree: Tree, where: tuple[str, ...] = (), depth: int = DEEPEST) -> Any:
        """A tree as the program sees it: dictionaries, lists and constants that know where they were written."""
        self.left -= 1
        if depth == 0 or self.left < 0:
            return Unknown(why="the configuration refers to itself")
        if isinstance(tree, dict):
            slots: dict[Any, Any] = {key: self.value(part, (*where, key), depth - 1) for key, part in tree.items()}
            if self.name:
                slots[PLACE] = (self.name, where)
            return self.m.heap.new("dict", slots, ("configuration", self.at, where))
        if isinstance(tree, list):
            items = tuple(self.value(part, (*where, str(i)), depth - 1) for i, part in enumerate(tree))
            return self.m.heap.new("list", {"items": items}, ("configuration", self.at, where))
        if isinstance(tree, Leaf):
            if isinstance(tree.value, str) and "${" in tree.value:
                return self._filled(tree, where, depth)
            return Constant(tree.value, (tree.span,) if tree.span is not None else ())
        return Unknown(why="the configuration is not in sight")

    def at_path(self, dotted: str) -> Any:
        """The value at `a.b`, `None` if there is none."""
        found = select(self.root, dotted)
        return None if found is None else self.value(found, tuple(dotted.split(".")))

    def _filled(self, leaf: Leaf, where: tuple[str, ...], depth: int) -> Any:
        parts = _split(str(leaf.value))
        if len(parts) == 1 and parts[0][1]:
            return self._referred(parts[0][0], where, depth)
        made = []
        for text, is_reference in parts:
            value = self._referred(text, where, depth) if is_reference else Constant(text)
            made.append((value, re.sub(r"\W+", "_", text.rpartition(":")[2].partition(",")[0]).strip("_")))
        result = texts.concatenate(made)
        if isinstance(result, Constant) and leaf.span is not None:
            return Constant(result.value, (leaf.span,))
        return result

    def _referred(self, inner: str, where: tuple[str, ...], depth: int) -> Any:
        if "${" in inner:  # `${paths.${stage}}`
            known = self._filled(Leaf(inner), where, depth - 1)
            if not (isinstance(known, Constant) and isinstance(known.value, str)):
                return Unknown(why=f"no configuration in sight sets `{inner}`")
            inner = known.value
        name, colon, rest = inner.partition(":")
        if colon:
            argument, comma, default = rest.partition(",")
            resolver = self.resolvers.get(name.strip()) or _RESOLVERS.get(name.strip())
            found = resolver(argument.strip(), default.strip() if comma else None) if resolver is not None else None
            if name.strip() in ("oc.env", "env"):
                given = self.m.variable(argument.strip(), comma != "")
                found = Leaf(given) if given is not None else self._variable(argument.strip()) or found
            if name.strip() == "oc.select" and found is None:
                found = select(self.root, argument.strip()) or (Leaf(default.strip()) if comma else None)
            return (
                self.value(found, where, depth - 1)
                if found is not None
                else Unknown(why=f"nothing in sight gives `${{{inner}}}`")
            )
        dots = len(inner) - len(inner.lstrip("."))
        target = ".".join((*where[: len(where) - dots], inner.lstrip("."))) if dots else inner.strip()
        if self.name:
            self.m.settings.whole(self.name, tuple(target.split(".")))
        found = select(self.root, target)
        if found is None:
            return Unknown(why=f"no configuration in sight sets `{inner}`")
        return self.value(found, tuple(target.split(".")), depth - 1)

    def _variable(self, name: str) -> Tree | None:
        """What a `.env` file of the repository sets a variable to, or the platform that the program runs on."""
        for env in self.m.project.of_kind("env"):
            for document in env.config.documents if env.config is not None else ():
                found = config.lookup(document, name)
                if found is not None and isinstance(found.value, str) and found.value:
                    return Leaf(found.value)
        platform = self.m.library.variable(name)
        return Leaf(platform) if platform is not None else None


def _split(text: str) -> list[tuple[str, bool]]:
    """`a${b}c` as `[("a", False), ("b", True), ("c", False)]`; references may hold references."""
    parts: list[tuple[str, bool]] = []
    start = 0
    while (begin := text.find("${", start)) >= 0:
        depth, end = 0, begin
        for end in range(begin, len(text)):
            if text.startswith("${", end):
                depth += 1
            elif text[end] == "}":
                depth -= 1
                if depth == 0:
                    break
        if depth:
            break
        if begin > start:
            parts.append((text[start:begin], False))
        parts.append((text[begin + 2 : end], True))
        start = end + 1
    if start < len(text) or not parts:
        parts.append((text[start:], False))
    return parts


def _environment(argument: str, default: str | None) -> Tree | None:
    return Leaf(default.strip("'\"")) if default not in (None, "null") else None


_RESOLVERS: dict[str, Resolver] = {
    "oc.env": _environment,
    "env": _environment,
    "runtime_params": _environment,
}
