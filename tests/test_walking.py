"""Going through facts: no field that may hold a node is passed by."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import Any

import msgspec
import pytest

from mllint.facts import python as facts
from mllint.facts.walking import NODES, PARTS, parts
from mllint.readers import read

CODE = """
import os.path as path, sys
from a.b import c as d, e
def f(x: int = 1, *rest, key="k", **others):
    with open(x) as g, h(): yield x
    try: pass
    except ValueError as error: raise
    else: return await x
    finally: del x[1:2]
class K(Base, metaclass=M):
    field: int = 3
for i, (a, *b) in zip(x, y):
    while (n := i): break
    else: continue
match p:
    case [1, q] if q > 2: r = {**s, "t": -u}
    case _: assert v
w = [z if not z else lambda k: k for z in o if z and 1 < z <= 3]
w += f"{w!r:>{width}}"
print({1, 2}, {k: v for k, v in w}, *w, **w, sep=...)
"""


def all_fields(node: Any, found: Counter[Any]) -> Counter[Any]:
    """Every node below one, by all fields there are."""
    if isinstance(node, tuple):
        for item in node:
            all_fields(item, found)
    elif isinstance(node, msgspec.Struct):
        found[type(node), repr(node)] += 1
        for name in node.__struct_fields__:
            all_fields(getattr(node, name), found)
    return found


def by_parts(node: Any, found: Counter[Any]) -> Counter[Any]:
    found[type(node), repr(node)] += 1
    for part in parts(node):
        by_parts(part, found)
    return found


@pytest.fixture
def body() -> tuple[facts.Stmt, ...]:
    module = read("m.py", "python", textwrap.dedent(CODE).encode()).python
    assert module is not None
    return module.body


def test_all_nodes_are_met(body: tuple[facts.Stmt, ...]) -> None:
    functions = [statement.function for statement in body if isinstance(statement, facts.Define)]
    trees = [*body, *(inner for function in functions for inner in facts.body_of(function))]
    assert len(trees) > 10
    for tree in trees:
        assert by_parts(tree, Counter()) == all_fields(tree, Counter())


def test_what_holds_a_node_comes_before_what_stands_in_tuples(body: tuple[facts.Stmt, ...]) -> None:
    call = facts.Call(1, facts.Name(1, "f"), (facts.Name(2, "x"),), (facts.Keyword("k", facts.Name(3, "y")),))
    assert parts(call) == [call.function, *call.args, *call.keywords]
    loop = next(statement for statement in body if isinstance(statement, facts.For))
    assert parts(loop) == [loop.target, loop.iterable, *loop.body, *loop.otherwise]


def test_only_nodes_have_parts() -> None:
    assert set(PARTS) < NODES
    assert parts(None) == parts("text") == parts(facts.Literal(1, "x")) == []
