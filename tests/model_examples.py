"""Examples of library models: code, and what it must yield. `docs/library-models.md` tells the format."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mllint.discovery import kind_of
from mllint.libraries.loading import spelled_out
from mllint.libraries.models import LibraryFile
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Graph
from mllint.lineage.ids import split_column
from mllint.lineage.lineage import Lineage
from mllint.linker.link import link
from mllint.readers import read
from mllint.settings import Settings

OUT = "y"  # the column that an example's expression is put in


class Check(msgspec.Struct, frozen=True):
    """One run: the whole code, what it must yield, and the keys of the entries that it shows."""

    name: str
    code: str
    expect: tuple[str, ...]
    covers: tuple[str, ...]
    files: dict[str, str] = {}


def checks_of(file: LibraryFile) -> Iterator[Check]:
    own: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for key, entry in file.calls.items():
        if entry.example:
            own.setdefault((entry.example, entry.expect), []).append(key)
    for (code, expect), keys in own.items():
        yield from _checks(file, code, expect, keys)
    for example in file.examples:
        keys = [k for c in example.covers for k in spelled_out(c)]
        yield from _checks(file, example.code, example.expect, keys, example.files)


def _checks(
    file: LibraryFile, code: str, expect: tuple[str, ...], keys: list[str], files: dict[str, str] | None = None
) -> Iterator[Check]:
    if "NAME" not in code and not any("NAME" in line for line in expect):
        yield Check(keys[0] if keys else code[:40], _whole(file, code), expect, tuple(keys), files or {})
        return
    for key in keys:
        last = key.rpartition(".")[2]
        told = tuple(line.replace("NAME", last) for line in expect)
        yield Check(key, _whole(file, code.replace("NAME", last)), told, (key,), files or {})


def _whole(file: LibraryFile, code: str) -> str:
    if file.value and _is_expression(code):
        code = file.value.replace("...", code.strip())
    return f"{file.prelude}\n{code}\n{file.epilogue}\n"


def _is_expression(code: str) -> bool:
    try:
        tree = ast.parse(code.strip(), mode="eval")
    except SyntaxError:
        return False
    return isinstance(tree, ast.Expression)


def lineage_of(code: str, files: Mapping[str, str] = {}, own_models: Sequence[LibraryFile] = ()) -> Lineage:
    """The lineage of a repository that has this one Python file, and the others that are given."""
    read_files = [read("main.py", "python", code.encode())]
    read_files += [read(path, kind_of(path) or "", text.encode()) for path, text in files.items()]
    return link(read_files, Settings(), Declarations([], []), own_models)


def complaints(lineage: Lineage, expect: tuple[str, ...]) -> list[str]:
    """What is expected and not so."""
    return [line for line in expect if not holds(lineage, line)]


def holds(lineage: Lineage, line: str) -> bool:
    """Whether one line of `expect` is true of a lineage. Raises ValueError for a line that says nothing."""
    graph = lineage.graph
    match re.split(r" (->|-/->|tells|has|is|class|label|features) ", line, maxsplit=1):
        case [source, "->", target]:
            return source in graph.nodes and target in graph.downstream([source])
        case [source, "-/->", target]:
            return source not in graph.nodes or target not in graph.downstream([source])
        case [source, "tells", target]:
            edges = [edge for edge in graph.in_edges(target) if edge.source == source] if target in graph.nodes else []
            return bool(edges) and all(edge.measure for edge in edges)
        case [node, "has", names]:
            return sorted(_columns(graph, node)) == sorted(filter(None, re.split(r", *", names)))
        case [node, "is", kind]:
            return node in graph.nodes and graph.nodes[node].kind == kind
        case [node, "class" | "label" as key, value]:
            return node in graph.nodes and graph.nodes[node].attributes.get(key) == value
        case [node, "features", names]:
            return node in graph.nodes and graph.nodes[node].attributes.get("features") == re.split(r", *", names)
    word, _, rest = line.partition(" ")
    match word:
        case "=":
            return rest in _computed(graph)
        case "reads":
            return rest in graph.nodes and bool(graph.out_edges(rest)) and lineage.coverage.reads.all > 0
        case "measures":
            return any(evaluation.what == rest for evaluation in lineage.observations.evaluations)
        case "serves":
            return any(f.side == "serve" and f.name == rest for f in lineage.observations.features)
        case "seeded" | "unseeded":  # something is drawn by chance: with a seed, or without one
            draws = [draw for draw in lineage.observations.draws if draw.what == rest]
            return bool(draws) and all(draw.seeded == (word == "seeded") for draw in draws)
        case "guards":  # `guards unsure`: what stands before every route
            return bool(lineage.observations.routes) and all(r.guard == rest for r in lineage.observations.routes)
        case "deploys":  # `deploys`, or `deploys score` after what could prevent it
            found = lineage.observations.deployments
            return bool(found) and all(list(d.gates) == rest.split() for d in found)
        case "asks":  # `asks get /trips`: an HTTP request of the repository's own endpoint
            method, _, route = rest.partition(" ")
            asked = f"endpoint:{method.upper()} {route}"
            return asked in graph.nodes and "consumer:main.py" in graph.downstream([asked])
        case "fits" | "scores":  # `fits on train`: the rows are a part, or were made, so
            trials = lineage.observations.trials
            ones = [f for f in trials.fittings.values() if f.learns == "model"] if word == "fits" else []
            ids = [id for one in ones or trials.measurings.values() for id in one.rows]
            made = [trials.row_sets[id] for id in ids if id in trials.row_sets]
            return rest.removeprefix("on ") in {word for rows in made for word in (rows.how, rows.part, rows.order)}
        case "learns":  # what a model is fitted on went through a fit that learns this
            trials = lineage.observations.trials
            return any(fit.learns == rest for f in trials.fittings.values() for fit in trials.learned_by(f.learned))
        case "chooses":
            return bool(lineage.observations.trials.selections)
        case "copes":  # `copes without NODE`: it is read, and may be missing
            id = rest.removeprefix("without ")
            return any(access.id == id and access.guarded for access in lineage.observations.accesses)
        case "adds":  # `adds to NODE`: a write that leaves what is there
            id = rest.removeprefix("to ")
            return any(access.id == id and access.adds for access in lineage.observations.accesses)
        case "sets":  # `sets champion`: a stage or alias of a registered model
            return any(label.label == rest for label in lineage.observations.labels)
        case "writes":
            return rest in graph.nodes and lineage.coverage.writes.all > 0
    raise ValueError(f"not an expectation: {line}")


def _columns(graph: Graph, node: str) -> list[str]:
    return [split_column(id)[1] for id in graph.nodes if id.startswith("column:") and split_column(id)[0] == node]


def _computed(graph: Graph) -> set[str]:
    """The expressions of columns named `y`."""
    edges = [e for e in graph.edges() if e.target.startswith("column:") and split_column(e.target)[1] == OUT]
    return {edge.expression for edge in edges}
