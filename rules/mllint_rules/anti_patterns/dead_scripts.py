"""Scripts that work on data on a model's way, and that nothing starts or imports."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from posixpath import basename, dirname

from mllint.rule import Edge, Finding, Label, Lineage, Script, Span, is_report, is_seen, is_test

_MAKES = ("writes", "saves", "predicts")
_FEW_LINES = 8
_SHOWS = ("example", "demo", "tutorial")
_BY_HAND = {  # folders of what people start when they need it
    "eda", "tool", "tools", "dev", "debug", "analysis", "analyses", "exploration", "explore", "adhoc", "ad_hoc",
    "one_off", "oneoff", "migrations", "maintenance", "admin", "sandbox", "scratch", "playground", "misc",
}  # fmt: skip


def dead_scripts(lineage: Lineage) -> Iterator[Script]:
    """Scripts that work on data on a model's way, and that neither a runner nor an import names.

    One repository may hold many projects. That others are run says something only of their neighbours: scripts of the
    same folder, or that share data with what is run. A notebook is for people, and a service runs where it is deployed.
    """
    graph, scripts = lineage.graph, lineage.observations.scripts
    data: dict[str, set[str]] = defaultdict(set)
    for edge in filter(is_seen, graph.edges()):
        for path in {edge.job, edge.span.path if edge.span else ""}:
            data[path] |= {edge.source, edge.target}
    fitted = [node.id for node in graph.of_kind("model", "artifact")]
    on_a_way = {*fitted, *graph.upstream(fitted), *graph.downstream(fitted)}
    alive = [script.path for script in scripts if script.runners and not is_test(script.path)]
    awake = _imported(scripts, alive)
    folders = {dirname(path) for path in alive}
    shared = {id for path in alive for id in data[path]}
    for script in scripts:
        path, own = script.path, data[script.path]
        used = script.takes_arguments or script.runners or script.importers or script.is_mentioned or is_test(path)
        serves = any(id.startswith("endpoint:") for id in own)
        if (
            not script.is_entry
            or used
            or serves
            or _is_needed(lineage, path, awake)
            or _is_for_people(script)
            or _only_tells(lineage, path)
            or own.isdisjoint(on_a_way)
        ):
            continue
        if dirname(path) in folders or not own.isdisjoint(shared):
            yield script


def _imported(scripts: list[Script], alive: list[str]) -> set[str]:
    """What runs: the scripts that are started, and what they import, and what that imports."""
    imports = defaultdict(list)
    for script in scripts:
        for importer in script.importers:
            imports[importer].append(script.path)
    found = set(alive)
    todo = list(alive)
    while todo:
        below = [path for path in imports[todo.pop()] if path not in found]
        found.update(below)
        todo.extend(below)
    return found


def _only_tells(lineage: Lineage, path: str) -> bool:
    """Whether a script prints, copies files or writes a report, and computes no data or model: people run it to see or
    to set up something."""
    made = [edge for edge in lineage.graph.edges() if path in _files(edge) and is_seen(edge)]
    made = [edge for edge in made if not (edge.measure or is_report(edge.target))]
    return not any(edge.kind in ("trains", "predicts", "derives") for edge in made)


def _is_needed(lineage: Lineage, path: str, alive: set[str]) -> bool:
    """Whether code that runs reads what this script makes, and nothing that runs makes it: people start it by hand."""
    graph = lineage.graph
    made = {edge.target for edge in graph.edges() if edge.kind in _MAKES and path in _files(edge)}
    for id in made:
        makers = {file for edge in graph.in_edges(id) if edge.kind in _MAKES for file in _files(edge)}
        readers = {file for edge in graph.out_edges(id) if is_seen(edge) for file in _files(edge)}
        if makers.isdisjoint(alive) and not readers.isdisjoint(alive):
            return True
    return False


def _files(edge: Edge) -> set[str]:
    return {edge.job, edge.span.path if edge.span else edge.job}


def _is_for_people(script: Script) -> bool:
    """A notebook, a page, an example or a demonstration: people run it, to see something. A few lines that only call
    another module's `main` are a way in for people too."""
    *folders, name = script.path.lower().split("/")
    if script.is_page or script.lines < _FEW_LINES:
        return True
    words = re.split(r"[_.-]", "/".join([*folders, name]).replace("/", "_"))
    return name.endswith(".ipynb") or any(word.startswith(_SHOWS) for word in words) or not _BY_HAND.isdisjoint(folders)


def of_scripts(lineage: Lineage, scripts: Iterable[Script]) -> Iterator[Finding]:
    """One finding for each folder: what is true of one script there is mostly true of its like."""
    for _, group in groupby(sorted(scripts, key=lambda script: (dirname(script.path), script.path)), _folder):
        first, *others = group
        yield _finding(lineage, first, others)


def _folder(script: Script) -> str:
    return dirname(script.path)


def _finding(lineage: Lineage, first: Script, others: list[Script]) -> Finding:
    runners = sorted(lineage.observations.runners)
    lines = sum(script.lines for script in (first, *others))
    names = ", ".join(f"`{basename(script.path)}`" for script in others[:3]) + (" …" if len(others) > 3 else "")
    more = f" and {len(others)} more of its folder, {names}," if others else ""
    what, them = ("are", "them") if others else ("is", "it")
    return Finding(
        message=f"`{first.path}`{more} ({lines} lines) {what} started by none of the repository's {len(runners)} "
        f"commands, stages and services, and nothing imports {them}",
        help=f"delete {them}, which git remembers, or add the stage, target or job that runs {them}",
        span=Span(first.path, 1, 1, 1, 1),
        label="nothing runs these scripts" if others else "nothing runs this script",
        deletes=[Span(script.path, 1, 1, max(script.lines, 1), 1) for script in (first, *others)],
        related=[
            *(Label(Span(script.path, 1, 1, 1, 1), "nor this one") for script in others[:20]),
            *(Label(span, "this is started instead") for span in runners[:3]),
        ],
    )
