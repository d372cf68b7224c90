"""Methods of texts, also of those of which some parts are unknown: `f"{day}_rides.csv".removesuffix(".csv")`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import (
    Constant,
    Text,
    Tuple,
    Unknown,
    join_all,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.builtins import first_of, formatted
from mllint.linker.python.iteration import items_of
from mllint.linker.python.machine import Machine

Method = Callable[[Machine, Any, Arguments, facts.At], Any]


def method(name: str) -> Method | None:
    return TABLE.get(name) or _plain(name)


def _plain(name: str) -> Method | None:
    """Methods that need only the text itself and constant arguments."""
    if name not in ("lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "removesuffix",
                    "removeprefix", "zfill", "casefold", "startswith", "endswith", "isdigit", "swapcase"):  # fmt: skip
        return None

    def apply(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
        if all(isinstance(each, Constant) for each in arguments.args):
            if isinstance(receiver, Constant):
                return _computed(name, receiver, arguments)
            if isinstance(receiver, Text) and name in ("startswith", "endswith") and len(arguments.args) == 1:
                known = texts.starts(receiver, str(arguments.args[0].value), name == "endswith")
                return Constant(known) if known is not None else Unknown(receiver.origins)
            if isinstance(receiver, Text):
                return _of_partly_known(name, receiver, [each.value for each in arguments.args])
        return Unknown(origins_of(receiver))

    return apply


def _computed(name: str, receiver: Constant, arguments: Arguments) -> Any:
    values = [each.value for each in arguments.args]
    try:
        return Constant(getattr(str(receiver.value), name)(*values), receiver.settings, receiver.origins)
    except (TypeError, ValueError):
        return Unknown()


_SIDES = {"strip": (0, -1), "lstrip": (0,), "rstrip": (-1,), "removeprefix": (0,), "removesuffix": (-1,)}


def _of_partly_known(name: str, text: Text, values: list[Any]) -> Any:
    """What a method makes of a text of which some parts are unknown: `f"{day}_rides.csv".removesuffix(".csv")`."""
    parts = list(text.parts)
    places = range(len(parts)) if name in ("lower", "upper", "casefold") else _SIDES.get(name, ())
    end = {"startswith": 0, "endswith": -1}.get(name)
    try:
        for place in places:
            part = parts[place]
            parts[place] = getattr(part, name)(*values) if isinstance(part, str) else part
        outer = parts[end] if end is not None else None
        if isinstance(outer, str):
            (wanted,) = values
            if getattr(outer, name)(wanted) or len(outer) >= len(wanted):
                return Constant(getattr(outer, name)(wanted))
    except (TypeError, ValueError):
        return Unknown(text.origins)
    return texts.make(tuple(parts), text.origins) if places else Unknown(text.origins)


def _replace(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    """`text.replace("{day}", day)`: what is put in may be unknown, and so may other parts of the text."""
    if isinstance(receiver, Constant) and all(isinstance(each, Constant) for each in arguments.args):
        return _computed("replace", receiver, arguments)
    old, *others = arguments.args
    text = text_of(old)
    if not text or len(others) != 1:
        return Unknown(origins_of(receiver))
    results = []
    for new in options_of(others[0]):
        inserted, parts = texts.parts_of(new, re.sub(r"\W+", "_", text).strip("_") or "text"), []
        for part in texts.parts_of(receiver):
            first, *rest = part.split(text) if isinstance(part, str) else (part,)
            parts += [first, *itertools.chain.from_iterable((*inserted, each) for each in rest)]
        results.append(texts.make(tuple(parts), origins_of(receiver) | origins_of(new)))
    return join_all(results)


def _join(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    items = items_of(m, first_of(arguments), at).known
    if items is None:
        return Unknown(origins_of(first_of(arguments)))
    parts: list[tuple[Any, str]] = []
    for index, item in enumerate(items):
        if index:
            parts.append((receiver, "separator"))
        parts.append((item, "item"))
    return texts.concatenate(parts) if parts else Constant("")


def _split(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    values = [a.value for a in arguments.args if isinstance(a, Constant)]
    if isinstance(receiver, Constant) and len(values) == len(arguments.args):
        try:
            parts = str(receiver.value).split(*values)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return Unknown()
        return m.heap.new("list", {"items": tuple(Constant(p) for p in parts[:64])}, (m.now.path, at))
    return m.heap.new("list", {"items": (), "<rest>": Unknown(origins_of(receiver))}, (m.now.path, at))


def _text_format(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    if isinstance(receiver, Constant):
        return texts.formatted(
            str(receiver.value),
            list(arguments.args),
            dict(arguments.keywords),
            lambda value, name: m.attribute(value, name, at),
            lambda value, key: m.item(value, Constant(int(key) if key.isdigit() else key), at),
            lambda value, spec: formatted(m, Arguments((value, Constant(spec))), at),
        )
    return Unknown(origins_of(receiver).union(*(origins_of(v) for v in arguments.values())))


def _same(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
    return receiver


def _parts(name: str) -> Method:
    """`rsplit`, `partition`: several texts of one."""

    def apply(m: Machine, receiver: Any, arguments: Arguments, at: facts.At) -> Any:
        values = [a.value for a in arguments.args if isinstance(a, Constant)]
        if isinstance(receiver, Constant) and len(values) == len(arguments.args):
            try:
                made = tuple(Constant(p) for p in getattr(str(receiver.value), name)(*values)[:64])
            except (TypeError, ValueError):
                return Unknown()
            return Tuple(made) if "partition" in name else m.heap.new("list", {"items": made}, (m.now.path, at))
        return _split(m, receiver, arguments, at)

    return apply


TABLE: dict[str, Method] = {
    "replace": _replace,
    "rsplit": _parts("rsplit"), "splitlines": _parts("splitlines"), "partition": _parts("partition"),
    "rpartition": _parts("rpartition"), "join": _join, "split": _split,
    "format": _text_format, "encode": _same, "decode": _same,
}  # fmt: skip
