"""The stages of a dvc.yaml, expanded: `foreach`, `matrix` and `${...}` filled in from params.yaml and `vars`."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from mllint.facts.config import Entry, Value
from mllint.linker.project import Project
from mllint.linker.systems import tree

_REFERENCE = re.compile(r"\$\{\s*([^{}$\s]+)\s*\}")
_STEP = re.compile(r"[^.\[\]]+")
_MAX_STAGES = 300  # of one file
_MAX_PLAIN = 20
_MAX_REFERENCES = 100  # `a: ${a}${a}` would go on for ever


class Place(msgspec.Struct, frozen=True):
    """A repo-relative path (or URL), and where it is written."""

    path: str
    at: Value


class Stage(msgspec.Struct, frozen=True):
    name: str
    folder: str  # its `wdir`, repo-relative
    commands: tuple[tuple[str, Value], ...]  # text, where it is written
    deps: tuple[Place, ...]
    outs: tuple[Place, ...]
    metrics: frozenset[str]  # paths of outs that are metrics or plots
    params: tuple[str, ...]
    frozen: bool


Scope = Mapping[str, Value]


def stages(project: Project, path: str, root: Value) -> Iterator[Stage]:
    base = posixpath.dirname(path)
    scope = _scope(project, base, root, {}, with_defaults=True)
    for entry in itertools.islice(_expanded(root, scope), _MAX_STAGES):
        name, body, own = entry
        yield _stage(base, name, body, _scope(project, base, body, own, with_defaults=False))


def _scope(project: Project, base: str, holder: Value, outer: Scope, with_defaults: bool) -> dict[str, Value]:
    """Names that `${...}` may use: the entries of params.yaml, and of the files and mappings under `vars`."""
    scope = dict(outer)
    files = ["params.yaml"] if with_defaults else []
    for item in tree.items(holder, "vars"):
        if item.kind == "scalar":
            files.append(tree.text(item))
    for name in files:
        file, _, keys = name.partition(":")
        wanted = {key.partition(".")[0] for key in keys.split(",")} if keys else None
        document = project.config(posixpath.join(base, file))
        for entry in document.entries if document is not None else ():
            if wanted is None or entry.key in wanted:
                scope[entry.key] = entry.value
    for item in tree.items(holder, "vars"):
        scope.update((entry.key, entry.value) for entry in item.entries)
    return scope


def _expanded(root: Value, scope: Scope) -> Iterator[tuple[str, Value, dict[str, Value]]]:
    """Name, body and names of each stage: `foreach` and `matrix` make several of one."""
    for entry in tree.entries(root, "stages"):
        body = entry.value
        foreach, matrix = tree.get(body, "foreach"), tree.get(body, "matrix")
        if foreach is not None:
            do = tree.get(body, "do") or body
            over = _referenced(foreach, scope)
            for key, item in _rounds(over):
                names = dict(scope) | {"item": item}
                if over.kind == "mapping":
                    names["key"] = _scalar_like(item, key)
                yield f"{entry.key}@{key}", do, names
        elif matrix is not None:
            axes = [(axis.key, _referenced(axis.value, scope)) for axis in matrix.entries]
            for chosen in itertools.product(*(over.items for _, over in axes)):
                names = {axis: value for (axis, _), value in zip(axes, chosen, strict=True)}
                label = "-".join(_label(value, axis, index) for index, (axis, value) in enumerate(names.items()))
                yield f"{entry.key}@{label}", body, dict(scope) | {"item": _mapping(matrix, names)}
        else:
            yield entry.key, body, dict(scope)


def _rounds(over: Value) -> Iterator[tuple[str, Value]]:
    if over.kind == "mapping":
        yield from ((entry.key, entry.value) for entry in over.entries)
    else:
        for index, item in enumerate(over.items):
            yield tree.text(item) if item.kind == "scalar" else str(index), item


def _label(value: Value, axis: str, index: int) -> str:
    return tree.text(value) if value.kind == "scalar" else f"{axis}{index}"


def _scalar_like(value: Value, content: str) -> Value:
    return Value("scalar", value.line, value.column, value.end_line, value.end_column, content)


def _mapping(like: Value, names: Mapping[str, Value]) -> Value:
    entries = tuple(Entry(name, like.line, like.column, like.column, value) for name, value in names.items())
    return Value("mapping", like.line, like.column, like.end_line, like.end_column, None, (), entries)


def _stage(base: str, name: str, body: Value, scope: Scope) -> Stage:
    folder = posixpath.normpath(posixpath.join(base, fill(tree.text(body, "wdir"), scope) or "."))
    folder = "" if folder == "." else folder
    commands = tuple((fill(tree.text(item), scope, in_command=True), item) for item in tree.items(body, "cmd"))
    outs = tuple(_places(body, "outs", folder, scope))
    measured = [*_places(body, "metrics", folder, scope), *_places(body, "plots", folder, scope)]
    deps = tuple(_places(body, "deps", folder, scope))
    params = tuple(fill(text, scope) for text in _params(body))
    is_frozen = tree.text(body, "frozen") == "true"
    metrics = frozenset(place.path for place in measured)
    return Stage(name, folder, commands, deps, (*outs, *measured), metrics, params, is_frozen)


def _places(body: Value, key: str, folder: str, scope: Scope) -> Iterator[Place]:
    """`- path`, or `- path: {cache: false}`."""
    for item in tree.items(body, key):
        if item.kind == "scalar":
            written = [(tree.text(item), item)]
        else:
            written = [(entry.key, _key_place(entry)) for entry in item.entries]
        for text, at in written:
            for filled in _all_of(text, scope):
                yield Place(resolve(folder, filled), at)


def _key_place(entry: Entry) -> Value:
    return Value("scalar", entry.line, entry.column, entry.line, entry.end_column, entry.key)


def resolve(folder: str, path: str) -> str:
    if "://" in path:
        return path
    return posixpath.normpath(posixpath.join(folder, path.replace("\\", "/")))


def _all_of(text: str, scope: Scope) -> list[str]:
    """`deps: - ${paths}` where `paths` is a list gives all of them."""
    whole = _REFERENCE.fullmatch(text)
    value = _lookup(whole[1], scope) if whole else None
    if value is not None and value.kind == "sequence":
        return [fill(tree.text(item), scope) for item in value.items]
    return [fill(text, scope)]


def _params(body: Value) -> Iterator[str]:
    for item in tree.items(body, "params"):
        if item.kind == "scalar":
            yield f"params.yaml:{tree.text(item)}"
        for entry in item.entries:  # other.yaml: [a, b]
            keys = tree.items(entry.value)
            yield from (f"{entry.key}:{tree.text(key)}" for key in keys) if keys else (entry.key,)


# ---------------------------------------------------------------------------------------------- interpolation


def fill(text: str, scope: Scope, in_command: bool = False) -> str:
    """`${train.lr}` by its value; what is not known stays, as `{train.lr}`."""
    return _fill(text, scope, in_command, [_MAX_REFERENCES])


def _fill(text: str, scope: Scope, in_command: bool, budget: list[int]) -> str:
    def value(match: re.Match[str]) -> str:
        found = _lookup(match[1], scope)
        budget[0] -= 1
        if found is None or budget[0] < 0:
            return "{" + match[1] + "}"
        if found.kind == "scalar":
            return _fill(tree.as_text(found.value), scope, in_command, budget)
        return _as_arguments(found) if in_command else "{" + match[1] + "}"

    return _REFERENCE.sub(value, text) if "${" in text else text


def _as_arguments(value: Value, prefix: str = "") -> str:
    """In a command a mapping becomes options: `${train}` is `--lr 0.1 --shuffle`."""
    if value.kind == "sequence":
        return " ".join(tree.text(item) for item in value.items[:_MAX_PLAIN])
    words = []
    for entry in value.entries[:_MAX_PLAIN]:
        match entry.value.kind:
            case "mapping":
                words.append(_as_arguments(entry.value, f"{prefix}{entry.key}."))
            case "scalar" if entry.value.value is True:
                words.append(f"--{prefix}{entry.key}")
            case "scalar" if entry.value.value is False:
                pass
            case _:
                words.append(f"--{prefix}{entry.key} {' '.join(map(tree.text, tree.items(entry.value)))}")
    return " ".join(words)


def _referenced(value: Value, scope: Scope) -> Value:
    """`foreach: ${models}`"""
    whole = _REFERENCE.fullmatch(tree.text(value)) if value.kind == "scalar" else None
    return (_lookup(whole[1], scope) if whole else None) or value


def _lookup(name: str, scope: Scope) -> Value | None:
    first, *rest = _STEP.findall(name) or [name]
    value = scope.get(first)
    for step in rest:
        if value is None:
            return None
        if value.kind == "sequence":
            index = int(step) if step.isdecimal() and len(step) < 6 else -1
            value = value.items[index] if 0 <= index < len(value.items) else None
        else:
            value = tree.get(value, step)
    return value
