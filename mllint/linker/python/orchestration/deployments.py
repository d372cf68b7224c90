"""Deployments of flows: `prefect.yaml` says which functions are run, and with which parameters.

deployments:
  - name: nightly
    entrypoint: flows/train.py:main
    parameters: {day: monday}"""

from __future__ import annotations

import posixpath
from typing import Any

from mllint.facts.config import Value
from mllint.linker.python import config
from mllint.linker.python.iteration import entries_of
from mllint.linker.python.machine import Machine
from mllint.linker.python.values import Function
from mllint.linker.systems import tree


def parameters_of(m: Machine, function: Function) -> list[Value]:
    """The parameters (a mapping each) with which deployments run a function."""
    known = m.plans.get("deployments")
    if known is None:
        known = m.plans["deployments"] = _all(m)
    found: list[Value] = known.get((function.path, function.facts.name), [])
    return found


def _all(m: Machine) -> dict[tuple[str, str], list[Value]]:
    result: dict[tuple[str, str], list[Value]] = {}
    for facts in m.project.named("prefect.yaml", "prefect.yml"):
        for deployment in tree.items(m.project.config(facts.path), "deployments"):
            path, _, name = tree.text(deployment, "entrypoint").partition(":")
            parameters = tree.get(deployment, "parameters")
            if name and parameters is not None and parameters.kind == "mapping":
                place = posixpath.normpath(posixpath.join(posixpath.dirname(facts.path), path))
                result.setdefault((place, name), []).append(parameters)
    return result


def values_of(m: Machine, parameters: Value) -> dict[str, Any]:
    path = next((facts.path for facts in m.project.named("prefect.yaml", "prefect.yml")), "")
    return entries_of(config.as_value(m, parameters, path, 0))[0]
