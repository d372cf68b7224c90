"""Going through what a file says, fast: only fields that hold nodes are looked at."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, get_args

from mllint.facts import python as facts

Getter = Callable[[Any], tuple[Any, ...]]
_PLAIN = {
    "at", "id", "name", "asname", "kind", "operator", "operators", "module", "level", "binds", "is_async",
    "is_generator",
}  # fmt: skip
_OTHERS = (
    facts.Keyword, facts.Generator, facts.WithItem, facts.Handler, facts.Case, facts.Parameter, facts.Function,
    facts.Alias,
)  # fmt: skip


def getter(names: list[str]) -> Getter:
    """What takes these fields of a node."""
    if len(names) < 2:
        return lambda node: tuple(getattr(node, name) for name in names)
    return attrgetter(*names)


def _fields(kind: Any) -> list[str]:
    if kind in (facts.Literal, facts.Global):
        return []
    names = [name for name in kind.__struct_fields__ if name not in _PLAIN]
    return [name for name in names if name != "body"] if kind is facts.Function else names


NODES = frozenset({*get_args(facts.Expr), *get_args(facts.Stmt), *_OTHERS})
PARTS: dict[type, Getter] = {kind: getter(names) for kind in NODES if (names := _fields(kind))}
"""Of each kind of node, what takes the fields that may hold others: nodes, tuples of them, None. The body of a function
is encoded, and none of them."""


def parts(node: Any) -> list[Any]:
    """The nodes just below one: those that it holds, then those in tuples."""
    take = PARTS.get(type(node))
    if take is None:
        return []
    single: list[Any] = []
    several: list[Any] = []
    for part in take(node):
        if type(part) is tuple:
            several += part
        elif part is not None:
            single.append(part)
    return single + [part for part in several if part is not None] if several else single
