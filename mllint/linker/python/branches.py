"""Branches on settings: which outcomes a test had, over all the values that a setting takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.losses import written
from mllint.linker.python.abstract.values import Constant
from mllint.linker.python.library.trials import chosen
from mllint.linker.python.machine import Machine, Outcomes
from mllint.source import Span


def note_branch(m: Machine, s: facts.If, test: Any, known: bool | None) -> None:
    """Remember one outcome of an `if`. Only those that settings decide are told to rules, at the end."""
    if isinstance(s.test, facts.Compare) and {"in", "not in"} & set(s.test.operators):
        return  # `if severity not in ("low", "high"): raise`: a check that a value is allowed, not a choice
    if _is_check(s.test):
        return
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


def _is_check(test: facts.Expr) -> bool:
    """Whether a test asks if a value is allowed or a limit is reached, or looks at one of many rows, and chooses
    nothing: `not isinstance(n, int) or n < 0`, `spent + cost > budget`, `bands[-1]["upper"] is not None`."""
    match test:
        case facts.Logical(values=values):
            return any(map(_is_check, values))
        case facts.Unary(operand=operand):
            return _is_check(operand)
        case facts.Call(function=facts.Name(id="isinstance")):
            return True
        case facts.Compare(left=left, operators=operators, rights=rights):
            if any(map(_is_of_one_row, (left, *rights))):
                return True
            sides = [side for side in (left, *rights) if isinstance(side, facts.Literal)]
            return not _ORDER.isdisjoint(operators) and all(side.value in (0, 1, -1) for side in sides)
    return False


def _is_of_one_row(value: facts.Expr) -> bool:
    match value:
        case facts.Subscript(value=inner, index=facts.Literal(value=int()) | facts.Unary()):
            return not isinstance(inner, facts.Attribute)  # `sys.argv[1]`
        case facts.Subscript(value=inner) | facts.Attribute(value=inner):
            return _is_of_one_row(inner)
    return False


_ORDER = {"<", "<=", ">", ">="}


def note_choice(m: Machine, s: facts.If, test: Any) -> None:
    """A score that is kept where it is better than what was kept before: `if score > best: best = score`. Whatever
    else the branch keeps was chosen by that score."""
    kept = {
        written(target) for statement in s.then if isinstance(statement, facts.Assign) for target in _targets(statement)
    }
    sides = {written(side) for compare in _comparisons(s.test) for side in (compare.left, *compare.rights)}
    if kept & sides:
        chosen(m, test, "the best score so far", m.span(s.test.at))


def _targets(statement: facts.Assign) -> Iterator[facts.Expr]:
    for target in statement.targets:
        yield from target.items if isinstance(target, facts.Collection) else (target,)


def _comparisons(test: facts.Expr) -> Iterator[facts.Compare]:
    match test:
        case facts.Compare():
            yield test
        case facts.Logical(values=values):
            for value in values:
                yield from _comparisons(value)
