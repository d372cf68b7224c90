"""What runs in production: what a container, stage, DAG, service or installed script starts, and what that imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import msgspec

from mllint.lineage.observations import Import, Observations, Start
from mllint.lineage.ownership import is_test

_IN_PRODUCTION = {"container", "stage", "service", "installed", "dag"}
_APART = {
    "docs", "doc", ".devcontainer", "examples", "example", "samples", "demos", "demo", "tutorials", "tutorial",
    "cookbook", "cookbooks", "quickstart", "quickstarts", "benchmarks", "templates",
}  # fmt: skip


class Chain(msgspec.Struct, frozen=True):
    """How production comes to a file: what starts the first one, and what leads on from it."""

    start: Start
    steps: tuple[Import | Start, ...] = ()


def is_apart(path: str) -> bool:
    """Whether a file lies among tests, documentation or examples, which run nothing of production."""
    return is_test(path) or not _APART.isdisjoint(path.lower().split("/")[:-1])


def is_in_production(start: Start) -> bool:
    return start.by in _IN_PRODUCTION and not is_apart(start.path) and not is_apart(start.span.path)


def production(observations: Observations, is_outside: Callable[[str], bool] = is_apart) -> dict[str, Chain]:
    """Every file that production runs, with a shortest chain to it. No chain leads on from a file that `is_outside`,
    though one may end there, nor through a file that lies among tests or documentation."""
    imports: dict[str, list[Import]] = defaultdict(list)
    for each in observations.imports:
        imports[each.span.path].append(each)
    processes: dict[str, list[Start]] = defaultdict(list)
    for start in observations.starts:
        if start.by == "process":
            processes[start.span.path].append(start)
    found: dict[str, Chain] = {}
    for start in observations.starts:
        if is_in_production(start):
            found.setdefault(start.path, Chain(start))
    todo = list(found)
    for path in todo:
        if is_outside(path):
            continue
        chain = found[path]
        further = [(each.target, Chain(chain.start, (*chain.steps, each))) for each in imports[path]]
        further += [(start.path, Chain(chain.start, (*chain.steps, start))) for start in processes[path]]
        for target, longer in further:
            if target not in found and not is_apart(target):
                found[target] = longer
                todo.append(target)
    return found
