"""Functions that a platform calls by the names that configuration gives it: handlers of AWS Lambda.

serverless.yml      functions: {eta: {handler: src/eta.handler, events: [{httpApi: POST /eta}]}}
template.yaml       Resources: {Eta: {Properties: {Handler: eta.handler, CodeUri: src/, Events: {...}}}}
Dockerfile          CMD ["eta.handler"]
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from mllint.facts.config import Value
from mllint.facts.python import Define
from mllint.lineage.ids import endpoint_id
from mllint.linker.project import NamedFunction, Project
from mllint.linker.systems import images, scripts, tree
from mllint.source import Span

MOST = 500  # of one kind: each is interpreted
LIBRARY = "aws_lambda"  # its model tells what a handler is given
_HANDLER = re.compile(r"[\w./-]+\.[A-Za-z_]\w*")
_ROUTE = re.compile(r"([A-Za-z]+|\*)\s+(/\S*)")
_TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")


def named(project: Project) -> list[NamedFunction]:
    """All functions that files of configuration name."""
    images = list(islice(_images(project), MOST))
    found = [*islice(_serverless(project), MOST), *islice(_templates(project, images), MOST)]
    known = {(function.path, function.function) for function in found}
    found += [function for function in images if (function.path, function.function) not in known]
    return list(dict.fromkeys(found))


def locate(project: Project, handler: str, bases: list[str]) -> tuple[str, str] | None:
    """The file and function that `src/eta.handler` means, below one of these folders, or else the only one that there
    is; `None` if there is none."""
    if not _HANDLER.fullmatch(handler):
        return None
    module, _, function = handler.rpartition(".")
    for base in bases:
        for name in (module, module.replace(".", "/")):
            path = posixpath.normpath(posixpath.join(base, f"{name}.py"))
            if _defines(project, path, function):
                return path, function
    ending = f"/{posixpath.basename(module)}.py"
    others = [path for path in project.kinds_of if f"/{path}".endswith(ending) and _defines(project, path, function)]
    return (others[0], function) if len(others) == 1 else None


def _defines(project: Project, path: str, function: str) -> bool:
    facts = project.files.get(path)
    body = facts.python.body if facts is not None and facts.python is not None else ()
    return any(isinstance(statement, Define) and statement.function.name == function for statement in body)


def functions(
    project: Project, handler: str, bases: list[str], routes: list[tuple[str, str]], span: Span
) -> Iterator[NamedFunction]:
    """What a handler answers: its routes, or an endpoint that is called like it."""
    if (found := locate(project, handler, bases)) is None:
        return
    path, function = found
    endpoints = [endpoint_id(method, route) for method, route in routes]
    for endpoint in endpoints or [f"endpoint:{path.removesuffix('.py')}.{function}"]:
        yield NamedFunction(path, function, endpoint, span, LIBRARY)


# -------------------------------------------------------------------------------------------------- serverless


def _serverless(project: Project) -> Iterator[NamedFunction]:
    for facts in project.named("serverless.yml", "serverless.yaml", "serverless.json"):
        root = project.config(facts.path)
        for entry in tree.entries(root, "functions"):
            handler = tree.get(entry.value, "handler")
            events = list(tree.items(entry.value, "events"))
            routes = [route for event in events if (route := _event(event)) is not None]
            if handler is not None and (routes or not events):
                bases = [posixpath.dirname(facts.path)]
                yield from functions(project, tree.text(handler), bases, routes, tree.span(facts.path, handler))


def _event(event: Value) -> tuple[str, str] | None:
    """`http: {path: eta, method: post}`, `httpApi: POST /eta`."""
    for kind in ("http", "httpApi", "url"):
        value = tree.get(event, kind)
        if value is None:
            continue
        if value.kind == "scalar":
            return _route(*(match.groups() if (match := _ROUTE.match(tree.text(value))) else ("", "")))
        return _route(tree.text(value, "method"), tree.text(value, "path"))
    return None


def _route(method: str, path: str) -> tuple[str, str] | None:
    if not path:
        return None
    return ("POST" if method in ("", "*", "any", "ANY") else method.upper()), "/" + path.strip("/")


# --------------------------------------------------------------------------------------- SAM and CloudFormation


def _templates(project: Project, images: list[NamedFunction]) -> Iterator[NamedFunction]:
    for facts in project.of_kind("yaml", "json"):
        for document in facts.config.documents if facts.config else ():
            for entry in tree.entries(document, "Resources"):
                if tree.text(entry.value, "Type") in _TYPES:
                    yield from _resource(project, facts.path, document, entry.value, images)


def _resource(
    project: Project, path: str, document: Value, resource: Value, images: list[NamedFunction]
) -> Iterator[NamedFunction]:
    own = posixpath.dirname(path)
    shared = tree.get(document, "Globals", "Function")
    events = tree.entries(resource, "Properties", "Events")
    routes = [
        route
        for event in events
        if tree.text(event.value, "Type") in ("Api", "HttpApi")
        and (
            route := _route(
                tree.text(event.value, "Properties", "Method"), tree.text(event.value, "Properties", "Path")
            )
        )
    ]
    if events and not routes:
        return
    folder = tree.text(resource, "Properties", "CodeUri") or tree.text(shared, "CodeUri")
    bases = [posixpath.normpath(posixpath.join(own, folder)), own]
    handler = tree.get(resource, "Properties", "Handler") or tree.get(shared, "Handler")
    commands = tree.items(resource, "Properties", "ImageConfig", "Command")
    if handler is not None or commands:
        value = handler or commands[0]
        yield from functions(project, tree.text(value), bases, routes, tree.span(path, value))
        return
    context = posixpath.normpath(posixpath.join(own, tree.text(resource, "Metadata", "DockerContext")))
    for function in images:  # the image says what it runs
        if posixpath.dirname(function.span.path) == ("" if context == "." else context):
            yield from functions(
                project,
                posixpath.basename(function.path)[:-2] + function.function,
                [posixpath.dirname(function.path)],
                routes,
                function.span,
            )


# --------------------------------------------------------------------------------------------------- containers


def _images(project: Project) -> Iterator[NamedFunction]:
    contexts = images.contexts(project)
    for facts in project.of_kind("docker"):
        own = posixpath.dirname(facts.path)
        for command in facts.commands:
            if len(command.words) == 1 or "awslambdaric" in command.words:
                bases = [own, *contexts.get(facts.path, ()), *([command.folder] if command.folder else []), ""]
                yield from functions(project, command.words[-1], bases, [], scripts.place(facts.path, command))
