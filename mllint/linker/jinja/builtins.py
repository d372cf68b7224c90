"""What Jinja's values can do: methods of texts, lists and mappings, filters and tests. Nothing else is reachable.

A function here may raise TypeError, ValueError and their like: then the result is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from mllint.linker.jinja.values import (
    LARGEST_NUMBER,
    MOST_CHARACTERS,
    Function,
    Namespace,
    Relation,
    TableColumn,
    Unknown,
    is_known,
    is_small,
    shown,
    truth,
)

_MOST_TURNS = 2_000


# ------------------------------------------------------------------------------------------------ texts


def joined(parts: Iterable[str], separator: str = "") -> str:
    listed = list(parts)
    if sum(map(len, listed)) + len(separator) * len(listed) > MOST_CHARACTERS:
        raise ValueError("too long")
    return separator.join(listed)


def _replaced(text: str, old: Any, new: Any, count: int = -1) -> str:
    old, new = shown(old), shown(new)
    if text.count(old) * len(new) + len(text) > MOST_CHARACTERS:
        raise ValueError("too long")
    return text.replace(old, new, count)


_PLACE = re.compile(r"\{\{|\}\}|\{(\w*)\}|%%|%[sd]")


def _formatted(text: str, *args: Any, **keywords: Any) -> str:
    """`'{}_{name}'.format(...)` of plain places: format specifications could ask for any width or attribute."""
    if re.search(r"\{\w*[^\w}{]", text):
        raise ValueError("a format that is not plain")
    left = list(args)

    def fill(written: str, name: str | None) -> str:
        if name is None:
            return written[0] if written in ("{{", "}}") else written
        return shown(keywords[name] if name in keywords else args[int(name)] if name else left.pop(0))

    return _filled(text, fill)


def percent(text: str, value: Any) -> str:
    """`'%s_total' % name`"""
    left = list(value) if isinstance(value, tuple) else [value]

    def fill(written: str, _: str | None) -> str:
        return "%" if written == "%%" else shown(left.pop(0)) if written[0] == "%" else written

    return _filled(text, fill)


def _filled(text: str, fill: Callable[[str, str | None], str]) -> str:
    parts, end = [], 0
    for found in _PLACE.finditer(text):
        parts += [text[end : found.start()], fill(found[0], found[1])]
        end = found.end()
    return joined([*parts, text[end:]])


def _stripped(which: str) -> Callable[..., str]:
    return lambda text, characters=None: getattr(str, which)(text, characters)


_TEXT: dict[str, Callable[..., Any]] = {
    **{name: getattr(str, name) for name in (
        "upper", "lower", "title", "capitalize", "swapcase", "isdigit", "isnumeric", "isalpha", "isalnum", "islower",
        "isupper", "startswith", "endswith", "find", "rfind", "index", "count", "split", "rsplit", "splitlines",
        "removeprefix", "removesuffix", "partition", "rpartition", "casefold",
    )},
    "strip": _stripped("strip"), "lstrip": _stripped("lstrip"), "rstrip": _stripped("rstrip"),
    "replace": _replaced,
    "format": _formatted,
    "join": lambda text, values: joined(map(shown, _items(values)), text),
}  # fmt: skip


# ------------------------------------------------------------------------------------- lists and mappings


def _items(value: Any) -> list[Any]:
    match value:
        case list() | tuple():
            return list(value)
        case dict():
            return list(value)
        case str():
            return list(value)
    raise TypeError("not a sequence")


def iterated(value: Any) -> list[Any] | None:
    """What a loop over a value goes through, None if that is not known."""
    if isinstance(value, list | tuple | dict) or (isinstance(value, str) and is_known(value)):
        return _items(value) if len(value) <= _MOST_TURNS else None
    return None


def _append(values: list[Any], value: Any) -> None:
    values.append(value)


def _extend(values: list[Any], more: Any) -> None:
    values.extend(_items(more))


def _insert(values: list[Any], index: int, value: Any) -> None:
    values.insert(index, value)


_LIST: dict[str, Callable[..., Any]] = {
    "append": _append, "extend": _extend, "insert": _insert,
    "pop": lambda values, index=-1: values.pop(index),
    "remove": lambda values, value: values.remove(value),
    "index": lambda values, value: values.index(value),
    "count": lambda values, value: values.count(value),
    "copy": lambda values: list(values),
    "reverse": lambda values: values.reverse(),
    "sort": lambda values: values.sort(),
    "add": lambda values, value: None if value in values else values.append(value),  # of a set
    "union": lambda values, more: _unique([*values, *_items(more)]),
    "difference": lambda values, more: [value for value in values if value not in _items(more)],
    "intersection": lambda values, more: [value for value in values if value in _items(more)],
}  # fmt: skip
_MAPPING: dict[str, Callable[..., Any]] = {
    "items": lambda values: [list(item) for item in values.items()],
    "keys": lambda values: list(values),
    "values": lambda values: list(values.values()),
    "get": lambda values, key, default=None: values.get(key, default),
    "update": lambda values, more=(), **keywords: values.update({**dict(more), **keywords}),
    "pop": lambda values, *key: values.pop(*key),
    "setdefault": lambda values, key, default=None: values.setdefault(key, default),
    "copy": lambda values: dict(values),
}


def attribute(value: Any, name: str) -> Any:
    """`value.name`, an `Unknown` if there is no such thing."""
    match value:
        case str() if name in _TEXT:
            return _method(_TEXT[name], value, name)
        case list() | tuple() if name in _LIST:
            return _method(_LIST[name], value, name)
        case dict() if name in _MAPPING and name not in value:
            return _method(_MAPPING[name], value, name)
        case dict():
            return value.get(name, Unknown(name, missing=True))
        case Namespace(values=values):
            return values.get(name, Unknown(name, missing=True))
        case Relation():
            return _of_relation(value, name)
        case TableColumn(name=column) if name in ("name", "column", "quoted"):
            return column
    return Unknown(f"{getattr(value, 'name', '')}_{name}".strip("_"))


def _method(function: Callable[..., Any], value: Any, name: str) -> Function:
    return Function(name, lambda *args, **keywords: function(value, *args, **keywords))


def _of_relation(relation: Relation, name: str) -> Any:
    parts = relation.table.split(".")
    match name:
        case "identifier" | "name" | "table" | "alias":
            return relation.name or parts[-1]
        case "schema" | "dataset" if len(parts) > 1:
            return parts[-2]
        case "database" | "project" if len(parts) > 2:
            return parts[-3]
        case "include" | "quote" | "render" | "without_identifier" | "incorporate" | "replace_path":
            return Function(name, lambda *_, **__: relation)
    return Unknown(f"this_{name}" if not relation.name else f"{relation.name}_{name}")


def item(value: Any, key: Any) -> Any:
    """`value[key]`"""
    match value, key:
        case ((list() | tuple() | str()), int()) if -len(value) <= key < len(value):
            return value[key]
        case dict(), (str() | int() | float() | bool() | None):
            return value.get(key, Unknown(shown(key), missing=True))
        case _, str():
            return attribute(value, key)
    return Unknown(getattr(value, "name", ""))


# ------------------------------------------------------------------------------------------------ filters


def _unique(values: list[Any]) -> list[Any]:
    made: list[Any] = []
    for value in values:
        if value not in made:
            made.append(value)
    return made


def _default(value: Any, default: Any = "", boolean: bool = False) -> Any:
    if isinstance(value, Unknown):
        return default if value.missing else value
    return default if boolean and truth(value) is False else value


def _number(value: Any, default: Any = 0) -> Any:
    try:
        made = int(value) if not isinstance(value, str) or "." not in value else int(float(value))
    except (ValueError, TypeError):
        return default
    return made if abs(made) <= LARGEST_NUMBER else default


def _mapped(values: Any, *args: Any, **keywords: Any) -> list[Any]:
    if "attribute" in keywords:
        return [_path(value, keywords["attribute"], keywords.get("default")) for value in _items(values)]
    function = FILTERS[args[0]]
    return [function(value, *args[1:]) for value in _items(values)]


def _path(value: Any, path: Any, default: Any = None) -> Any:
    for step in str(path).split("."):
        value = item(value, int(step) if step.isdigit() else step)
    return default if default is not None and isinstance(value, Unknown) else value


def _selected(wanted: bool, by_attribute: bool) -> Callable[..., list[Any]]:
    def select(values: Any, *args: Any) -> list[Any]:
        name, args = (args[0], args[1:]) if by_attribute else ("", args)
        test = TESTS[args[0]] if args else lambda value: truth(value)
        kept = []
        for value in _items(values):
            holds = test(_path(value, name) if by_attribute else value, *args[1:])
            if not isinstance(holds, bool):
                raise ValueError("not known")
            if holds is wanted:
                kept.append(value)
        return kept

    return select


def _sorted(values: Any, reverse: bool = False, case_sensitive: bool = False, attribute: Any = None) -> list[Any]:
    def key(value: Any) -> Any:
        found = _path(value, attribute) if attribute is not None else value
        return found.lower() if isinstance(found, str) and not case_sensitive else found

    return sorted(_items(values), key=key, reverse=reverse)


def _as_bool(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


FILTERS: dict[str, Callable[..., Any]] = {
    "upper": lambda v: shown(v).upper(), "lower": lambda v: shown(v).lower(), "title": lambda v: shown(v).title(),
    "capitalize": lambda v: shown(v).capitalize(), "trim": lambda v, characters=None: shown(v).strip(characters),
    "string": shown, "replace": lambda v, *args: _replaced(shown(v), *args),
    "join": lambda v, separator="", attribute=None: joined(
        [shown(_path(x, attribute) if attribute is not None else x) for x in _items(v)], shown(separator)),
    "list": _items, "length": len, "count": len, "first": lambda v: _items(v)[0], "last": lambda v: _items(v)[-1],
    "default": _default, "d": _default, "int": _number, "float": float, "abs": abs, "round": round,
    "map": _mapped, "select": _selected(True, False), "reject": _selected(False, False),
    "selectattr": _selected(True, True), "rejectattr": _selected(False, True), "sort": _sorted,
    "unique": lambda v: _unique(_items(v)), "reverse": lambda v: _items(v)[::-1], "sum": lambda v: sum(_items(v)),
    "min": lambda v: min(_items(v)), "max": lambda v: max(_items(v)),
    "items": lambda v: [list(each) for each in v.items()], "dictsort": lambda v: sorted(map(list, v.items())),
    "indent": lambda v, *_, **__: shown(v), "safe": lambda v: v, "e": lambda v: v, "escape": lambda v: v,
    "as_text": lambda v: v, "as_native": lambda v: v, "as_bool": _as_bool,
    "as_number": lambda v: float(v) if isinstance(v, str) and "." in v else _number(v, v),
    "tojson": lambda v, *_, **__: to_json(v), "format": lambda v, *args: percent(v, args),
    "attr": attribute, "wordcount": lambda v: len(v.split()),
}  # fmt: skip


def to_json(value: Any) -> str:
    if not (is_known(value) and is_small(value)):
        raise ValueError("not known")
    return joined([json.dumps(value)])


# -------------------------------------------------------------------------------------------------- tests


def is_undefined(value: Any) -> bool | Unknown:
    return value.missing or Unknown() if isinstance(value, Unknown) else False


def _is_defined(value: Any) -> bool | Unknown:
    found = is_undefined(value)
    return found if isinstance(found, Unknown) else not found


def _of(test: Callable[..., Any]) -> Callable[..., bool | Unknown]:
    def holds(value: Any, *args: Any) -> bool | Unknown:
        return test(value, *args) if is_known(value) and all(map(is_known, args)) else Unknown()

    return holds


_PLAIN: dict[str, Callable[..., Any]] = {
        "none": lambda v: v is None, "string": lambda v: isinstance(v, str),
        "number": lambda v: isinstance(v, int | float), "integer": lambda v: isinstance(v, int),
        "float": lambda v: isinstance(v, float), "boolean": lambda v: isinstance(v, bool),
        "true": lambda v: v is True, "false": lambda v: v is False, "mapping": lambda v: isinstance(v, dict),
        "sequence": lambda v: isinstance(v, str | list | tuple | dict),
        "iterable": lambda v: isinstance(v, str | list | tuple | dict),
        "callable": lambda v: isinstance(v, Function), "odd": lambda v: v % 2 == 1, "even": lambda v: v % 2 == 0,
        "divisibleby": lambda v, by: v % by == 0, "in": lambda v, values: v in values,
        "lower": lambda v: v == v.lower(), "upper": lambda v: v == v.upper(), "sameas": lambda v, other: v is other,
        "eq": lambda v, other: v == other, "equalto": lambda v, other: v == other, "==": lambda v, other: v == other,
        "ne": lambda v, other: v != other, "!=": lambda v, other: v != other, "gt": lambda v, other: v > other,
        "lt": lambda v, other: v < other, "ge": lambda v, other: v >= other, "le": lambda v, other: v <= other,
        ">": lambda v, other: v > other, "<": lambda v, other: v < other,
}  # fmt: skip
TESTS: dict[str, Callable[..., bool | Unknown]] = {
    "defined": _is_defined, "undefined": is_undefined, **{name: _of(test) for name, test in _PLAIN.items()}
}  # fmt: skip
