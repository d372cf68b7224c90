"""Tables of small programs and what the lineage graph must say of them: the files `tests/programs/*.txt`.

A case starts with `=== its name`. `--- path` begins a file, else the program is `main.py`. `!!! reason` marks a known
miss. Before each Python file stands `PRELUDE`. Lines of `>>>` tell what is expected:

    >>> a.csv table:t           all datasets and artifacts of the graph, no more, no fewer (`file:` is left out)
    >>> a.csv -> b.csv          connected by one or more edges
    >>> a.csv -/-> b.csv        not connected
    >>> a.csv#x -> b.csv#y      the same for columns; `a.csv#x -> model:m.pkl`
    >>> b.csv has x y           the known columns of a dataset, no more, no fewer
    >>> model:m features x y    an attribute of a node, words joined by a blank
    >>> nothing                 no dataset at all
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from mllint import readers
from mllint.discovery import kind_of
from mllint.facts.file import FileFacts
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Graph
from mllint.lineage.lineage import Lineage
from mllint.linker.link import link
from mllint.settings import Settings

PRELUDE = "import os; import pandas as pd\n"
FOLDER = Path(__file__).parent / "programs"


class Case(msgspec.Struct, frozen=True):
    name: str
    files: dict[str, str]
    expected: tuple[str, ...]
    miss: str = ""


def read_table(name: str) -> Iterator[Case]:
    """The cases of one table, in order. Raises ValueError for one that expects nothing."""
    for block in re.split(r"^=== ", (FOLDER / f"{name}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        files: dict[str, str] = {}
        path, expected, miss = "main.py", [], ""
        for line in rest.rstrip().split("\n"):
            if line.startswith("--- "):
                path = line[4:].strip()
                files[path] = ""
            elif line.startswith(">>> "):
                expected.append(line[4:].strip())
            elif line.startswith("!!! "):
                miss = line[4:]
            else:
                files[path] = files.get(path, "") + line + "\n"
        if not expected:
            raise ValueError(f"{name}: `{title}` expects nothing")
        yield Case(title, files, tuple(expected), miss)


def parameters(*names: str) -> list[object]:
    """The cases of these tables, for `pytest.mark.parametrize`."""
    result = []
    for name in names:
        for case in read_table(name):
            marks = [pytest.mark.xfail(strict=True, reason=case.miss)] if case.miss else []
            result.append(pytest.param(case, id=f"{name}: {case.name}", marks=marks))
    return result


def linked(files: dict[str, str], prelude: str = "") -> Lineage:
    """The lineage of a repository of these files."""
    return link([_read(path, prelude + text if path.endswith(".py") else text) for path, text in files.items()],
                Settings(), Declarations())  # fmt: skip


@cache
def _read(path: str, text: str) -> FileFacts:
    kind = kind_of(path)
    assert kind is not None, path
    return readers.read(path, kind, text.encode())


def complaints(case: Case) -> list[str]:
    """What is wrong with the graph, a sentence each."""
    lineage = linked(case.files, PRELUDE)
    found = [f"{p.path}:{p.line}: {p.message}" for p in lineage.problems]
    return found + [text for line in case.expected if (text := _judge(lineage.graph, line))]


def _judge(graph: Graph, line: str) -> str:
    words = line.split()
    if " -/-> " in line or " -> " in line:  # the id of an endpoint has a blank in it
        left, arrow, right = re.split(r" (-/->|->) ", line)
        source, target = _id(left), _id(right)
        joined = target in graph.downstream([source])
        if arrow == "-/->":
            return f"connected: {line}" if joined else ""
        return "" if joined else f"not connected: {line}; there are {_shown(graph)}"
    if "has" in words[1:2]:
        prefix = f"column:{_id(words[0])}#"
        columns = sorted(id.removeprefix(prefix) for id in graph.nodes if id.startswith(prefix))
        return "" if columns == sorted(words[2:]) else f"columns of {words[0]} are {columns}, not {words[2:]}"
    if words[0].startswith(("model:", "endpoint:")):
        value = graph.nodes[words[0]].attributes.get(words[1]) if words[0] in graph.nodes else None
        shown = value.split() if isinstance(value, str) else ["yes"] if value is True else value
        return "" if shown == words[2:] else f"{words[1]} of {words[0]} is {value}; there are {_shown(graph)}"
    wanted = set() if line == "nothing" else set(map(_id, words))
    return "" if datasets(graph) == wanted else f"datasets are {sorted(datasets(graph))}, not {sorted(wanted)}"


def datasets(graph: Graph) -> set[str]:
    return {node.id for node in graph.of_kind("source", "dataset", "artifact")}


def _id(word: str) -> str:
    if "#" in word and not word.startswith("column:"):
        dataset, _, column = word.rpartition("#")
        return f"column:{_id(dataset)}#{column}"
    return word if re.match(r"\w+:", word) else f"file:{word}"


def _shown(graph: Graph) -> str:
    return ", ".join(f"{e.source} -> {e.target}" for e in graph.edges()) or f"no edges, nodes {sorted(graph.nodes)}"
