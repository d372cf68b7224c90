"""Which functions may do anything to data: those that name something a model gives an effect, or name such a function.

Names are taken from the encoded bodies, without decoding them: a short text of msgpack is one byte of length and its
letters. That finds too many names rather than too few, which is the safe side: what is left out is never entered from
outside (it is still followed where relevant code calls it)."""

from __future__ import annotations

import re
from collections import defaultdict

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Entry, Library
from mllint.linker.project import Project

_NAME = re.compile(rb"[\xa1-\xbf]([A-Za-z_][A-Za-z0-9_]*)")
_encode = msgspec.msgpack.Encoder().encode


def relevant_names(project: Project, library: Library) -> set[bytes]:
    """Names of functions, classes and methods that lead to an effect on data."""
    uses: dict[bytes, set[bytes]] = defaultdict(set)
    for file in project.of_kind("python", "notebook"):
        if file.python is not None:
            _collect(file.python.body, uses)
    users: dict[bytes, set[bytes]] = defaultdict(set)
    for name, used in uses.items():
        for other in used:
            users[other].add(name)
    named = [name for name, entry in library.calls.items() if has_effect(entry)]
    named += [alias for alias, name in library.aliases.items() if name in library.calls and has_effect(library.calls[name])]
    named += [pattern for kind in library.types.values() if kind.runs for pattern in kind.classes]
    found = {name.rpartition(".")[2].rpartition("*")[2].encode() for name in named}
    todo = list(found)
    while todo:
        for user in users.get(todo.pop(), ()):
            if user not in found:
                found.add(user)
                todo.append(user)
    return found


def has_effect(entry: Entry) -> bool:
    """Whether a call reads, writes, trains, predicts, serves or asks."""
    effects = (
        entry.reads,
        entry.writes,
        entry.loads,
        entry.saves,
        entry.opens,
        entry.fits,
        entry.routes,
        entry.requests,
    )
    return any(effect is not None for effect in effects) or bool(entry.predicts or entry.transforms or entry.composes)


def _collect(block: tuple[facts.Stmt, ...], uses: dict[bytes, set[bytes]]) -> None:
    for statement in block:
        match statement:
            case facts.Define(function=function):
                uses[function.name.encode()].update(_names(bytes(function.body)))
            case facts.DefineClass(name=name, body=body):
                inner: dict[bytes, set[bytes]] = defaultdict(set)
                _collect(body, inner)
                for method, used in inner.items():
                    uses[method] |= used
                    uses[name.encode()] |= used if method.startswith(b"__") else set()
            case facts.If(then=then, otherwise=otherwise):
                _collect((*then, *otherwise), uses)
            case facts.Try(body=body):
                _collect(body, uses)


def _names(data: bytes) -> set[bytes]:
    return set(_NAME.findall(data))
