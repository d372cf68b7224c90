"""ML405: a notebook or a scratch script is a stage of a production path.

cmd: jupyter nbconvert --execute notebooks/train.ipynb     # a stage of dvc.yaml
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from mllint.rule import (
    Chain,
    Context,
    Edge,
    Finding,
    Label,
    Lineage,
    Rule,
    Start,
    ends,
    is_apart,
    is_in_production,
    is_report,
    is_seen,
    job_path,
    name,
    place,
    production,
)
from mllint_rules.anti_patterns.prototypes import how, prototypes

_BY_HAND = ("command", "job")
_MAKES = ("writes", "saves", "predicts")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each notebook or scratch script, at the first place that makes it a part of production."""
    is_prototype = prototypes(lineage, context)
    chains = production(lineage.observations, is_prototype)
    by_file: dict[str, list[Edge]] = defaultdict(list)
    for edge in lineage.graph.edges():
        by_file[job_path(edge)].append(edge)
    found: dict[str, list[tuple[Start, list[Label]]]] = {}
    for start in lineage.observations.starts:
        if not (start.path.endswith(".ipynb") or is_prototype(start.path)) or is_apart(start.path):
            continue
        if _only_looks(lineage, start.path, by_file[start.path]):
            continue
        evidence = _evidence(lineage, start, _made(by_file[start.path]), chains, is_prototype)
        if evidence is not None:
            found.setdefault(start.path, []).append((start, evidence))
    for path in sorted(found):
        yield _finding(lineage, path, found[path], _made(by_file[path]))


def _made(edges: list[Edge]) -> list[str]:
    return sorted({edge.target for edge in edges if edge.kind in _MAKES and is_seen(edge)})


def _only_looks(lineage: Lineage, path: str, edges: list[Edge]) -> bool:
    """Whether a notebook reads something, and makes nothing but pictures and reports: what notebooks are for."""
    makes = [edge for edge in edges if edge.kind in (*_MAKES, "trains") and not edge.measure]
    lost = any(not gap.is_read and path in (gap.job, gap.span.path) for gap in lineage.coverage.gaps)
    return path.endswith(".ipynb") and bool(edges) and not lost and all(is_report(edge.target) for edge in makes)


def _evidence(
    lineage: Lineage, start: Start, made: list[str], chains: dict[str, Chain], is_prototype: Callable[[str], bool]
) -> list[Label] | None:
    """What shows that a start belongs to production; `None` if nothing does.

    A stage or container does by itself; another process if production starts it; make, a shell script or CI if
    production reads what they make."""
    if start.by in ("dag", "service") or is_apart(start.span.path):
        return None  # no command or path names the file
    if is_in_production(start):
        return []
    if start.by == "process" and start.span.path in chains and not is_prototype(start.span.path):
        return how(chains[start.span.path])
    if start.by in _BY_HAND:
        read = _read_in_production(lineage, start.path, made, chains, is_prototype)
        at = place(lineage.graph, read) if read is not None else None
        if read is not None and at is not None:
            reader = chains[at.path]
            return [Label(at, f"production reads {name(lineage.graph, read.source)}, which it makes"), *how(reader)]
    return None


def _read_in_production(
    lineage: Lineage, path: str, made: list[str], chains: dict[str, Chain], is_prototype: Callable[[str], bool]
) -> Edge | None:
    """Where code that production runs reads what a file makes."""
    graph = lineage.graph
    for id in made:
        for edge in graph.out_edges(id):
            at = place(graph, edge)
            if at is None or not is_seen(edge) or is_report(id) or at.path not in chains:
                continue
            if at.path != path and not is_prototype(at.path):
                return edge
    return None


def _finding(lineage: Lineage, path: str, starts: list[tuple[Start, list[Label]]], made: list[str]) -> Finding:
    (start, evidence), *others = starts
    graph = lineage.graph
    what = "notebook" if path.endswith(".ipynb") else "prototype"
    makes = f" and makes {name(graph, made[0])}" if made else ""
    again = dict.fromkeys(other.span for other, _ in others if other.span != start.span)
    is_job = all(each.parametrised for each, _ in starts)
    return Finding(
        message=f"{what} `{path}` is a step of production{makes}: no test reaches it, and what it does depends on who "
        "last edited it",
        help="move its code into a module with tests, and let the stage start that; keep the file to look at results",
        span=start.span,
        label=f"starts the {what}",
        related=[*evidence, *(Label(span, "starts it too") for span in again)],
        nodes=made,
        reaches=ends(graph, made),
        severity="warning" if is_job else None,
    )


RULE = Rule(
    code="ML405",
    name="prototype-in-production",
    summary="a notebook or a scratch script is a stage of a production path",
    severity="error",
    check=check,
    stable=False,  # 15 findings in unseen code, 12 true, eight of them in one repository; the three others are mended
    options={"prototype-folders": ["experiments", "scratch", "notebooks", "sandbox", "playground"]},
)
