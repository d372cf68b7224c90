"""What is drawn by chance, and whether a seed was set before.

    np.random.seed(0)                       # seeds the generator that sklearn and pandas draw from
    train, test = train_test_split(df)      # a draw that is seeded: not by its own parameter, yet on this path

Which generators are seeded is a state of the interpretation (`Machine.seeds`), so that branches keep it apart. A seed
whose value is not known counts as set, also in a branch: whoever gives it decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.libraries.models import Random
from mllint.lineage.observations import Draw
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import ROWS
from mllint.linker.python.abstract.values import Choice, Constant
from mllint.linker.python.library import rows
from mllint.linker.python.library.estimators import parts
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import MOST_STEPS, MOST_STEPS_FROM_OUTSIDE, Machine
from mllint.source import Span

SEEDED, FREE = Constant(True), Constant(False)
Given = Callable[[str], Any]


# ------------------------------------------------------------------------------------------------- seeding


def seed(call: Invocation) -> None:
    """`np.random.seed(0)`: from here on the generators it names are seeded. `seed(None)` seeds nothing."""
    m, value = call.m, call.get("seed")
    for name in call.entry.seeds:
        if name == "self":
            if isinstance(call.receiver, Cell):
                m.heap.set(call.receiver, "seeded", True)
        elif value is None or _is_none(value):
            continue
        else:
            seed_generator(m, name, call.span, isinstance(value, Constant))


def seed_generator(m: Machine, name: str, span: Span, is_constant: bool = True) -> None:
    m.seed_calls.append((name, span))
    m.seeded.add(name)
    if is_constant:
        m.heap.set(m.seeds, name, SEEDED)
    else:
        m.seeds.slots[name] = SEEDED


def begin(m: Machine, path: str) -> None:
    """An entry point begins with what its module seeds when it is imported."""
    m.seed_calls.clear()
    m.networks.clear()
    m.pupils.clear()
    m.lessons.clear()
    m.seeds.slots.update(dict.fromkeys(m.library.generators, FREE))
    for name, span in m.seeds_of_module.get(path, ()) if m.from_outside or m.endpoint else ():
        seed_generator(m, name, span)


# ------------------------------------------------------------------------------------------------- drawing


def drew(call: Invocation) -> None:
    """A call that draws rows, numbers or an order."""
    random = call.entry.random
    if random is None or not happens(random, call.get):
        return
    is_open = call.arguments.rest is not None
    place = ROWS + rows.place_id(call.m, call.span)
    at = call.span
    if random.seed.startswith("self.") and isinstance(call.receiver, Cell) and call.receiver.site:
        at = call.m.span(call.receiver.site[1], call.receiver.site[0])  # where the generator is made, it is seeded
    _note(call.m, random, call.get, is_open, at, _short(call.name), rows=place)


def split_by(m: Machine, splitter: Any, span: Span) -> None:
    """`KFold(5, shuffle=True).split(X)`: the splitter draws, where it is used."""
    for part in parts(splitter):
        _of_object(m, part, (), ROWS + rows.place_id(m, span))


def fitted(m: Machine, estimator: Cell, fit: str, span: Span) -> None:
    """A fit draws if the estimator, or one that it is made of, does."""
    for part in parts(estimator):
        _of_object(m, part, (fit,), "")


def trained(m: Machine, network: Cell, span: Span) -> None:
    """The backward pass of a network that began with weights drawn by chance."""
    random = m.library.randomness(network.slots["type"], network.slots["class"])
    if random is not None and not network.slots.get("loaded"):
        at = network.slots.get("born at") or span
        what = network.slots["class"].rpartition(".")[2] or "the network"
        _note(m, random, lambda name: None, False, at, what, trains=True)


def _of_object(m: Machine, part: Cell, fits: tuple[str, ...], place: str) -> None:
    random = m.library.randomness(part.slots["type"], part.slots["class"])
    given = part.slots["arguments"].get
    if random is None or not part.site or not happens(random, given):
        return
    path, at = part.site
    is_open = bool(part.slots.get("rest")) or bool(part.slots.get("seeded"))
    what = _short(part.slots["class"])
    _note(m, random, given, is_open, m.span(at, path), what, fits=fits, rows=place, trains=False)


def _note(m: Machine, random: Random, given: Given, is_open: bool, span: Span, what: str, **more: Any) -> None:
    if m.in_test:
        return
    values = [v for name in random.seed.split("|") if name and (v := given(name)) is not None]
    seeded = is_open or any(not _is_none(value) for value in values) or _is_seeded(m, random.generator)
    spans = [at for name, at in m.seed_calls if name == random.generator]
    m.effects.drew(
        Draw(
            span, m.effects.job, what, random.seed.partition("|")[0].removeprefix("self."), random.generator, seeded,
            once=random.once, elsewhere=spans[0] if spans and not seeded else None, **more,
        )
    )  # fmt: skip


def _is_seeded(m: Machine, generator: str) -> bool:
    """Whether the generator is seeded on this path, or that cannot be told: who calls a function from outside may
    have seeded it, where anything in the repository does; beyond the budget calls are not followed."""
    if not generator:
        return False
    if m.seeds.slots.get(generator) == SEEDED:
        return True
    if m.from_outside and generator in m.seeded:
        return True
    return m.steps > (MOST_STEPS_FROM_OUTSIDE if m.from_outside else MOST_STEPS)


def happens(random: Random, given: Given) -> bool:
    """Whether chance is at work with these arguments; not where that cannot be told."""
    return not random.when or any(_holds(condition, given) for condition in random.when)


def _holds(condition: str, given: Given) -> bool:
    name, _, wanted = condition.partition("=")
    value = given(name.lstrip("+"))
    if value is None:
        return not wanted and not name.startswith("+")
    if not isinstance(value, Constant):
        return False
    return str(value.value) in wanted.split("|") if wanted else value.value not in (False, None, 0)


def _is_none(value: Any) -> bool:
    match value:
        case Constant(value=None):
            return True
        case Choice(options=options):
            return all(map(_is_none, options))
    return False


def _short(name: str) -> str:
    """`train_test_split`, `DataFrame.sample`, `RandomForestClassifier`."""
    owner, _, last = name.rpartition(".")
    kind = owner.rpartition(".")[2]
    return f"{kind}.{last}" if kind[:1].isupper() else last
