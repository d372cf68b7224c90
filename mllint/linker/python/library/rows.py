"""Row sets: which rows a value holds, after splits, filters, samples and resampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import msgspec

from mllint.facts import python as facts
from mllint.lineage.trials import WINDOW, Input, RowSet, is_window
from mllint.linker.python.abstract.arguments import Slice
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import FIT, ROWS, marked, rows_of, with_rows
from mllint.linker.python.abstract.values import Choice, Column, Constant, Tuple, Unknown, join_all, origins_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.source import Span

MOST_INPUTS = 200
DEEPEST = 4


def place_id(m: Machine, span: Span, in_rounds: bool = True) -> str:
    """A place as part of an id: with the calls and rounds that led there, so that two uses of one helper are two."""
    return f"{span.path}:{span.cell or ''}:{span.line}:{span.column}{way_here(m, in_rounds)}"


def way_here(m: Machine, in_rounds: bool = True) -> str:
    """The calls and rounds that led to the present place, as part of an id."""
    chain = f"~{crc32(repr(m.call_places).encode()):08x}" if m.call_places else ""
    return chain + "".join(f"#{number}" for number in (m.rounds if in_rounds else ()))


def note(
    m: Machine,
    at: facts.At,
    how: str,
    parents: frozenset[str],
    part: str = "",
    order: str = "",
    windows: tuple[Input, ...] = (),
) -> frozenset[str]:
    """A new row set, known by the place that makes it."""
    span = m.span(at)
    split = place_id(m, span)
    id = f"{ROWS}{split}:{part}"
    made = RowSet(id, how, tuple(sorted(parents - {id})), span, split if how == "part" else "", part, order)
    m.effects.row_set(msgspec.structs.replace(made, windows=windows))
    return frozenset({id})


def of_rows(m: Machine, value: Any, rows: frozenset[str], at: facts.At, depth: int = DEEPEST) -> Any:
    """The same value, of other rows."""
    if depth == 0:
        return value
    match value:
        case Column():
            return msgspec.structs.replace(value, origins=with_rows(value.origins, rows))
        case Unknown():
            return Unknown(with_rows(value.origins, rows), value.why, value.span)
        case Choice(options=options):
            return join_all([of_rows(m, option, rows, at, depth - 1) for option in options])
        case Tuple(items=items):
            return Tuple(tuple(of_rows(m, item, rows, at, depth - 1) for item in items))
        case Cell(kind="frame"):
            made = m.heap.new("frame", dict(value.slots), (m.now.path, at))
            made.slots["table"] = table_of_rows(value.slots["table"], rows)
            return made
        case Cell(kind="dict"):  # `{"x": x, "y": y}`
            kept = {
                key: slot if key == "<span>" else of_rows(m, slot, rows, at, depth - 1)
                for key, slot in value.slots.items()
            }
            return m.heap.new("dict", kept, (m.now.path, at))
        case Cell(kind="list" | "object"):
            made = m.heap.new(value.kind, dict(value.slots), (m.now.path, at))
            for key in ("<rest>", "held", "items"):
                slot = value.slots.get(key)
                if isinstance(slot, tuple):
                    made.slots[key] = tuple(of_rows(m, item, rows, at, depth - 1) for item in slot)
                elif slot is not None:
                    made.slots[key] = of_rows(m, slot, rows, at, depth - 1)
            if value.kind == "object":
                made.slots["origins"] = with_rows(value.slots.get("origins", frozenset()), rows)
            elif not value.slots.get("items") and value.slots.get("<rest>") is None:
                made.slots["<rest>"] = Unknown(rows)
            return made
    return value


def table_of_rows(table: Table, rows: frozenset[str]) -> Table:
    columns, index = (
        {n: msgspec.structs.replace(column, origins=with_rows(column.origins, rows)) for n, column in some.items()}
        for some in (table.columns, table.index)
    )
    return msgspec.structs.replace(table, columns=columns, index=index, origins=with_rows(table.origins, rows))


def has_rows(value: Any) -> bool:
    """Whether a value may hold rows of data, as far as is known."""
    match value:
        case Constant():
            return False
        case Cell(kind="frame"):
            return True
    return bool(origins_of(value))


def some(m: Machine, value: Any, at: facts.At, by: Any = None, part: str = "") -> Any:
    """Some of the rows: a slice, a filter, a sample. Where the index is one side of a split, so is what it picks."""
    if isinstance(by, Slice) and by.is_everything:
        return value
    if not has_rows(value) and not picks(by):
        return value
    return of_rows(m, value, _picked(m, value, at, by, part or (WINDOW if _slides(m, by) else "")), at)


def _slides(m: Machine, by: Any) -> bool:
    """Whether a slice goes over the rows one by one, so that neighbours hold each other's rows:
    `for i in range(n, len(rows)): rows[i - n:i]`. Steps of more than one make batches."""
    if isinstance(by, Tuple) and by.items:  # `matrix[i - n:i, :]`
        by = by.items[0]
    if not isinstance(by, Slice) or getattr(by.step, "value", by.step) is not None or not m.circling:
        return False
    if any(bound is None or isinstance(bound, Constant) for bound in (by.lower, by.upper)):
        return False
    match m.circling[-1][0]:
        case facts.For(iterable=facts.Call(function=facts.Name(id="range"), args=args)):
            return len(args) < 3
    return False


def picks(index: Any) -> bool:
    """Whether an index is made of rows itself: a mask, or one side of a split."""
    return index is not None and bool(marked(origins_of(index), ROWS))


def _picked(m: Machine, value: Any, at: facts.At, by: Any, part: str) -> frozenset[str]:
    own = rows_of(value)
    sides = marked(origins_of(by), ROWS) if by is not None else frozenset()
    known = [m.effects.row_set_of(side) for side in sides]
    if sides and all(known) and all(side is not None and side.how == "part" for side in known) and not sides & own:
        for side in known:
            assert side is not None
            m.effects.row_set(msgspec.structs.replace(side, parents=tuple(sorted({*side.parents, *own} - {side.id}))))
        return sides
    return note(m, at, "some", own | _drawn_by(m, sides), part)


def _drawn_by(m: Machine, sides: frozenset[str]) -> frozenset[str]:
    """The draws that an index comes from: `df.iloc[np.random.permutation(len(df))[:80]]`."""
    found: set[str] = set()
    todo, seen = list(sides), set(sides)
    while todo and len(found) < 20:
        made = m.effects.row_set_of(todo.pop())
        if made is not None and made.span is not None and not made.parents:
            found.add(made.id)
        elif made is not None:
            todo += [parent for parent in made.parents if parent not in seen]
            seen |= set(made.parents)
    return frozenset(found)


def others(m: Machine, value: Any, taken: Any, at: facts.At) -> Any:
    """What is left when a sample is taken away: `df.drop(train.index)`."""
    sides = sorted(marked(origins_of(taken), ROWS))
    if not sides or not has_rows(value):
        return some(m, value, at) if has_rows(value) else value
    first = m.effects.row_set_of(sides[0])
    split = f"{sides[0]} and the rest"
    if first is not None and first.how == "some":
        order = first.order
        m.effects.row_set(msgspec.structs.replace(first, how="part", split=split, part="taken", order=order))
        rest = RowSet(f"{sides[0]}:rest", "part", tuple(sorted(rows_of(value))), m.span(at), split, "rest", order)
        m.effects.row_set(rest)
        return of_rows(m, value, frozenset({rest.id}), at)
    return some(m, value, at)


def note_stored(m: Machine, node: str, value: Any, span: Span) -> None:
    """What a dataset holds from now on: these rows, after these fits. A model holds none, nor does what is kept with
    it: its scores, the names of its columns."""
    if isinstance(value, Cell) and value.kind != "frame" and _holds_model(value):
        return
    own, fits = rows_of(value), marked(origins_of(value), FIT)
    id = f"{ROWS}{node}"
    if (own or fits) and "{" not in node:
        m.effects.row_set(RowSet(id, "stored", tuple(sorted(own - {id})), span, learned=tuple(sorted(fits))))


def _holds_model(value: Cell) -> bool:
    return value.kind == "object" or any(o.startswith(("model:", "model@")) for o in origins_of(value))


def halves(m: Machine, values: list[Any], at: facts.At, order: str, names: tuple[str, ...] = ("train", "test")) -> Any:
    """The parts of each value, one after the other: `a_train, a_test, b_train, b_test = train_test_split(a, b)`."""
    parents = frozenset().union(*(rows_of(value) for value in values)) if values else frozenset()
    windows = tuple(w for value in values for w in inputs_of(value) if is_window(w.expression))
    sides = [note(m, at, "part", parents, name, order, windows) for name in names]
    return Tuple(tuple(of_rows(m, _data(value), side, at) for value in values for side in sides))


def folds(m: Machine, values: list[Any], at: facts.At, order: str) -> Any:
    """`for train, test in kf.split(X)`: pairs of indexes, each of one side."""
    parents = frozenset().union(*(rows_of(value) for value in values)) if values else frozenset()
    windows = tuple(w for value in values for w in inputs_of(value) if is_window(w.expression))
    sides = [note(m, at, "part", parents, name, order, windows) for name in ("train", "test")]
    pair = Tuple(tuple(Unknown(side) for side in sides))
    return m.heap.new("list", {"items": (), "<rest>": pair}, (m.now.path, at))


def order_of_call(call: Invocation) -> str:
    """How a split draws its rows. `random:shuffle` holds unless `shuffle` is false; nothing where it is not known."""
    return order_of(call.entry.order, call.get)


def order_of(how: str, given: Callable[[str], Any]) -> str:
    order, _, parameter = how.partition(":")
    value = given(parameter.lstrip("+")) if parameter else None
    if value is None:
        return "ordered" if parameter.startswith("+") else order
    if not isinstance(value, Constant):
        return ""
    return order if value.value else "ordered"


def _data(value: Any) -> Any:
    return value if isinstance(value, Cell | Column | Choice | Unknown | Tuple) else Unknown(origins_of(value))


def became(call: Invocation, result: Any) -> Any:
    """What a call makes of its rows: `some`, `repeated`, the `others` than those it is given, `folded` ones."""
    m, entry = call.m, call.entry
    subject = call.receiver if call.receiver is not None and not is_maker(call) else call.get("X|0")
    target = result
    changed = isinstance(result, Constant) and isinstance(call.receiver, Cell) and call.receiver.kind == "frame"
    if changed:  # `df.drop(index=..., inplace=True)`
        target = call.receiver
    made = _became(call, entry.rowset, target, subject)
    if changed and isinstance(made, Cell) and made is not call.receiver:
        m.heap.set(call.receiver, "table", made.slots["table"])
        return result
    return made


def is_maker(call: Invocation) -> bool:
    """Whether the receiver is a thing that makes rows of others, not the rows themselves: a sampler."""
    return isinstance(call.receiver, Cell) and call.receiver.kind == "object"


def drawn(call: Invocation) -> frozenset[str]:
    """Rows that a call makes of nothing: `make_classification()`, `np.random.rand(100)`."""
    return note(call.m, call.at, "source", frozenset())


def _became(call: Invocation, how: str, target: Any, subject: Any) -> Any:
    m = call.m
    match how.partition(":"):
        case ("some", _, parameter):
            by = call.get(parameter) if parameter else None
            return some(m, target, call.at, by)
        case ("repeated", _, parameter):
            given = call.get(parameter.lstrip("+")) if parameter else None
            is_so = not parameter.startswith("+") if given is None else bool(getattr(given, "value", False))
            if not is_so:
                return some(m, target, call.at)
            own = rows_of(subject)
            return of_rows(m, target, note(m, call.at, "repeated", own), call.at) if own else target
        case ("drawn", _, _):
            return Unknown(note(m, call.at, "drawn", frozenset()))
        case ("fresh", _, _):  # days after the last one known are no rows of those that tell the last one
            return of_rows(m, target, note(m, call.at, "drawn", frozenset()), call.at)
        case ("others", _, parameter):
            taken = call.get(parameter)
            if taken is None or call.get("columns") is not None or call.constant("axis", 0) in (1, "columns"):
                return target
            return target if _is_listed(taken) else others(m, target, taken, call.at)
    return target


def _is_listed(value: Any) -> bool:
    """Whether labels are written out, one by one: `df.drop([523, 1298])`."""
    match value:
        case Constant():
            return True
        case Cell(kind="list"):
            return "<rest>" not in value.slots and all(map(_is_listed, value.slots["items"]))
        case Tuple(items=items):
            return all(map(_is_listed, items))
    return False


# ------------------------------------------------------------------------------------------------ columns


def inputs_of(value: Any) -> list[Input]:
    """The known columns of a value, as inputs."""
    if isinstance(value, Column):
        return [_input(value.name, value)]
    if isinstance(value, Cell) and value.kind == "frame":
        table: Table = value.slots["table"]
        if table.partial:
            return []
        return [_input(name, column) for name, column in list(table.columns.items())[:MOST_INPUTS]]
    return []


def whole_of(value: Any, label: Input) -> list[Input]:
    """The label, where a frame has all columns of the dataset that it stands in: `model.fit(df, df["price"])`."""
    if not (isinstance(value, Cell) and value.kind == "frame"):
        return []
    table: Table = value.slots["table"]
    if not table.open or table.partial or label.name in table.columns or len(table.base) != 1:
        return []
    column = table.column(label.name)
    return [_input(label.name, column)] if column is not None and column.expression == label.expression else []


def _input(name: str, column: Column) -> Input:
    origins = tuple(sorted(o for o in column.origins if o.startswith("column:")))
    return Input(name, column.expression, column.span, origins, tuple(sorted(marked(column.origins, "@fit:"))))
