"""Branches on settings: which outcomes a test had, over all the values that a setting takes."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.machine import Machine
from mllint.linker.python.values import Constant


def note_branch(m: Machine, s: facts.If, test: Any, known: bool | None) -> None:
    """Remember one outcome of an `if`. Only those that settings decide are told to rules, at the end."""
    if isinstance(s.test, facts.Compare) and {"in", "not in"} & set(s.test.operators):
        return  # `if severity not in ("low", "high"): raise`: a check that a value is allowed, not a choice
    key = (m.now.path, s.at)
    record = m.branches.get(key)
    if record is None:
        record = m.branches[key] = (s, set(), {})
    record[1].add(known if isinstance(test, Constant) else None)
    if isinstance(test, Constant):
        record[2].update(dict.fromkeys(test.settings))
