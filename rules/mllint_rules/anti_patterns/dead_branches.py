"""Code that a setting cuts off, whatever any configuration gives it."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from mllint.rule import Branch, Finding, Label, Lineage, Span, is_test


def dead_branches(lineage: Lineage) -> Iterator[Finding]:
    observations = lineage.observations
    packages = {dirname(script.path) for script in observations.scripts if script.path.endswith("/__init__.py")}
    for branch in _branches(observations.branches):
        if not (_is_shipped_default(branch, packages) or _is_left_out(branch) or _is_guard(branch)):
            yield _finding(branch)


def _branches(branches: list[Branch]) -> Iterator[Branch]:
    """One per cause. Where `if kind == "a"` always holds, the `elif` below it guards the dead code: it stands for
    both. A test inside code that is dead already adds nothing."""
    dead = [branch for branch in sorted(branches, key=lambda b: b.span) if branch.dead and branch.settings]
    covered: set[Span] = set()
    for branch in dead:
        if branch.span in covered or branch.only_reports or is_test(branch.span.path) or _is_tried_out(branch):
            continue
        inside = [other for other in dead if other is not branch and any(_holds(d, other.span) for d in branch.dead)]
        covered |= {other.span for other in inside}
        starts = {span.line for span in branch.dead}
        guards = [o for o in inside if o.span.line in starts and o.settings == branch.settings and not o.outcome]
        yield guards[0] if branch.outcome and guards else branch


def _is_tried_out(branch: Branch) -> bool:
    """Whether a notebook itself gives the value: people write another one into the cell, and run it again."""
    return branch.span.path.endswith(".ipynb") and all(s.span.path == branch.span.path for s in branch.settings)


def _is_shipped_default(branch: Branch, packages: set[str]) -> bool:
    """Whether the one config lies inside a Python package: a default that is installed along, for users to replace."""
    files = {setting.span.path for setting in branch.settings}
    return len(files) == 1 and not files.pop().endswith(".py") and dirname(branch.settings[0].span.path) in packages


def _is_left_out(branch: Branch) -> bool:
    """Whether nobody gives a value: `orientation: null`, `prefix: ""`. That is an option, and no experiment."""
    return all(setting.value is None or setting.value == "" for setting in branch.settings)


def _is_guard(branch: Branch) -> bool:
    """Whether it only asks if there is a value at all: `if prefix:`. That chooses among no experiments."""
    is_bare = branch.text.removeprefix("not ") == branch.subject
    return is_bare and all(isinstance(setting.value, str) for setting in branch.settings)


def _holds(outer: Span, inner: Span) -> bool:
    if (outer.path, outer.cell) != (inner.path, inner.cell):
        return False
    return outer.line <= inner.line <= max(outer.end_line, outer.line)


def _finding(branch: Branch) -> Finding:
    values = sorted({_shown(setting.value) for setting in branch.settings})
    subject = f"`{branch.subject}`" if branch.subject != branch.text else "the setting"
    always = f"is {values[0]} wherever it is set" if len(values) == 1 else f"is only ever {', '.join(values)}"
    lines = "1 line" if branch.lines == 1 else f"{branch.lines} lines"
    return Finding(
        message=f"{subject} {always}, so `{branch.text}` is always {str(branch.outcome).lower()} and {lines} "
        "of code can never run",
        help="delete the code and its setting, which git remembers, or add the config or test that runs it",
        span=branch.span,
        label=f"always {str(branch.outcome).lower()}",
        deletes=list(branch.dead),
        related=[
            *(Label(span, "never runs") for span in branch.dead),
            *(Label(s.span, f"set to {_shown(s.value)} here") for s in branch.settings if s.span != branch.span),
        ],
    )


def _shown(value: object) -> str:
    return f"`{value!r}`" if isinstance(value, str) else f"`{value}`"
