"""Pictures of data, and reports on it: what is drawn gathers in a figure until it is saved.

figure, axes = plt.subplots()            plt.hist(trips["km"])           report.run(reference_data=a, current_data=b)
axes.plot(trips["km"])                   plt.savefig("km.png")           report.save_html("drift.html")
figure.savefig("km.png")
"""

from __future__ import annotations

from typing import Any

from mllint.libraries.models import Place
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Tuple, Unknown, options_of, origins_of
from mllint.linker.python.library import buffers
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import nodes_of
from mllint.linker.python.library.storage import put

_FIGURE = "evidently.Figure"


def the_figure(call: Invocation) -> Any:
    """The figure that pyplot draws on."""
    m = call.m
    scope = m.now.module_scope
    if scope not in m.figures.slots:
        slots: dict[Any, Any] = {"type": _FIGURE, "class": "figure", "arguments": {}, "origins": frozenset()}
        m.heap.put(m.figures, scope, m.heap.new("object", slots, scope.site))
    return m.figures.slots[scope]


def fresh_figure(call: Invocation) -> Any:
    """`plt.figure()`, `plt.close()`: from now on pyplot draws on another figure, unless that has a number."""
    if call.get("num") is not None:
        return the_figure(call)
    m = call.m
    slots: dict[Any, Any] = {"type": _FIGURE, "class": "figure", "arguments": {}, "origins": frozenset()}
    figure = m.heap.new("object", slots, (m.now.path, call.at))
    m.heap.set(m.figures, m.now.module_scope, figure)
    return figure


def new_figure(call: Invocation) -> Any:
    """`figure, axes = plt.subplots()`: from now on pyplot draws here."""
    figure = fresh_figure(call)
    return Tuple((figure, figure))


def drawn(call: Invocation) -> Any:
    """Data are drawn: on the receiver, on `ax`, or on the figure of pyplot. Gives the figure back."""
    target = call.receiver if call.receiver is not None else call.get("ax")
    drawn_on = target if isinstance(target, Cell) and target.kind == "object" else the_figure(call)
    data: frozenset[str] = frozenset().union(*(origins_of(value) for value in call.arguments.values()))
    for figure in options_of(drawn_on):  # after a branch, pyplot may draw on either of two figures
        if isinstance(figure, Cell):
            call.m.heap.set(figure, "origins", figure.slots["origins"] | data)
    return drawn_on


def gathered(call: Invocation) -> Any:
    """The receiver is made of what it is given: `report.run(current_data=frame)`."""
    if isinstance(call.receiver, Cell) and call.receiver.kind == "object":
        origins = call.receiver.slots["origins"].union(*(origins_of(v) for v in call.arguments.values()))
        call.m.heap.set(call.receiver, "origins", origins)
    return call.receiver


def save_figure(call: Invocation) -> Any:
    """What was drawn goes into a file, or a buffer: `fname` or `file`."""
    figure, target = call.receiver if call.receiver is not None else the_figure(call), call.get("fname|file|0")
    if buffers.is_buffer(target):
        buffers.hold(call.m, target, Unknown(origins_of(figure), "it is a picture", call.span))
        return Constant(None)
    for node in nodes_of(call, Place(file="fname|file|0")):
        put(call, node, figure, call.get("fname|file|0"))
    return Constant(None)
