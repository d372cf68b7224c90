"""What library models say of the names in a statement: whether it works on data, learns, or only stands around that."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from typing import Any

from mllint.libraries.models import Entry, Library


class Vocabulary:
    """What library models say of names: modules that work on data, those that draw, methods of frames and models."""

    def __init__(self, library: Library) -> None:
        self.modules = {"numpy", "torch", "tensorflow", "keras", "sklearn"} & library.modules
        self.dull = library.plumbing | library.hosts  # pages and schedulers
        patterns = sorted(name for name in library.plumbing if "*" in name)  # `*_pb2`, code that a compiler made
        self.generated = re.compile("|".join(map(fnmatch.translate, patterns)) or "(?!)")
        self.dull |= {prefix.partition(".")[0] for prefix, entry in library.families if entry.evaluates == "plot"}
        self.networks = library.networks
        self.layers = {name.partition(".")[0] for name in library.networks}  # modules that networks are built with
        self.learning: set[str] = set()  # `fit`, `predict`, `transform`, `backward`
        self.loops: set[str] = set()  # `backward`: what only loops that train call
        self.describing = {"." + name for name in library.describes}
        namespaces = {name.partition(".")[0] for name in library.modules if "." in name}
        self.methods: set[str] = set()
        self.idle: set[str] = set()  # methods that change nothing: called for what they show
        self.saving: set[str] = set()
        acts: set[str] = set()
        arrays: set[str] = set()  # methods of arrays and tensors: a model's own arithmetic uses them too
        for full, entry in library.calls.items():
            top, last = _module(full, namespaces), full.rpartition(".")[2]
            if entry.evaluates == "plot":
                self.dull.add(top)
            if _is_about_data(entry):
                self.modules.add(top)
                self.methods.add(last)
                kind = library.types.get(full.rpartition(".")[0])
                if top in self.layers or (kind is not None and kind.nameless):
                    arrays.add(last)
            if _learns(entry):
                self.learning.add("." + last)
            if entry.computes == "backward":
                self.loops.add(last)
            if entry.writes is not None or entry.saves is not None:
                self.saving.add(last)
            (self.idle if (entry.frame or entry.column) and not entry.mutates else acts).add(last)
        self.idle -= acts
        self.methods -= {name for kind in (dict, list, set, str) for name in dir(kind)}  # `results.values()`
        self.modules -= self.dull | {"builtins", "python", "json", "csv", "io", "os", "datetime", "math"}
        self.working = {"." + name for name in self.methods - arrays} | self.learning
        self.namespaces = namespaces

    def are_dull(self, roots: set[str]) -> bool:
        return bool(roots & self.dull) or any(map(self.generated.match, roots))

    def roots(self, tokens: Iterable[Any]) -> set[str]:
        """The modules that a statement names."""
        return {_module(token, self.namespaces) for token in tokens if isinstance(token, str) and token[:1].isalpha()}


def _module(name: str, namespaces: set[str]) -> str:
    """`pandas` of `pandas.DataFrame`; `google.protobuf` is no part of what `google.cloud` is."""
    first, _, rest = name.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first in namespaces and rest else first


def _is_about_data(entry: Entry) -> bool:
    return bool(entry.frame or entry.column or _learns(entry))


def _learns(entry: Entry) -> bool:
    return bool(entry.fits is not None or entry.predicts or entry.transforms or entry.splits)
