"""What training loops go through: data sets that give rows by their number, and loaders that make batches of them.

class Trips(Dataset):                                       for x, y in DataLoader(Trips(frame), batch_size=32):
    def __getitem__(self, index):                               loss = criterion(net(x), y)
        return self.x[index], self.y[index]"""

from __future__ import annotations

from typing import Any

from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments, Slice
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Choice, Constant, Tuple, Unknown, join_all, origins_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import rows
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

_ANY = Slice(
    Constant(None), Constant(None), Constant(None), is_each=True
)  # the numbers of the rows of a batch: any of them


def batches(call: Invocation) -> Any:
    """`dataset`: batches of its rows, each as the data set gives a row; of those alone that `sampler` picks."""
    batch = batch_of(call.m, call.get("dataset"), call.at)
    sampler = call.get("sampler")
    return _part(call, rows.some(call.m, batch, call.at, by=sampler) if rows.picks(sampler) else batch)


def side_by_side(call: Invocation) -> Any:
    """Rows that are one item of each argument: `TensorDataset(X, y)`."""
    return _sequence(call, Tuple(call.arguments.args))


def slices(call: Invocation) -> Any:
    """`tensors`: rows of what is given, or of each of its items: `Dataset.from_tensor_slices((X, y))`."""
    return _sequence(call, call.get("tensors"))


def each_slice(call: Invocation) -> Any:
    """`map_func`: what it makes of each row of the receiver."""
    m, item = call.m, items_of(call.m, call.receiver, call.at).any
    given = item.items if isinstance(item, Tuple) else (item,)
    return _sequence(call, m.call(call.get("map_func"), Arguments(given), call.at))


def parts(call: Invocation) -> Any:
    """`dataset`, `lengths`: parts of its rows: `random_split(trips, [0.8, 0.2])`."""
    m = call.m
    lengths = items_of(m, call.get("lengths"), call.at).known
    names = ("train", *(f"test {n}" if n > 1 else "test" for n in range(1, len(lengths or (0, 0)))))
    batch = batch_of(m, call.get("dataset"), call.at)
    if not rows.has_rows(batch) and not origins_of(batch):
        return Tuple((call.get("dataset"),) * len(names))
    halves = rows.halves(m, [batch], call.at, rows.order_of_call(call), names)
    return Tuple(tuple(_part(call, half) for half in halves.items))


def picked(call: Invocation) -> Any:
    """`dataset`, or the receiver, and `indices`: some of its rows: `Subset(trips, train_index)`, `slices.take(100)`."""
    m = call.m
    batch = batch_of(m, call.get("dataset|self"), call.at)
    return _part(call, rows.some(m, batch, call.at, by=call.get("indices")))


def _part(call: Invocation, batch: Any) -> Cell:
    """Some rows of a data set, which stays at hand as `part.dataset`."""
    part = _sequence(call, batch)
    part.slots["attribute", "dataset"] = call.get("dataset")
    return part


def learned_from(value: Any) -> tuple[Any, Any]:
    """The rows and the label of batches that a fit is given as one: `model.fit(loader)`."""
    items = value.slots.get("items") if isinstance(value, Cell) and value.kind == "object" else None
    item = items.slots.get("<rest>") if isinstance(items, Cell) else None
    if isinstance(item, Tuple) and len(item.items) == 2:
        return item.items
    return (item if item is not None else value), None


def batch_of(m: Machine, dataset: Any, at: int) -> Any:
    match dataset:
        case Choice(options=options):
            return join_all([batch_of(m, option, at) for option in options])
        case Cell(kind="instance"):
            made = classes.operate(m, dataset, ("__getitem__", "__iter__"), _arguments(dataset), at)
            return made if made is not None else Unknown(origins_of(dataset))
        case None:
            return Unknown(why="it is a batch of no data set that is known")
    return items_of(m, dataset, at).any


def _arguments(dataset: Cell) -> Arguments:
    has_numbers = classes.find_member(dataset.slots["<class>"], "__getitem__") is not None
    return Arguments((_ANY,)) if has_numbers else Arguments()


def _sequence(call: Invocation, item: Any) -> Cell:
    m, place = call.m, (call.m.now.path, call.at)
    items = m.heap.new("list", {"items": (), "<rest>": item}, place)
    slots: dict[Any, Any] = {"type": "", "class": call.name, "arguments": call.given, "origins": frozenset()}
    return m.heap.new("object", {**slots, "items": items}, place)
