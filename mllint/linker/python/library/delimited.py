"""Files that a program writes line by line, and reads again as a table.

    out.write("id,km\\n")                                    trips = pd.read_csv("trips.csv")
    out.write("{},{}\\n".format(trip["id"], trip["km"]))     trips["km"]

What stands between two separators of a line is what the column in that place is made of. Its name is what the reader
calls it, or what the first line says."""

from __future__ import annotations

from typing import Any

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.texts import parts_of
from mllint.linker.python.abstract.values import (
    Column,
    Constant,
    Hole,
    Text,
    Tuple,
    is_text,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.library.invocation import Invocation

MOST_FIELDS = 500
Field = list[Any]  # what a field is put together from: texts, and values


def columns_read(call: Invocation, node: str, stored: Any, names: list[str] | None) -> list[str] | None:
    """The columns of a file that was written line by line, which are told what they are made of; `None` if it was not,
    or not in lines of so many fields as there are names."""
    rows = _rows(stored, _separator(call))
    data = [row for row in rows if any(_values(field) for field in row)]
    if not data:
        return None
    header = next((found for row in rows if (found := _header(row)) is not None), None)
    names = names if names is not None else header
    if names is None or any(len(row) != len(names) for row in data):
        return None
    job = next(iter(call.m.writers.get(node, ())), "").partition("#")[0]
    for row in data:
        for name, field in zip(names, row, strict=True):
            if values := _values(field):
                call.m.effects.write_column(node, name, _column(call, field, values, name), call.span, job)
    return names


def _separator(call: Invocation) -> str:
    given = call.get("sep|delimiter")
    if given is None:
        return "\t" if call.name.endswith("table") else ","
    return text_of(given) or ""


def _rows(stored: Any, separator: str) -> list[list[Field]]:
    rows: list[list[Field]] = []
    for option in options_of(stored):
        match option:
            case Text() | Constant(value=str()) if separator:
                rows.append(_fields(parts_of(option), separator))
            case Tuple(items=items):
                rows.append([[item] for item in items])
            case Cell(kind="list") if option.slots.get("<rest>") is None:  # `csv.writer(file).writerow([a, b])`
                rows.append([[item] for item in option.slots["items"]])
    return [row for row in rows if 1 < len(row) <= MOST_FIELDS]


def _fields(parts: tuple[str | Hole, ...], separator: str) -> list[Field]:
    """The fields of one line; none of a text of several lines."""
    if any("\n" in part.rstrip("\r\n") for part in parts if isinstance(part, str)):
        return []
    fields: list[Field] = [[]]
    for part in parts:
        if isinstance(part, Hole):
            fields[-1].append(part.value)
            continue
        first, *others = part.rstrip("\r\n").split(separator)
        fields[-1] += [Constant(first)] if first else []
        fields += [[Constant(text)] if text else [] for text in others]
    return fields


def _header(row: list[Field]) -> list[str] | None:
    names = [text_of(field[0]) if len(field) == 1 and is_text(field[0]) else None for field in row]
    return [name.strip() for name in names if name is not None] if all(names) else None


def _values(field: Field) -> list[Any]:
    return [value for value in field if value is not None and origins_of(value)]


def _column(call: Invocation, field: Field, values: list[Any], name: str) -> Column:
    if len(field) == 1 and isinstance(values[0], Column):
        return values[0]
    origins = frozenset().union(*(origins_of(value) for value in values))
    at = next((value.span for value in values if isinstance(value, Column) and value.span), call.span)
    return Column(ex.Unresolved("a field of a line that is written"), origins, name, at)
