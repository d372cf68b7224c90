"""Parameters of a Databricks notebook.

dbutils.widgets.text("catalog", "main")
catalog = dbutils.widgets.get("catalog")
"""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.values import Constant, Unknown, join, text_of
from mllint.linker.python.library.invocation import Invocation

WIDGETS = "widgets"  # the `entry` of a run whose arguments, names and values in turn, are those of widgets


def widget(call: Invocation) -> Any:
    """`name`, `default`: a parameter of the notebook."""
    name, default = text_of(call.get("name")), call.get("default")
    if name is not None and default is not None:
        call.m.heap.set(call.m.now.module_scope, _key(name), default)
    return Constant(None)


def widget_value(call: Invocation) -> Any:
    """`name`, `default`: what the notebook is given, or the default that its widget has."""
    name, run = text_of(call.get("name")), call.m.run
    if run is not None and run.entry == WIDGETS and name in run.arguments[::2]:
        return Constant(run.arguments[2 * run.arguments[::2].index(name) + 1])
    given = Unknown(why=f"the parameter `{name or '?'}` of the notebook is given by people", span=call.span)
    default = call.m.now.module_scope.slots.get(_key(name)) if name is not None else None
    default = default if default is not None else call.get("default")
    return join(default, given) if default is not None else given


def _key(name: str) -> str:
    return f"<widget {name}>"
