"""Argo Workflows: the templates of a workflow, with its parameters filled in, once for each way in which it runs them.

spec:
  arguments: {parameters: [{name: day, value: monday}]}
  templates:
  - name: all
    dag: {tasks: [{name: a, template: train, arguments: {parameters: [{name: data, value: "/d/{{workflow.parameters.day}}"}]}}]}
  - name: train
    inputs: {parameters: [{name: data}]}
    container: {image: x, command: [python, train.py], args: ["{{inputs.parameters.data}}"]}
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from mllint.facts.config import Value
from mllint.linker.project import Project
from mllint.linker.systems import tree

_REUSABLE = ("WorkflowTemplate", "ClusterWorkflowTemplate")
_KINDS = (*_REUSABLE, "Workflow", "CronWorkflow")
_MOST = 300  # templates that one workflow runs
_DEEPEST = 12
_REFERENCE = re.compile(r"\{\{=?\s*([^{}]+?)\s*\}\}")
# What each run has of its own.
_OF_RUN = {
    "workflow.name": "{run-id}", "workflow.uid": "{run-id}", "pod.name": "{run-id}",
    "workflow.creationTimestamp": "{run-time}", "workflow.scheduledTime": "{run-time}",
}  # fmt: skip
Scope = Mapping[str, str]


class _Flow(msgspec.Struct):
    """A workflow, or a template of such: what it runs, and the parameters that it has values for."""

    path: str
    entrypoint: str
    templates: dict[str, Value]
    parameters: dict[str, str]
    uses: str = ""  # the workflow template that it runs in place of its own


class _Walk(msgspec.Struct):
    reusable: dict[str, _Flow]
    reached: set[int] = set()
    seen: set[tuple[int, tuple[tuple[str, str], ...]]] = set()


def documents(project: Project) -> Iterator[tuple[str, str, Value]]:
    """Every document of configuration, with its file; of workflows each template, filled in, with its name."""
    flows: list[_Flow] = []
    reusable: dict[str, _Flow] = {}
    for facts in project.of_kind("yaml", "json"):
        for document in facts.config.documents if facts.config else ():
            found = [each for each in tree.mappings(document) if _is_flow(each)] if _is_argo(document) else []
            for each in found:
                flow = _flow(facts.path, each)
                flows.append(flow)
                if tree.text(each, "kind") in _REUSABLE:
                    reusable.setdefault(tree.text(each, "metadata", "name"), flow)
            if not found:
                yield facts.path, "", document
    for flow in flows:
        yield from _run(flow, reusable)


def _is_argo(document: Value) -> bool:
    return tree.text(document, "apiVersion").startswith("argoproj.io/")


def _is_flow(value: Value) -> bool:
    """Also those that a Sensor holds, to start them."""
    return tree.text(value, "kind") in _KINDS and tree.get(value, "spec") is not None


def _flow(path: str, root: Value) -> _Flow:
    spec = tree.get(root, "spec", "workflowSpec") or tree.get(root, "spec")
    templates = {tree.text(each, "name"): each for each in tree.items(spec, "templates")}
    uses = tree.text(spec, "workflowTemplateRef", "name")
    return _Flow(path, tree.text(spec, "entrypoint"), templates, _given(tree.get(spec, "arguments"), {}), uses)


def _run(flow: _Flow, reusable: dict[str, _Flow]) -> Iterator[tuple[str, str, Value]]:
    walk, base = _Walk(reusable), reusable.get(flow.uses)
    if base is not None:
        flow = _Flow(base.path, flow.entrypoint or base.entrypoint, base.templates, base.parameters | flow.parameters)
    scope = {f"workflow.parameters.{name}": value for name, value in flow.parameters.items()}
    first = flow.templates.get(flow.entrypoint)
    for template in ([first] if first is not None else []) + list(flow.templates.values()):
        if id(template) not in walk.reached:
            yield from _templates(walk, flow, template, {}, scope, 0)


def _templates(
    walk: _Walk, flow: _Flow, template: Value, given: Scope, outside: Scope, depth: int
) -> Iterator[tuple[str, str, Value]]:
    """A template with these arguments, and those that its tasks run."""
    inputs = _given(tree.get(template, "inputs"), outside) | dict(given)
    scope = {**outside, **_paths(template), **{f"inputs.parameters.{name}": text for name, text in inputs.items()}}
    key = id(template), tuple(sorted(inputs.items()))
    if key in walk.seen or depth > _DEEPEST or (depth and len(walk.seen) >= _MOST):
        return
    walk.reached.add(id(template))
    walk.seen.add(key)
    yield flow.path, tree.text(template, "name"), filled(template, scope)
    for task in _tasks(template):
        inline, name = tree.get(task, "inline"), tree.text(task, "template")
        owner, called = flow, inline or flow.templates.get(name)
        if (other := walk.reusable.get(tree.text(task, "templateRef", "name"))) is not None:
            owner, called = other, other.templates.get(tree.text(task, "templateRef", "template"))
        if called is None:
            continue
        for item in _rounds(task):
            arguments = _given(tree.get(task, "arguments"), {**scope, **item})
            yield from _templates(walk, owner, called, arguments, outside, depth + 1)


def _paths(template: Value) -> dict[str, str]:
    """Where the files of a template lie: `inputs.artifacts.NAME.path`, `outputs.parameters.NAME.path`."""
    found = {}
    for side in ("inputs", "outputs"):
        for artifact in tree.items(template, side, "artifacts"):
            found[f"{side}.artifacts.{tree.text(artifact, 'name')}.path"] = tree.text(artifact, "path")
        for parameter in tree.items(template, side, "parameters"):
            path = tree.text(parameter, "valueFrom", "path")
            found[f"{side}.parameters.{tree.text(parameter, 'name')}.path"] = path
    return found


def _tasks(template: Value) -> Iterator[Value]:
    yield from tree.items(template, "dag", "tasks")
    for step in tree.items(template, "steps"):
        yield from tree.items(step)  # those that run at once


def _rounds(task: Value) -> list[dict[str, str]]:
    """`withItems: [a, b]`, `withItems: [{name: a}, {name: b}]`: what `item` is in each round."""
    rounds = []
    for each in tree.items(task, "withItems"):
        named = {f"item.{entry.key}": tree.text(entry.value) for entry in each.entries}
        rounds.append({"item": tree.text(each)} if each.kind == "scalar" else named)
    return rounds or [{}]


def _given(holder: Value | None, scope: Scope) -> dict[str, str]:
    """`parameters: [{name: day, value: monday}]`; those without a value are not there."""
    found = {}
    for parameter in tree.items(holder, "parameters"):
        value = tree.get(parameter, "value") or tree.get(parameter, "default")
        if value is not None and value.kind == "scalar":
            found[tree.text(parameter, "name")] = fill(tree.text(value), scope)
    return found


def fill(text: str, scope: Scope) -> str:
    """`{{inputs.parameters.day}}` by its value; what is not known stays, as `{inputs.parameters.day}`."""
    if "{{" not in text:
        return text
    return _REFERENCE.sub(lambda match: scope.get(match[1]) or _OF_RUN.get(match[1]) or "{" + match[1] + "}", text)


def filled(value: Value, scope: Scope) -> Value:
    match value.kind:
        case "scalar":
            if not isinstance(value.value, str) or "{{" not in value.value:
                return value
            return msgspec.structs.replace(value, value=fill(value.value, scope))
        case "sequence":
            return msgspec.structs.replace(value, items=tuple(filled(item, scope) for item in value.items))
    entries = (msgspec.structs.replace(entry, value=filled(entry.value, scope)) for entry in value.entries)
    return msgspec.structs.replace(value, entries=tuple(entries))
