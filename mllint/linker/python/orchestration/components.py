"""Kubeflow components: functions that are given places to write to.

    @dsl.component
    def train(data: Input[Dataset], model: Output[Model]):
        joblib.dump(fit(pd.read_csv(data.path)), model.path)

    train(data=prepare().outputs["data"])

The place of an output is `memory:COMPONENT.PARAMETER`."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, External, Function, Unknown
from mllint.linker.python.iteration import entries_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine


def call(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Any) -> Any:
    """Call a component's function, with places for its outputs; the task that it becomes."""
    outputs: dict[Any, Any] = {}
    given = dict(arguments.keywords)
    taken = [p for p in function.facts.parameters if not _role(p.annotation).startswith("Output")]
    for parameter, value in zip(taken, arguments.args, strict=False):  # outputs are given by nobody
        given.setdefault(parameter.name, value)
    for parameter in function.facts.parameters:
        role = _role(parameter.annotation)
        short = parameter.name.removesuffix("_path").removesuffix("_file")
        if role.startswith("Output"):
            place = Constant(f"memory:{function.facts.name}.{short if role == 'OutputPath' else parameter.name}")
            artifact = _artifact(m, place, at)
            given[parameter.name] = place if role == "OutputPath" else artifact
            outputs[short if role == "OutputPath" else parameter.name] = artifact
        elif role == "InputPath":
            value = given.pop(short, given.get(parameter.name))
            path = value.slots.get("path") if isinstance(value, Cell) else None
            given[parameter.name] = path if path is not None else value if value is not None else Unknown()
    result = follow(m, function, Arguments((), given, arguments.rest), at)
    return _task(m, result, outputs, at)


def _role(annotation: facts.Expr | None) -> str:
    """`Input`, `Output`, `InputPath` or `OutputPath` of `Output[Model]`, `dsl.Output[Model]`, `OutputPath(str)`."""
    match annotation:
        case facts.Subscript(value=value) | facts.Call(function=value):
            return _role(value)
        case facts.Name(id=name) | facts.Attribute(name=name):
            return name if name in ("Input", "Output", "InputPath", "OutputPath") else ""
    return ""


def _artifact(m: Machine, place: Constant, at: facts.At) -> Cell:
    slots: dict[Any, Any] = {
        "type": "kfp.Artifact", "class": "kfp.Artifact", "arguments": {}, "origins": frozenset(), "path": place,
        ("attribute", "path"): place, ("attribute", "uri"): place,
    }  # fmt: skip
    return m.heap.new("object", slots, (m.now.path, at))


def _task(m: Machine, result: Any, outputs: dict[Any, Any], at: facts.At) -> Cell:
    """What stands for the component in a pipeline: `.output`, `.outputs["name"]`."""
    entries = dict(outputs)
    if isinstance(result, Cell) and result.kind == "instance":  # a NamedTuple of values
        entries.update({key: value for key, value in result.slots.items() if not str(key).startswith("<")})
    elif isinstance(result, Cell) and result.kind == "dict":
        entries.update(entries_of(result)[0])
    returned = result if not (isinstance(result, Constant) and result.value is None) else None
    if returned is not None:
        entries.setdefault("Output", returned)
        entries.setdefault("output", returned)
    only = returned if returned is not None else next(iter(outputs.values()), Unknown())
    held = m.heap.new("dict", entries, (m.now.path, at))
    slots: dict[Any, Any] = {
        "type": "kfp.Task", "class": "kfp.Task", "arguments": {}, "origins": frozenset(),
        ("attribute", "outputs"): held, ("attribute", "output"): only,
    }  # fmt: skip
    return m.heap.new("object", slots, (m.now.path, at))


def from_function(invocation: Invocation) -> Any:
    """`func_to_container_op(f)`, `create_component_from_func(f, base_image=...)`"""
    function = invocation.get("func|0")
    if not isinstance(function, Function):
        return Unknown()
    return Function(
        function.facts, function.scope, function.path, function.qualified, function.owner,
        (*function.decorators, External("kfp.dsl.component")),
    )  # fmt: skip
