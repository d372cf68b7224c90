"""Trainers of libraries that go over batches: `loop:` of library models, and callbacks that store what is trained.

class Eta(LightningModule):                                 trainer = Trainer(callbacks=[ModelCheckpoint("ckpt")])
    def training_step(self, batch, index):                  trainer.fit(Eta(), datamodule=Trips("trips.csv"))
        x, y = batch                                        Eta.load_from_checkpoint("ckpt/best.ckpt")
        return mse_loss(self(x), y)"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.libraries.models import Loop, Place, Stores
from mllint.lineage.ids import is_telling
from mllint.lineage.trials import Selection
from mllint.linker.python import classes
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Class, Constant, Hole, Unknown, origins_of, text_of
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import batches, locate, storage, training, trials
from mllint.linker.python.library.estimators import is_estimator
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import network_of

_SET_UP = "<set up>"


def run(call: Invocation, loop: Loop) -> Any:
    """One step with a batch of the data: it trains the network, or gives what it predicts."""
    m, model = call.m, call.get(loop.model)
    batch = batches.batch_of(m, _loader(call, loop, model, loop.data, loop.loader), call.at)
    network = network_of(m, model, call.at)
    made = _step(call, model, loop.step, batch)
    if made is None or network is None:
        return Unknown(origins_of(model) | origins_of(batch), "the steps of the loop are not in sight", call.span)
    if loop.trains:
        _train(call, network, made, batch)
        if isinstance(call.receiver, Cell) and call.receiver.kind == "object":
            m.heap.set(call.receiver, ("attribute", "model"), network)
        stored_by(call, loop.callbacks, network)
        _watch(call, loop, model)
    return Unknown(origins_of(made), "it is what a loop returns", call.span)


def _step(call: Invocation, model: Any, name: str, batch: Any) -> Any:
    m = call.m
    step = classes.find_method(m, model, name) if isinstance(model, Cell) and model.kind == "instance" else None
    return m.call(step, Arguments((batch, Unknown())), call.at) if step is not None else None


def _watch(call: Invocation, loop: Loop, model: Any) -> None:
    """What the network is scored on while it learns; a callback may decide by that."""
    loader = _loader(call, loop, model, loop.watches, loop.watched) if loop.watches else None
    if loader is None:
        return
    now = call.m.effects.now
    before = set(now.measurings)
    _step(call, model, loop.scores, batches.batch_of(call.m, loader, call.at))
    watched = [score for id, score in now.measurings.items() if id not in before]
    for score in watched:
        now.measurings[score.id] = msgspec.structs.replace(score, kind="watch")
    if watched and trials.has_chooser(call, loop.callbacks):
        own, scores = {row for score in watched for row in score.rows}, tuple(score.id for score in watched)
        tick, job = call.m.effects.tick(), call.m.effects.job
        call.m.effects.selection(Selection(tick, call.span, job, "early stopping", tuple(sorted(own)), scores))


def _loader(call: Invocation, loop: Loop, model: Any, data: str, loader: str) -> Any:
    """What batches come from: a loader, or what an object of the repository gives, a data module or the network."""
    m, given = call.m, call.get(data)
    makers = (call.get(loop.source) if loop.source else None, call.get(loop.data), model)
    if isinstance(given, Cell) and given.kind != "instance":
        return given
    for maker in makers:
        if not (isinstance(maker, Cell) and maker.kind == "instance"):
            continue
        method = classes.find_method(m, maker, loader)
        if method is not None:
            for name in loop.before if _SET_UP not in maker.slots else ():
                before = classes.find_method(m, maker, name)
                if before is not None:
                    m.call(before, Arguments(), call.at)
            m.heap.set(maker, _SET_UP, Constant(True))  # the rows of its parts are those that they were
            return m.call(method, Arguments(), call.at)
    return given


def _train(call: Invocation, network: Cell, made: Any, batch: Any) -> None:
    """The network learns, and with it the networks that it holds."""
    m, token = call.m, network.slots["token"]
    loss = m.item(made, Constant("loss"), call.at) if isinstance(made, Cell) and made.kind == "dict" else made
    origins = origins_of(loss) or origins_of(batch)
    inner = {origin for origin in origins if origin in m.networks and origin != token}
    m.networks[token] = network
    m.effects.model(token, "class", network.slots["class"], call.span)
    for each in sorted(inner):
        m.effects.model(token, "contains", each, call.span)
    training.learn(m, Unknown(origins | {token}), call.span, within=inner)
    for each in sorted(inner):  # whatever is scored with a part of the network is a score of the whole
        m.heap.set(m.networks[each], trials.FITS, network.slots.get(trials.FITS, frozenset()))


# ------------------------------------------------------------------------------------------------ callbacks


def stored_by(call: Invocation, parameter: str, model: Any) -> None:
    """Callbacks that a parameter lists store the model: `fit(X, y, callbacks=[ModelCheckpoint("m.h5")])`."""
    given = call.get(parameter) if parameter else None
    if given is None or not is_estimator(model):
        return
    items = items_of(call.m, given, call.at).known
    for callback in items if items is not None else [given]:
        if _stores(call, callback) is not None:
            _store(call, callback, model)


def _stores(call: Invocation, callback: Any) -> Stores | None:
    known = isinstance(callback, Cell) and callback.kind == "object"
    kind = call.m.library.types.get(callback.slots["type"]) if known else None
    return kind.stores if kind is not None else None


def _store(call: Invocation, callback: Cell, network: Cell) -> None:
    path = _path(call, callback)
    for text in locate.texts(path) if path is not None else ():
        node = locate.locate(call.m, text)
        if is_telling(node):
            storage.put(call, node, network, path)


def _path(call: Invocation, callback: Cell) -> Any:
    """Where a callback stores: its folder, and a name in which epochs and scores are filled in."""
    stores, given = _stores(call, callback), callback.slots["arguments"]
    if stores is None or (stores.folder and given.get(stores.folder) is None):
        return None
    told = given.get(stores.name, given.get("0") if not stores.folder else None)
    name = text_of(told) if told is not None else "{run-checkpoint}" if stores.folder else None
    if name is None:
        return None
    parts: list[Any] = []
    for index, part in enumerate(re.split(r"\{([^{}:]*)[^{}]*\}", name + stores.ending)):
        parts.append(Hole(f"run-{re.sub(r'^run-|[^0-9A-Za-z_]', '', part)}") if index % 2 else part)
    file = texts.make(tuple(parts))
    return texts.join_paths([given[stores.folder], file]) if stores.folder else file


def stored_path(call: Invocation) -> Any:
    """`callback.best_model_path`."""
    path = _path(call, call.receiver) if isinstance(call.receiver, Cell) else None
    return path if path is not None else Unknown(why="where the callback stores is not known", span=call.span)


def storing_callback(call: Invocation) -> Any:
    """`trainer.checkpoint_callback`: the first of its `callbacks` that stores."""
    items = items_of(call.m, call.get("self.callbacks"), call.at).known
    return next((item for item in items or () if _stores(call, item) is not None), Unknown())


def restored(call: Invocation) -> Any:
    """`Eta.load_from_checkpoint(checkpoint_path)`: an instance of the class, as it was stored."""
    m, cls = call.m, call.receiver
    if not isinstance(cls, Class):
        return Unknown(call.origins())
    given = {name: value for name, value in call.arguments.keywords.items() if name != "checkpoint_path"}
    instance = classes.construct(m, cls, Arguments((), given), call.at)
    network = network_of(m, instance, call.at)
    place, path = Place(file="checkpoint_path"), call.get("checkpoint_path")
    nodes = locate.nodes_of(call, place)
    for node in nodes:
        storage.note_read(call, node, place, path)
        if not m.in_test:
            m.effects.loading(node, call.span, next(iter(locate.texts(path)), ""), "")
    if not nodes:
        storage.note_unknown(call, path, is_read=True)
    if network is not None:
        m.heap.set(network, "origins", network.slots["origins"] | frozenset(nodes))
        m.heap.set(network, "loaded", True)
    return instance
