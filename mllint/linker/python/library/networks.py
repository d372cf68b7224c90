"""Networks whose class the repository writes: what they are trained on, and how they are saved and loaded.

    class Net(nn.Module): ...               loss = criterion(net(x), y)       torch.save(net.state_dict(), "net.pt")
    net = Net()                             loss.backward()                   net.load_state_dict(torch.load("net.pt"))

A forward pass makes a prediction of the network and its rows. What is learned from it stands in `training.py`."""

from __future__ import annotations

from typing import Any

from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import PREDICTION
from mllint.linker.python.abstract.values import Column, Constant, Unknown, options_of, origins_of
from mllint.linker.python.library import training, trials
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import network_of, prepare
from mllint.linker.python.library.learning import model_origins, note_serving


def forward(call: Invocation) -> Any:
    """`net(x)`: predictions for these rows; what has nothing to learn is a loss of predictions, or passes rows on."""
    m = call.m
    network = network_of(m, call.receiver, call.at)
    rows = call.get("0|x|input|inputs|input_ids")
    given = frozenset().union(*(origins_of(value) for value in call.arguments.values()), frozenset())
    if network is None:
        return training.loss(call)
    if "token" not in network.slots:  # one that was loaded whole
        prepare(m, network, call.at)
        m.heap.set(network, "loaded", True)
    is_own = network.slots.get("fitted") or not network.slots.get("loaded")
    own = model_origins(network) | ({network.slots["token"]} if is_own else frozenset())
    if network.slots["class"] and is_own:  # what holds the weights of a file is known by that file
        m.effects.model(network.slots["token"], "class", network.slots["class"], call.span)
    m.predictors |= own
    m.networks[network.slots["token"]] = network
    m.heap.set(network, training.GIVEN, rows)
    m.effects.predicted(own, rows, call.span)
    note_serving(m, call, network, own, rows)
    made = trials.predicted(call, network, Unknown(given), own, None) if given else frozenset()
    m.pupils.update(dict.fromkeys(made, network.slots["token"]))
    origins = own | made | {origin for origin in given if not origin.startswith(PREDICTION)}
    return Column(ex.Unresolved("a prediction"), origins, "prediction", call.span, kind="torch.Tensor")


def turn(call: Invocation) -> Any:
    """`net.train()`, `net.eval()`: what `net.training` tells from now on."""
    if isinstance(call.receiver, Cell) and call.receiver.kind == "instance":
        is_on = call.constant("mode", True) if call.name.endswith(".train") else False
        call.m.heap.set(call.receiver, "training", Constant(bool(is_on)))
    return call.receiver


def state(call: Invocation) -> Any:
    """`net.state_dict()`, `net.to(device)` of a network that was loaded whole."""
    network = network_of(call.m, call.receiver, call.at)
    if network is None:
        return Unknown(call.origins())
    if call.name.endswith("state_dict"):
        call.m.heap.set(network, "taken apart", True)
    return network


def load_state(call: Invocation) -> Any:
    """`net.load_state_dict(torch.load(path))`: from now on the network is what was saved there."""
    network = network_of(call.m, call.receiver, call.at)
    given = call.get("0|state_dict")
    if network is not None:
        stored = (each for each in options_of(given) if isinstance(each, Cell))
        if any("artifact" in each.slots or "reference" in each.slots for each in stored):  # the best epoch's, say
            call.m.heap.set(network, "restored", network.slots.get("restored", frozenset()) | origins_of(given))
        call.m.heap.set(network, "origins", network.slots["origins"] | origins_of(given))
        call.m.heap.set(network, "loaded", True)
    return Constant(None)
