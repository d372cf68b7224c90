"""Calls of libraries that take settings: what is fitted, fits, splits, files, and what configuration gives values to.

    forest = RandomForestClassifier(n_estimators=params["trees"], max_depth=8)      # one setting, and one literal

What of them holds settings against a schema is noted here too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Entry
from mllint.lineage.observations import Component, Given
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.settings import KINDS, place_of
from mllint.linker.python.abstract.values import Bound, Class, Constant, External, Function, Unknown, options_of
from mllint.linker.python.classes import find_member, lineage_of
from mllint.linker.python.library.estimators import is_estimator
from mllint.linker.python.library.locate import locate
from mllint.linker.python.machine import Machine

MOST_GIVEN = 40
MOST_LETTERS = 200
_CHECKS = re.compile(r"valid|check|verif|schema|conform|ensure|parse_obj|parse_raw|sanity|assert", re.IGNORECASE)


def called(m: Machine, e: facts.Call, function: Any, arguments: Arguments, result: Any) -> None:
    """Note a call with what it is given, once its result is known."""
    if m.in_test:
        return
    if m.settings.has_any and type(function) is not Function:  # somebody can look inside
        _checked(m, e, function, arguments)
    match function:
        case External(name=name):
            entry = m.library.call(name)
            what = m.library.canonical(name)
        case Bound(function=str() as what) if "." in what:
            entry = m.library.calls[what]
        case _:
            return
    kind = _kind(m, entry, result)
    if (kind == "call" or (kind == "data" and not m.settings.has_any)) and not _holds_settings(arguments):
        return  # by far the most calls
    given = tuple(_given(m, e, entry, arguments, kind))[:MOST_GIVEN]
    is_steered = any(m.project.kinds_of.get(place.path) in KINDS for each in given for place in each.settings)
    if not given or (kind in ("call", "data") and not is_steered and not (kind == "data" and m.settings.has_any)):
        return
    subject = function.receiver if isinstance(function, Bound) else None
    made = [each for each in (subject, result) if isinstance(each, Cell) and is_estimator(each)]
    model = made[0].slots["token"] if made else ""
    m.effects.component(Component(m.span(e.at), m.job, what, kind, given, model))


def _holds_settings(arguments: Arguments) -> bool:
    """Whether a value that `_given` looks at comes from a configuration."""
    for value in (*arguments.args, *arguments.keywords.values()):
        if type(value) is Constant:
            if value.settings:
                return True
        elif type(value) is Cell:
            if value.kind == "dict" and any(map(_has_settings, value.slots.values())):
                return True
        elif _has_settings(value):
            return True
    return False


def _has_settings(value: Any) -> bool:
    return any(isinstance(option, Constant) and option.settings for option in options_of(value))


def _kind(m: Machine, entry: Entry | None, result: Any) -> str:
    if entry is None:
        return "estimator" if is_estimator(result) else "call"
    if entry.fits is not None or entry.loop is not None:
        return "fit"
    if entry.splits or entry.folds:
        return "split"
    return "data" if _file(entry) else "call"


def _file(entry: Entry) -> str:
    """The parameter that names the file which is read or written."""
    places = (entry.reads, entry.writes, entry.loads, entry.saves, entry.opens)
    return next((place.file for place in places if place is not None and place.file), "")


def _given(m: Machine, e: facts.Call, entry: Entry | None, arguments: Arguments, kind: str) -> Iterator[Given]:
    written = {keyword.name: keyword.value for keyword in e.keywords if keyword.name is not None}
    names = entry.parameters if entry is not None else ()
    if not any(isinstance(each, facts.Star) for each in e.args):
        written |= dict(zip(names, e.args, strict=False))
    values = {**dict(zip(names, arguments.args, strict=False)), **arguments.keywords}
    if kind == "data":
        assert entry is not None
        wanted = _file(entry).split("|")
        values = {name: value for name, value in values.items() if name in wanted}
    for name, value in values.items():
        if isinstance(value, Cell) and value.kind == "dict":  # `xgb.train({"eta": 0.1}, data)`
            inner = written.get(name)
            literals = _entries(inner) if isinstance(inner, facts.Mapping) else {}
            for key, part in value.slots.items():
                if isinstance(key, str) and not key.startswith("<"):
                    yield from _one(m, key, part, literals.get(key), kind)
        else:
            yield from _one(m, name, value, written.get(name), kind)


def _entries(mapping: facts.Mapping) -> dict[Any, facts.Expr]:
    pairs = zip(mapping.keys, mapping.values, strict=True)
    return {key.value: value for key, value in pairs if isinstance(key, facts.Literal)}


def _one(m: Machine, name: str, value: Any, written: facts.Expr | None, kind: str) -> Iterator[Given]:
    """A parameter whose value is a scalar, or one of several that are."""
    options = options_of(value)
    known = [option for option in options if isinstance(option, Constant) and _is_plain(option.value)]
    if not known or len(known) < len(options):
        return
    if kind == "data" and any(_is_config(m, option) for option in known):
        return
    settings = tuple(dict.fromkeys(place for option in known for place in option.settings))
    number = written.operand if isinstance(written, facts.Unary) and written.operator == "-" else written
    literal = m.span(written.at) if written is not None and isinstance(number, facts.Literal) else None
    yield Given(name, known[0].value if len(known) == 1 else None, settings, literal)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MOST_LETTERS
    return value is not None and value == value  # no NaN


def _is_config(m: Machine, name: Constant) -> bool:
    if not isinstance(name.value, str) or not name.value:
        return True  # no name of a file
    return m.project.kinds_of.get(locate(m, name.value).removeprefix("file:")) in KINDS


# ------------------------------------------------------------------------------------------- what checks settings


def _checked(m: Machine, e: facts.Call, function: Any, arguments: Arguments) -> None:
    """`Schema.model_validate(config)`, `validate(config, schema)`, `Settings(**config)`: what goes into it is held
    against what it should be. A name that says so is believed, as long as nobody can look inside."""
    by_library = _is_checker(m, function)
    if not by_library:
        inside = function.function if isinstance(function, Bound) else function
        if isinstance(inside, Function) or not _tells_check(_last_name(e.function)):
            return
    places = [place for value in arguments.values() for option in options_of(value) for place in _places(option)]
    for place in places:
        m.settings.checked(place, m.job)
    if by_library and not places:  # a schema is made, or given what nobody could follow
        m.settings.checked("", m.job)


@lru_cache(maxsize=10_000)
def _tells_check(name: str) -> bool:
    return _CHECKS.search(name) is not None


def _last_name(function: facts.Expr) -> str:
    match function:
        case facts.Name(id=name) | facts.Attribute(name=name):
            return name
    return ""


def _places(value: Any) -> Iterator[str]:
    place = place_of(value)
    if place is not None:
        yield place[0]
    for setting in getattr(value, "settings", ()):
        yield setting.path


def _is_checker(m: Machine, function: Any) -> bool:
    match function:
        case External(name=name):
            return m.library.checks(name)
        case Unknown():
            return False
        case Bound(receiver=Cell(kind="object") as receiver) | (Cell(kind="object") as receiver):
            return m.library.checks(str(receiver.slots.get("class", "")))
        case Bound(receiver=External(name=name)):
            return m.library.checks(name)
        case Class(flavour="fields"):
            bases = [base.name for base in lineage_of(function) if isinstance(base, External)]
            return any(map(m.library.checks, bases)) or find_member(function, "__post_init__") is not None
    return False
