"""Texts with unknown parts: f-strings, `%`, `.format`, `+`, and paths."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.ids import RUN_PART
from mllint.linker.python.abstract.literals import text_of_plain
from mllint.linker.python.abstract.losses import because, loss_of
from mllint.linker.python.abstract.values import (
    MOST_CHOICES,
    NOTHING,
    Column,
    Constant,
    Hole,
    Text,
    Unknown,
    is_text,
    join_all,
    options_of,
    origins_of,
)
from mllint.source import Span

MOST_LETTERS = 100_000  # a query may be long
MOST_PARTS = 200
Parts = tuple[str | Hole, ...]
HERE = "<repository>"  # what `__file__` and the working folder start with


def hint(expression: facts.Expr) -> str:
    """A name for an unknown part, after the expression that would give it."""
    match expression:
        case facts.Name(id=name) | facts.Attribute(name=name):
            return name
        case facts.Call(function=function):
            return hint(function)
        case facts.Subscript(index=facts.Literal(value=str() as key)):
            return re.sub(r"\W", "_", key)
        case facts.Subscript(value=value):
            return hint(value)
    return "unknown"


def parts_of(value: Any, name: str = "unknown") -> Parts:
    match value:
        case Constant(value=str() as text):
            return (text,)
        case Constant(value=bool() | int() | float() | None as scalar):
            return (str(scalar),)
        case Text(parts=parts):
            return parts
    written = text_of_plain(value)
    if written is not None:
        return (written,)
    slots = getattr(value, "slots", None)
    if slots is not None and "<written>" in slots:  # a member of an enumeration of texts
        return parts_of(slots["<written>"], name)
    if slots is not None and value.kind == "object" and slots.get("path") is not None:  # an open file
        return parts_of(slots["path"], name)
    loss = loss_of(value)
    return (Hole(f"{RUN_PART}{loss.given}" if loss.given else name, loss, value if origins_of(value) else None),)


def make(parts: Parts, origins: frozenset[str] = NOTHING, settings: tuple[Any, ...] = ()) -> Any:
    """The value of a text: a constant if all of it is known, unknown if nothing is."""
    merged: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    if (
        len(merged) > MOST_PARTS or sum(len(part) for part in merged if isinstance(part, str)) > MOST_LETTERS
    ):  # `x = x + x` in a loop
        return Unknown(origins, "the text is too long to follow")
    if all(isinstance(part, str) for part in merged):
        return Constant("".join(merged), settings, origins)  # type: ignore[arg-type]
    return Text(tuple(merged), origins)


def named_by(value: Any) -> list[Constant]:
    """`MODELS[request.size] + ".pkl"`: each text that a dictionary of texts may give for one value of a row or of a
    request."""
    if not (isinstance(value, Column) and value.kind == "" and isinstance(value.expression, ex.Apply)):
        return []
    return [Constant(text, (), value.origins) for text in _spelled(value.expression)]


def _options(value: Any) -> tuple[Any, ...]:
    return tuple(named_by(value)) or options_of(value)


def _spelled(expression: ex.Expression, depth: int = 8) -> list[str]:
    """The texts that an expression may come to; none if it may come to others."""
    match expression:
        case ex.Constant(value=str() as text):
            return [text]
        case ex.Apply(operator="MAP", arguments=(_, *given)):
            known = [x.value for x in given[1::2] if isinstance(x, ex.Constant) and isinstance(x.value, str)]
            return known if len(known) == len(given) // 2 <= MOST_CHOICES else []
        case ex.Apply(operator="ADD" | "CONCAT", arguments=arguments) if depth:
            parts = [_spelled(argument, depth - 1) for argument in arguments]
            made = ["".join(part) for part in itertools.islice(itertools.product(*parts), MOST_CHOICES + 1)]
            return made if len(made) <= MOST_CHOICES else []
    return []


def concatenate(values: list[tuple[Any, str]]) -> Any:
    """Texts one after the other; each with a name for what is unknown in it. Choices multiply, within bounds, but what
    stands twice is one choice: `f"insert into {project}.a select * from {project}.b"` names one project."""
    results = []
    places: dict[int, int] = {}
    for value, _ in values:
        places.setdefault(id(value), len(places))
    choices = [_set(_options(value)) for value in {id(value): value for value, _ in values}.values()]
    for chosen in combinations(choices) if any(len(c) > 1 for c in choices) else [tuple(c[0] for c in choices)]:
        combination = [chosen[places[id(value)]] for value, _ in values]
        parts: list[str | Hole] = []
        for value, (_, name) in zip(combination, values, strict=True):
            parts.extend(parts_of(value, name))
        origins: frozenset[str] = NOTHING
        settings: tuple[Span, ...] = ()
        for value in combination:
            if type(value) is Constant:
                settings += value.settings
                origins = origins | value.origins if value.origins else origins
            else:
                origins |= origins_of(value)
        results.append(make(tuple(parts), origins, settings[:4]))
    return join_all(results) if results else Constant("")


def may_be(text: Text, other: str) -> bool:
    """Whether a text with unknown parts may be that one."""
    pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in text.parts)
    return re.fullmatch(pattern, other, re.DOTALL) is not None


def starts(text: Text, start: str, at_end: bool = False) -> bool | None:
    """Whether it begins, or ends, with `start`; `None` if that depends on an unknown part."""
    first = text.parts[-1 if at_end else 0] if text.parts else ""
    if not isinstance(first, str):
        return None
    length = min(len(first), len(start))
    same = first[-length:] == start[-length:] if at_end else first[:length] == start[:length]
    return False if length and not same else True if len(first) >= len(start) else None


def _set(options: tuple[Any, ...]) -> tuple[Any, ...]:
    """Nobody means to write `None` into a name: there it is something else, which a caller gives or nobody knows. And
    where a default is known, the name is made with it, whatever people may give instead."""
    known = tuple(o for o in options if not (type(o) is Constant and o.value is None))
    sure = tuple(o for o in known if not (type(o) is Unknown and o.is_alternative))
    return sure or known or (Unknown(why="it is None as far as can be seen"),)


def combinations(options: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """All combinations, or, where that would be too many, those of the first options only."""
    count = 1
    for choices in options:
        count *= len(choices)
    if count > MOST_CHOICES:
        return [tuple(choices[0] for choices in options)]
    return list(itertools.product(*options))


_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(?:\d+|\*)?(?:\.\d+)?([sdirfgeExXo%])")


def percent(template: str, arguments: Any, entries: dict[str, Any] | None) -> Any:
    """`template % arguments`: `arguments` a list of values, or `entries` by name."""
    parts: list[tuple[Any, str]] = []
    last, index = 0, 0
    for hit in _PERCENT.finditer(template):
        parts.append((Constant(template[last : hit.start()]), ""))
        last = hit.end()
        name, kind = hit.group(1), hit.group(2)
        if kind == "%":
            parts.append((Constant("%"), ""))
        elif name is not None:
            parts.append(((entries or {}).get(name, Unknown()), name))
        else:
            value = arguments[index] if index < len(arguments) else Unknown()
            parts.append((_formatted(value, hit.group(0)), f"{index}"))
            index += 1
    parts.append((Constant(template[last:]), ""))
    return concatenate(parts)


def _formatted(value: Any, specification: str) -> Any:
    """A number under a format such as `%03d` is written as Python would."""
    if isinstance(value, Constant) and isinstance(value.value, int | float) and specification != "%s":
        try:
            return Constant(specification % value.value)
        except (TypeError, ValueError):
            return Unknown()
    return value


_FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(?:![rsa])?(?::([^{}]*))?\}")
_STEP = re.compile(r"\.(\w+)|\[([^\[\]]*)\]")
Follow = Callable[[Any, str], Any]


def formatted(
    template: str, args: list[Any], keywords: dict[str, Any], attribute: Follow, item: Follow, written: Follow
) -> Any:
    """`template.format(*args, **keywords)`. The last three are how a value's attribute, item and text come about."""
    parts: list[tuple[Any, str]] = []
    last, index = 0, 0
    for hit in _FIELD.finditer(template):
        parts.append((Constant(template[last : hit.start()]), ""))
        last = hit.end()
        if hit.group(0) in ("{{", "}}"):
            parts.append((Constant(hit.group(0)[0]), ""))
            continue
        name = re.split(r"[.\[]", hit.group(1))[0]
        if name == "" or name.isdigit():
            place = index if name == "" else int(name)
            index += name == ""
            value = args[place] if place < len(args) else Unknown()
            name = name or str(place)
        else:
            value = keywords.get(name, Unknown())
        for step in _STEP.finditer(hit.group(1)):  # `{config.root}`, `{paths[raw]}`
            name = step.group(1) or step.group(2)
            value = attribute(value, name) if step.group(1) else item(value, name)
        parts.append((written(value, hit.group(2)) if hit.group(2) else value, re.sub(r"\W", "_", name)))
    parts.append((Constant(template[last:]), ""))
    return concatenate(parts)


# ------------------------------------------------------------------------------------------------------ paths


def join_paths(values: list[Any]) -> Any:
    """`os.path.join(*values)`, `Path(a) / b`: choices multiply; an absolute part starts anew."""
    results = []
    for combination in combinations([_set(_options(value)) for value in values]):
        parts: Parts = ()
        for value in combination:
            more = parts_of(value, "folder" if not parts else "name")
            text_so_far = parts and parts != ("",)
            begins = more[0] if more and isinstance(more[0], str) else ""
            absolute = begins.startswith(("/", HERE + "/")) or begins == HERE or "://" in begins
            if absolute or not text_so_far:
                parts = more
            else:
                ends = isinstance(parts[-1], str) and parts[-1].endswith(("/", "\\"))
                parts = (*parts, "", *more) if ends else (*parts, "/", *more)
        origins = frozenset().union(*(origins_of(value) for value in combination))
        results.append(make(parts, origins))
    return join_all(results) if results else Constant("")


def map_text(value: Any, function: Any) -> Any:
    """Apply a function of one Python text to every known text that a value may be; else unknown."""
    results: list[Any] = []
    for option in options_of(value):
        if isinstance(option, Constant) and isinstance(option.value, str):
            try:
                results.append(Constant(function(option.value), option.settings, option.origins))
            except Exception:  # what the analysed program would raise is not our failure
                results.append(Unknown(option.origins))
        else:
            results.append(because(Unknown(origins_of(option)), (option,), "", None))
    return join_all(results)


def parent(value: Any) -> Any:
    """The folder of a path, also where parts before its last `/` are unknown."""
    return _split(value, posixpath.dirname, lambda parts: _cut(parts)[0])


def relative_path(value: Any, folder: Any) -> Any:
    """A path as it is called from a folder above it, also where parts of both are unknown."""
    results = []
    for path, above in combinations([_options(value), options_of(folder)]):
        parts = _below(parts_of(path), parts_of(above))
        lost = because(Unknown(origins_of(path)), (path, above), "", None)
        results.append(lost if parts is None else make(parts, origins_of(path)))
    return join_all(results)


def _below(path: Parts, folder: Parts) -> Parts | None:
    """What of a path follows a folder; nothing if it does not lie below it."""
    last = folder[-1].rstrip("/") if isinstance(folder[-1], str) else ""
    whole = folder[:-1] if isinstance(folder[-1], str) else folder
    first, *rest = path[len(whole) :] or ("",)
    if path[: len(whole)] != whole or not isinstance(first, str) or not first.startswith(last):
        return None
    after = first[len(last) :]
    if not after.startswith("/"):
        return None if after or rest else (".",)
    return (after[1:], *rest)


def base_name(value: Any) -> Any:
    return _split(value, posixpath.basename, lambda parts: _cut(parts)[1])


def without_ending(value: Any) -> Any:
    """A path without what follows the last `.` of its name, also where parts before are unknown."""
    return _split(value, lambda text: posixpath.splitext(text)[0], lambda parts: _ending(parts)[0])


def ending(value: Any) -> Any:
    """What follows the last `.` of a path's name, with it; unknown where the name ends in what is not known."""
    return _split(value, lambda text: posixpath.splitext(text)[1], lambda parts: (_ending(parts)[1],))


def _ending(parts: Parts) -> tuple[Parts, str | Hole]:
    last = parts[-1]
    if not isinstance(last, str):
        return parts, Hole("suffix")
    stem, suffix = posixpath.splitext(last)
    if not suffix and len(parts) > 1 and "/" not in last and last.startswith("."):  # `f"{name}.csv"`
        stem, suffix = "", last
    return ((*parts[:-1], stem) if stem else parts[:-1]), suffix


def _split(value: Any, known: Any, partly: Any) -> Any:
    results = []
    for option in options_of(value):
        if isinstance(option, Text):
            results.append(make(partly(option.parts), option.origins))
        elif is_text(option):
            results.append(Constant(known(option.value.replace("\\", "/")), option.settings, option.origins))
        else:
            results.append(because(Unknown(origins_of(option)), (option,), "", None))
    return join_all(results)


def _cut(parts: Parts) -> tuple[Parts, Parts]:
    """Parts before and after the last `/`."""
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, str) and "/" in part:
            head, _, tail = part.rpartition("/")
            return (*parts[:index], head), (tail, *parts[index + 1 :])
    return ("",), parts


def word(text: str) -> Any:
    """A word of a command; unknown parts are written `{NAME}`."""
    if "{" not in text:
        return Constant(text)
    parts: list[Any] = []
    rest = text
    while "{" in rest:
        before, _, after = rest.partition("{")
        name, _, rest = after.partition("}")
        parts += [before, Hole(name)]
    return make((*parts, rest))
