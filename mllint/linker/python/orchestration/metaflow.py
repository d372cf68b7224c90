"""Metaflow: steps of a flow class, linked by `self.next(...)`; what they keep on `self` is there for the steps after.

    class TrainFlow(FlowSpec):
        @step
        def start(self):
            self.frame = pd.read_csv("trips.csv")
            self.next(self.train)

Making an object of the class runs its steps from `start`, in the order in which they are reached."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Bound, Choice, Constant, Function, Unknown, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

MOST_STEPS = 60


def run(m: Machine, flow: Cell, at: facts.At) -> None:
    """Run the steps of a flow that has been made."""
    todo = ["start"]
    done: set[str] = set()
    followed: dict[str, list[str]] = m.plans.setdefault("metaflow next", {})
    while todo and len(done) < MOST_STEPS:
        name = _ready(m, flow, todo, followed, done)
        if name in done:
            continue
        done.add(name)
        method = classes.find_method(m, flow, name)
        if method is None:
            continue
        m.plans["metaflow next"] = followed = {}
        parameters = method.function.facts.parameters
        inputs = (_inputs(m, flow, done, at),) if len(parameters) > 1 else ()
        m.call(method, Arguments(inputs), at)
        todo += [step for steps in followed.values() for step in steps]


def _ready(m: Machine, flow: Cell, todo: list[str], followed: Any, done: set[str]) -> str:
    """The next step; one that joins branches (it takes `inputs`) waits for the others."""
    for index, name in enumerate(todo):
        method = classes.find_method(m, flow, name)
        if method is None or len(method.function.facts.parameters) < 2:
            return todo.pop(index)
    return todo.pop(0)


def _inputs(m: Machine, flow: Cell, done: set[str], at: facts.At) -> Cell:
    """`inputs` of a join: the flow as each branch left it."""
    slots: dict[Any, Any] = {"type": "", "class": "inputs", "arguments": {}, "origins": frozenset()}
    for name in done:
        slots["attribute", name] = flow
    slots["items"] = m.heap.new("list", {"items": (flow, flow)}, (m.now.path, at))
    return m.heap.new("object", slots, (m.now.path, at))


def next_steps(call: Invocation) -> Any:
    """`self.next(self.a, self.b)`, `self.next(self.fit, foreach="seeds")`, `self.next({"x": self.a}, condition="k")`"""
    m = call.m
    found: list[str] = []
    for value in call.arguments.args:
        held = [v for k, v in value.slots.items()] if isinstance(value, Cell) and value.kind == "dict" else [value]
        for option in (o for v in held for o in (v.options if isinstance(v, Choice) else (v,))):
            if isinstance(option, Bound) and isinstance(option.function, Function):
                found.append(option.function.facts.name)
    over = text_of(call.get("foreach"))
    if over and isinstance(call.receiver, Cell):
        items = items_of(m, m.attribute(call.receiver, over, call.at), call.at)
        m.heap.set(call.receiver, "input", items.any)
    m.plans.setdefault("metaflow next", {})[str(call.at)] = found
    return Constant(None)


def include_file(call: Invocation) -> Any:
    """`IncludeFile("data", default="trips.csv")`: the text of a file."""
    default = call.get("default")
    return default if default is not None else Unknown(why="the file is given on the command line")
