"""Hand-written training: losses of predictions, and the backward pass by which networks learn from them.

    for x, y in loader:                                     with tf.GradientTape() as tape:
        loss = criterion(net(x), y)                             loss = criterion(y, net(x))
        loss.backward()                                     tape.gradient(loss, net.trainable_variables)
        optimizer.step()

A loss is a score of the network on the rows of the batch, like any metric. One that is gone back from is none: it was
how the network learned, which makes the pass a fit on these rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from zlib import crc32

import msgspec

from mllint.lineage.trials import Fitting, Input
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import FIT, PREDICTION, SCORE, learned_of, marked, rows_in
from mllint.linker.python.abstract.values import Column, Constant, Unknown, origins_of
from mllint.linker.python.library import randomness, rows, trials
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learning import note_features, tell_features
from mllint.linker.python.machine import Machine
from mllint.source import Span

GIVEN, TARGET = "given", "target"  # slots of a network: what it was called with, what its prediction was held against


def loss(call: Invocation) -> Any:
    """`criterion(predicted, target)`, in either order: a score of the predictions."""
    m, origins = call.m, call.origins()
    if not marked(origins, PREDICTION):
        return Unknown(origins)
    for value in call.arguments.args[:2]:
        if not marked(origins_of(value), PREDICTION):
            for token in sorted(origin for origin in origins if origin in m.networks):
                m.heap.set(m.networks[token], TARGET, value)
    return Unknown(trials.measured(call, origins))


def backward(call: Invocation) -> Any:
    """`loss.backward()`, or a call whose parameter `loss` is the loss: the networks in it learn from the data in it."""
    value = call.get("loss") if "loss" in call.entry.parameters else call.receiver
    sources = call.get("sources")
    if sources is not None and marked(origins_of(sources), PREDICTION):  # by what a layer gave: Grad-CAM
        return Unknown(origins_of(value))
    learn(call.m, value, call.span)
    return Unknown(origins_of(value)) if "loss" in call.entry.parameters else Constant(None)


def learn(m: Machine, value: Any, span: Span, within: Collection[str] = ()) -> None:
    """The networks that a loss was computed with learn from whatever else it was computed from, which may have gone
    through other fitted objects. Those `within` another one learn as parts of it."""
    origins = origins_of(value)
    for score in marked(origins, SCORE):
        origins |= m.lessons.get(score, frozenset())
        m.effects.now.measurings.pop(score, None)
    for mark in sorted(marked(origins, PREDICTION)):
        _taught(m, mark)
        origins |= {m.pupils[mark]} if mark in m.pupils else frozenset()
    origins -= set(within)
    tokens = sorted(origin for origin in origins if origin.startswith("model@"))
    learning = [token for token in tokens if token in m.networks] or tokens
    for token in learning:
        m.effects.mark(token, "model", span)
        m.effects.link([o for o in origins if o not in learning], token, "trains", span)
        if token in m.networks:
            network = m.networks[token]
            m.effects.model(token, "class", network.slots["class"], span)
            _note_fit(m, network, origins, span)
            m.heap.set(network, "origins", network.slots["origins"] | {token})
            m.heap.set(network, "fitted", True)
            randomness.trained(m, network, span)


def _taught(m: Machine, mark: str) -> None:
    """What was predicted on the way to a lesson tells nothing about other rows, whatever is computed from it."""
    made = m.effects.now.predicted.get(mark)
    if made is not None and made.rows:
        m.effects.predicted_rows(msgspec.structs.replace(made, rows=()))
    ending = f":{mark.removeprefix(PREDICTION)}"
    for id in [id for id in m.effects.now.measurings if id.endswith(ending)]:
        del m.effects.now.measurings[id]


def _note_fit(m: Machine, network: Cell, origins: frozenset[str], span: Span) -> None:
    token, given, target = network.slots["token"], network.slots.get(GIVEN), network.slots.get(TARGET)
    own = tuple(sorted(rows_in(origins)))
    # one fit in whatever round: the next epoch goes on from the last one, on the same rows
    id = f"{FIT}{token}:{rows.place_id(m, span, in_rounds=False)}:{crc32(repr(own).encode()):08x}"
    label = rows.inputs_of(target)
    known = given is not None and _columns(origins) <= _columns(origins_of(given))
    fitting = Fitting(
        id,
        m.effects.tick(),
        span,
        m.effects.job,
        token,
        network.slots["class"].rpartition(".")[2],
        "model",
        own,
        tuple(sorted(learned_of(Unknown(origins)) - {id})),
        tuple(rows.inputs_of(given)),
        label[0] if len(label) == 1 else None,
        target is not None or not known,
        goes_on=bool(network.slots.get("loaded")),
    )
    m.effects.fitting(fitting)
    m.heap.set(network, trials.FITS, frozenset({id}))
    _describe(m, token, given, label, span)


def _describe(m: Machine, token: str, given: Any, label: list[Input], span: Span) -> None:
    """The features and the label of a network, where they are columns."""
    if isinstance(given, Cell) and given.kind == "frame":
        table, kind = given.slots["table"], m.library.types.get(given.slots["type"])
        note_features(m, token, table, "train", span, by_place=kind is not None and kind.nameless)
        tell_features(m, token, table, span)
    elif isinstance(given, Column) and given.name:
        m.effects.model(token, "features", (given.name,), span)
    if len(label) == 1 and label[0].name:
        m.effects.model(token, "label", label[0].name, span)


def _columns(origins: frozenset[str]) -> frozenset[str]:
    return frozenset(origin for origin in origins if origin.startswith("column:"))
