"""Which functions may do anything to data: those that name something a model gives an effect, or name such a function.

Names are taken from the encoded bodies, without decoding them: a short text of msgpack is one byte of length and its
letters. That finds too many names rather than too few, which is the safe side: what is left out is never entered from
outside (it is still followed where relevant code calls it)."""

from __future__ import annotations

import re
from collections import defaultdict

from mllint.facts import python as facts
from mllint.libraries.models import Entry, Library
from mllint.linker.project import Project

_EFFECTS = (
    "statement", "run_statement", "add_row", "mapped_rows", "add_rows", "bulk_rows",
    "feature_view", "features_of", "forward", "backward",
    "start_command", "start_words", "start_notebook", "start_container", "start_containers", "run_notebook",
    "drawn", "save_figure", "shown", "artifact_add", "artifact_log", "url_opened",
)  # fmt: skip
_NAME = re.compile(rb"[\xa1-\xbf]([A-Za-z_][A-Za-z0-9_]*)")


def relevant_functions(project: Project, library: Library) -> frozenset[bytes]:
    """Names of functions, classes and methods that lead to an effect on data. A name counts in the files that import
    its library: `get` where `requests` is imported."""
    effects = _effects_by_module(library)
    uses: dict[bytes, set[bytes]] = defaultdict(set)
    found: set[bytes] = set()
    for file in project.with_python():
        if file.python is not None:
            own: dict[bytes, set[bytes]] = defaultdict(set)
            _collect(file.python.body, own)
            telling = effects[""].union(*(effects.get(module, ()) for module in file.python.imports))
            for name, used in own.items():
                uses[name] |= used
                if not used.isdisjoint(telling):
                    found.add(name)
    users: dict[bytes, set[bytes]] = defaultdict(set)
    for name, used in uses.items():
        for other in used & uses.keys():
            users[other].add(name)
    todo = list(found)
    while todo:
        for user in users.get(todo.pop(), ()):
            if user not in found:
                found.add(user)
                todo.append(user)
    return frozenset(found)


def _effects_by_module(library: Library) -> dict[str, set[bytes]]:
    """Names of calls with effects, by the top-level module that must be imported; under "" those that need none:
    methods of frames and models, whose objects come from anywhere."""
    result: dict[str, set[bytes]] = defaultdict(set)
    asking: dict[str, set[bytes]] = defaultdict(set)
    for full, entry in library.calls.items():
        if entry.requests is not None:
            asking[full.rpartition(".")[0]].add(full.rpartition(".")[2].encode())
        if not has_effect(entry):
            continue
        owner, _, name = full.rpartition(".")
        module = owner.partition(".")[0]
        if module == "builtins" or (entry.duck and ("_" in name.strip("_") or name in ("fit", "predict"))):
            result[""].add(name.encode())
        elif module != "python":  # methods of open files need an `open`
            result[module].add(name.encode())
    for full, entry in library.calls.items():  # `HTTPConnection(host).request(...)`: whoever makes one may ask
        result[full.partition(".")[0]].update(asking.get(entry.returns, ()))
    for alias, name in library.aliases.items():
        if name in library.calls and has_effect(library.calls[name]):
            result[alias.partition(".")[0]].add(alias.rpartition(".")[2].encode())
    for alias, name in library.aliases.items():  # who imports `psycopg2` may call methods of `dbapi`
        result[alias.partition(".")[0]] |= result.get(name.partition(".")[0], set())
    for kind in library.types.values():
        if kind.runs:  # operators of orchestrators, whose classes are known by patterns
            result[""].update(pattern.rpartition(".")[2].rpartition("*")[2].encode() for pattern in kind.classes)
    return result


def has_effect(entry: Entry) -> bool:
    """Whether a call reads, writes, trains, predicts, serves or asks."""
    moves = (entry.reads, entry.writes, entry.loads, entry.saves, entry.opens, entry.requests, entry.copies)
    learns = entry.fits is not None or entry.predicts or entry.transforms
    return any(effect is not None for effect in moves) or bool(
        learns or entry.routes or entry.composes or entry.computes in _EFFECTS
    )


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
            case facts.Assign(targets=(facts.Name(id=name),), value=facts.Call(args=args, keywords=keywords)):
                # `load_op = create_component_from_func(load)`: what names it leads to what it was made of
                given = (*args, *(keyword.value for keyword in keywords))
                made_of = {each.id.encode() for each in given if isinstance(each, facts.Name)}
                if made_of:
                    uses[name.encode()] |= made_of
            case facts.If(then=then, otherwise=otherwise):
                _collect((*then, *otherwise), uses)
            case facts.Try(body=body):
                _collect(body, uses)


def _names(data: bytes) -> set[bytes]:
    return set(_NAME.findall(data))
