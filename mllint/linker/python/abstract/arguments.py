"""Arguments of a call, and how they meet parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.linker.python.abstract.values import Tuple, join


class Rest(msgspec.Struct, frozen=True):
    """Any number of further positional arguments, each one of `value`: `*args` of unknown length."""

    value: Any


class Slice(msgspec.Struct, frozen=True):
    """`lower:upper:step` in a subscript; parts are values, None where left out."""

    lower: Any
    upper: Any
    step: Any
    is_each: bool = False  # the number of any one row: of a frame all rows, of a list one of its items

    @property
    def is_everything(self) -> bool:
        """`:`, forwards or backwards."""
        bounds = [getattr(part, "value", part) for part in (self.lower, self.upper, self.step)]
        return bounds[:2] == [None, None] and bounds[2] in (None, 1, -1)


class Arguments(msgspec.Struct, frozen=True):
    """`rest` is what an unknown `**mapping` may hold, None if there is none."""

    args: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = {}
    rest: Any = None

    def before(self, *first: Any) -> Arguments:
        return Arguments((*first, *self.args), self.keywords, self.rest)

    def values(self) -> list[Any]:
        found = [a.value if type(a) is Rest else a for a in self.args]
        if self.keywords:
            found += self.keywords.values()
        if self.rest is not None:
            found.append(self.rest)
        return found


def by_name(names: tuple[str, ...], arguments: Arguments) -> dict[str, Any]:
    """Arguments of a library call by parameter name; what has no name goes by its position, as `0`, `1`, ...
    Names after `*` are of keywords alone."""
    names = names[: names.index("*")] if "*" in names else names
    result: dict[str, Any] = dict(arguments.keywords)
    for index, argument in enumerate(arguments.args):
        if isinstance(argument, Rest):
            for name in names[index:]:
                result.setdefault(name, argument.value)
            break
        result[str(index)] = argument
        if index < len(names):
            result[names[index]] = argument
    return result


def bind(function: facts.Function, arguments: Arguments) -> tuple[dict[str, Any], set[str], Any, dict[str, Any]]:
    """Arguments of a repository function.

    Returns the values of named parameters, the names that an unknown `*` or `**` may have filled, the values of `*args`
    (a Tuple, or a Rest if their number is unknown), and those of `**kwargs`."""
    plain = [p for p in function.parameters if p.kind in ("positional", "plain")]
    named = {p.name for p in function.parameters if p.kind in ("plain", "keyword")}
    values: dict[str, Any] = {}
    maybe: dict[str, Any] = {}
    extra: list[Any] = []
    open_rest: Any = None
    for index, argument in enumerate(arguments.args):
        if isinstance(argument, Rest):
            for parameter in plain[index:]:
                maybe[parameter.name] = argument.value
            open_rest = argument.value
        elif index < len(plain):
            values[plain[index].name] = argument
        else:
            extra.append(argument)
    others: dict[str, Any] = {}
    for name, value in arguments.keywords.items():
        if name in named:
            values[name] = value
        else:
            others[name] = value
    if arguments.rest is not None:
        for parameter in function.parameters:
            if parameter.kind in ("plain", "keyword") and parameter.name not in values:
                maybe[parameter.name] = join(maybe.get(parameter.name), arguments.rest)
        others["<rest>"] = arguments.rest
    values.update({name: value for name, value in maybe.items() if name not in values})
    star: Any = Tuple(tuple(extra)) if open_rest is None else Rest(open_rest)
    return values, set(maybe), star, others
