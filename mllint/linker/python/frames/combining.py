"""Operations of the extension point `frame:` that put frames together: joins, rows below each other, columns side by
side. Parameters are as in `frame_operations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import rows_in, without_traces
from mllint.linker.python.abstract.values import Column, is_text, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import result, table_of
from mllint.linker.python.iteration import Items, items_of
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation


def merge(call: Invocation) -> Any:
    """`left` (or the receiver), `right`, keys `on`, `left_on`, `right_on`, `by`; `suffixes`, or `lsuffix`, `rsuffix`.
    The keys decide which rows meet."""
    left = table_of(call.receiver if call.receiver is not None else call.get("left"))
    right = table_of(call.get("right"))
    named = {p: frames.names_of(call.get(p)) or [] for p in ("on", "by", "left_on", "right_on", "left_by", "right_by")}
    on = frozenset(named["on"] + named["by"])
    left = left.expecting([*on, *named["left_on"], *named["left_by"]])
    right = right.expecting([*on, *named["right_on"], *named["right_by"]])
    keys = {name for names in named.values() for name in names}
    decided = frozenset().union(*(c.origins for t in (left, right) for n in sorted(keys) if (c := t.column(n))))
    names = frames.names_of(call.get("suffixes"))
    suffixes = (names[0], names[1]) if names and len(names) == 2 else ("_x", "_y")
    if call.get("lsuffix|rsuffix") is not None:
        suffixes = (text_of(call.get("lsuffix")) or "", text_of(call.get("rsuffix")) or "")
    joined = left.beside(right, suffixes, on).filtered(without_traces(decided))
    return result(call, joined_rows(call, joined, left))


def joined_rows(call: Invocation, joined: Table, left: Table) -> Table:
    """A join goes over the rows of its left side; where it repeats them for certain, it says so."""
    own = rows_in(left.origins or left.base)
    how, check = call.constant("how"), call.constant("validate")
    if how == "cross" or check in ("one_to_many", "1:m", "many_to_many", "m:m"):
        own = rows.note(call.m, call.at, "joined", own)
    return rows.table_of_rows(joined, own) if own else joined


def concat(call: Invocation) -> Any:
    """`objs`: frames below each other, or side by side with `axis` 1; the receiver comes first, if there is one."""
    objs = call.get("objs")
    is_one = isinstance(objs, Column) or (isinstance(objs, Cell) and objs.kind == "frame")  # `df.append(other)`
    items = Items([objs], objs) if is_one else items_of(call.m, objs, call.at)
    texts = _texts_of(items.known or []) if call.receiver is None else None
    if texts is not None:
        return call.m.heap.new("list", {"items": texts}, (call.m.now.path, call.at))
    parts = [table_of(part) for part in (items.known if items.known is not None else [items.any])]
    if call.receiver is not None:
        parts = [table_of(call.receiver), *parts]
    if not parts:
        return result(call, Table())
    if call.constant("axis", 0) in (1, "columns") or call.name.endswith("hstack"):
        table = parts[0]
        for part in parts[1:]:
            table = table.beside(part)
        return result(call, table)
    return result(call, _below(call, parts))


def _texts_of(parts: list[Any]) -> tuple[Any, ...] | None:
    """The items of lists of texts, which are names and no data: `np.concatenate([numeric_names, other_names])`."""
    lists = [part for part in parts if isinstance(part, Cell) and part.kind == "list" and "<rest>" not in part.slots]
    items = tuple(item for part in lists for item in part.slots["items"])
    return items if items and len(lists) == len(parts) and all(map(is_text, items)) else None


def _below(call: Invocation, parts: list[Table]) -> Table:
    """Rows of all parts. Where two come of the same rows, the whole is not just these rows again."""
    whole = frames.merge_all(parts)
    each = [rows_in(part.origins or part.base) for part in parts]
    together = frozenset().union(*each)
    if sum(map(len, each)) == len(together):
        return whole
    return rows.table_of_rows(whole, rows.note(call.m, call.at, "some", together, "below"))


def beside(call: Invocation) -> Any:
    """All positional arguments side by side: `np.c_[a, b]`, `np.column_stack((a, b))`."""
    args = call.arguments.args
    if len(args) == 1:
        items = items_of(call.m, args[0], call.at)
        args = tuple(items.known if items.known is not None else [items.any])
    parts = [table_of(arg) for arg in args]
    if not parts:
        return result(call, Table())
    table = parts[0]
    for part in parts[1:]:
        table = table.beside(part)
    return result(call, table)


TABLE: dict[str, Callable[[Invocation], Any]] = {function.__name__: function for function in (merge, concat, beside)}
