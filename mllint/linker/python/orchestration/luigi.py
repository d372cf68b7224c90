"""Luigi: a task reads what the tasks it requires have put out, and writes its own output.

class Train(luigi.Task):
    def requires(self): return Features(day=self.day)
    def output(self): return luigi.LocalTarget("model.pkl")
    def run(self): frame = pd.read_csv(self.input().path)"""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Tuple, Unknown, join_all
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def inputs(call: Invocation) -> Any:
    """`self.input()`: the outputs of `self.requires()`, in the same shape."""
    m = call.m
    required = m.call(m.attribute(call.receiver, "requires", call.at), Arguments(), call.at)
    return _outputs(m, required, call.at)


def _outputs(m: Machine, required: Any, at: facts.At, depth: int = 4) -> Any:
    match required:
        case _ if depth == 0:
            return Unknown()
        case Choice(options=options):
            return join_all([_outputs(m, option, at, depth - 1) for option in options])
        case Tuple(items=items):
            return Tuple(tuple(_outputs(m, item, at, depth - 1) for item in items))
        case Cell(kind="list"):
            slots = {"items": tuple(_outputs(m, item, at, depth - 1) for item in required.slots["items"])}
            rest = required.slots.get("<rest>")
            if rest is not None:
                slots["<rest>"] = _outputs(m, rest, at, depth - 1)
            return m.heap.new("list", slots, required.site)
        case Cell(kind="dict"):
            entries = {
                key: value if key == "<span>" else _outputs(m, value, at, depth - 1)
                for key, value in required.slots.items()
            }
            return m.heap.new("dict", entries, required.site)
        case Cell(kind="instance"):
            return m.call(m.attribute(required, "output", at), Arguments(), at)
    return Unknown(why="what a required task puts out is not known")


def target(call: Invocation) -> Any:
    """`luigi.LocalTarget(path)`: something that is opened, and has a path."""
    path = call.get("path|0", Unknown())
    slots: dict[Any, Any] = {
        "type": "luigi.Target", "class": "luigi.Target", "arguments": call.given, "origins": frozenset(), "path": path,
        ("attribute", "path"): path,
    }  # fmt: skip
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def no_requirements(call: Invocation) -> Any:
    """`requires()` of a task that has none of its own."""
    return Tuple(()) if call.receiver is not None else Constant(None)
