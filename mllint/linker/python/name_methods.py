"""Methods of `df.columns`, which are done to each name: `isin`, and those of texts behind `.str`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import text_methods
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import Unknown, origins_of, text_of
from mllint.linker.python.builtins import first_of
from mllint.linker.python.frames import listed
from mllint.linker.python.iteration import set_operation
from mllint.linker.python.machine import Machine

Method = Callable[[Machine, Any, Arguments, facts.At], Any]


def isin(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`df.columns.isin(["id", "label"])`"""
    if not listed.is_index(receiver):
        return Unknown(origins_of(receiver))
    others = first_of(arguments)
    picks, misses = (set_operation(m, kind, receiver, others, at) for kind in ("intersection", "difference"))
    return listed.mask(m, picks, misses, at)


def of_each(name: str) -> Method | None:
    """`df.columns.str.startswith("lag_")`, `df.columns.str.lower()`"""
    if name not in _TESTS and text_methods.method(name) is None:
        return None

    def apply(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
        index = receiver.slots["names"]
        if name in _TESTS:
            text = text_of(first_of(arguments))
            test = _TESTS[name](text) if text is not None else None
            return Unknown() if test is None else listed.tested(m, index, test, at)
        items = [m.call(m.attribute(item, name, at), arguments, at) for item in index.slots["items"]]
        rest = {"<rest>": index.slots["<rest>"]} if index.slots.get("<rest>") is not None else {}
        return m.heap.new("list", {"items": tuple(items), listed.INDEX: True, **rest}, (m.now.path, at))

    return apply


_TESTS: dict[str, Callable[[str], Callable[[str], bool] | None]] = {
    "startswith": lambda start: lambda name: name.startswith(start),
    "endswith": lambda end: lambda name: name.endswith(end),
    "contains": lambda text: (p := listed.pattern(text)) and (lambda name: p.search(name) is not None),
    "match": lambda text: (p := listed.pattern(text)) and (lambda name: p.match(name) is not None),
}
