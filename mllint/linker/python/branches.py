"""Branches on settings: which outcomes a test had, over all the values that a setting takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.values import Constant
from mllint.linker.python.machine import Machine, Outcomes
from mllint.source import Span


def note_branch(m: Machine, s: facts.If, test: Any, known: bool | None) -> None:
    """Remember one outcome of an `if`. Only those that settings decide are told to rules, at the end."""
    if isinstance(s.test, facts.Compare) and {"in", "not in"} & set(s.test.operators):
        return  # `if severity not in ("low", "high"): raise`: a check that a value is allowed, not a choice
    key = (m.now.path, s.at)
    outcome = known if isinstance(test, Constant) else None
    settings = test.settings if isinstance(test, Constant) else ()
    m.tracker.saying.branches[*key, outcome, tuple(settings)] = None
    came_to(m, key, outcome, settings)


def came_to(m: Machine, key: tuple[str, int], outcome: bool | None, settings: Iterable[Span]) -> None:
    if (outcomes := m.branches.get(key)) is None:
        outcomes = m.branches[key] = Outcomes()
    outcomes.known.add(outcome)
    outcomes.settings.update(dict.fromkeys(settings))
