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
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

_ANY = Slice(Constant(None), Constant(None), Constant(None))  # the numbers of the rows of a batch: any of them


def batches(call: Invocation) -> Any:
    """`dataset`: batches of its rows, each as the data set gives a row."""
    return _sequence(call, batch_of(call.m, call.get("dataset"), call.at))


def side_by_side(call: Invocation) -> Any:
    """Rows that are one item of each argument: `TensorDataset(X, y)`."""
    return _sequence(call, Tuple(call.arguments.args))


def parts(call: Invocation) -> Any:
    """`dataset`, `lengths`: parts of its rows: `random_split(trips, [0.8, 0.2])`."""
    lengths = items_of(call.m, call.get("lengths"), call.at).known
    return Tuple((call.get("dataset"),) * len(lengths or (0, 0)))


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
