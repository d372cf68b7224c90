"""What the interpreter knows about a value.

Immutable values are frozen structs. Values that a program can change (lists, dicts, instances, library objects, frames)
are `heap.Cell`s, so that two names for one object see the same changes and a branch can be undone.

Every value that carries data tells its `origins`: ids of the nodes it was made from. Unknown is a value too: it never
becomes a guess, but it keeps its origins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.lineage.expressions import Expression
from mllint.source import Span

if TYPE_CHECKING:
    from mllint.linker.python.abstract.heap import Cell

NOTHING: frozenset[str] = frozenset()
_MEASURE = "measure of "
MOST_CHOICES = 8
_TOO_MANY = "there are too many possible values"


class Unknown(msgspec.Struct, frozen=True):
    """A value that could not be followed; `why` and `span` say where the trail was lost. `given`: it cannot be known,
    since each run has its own: `time`, `id`, `folder` (a temporary one). `is_alternative`: it is what people or the
    environment may give in the place of a default that is known."""

    origins: frozenset[str] = NOTHING
    why: str = ""
    span: Span | None = None
    given: str = ""
    is_alternative: bool = False


class Constant(msgspec.Struct, frozen=True):
    """A scalar. `settings` are the places in configuration or on command lines that it came from."""

    value: bool | int | float | str | None
    settings: tuple[Span, ...] = ()
    origins: frozenset[str] = NOTHING


class Loss(msgspec.Struct, frozen=True):
    """Why something is not known, and the place where its trail was lost."""

    why: str = ""
    span: Span | None = None
    given: str = ""


class Hole(msgspec.Struct, frozen=True, eq=False):
    """An unknown part of a text, written `{name}` in ids. Two of one name are the same, whyever they are unknown.
    `value` is what stands there, if it was made of data."""

    name: str
    loss: Loss = Loss()
    value: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hole) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Text(msgspec.Struct, frozen=True):
    """A text of which some parts are unknown."""

    parts: tuple[str | Hole, ...]
    origins: frozenset[str] = NOTHING


class Tuple(msgspec.Struct, frozen=True):
    items: tuple[Any, ...]


class Choice(msgspec.Struct, frozen=True):
    """One of these values (at most `MOST_CHOICES`, none of them a `Choice`)."""

    options: tuple[Any, ...]


class Module(msgspec.Struct, frozen=True):
    """A module of the repository, by the key of its namespace."""

    path: str
    scope: Any  # heap.Cell


class External(msgspec.Struct, frozen=True):
    """A thing of a library, by its dotted name: a module, function or class."""

    name: str


class Function(msgspec.Struct, frozen=True):
    """A function of the repository: its facts, the scope it was defined in, and its module's path."""

    facts: facts.Function
    scope: Any  # heap.Cell
    path: str
    qualified: str
    owner: Any = None  # the class it was defined in
    decorators: tuple[Any, ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()  # those that are no literals, as they were when it was defined


class Bound(msgspec.Struct, frozen=True):
    """A method and its receiver. `function` is a `Function`, or the name of a library method."""

    function: Any
    receiver: Any


class Partial(msgspec.Struct, frozen=True):
    """`functools.partial(function, *args, **keywords)`."""

    function: Any
    args: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]


class Class(msgspec.Struct, frozen=True):
    """A class of the repository; `scope` holds its attributes."""

    name: str
    qualified: str
    scope: Any  # heap.Cell
    bases: tuple[Any, ...]
    path: str
    at: facts.At
    flavour: str = ""  # dataclass, enum, settings, namedtuple ...


WHOLE = "a whole number"  # the kind of a field that is declared so: `int` changes nothing of it


class Column(msgspec.Struct, frozen=True):
    """A column of a frame, or what was computed from columns: its expression, and the place that computed it."""

    expression: Expression
    origins: frozenset[str]
    name: str = ""
    span: Span | None = None
    function: str = ""
    rows: str = ""  # row set it belongs to, see frames.Table
    kind: str = "pandas.Series"  # whose methods it has
    parts: tuple[Column, ...] = ()  # of a vector that a stage has made: the columns of the frame that it is made of
    keys: tuple[Column, ...] = ()  # of a grouped one: what it is grouped by
    index: tuple[Column, ...] = ()  # what stands beside it, as far as it has names: the keys, once it is aggregated
    any_case: bool = False  # SQL has named it: in which case the database gives its name is not known


Value = (
    Unknown | Constant | Text | Tuple | Choice | Module | External | Function | Bound | Partial | Class | Column
)  # and heap.Cell


def is_text(value: Any) -> bool:
    return isinstance(value, Text) or (isinstance(value, Constant) and isinstance(value.value, str))


def text_of(value: Any) -> str | None:
    """The text of a value as ids write it, unknown parts as `{name}`; `None` if it is no text at all."""
    match value:
        case Constant(value=str() as text):
            return text
        case Text(parts=parts):
            return "".join(part if isinstance(part, str) else written_hole(part) for part in parts)
    slots = getattr(value, "slots", None)
    if slots is not None and "<text>" in slots:  # a member of an enumeration of texts
        return text_of(slots["<text>"])
    return None


def written_hole(hole: Hole) -> str:
    """An unknown part as ids write it; any name in a folder is `*`, as in a glob."""
    return hole.name if hole.name == "*" else "{" + hole.name + "}"


def constant_of(value: Any, default: Any = None) -> Any:
    """The Python constant that a value is, else `default`."""
    return value.value if isinstance(value, Constant) else default


def options_of(value: Any) -> tuple[Any, ...]:
    """The values that a value may be."""
    return value.options if isinstance(value, Choice) else (value,)


def expression_of_value(value: Any) -> Expression:
    match value:
        case Column(expression=expression):
            return expression
        case Constant(value=constant):
            return ex.Constant(constant)
    return ex.Unresolved("a value that is not known")


def join(left: Any, right: Any) -> Any:
    """The least that is known when a value is one or the other."""
    if left is right or left == right:
        return left
    if left is None or right is None:  # unset on one path: using it there would be an error
        return left if right is None else right
    options: list[Any] = []
    for option in options_of(left) + options_of(right):
        if option not in options:
            options.append(option)
    unknowns = [option for option in options if isinstance(option, Unknown)]
    if any(unknown.why == _TOO_MANY for unknown in unknowns):  # one more does not make it known again
        return Unknown(origins_of(Choice(tuple(options))), _TOO_MANY)
    if len(unknowns) > 1:
        lost = next((u for u in unknowns if not u.given), unknowns[0])
        merged = Unknown(frozenset().union(*(u.origins for u in unknowns)), lost.why, lost.span, lost.given)
        options = [option for option in options if not isinstance(option, Unknown)] + [merged]
    if len(options) == 1:
        return options[0]
    if len(options) > MOST_CHOICES:
        return Unknown(origins_of(Choice(tuple(options))), _TOO_MANY)
    return Choice(tuple(options))


def join_all(values: Any) -> Any:
    result = None
    for value in values:
        result = value if result is None else join(result, value)
    return result


def origins_of(value: Any, depth: int = 6) -> frozenset[str]:
    """Ids of all nodes that a value was made from, looking into collections."""
    kind = type(value)
    if kind in _WITH_ORIGINS:
        origins: frozenset[str] = value.origins
        return origins
    if depth == 0 or value is None or kind in _WITHOUT_ORIGINS:
        return NOTHING
    found: list[frozenset[str]] = []
    _gather(value, depth, {}, found)
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else found[0].union(*found[1:])


_WITH_ORIGINS = frozenset({Constant, Unknown, Column, Text})
_WITHOUT_ORIGINS = frozenset({Module, External, Function, Class})


def _gather(value: Any, depth: int, seen: dict[int, int], found: list[frozenset[str]]) -> None:
    """The origins of what a value holds; most values have none. `seen` tells how deep was looked into which
    cells: many hold the same ones."""
    kind = type(value)
    inner: Iterable[Any]
    if kind is Tuple:
        inner = value.items
    elif kind is Choice:
        inner = value.options
    elif kind is Bound:
        inner = (value.receiver,)
    elif kind is Partial:
        inner = (value.function, *value.args)
    else:
        if seen.get(id(value), 0) >= depth:
            return
        seen[id(value)] = depth
        inner = _held(value, found)
    for each in inner:
        kind = type(each)
        if kind in _WITH_ORIGINS:
            if each.origins:
                found.append(each.origins)
        elif depth > 1 and each is not None and kind not in _WITHOUT_ORIGINS:
            _gather(each, depth - 1, seen, found)


# of a dictionary: what stands as a key and is no plain value: `{executor.submit(score, row): row}`, values of a column
KEYS = "<keys>"


def as_measures(origins: frozenset[str]) -> frozenset[str]:
    """Origins of a count or a score: it tells of data, and holds none of them. Traces stay as they are."""
    return frozenset(origin if origin.startswith((_MEASURE, "@")) else _MEASURE + origin for origin in origins)


def counted(origin: str) -> str:
    """The id of an origin, also of one that was only counted or scored."""
    return origin.removeprefix(_MEASURE)


def _held(cell: Cell, found: list[frozenset[str]]) -> Iterable[Any]:
    """What a cell holds; its own origins are among those that are found."""
    slots = getattr(cell, "slots", None)
    if slots is None:  # a slice, or what is left of unknown arguments
        return ()
    match cell.kind:
        case "frame":
            table = slots["table"]
            found.append(table.origins.union(*(c.origins for c in table.columns.values())))
            return ()
        case "list":
            inner = [*slots["items"], slots.get("<rest>")]
        case "dict" | "instance":
            inner = [v for k, v in slots.items() if k not in ("<span>", "<class>", KEYS)]
            if isinstance(slots.get(KEYS), Column | Unknown):  # no futures: what they hold is an entry of its own
                inner.append(slots[KEYS])
        case "object":
            inner = [slots.get("items"), slots.get("held")]
            # an instance or dictionary of the program may well have an `origins` of its own
            found.append(slots.get("origins", NOTHING))
        case _:
            return ()
    return inner


def chosen_by(index: Any, found: Any) -> Any:
    """`names[model.predict(x)[0]]`: which of several plain values it is comes from the index."""
    origins = origins_of(index) if isinstance(index, Unknown | Column) else NOTHING
    options = list(options_of(found))
    if not origins or not all(isinstance(option, Constant | Unknown | Column) for option in options):
        return found
    return join_all([msgspec.structs.replace(option, origins=option.origins | origins) for option in options])
