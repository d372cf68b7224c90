"""Cases: small repositories in Markdown, with what mllint must find written beside the line that causes it.

`read_page` parses a page of `fixtures/rules/` into cases, `write_files` makes a case's repository, and `judge` holds
what a run found against what the case says. `docs/cases.md` tells the format.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mllint.cli.check import analyse
from mllint.cli.check import command as check
from mllint.errors import Problem
from mllint.lineage.graph import Graph
from mllint.pages import fence_after, split_sections
from mllint.rule import Finding

Place = tuple[str, int | None, int]  # path, cell, line

_FILE = re.compile(r"`(?P<path>[^`]+)`:")
_NAMES = r"\[(?P<names>[\w\s,-]+)\]"
_MARK = re.compile(
    rf"\s*(?:#|--|//)\s*(?P<todo>todo-)?(?P<kind>error|ok): {_NAMES}(?: \"(?P<words>[^\"]*)\")?"
    r"(?P<others>(?: or \S+:\d+)*)\s*$"
)
_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<cell>\d+))?:(?P<line>\d+)")


class Mark(msgspec.Struct, frozen=True):
    """What is expected of `rule` at one of `places`. `kind` is error, ok, todo-error or todo-ok."""

    kind: str
    rule: str
    places: tuple[Place, ...]
    words: str = ""

    def __str__(self) -> str:
        where = " or ".join(map(_show, self.places))
        return f"{where} {self.kind}: [{self.rule}]" + (f' "{self.words}"' if self.words else "")


class Link(msgspec.Struct, frozen=True):
    source: str
    target: str
    connected: bool


class Case(msgspec.Struct, frozen=True):
    """One case of the page of `rule`. `files` are texts by path, without marks; a notebook's is still Python."""

    rule: str
    title: str
    files: dict[str, str]
    languages: dict[str, str]
    marks: tuple[Mark, ...]
    links: tuple[Link, ...]
    options: tuple[str, ...]

    @property
    def rules(self) -> set[str]:
        return {self.rule, *(mark.rule for mark in self.marks)}


class CaseError(Exception):
    """A page that does not follow the format."""


# --------------------------------------------------------------------------------------------------- reading


class _Block(msgspec.Struct):
    path: str  # empty if no line before the block names a file
    language: str
    lines: list[str]


def read_page(text: str) -> list[Case]:
    """The cases of a page. Raises CaseError if it has no `#` heading, or two cases of one title."""
    opening, *sections = split_sections(text)
    heading = next((line for line in opening.splitlines() if line.startswith("# ")), None)
    if heading is None:
        raise CaseError("the page has no `# rule-name` heading")
    rule = heading.removeprefix("# ").strip().strip("`")
    cases = [_case(rule, section) for section in sections]
    titles = [case.title for case in cases if case.files]
    if len(set(titles)) < len(titles):
        raise CaseError("two cases have the same title")
    return [case for case in cases if case.files]


def _case(rule: str, section: str) -> Case:
    title = section.splitlines()[0].removeprefix("## ").strip()
    files: dict[str, str] = {}
    languages: dict[str, str] = {}
    marks: list[Mark] = []
    links: list[Link] = []
    options: list[str] = []
    for block in _blocks(section):
        if block.path:
            if block.path in files or block.path.startswith("/") or ".." in Path(block.path).parts:
                raise CaseError(f"{title}: {block.path} is there twice, or lies outside of the case")
            files[block.path], found = _without_marks(block)
            languages[block.path] = block.language
            marks += found
        elif block.language == "lineage":
            links += (link for line in block.lines for link in _links(line))
        elif block.language == "findings":
            marks += (_finding_mark(line) for line in block.lines if line.strip())
        elif block.language == "options":
            options += shlex.split(" ".join(block.lines))
    return Case(rule, title, files, languages, tuple(marks), tuple(links), tuple(options))


def _blocks(section: str) -> Iterator[_Block]:
    fence, before, block = "", "", _Block("", "", [])
    for line in section.splitlines():
        after = fence_after(line, fence)
        if not fence and after:
            named = _FILE.fullmatch(before.strip())
            block = _Block(named["path"] if named else "", line[len(after) :].strip(), [])
        elif fence and after:
            block.lines.append(line)
        elif fence:
            yield block
            before = ""
        elif line.strip():
            before = line
        fence = after
    if fence:
        raise CaseError(f"a block is not closed: {section.splitlines()[0]}")


def _without_marks(block: _Block) -> tuple[str, list[Mark]]:
    """The file as it is analysed (a Dockerfile has no comments at the end of lines), and the marks in it."""
    marks: list[Mark] = []
    lines: list[str] = []
    places = _cell_places(block) if block.path.endswith(".ipynb") else _line_places(block)
    for line, place in zip(block.lines, places, strict=True):
        while (mark := _MARK.search(line)) is not None:
            line = line[: mark.start()]
            others = tuple(_place(word) for word in mark["others"].split() if word != "or")
            kind = (mark["todo"] or "") + mark["kind"]
            rules = (name.strip() for name in mark["names"].split(","))
            marks += (Mark(kind, rule, (place, *others), mark["words"] or "") for rule in rules)
        lines.append(line)
    return "".join(f"{line}\n" for line in lines), marks


def _line_places(block: _Block) -> Iterator[Place]:
    return ((block.path, None, number) for number, _ in enumerate(block.lines, 1))


def _cell_places(block: _Block) -> Iterator[Place]:
    """Lines count within their cell, from the line after `# %%`; a text before the first `# %%` is cell 1."""
    cell, line = 1, 0
    for index, text in enumerate(block.lines):
        if _is_cell_border(text):
            cell, line = cell + (index > 0), 0
        else:
            line += 1
        yield block.path, cell, line


def _is_cell_border(line: str) -> bool:
    return line.rstrip() == "# %%" or line.startswith("# %% ")


def _links(line: str) -> Iterator[Link]:
    line = line.strip()
    if not line or line.startswith("# "):
        return
    words = re.split(r"\s+(->|-/->)\s+", line)
    if len(words) < 3:
        raise CaseError(f"a lineage line is `A -> B` or `A -/-> B`: {line}")
    for index in range(0, len(words) - 2, 2):
        yield Link(words[index], words[index + 2], words[index + 1] == "->")


def _finding_mark(line: str) -> Mark:
    """`PATH:LINE NAME`, `PATH:CELL:LINE NAME`, with ` or PATH:LINE` before or after the name."""
    words = [word for word in line.split() if word != "or"]
    places = tuple(_place(word) for word in words if _PLACE.fullmatch(word))
    names = [word for word in words if not _PLACE.fullmatch(word)]
    if not places or len(names) != 1:
        raise CaseError(f"a findings line is `PATH:LINE NAME`: {line}")
    return Mark("error", names[0], places)


def _place(word: str) -> Place:
    found = _PLACE.fullmatch(word)
    assert found is not None
    return found["path"], int(found["cell"]) if found["cell"] else None, int(found["line"])


def _show(place: Place) -> str:
    path, cell, line = place
    return f"{path}:{line}" if cell is None else f"{path}:{cell}:{line}"


# --------------------------------------------------------------------------------------------------- writing


def write_files(case: Case, folder: Path) -> None:
    for path, text in case.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".ipynb") and case.languages[path] not in ("json", "ipynb"):
            target.write_text(json.dumps(notebook(text), indent=1), "utf-8")
        elif path.endswith((".parquet", ".pq")):
            _write_parquet(text, target)
        else:
            target.write_text(text, "utf-8")


def notebook(text: str) -> dict[str, object]:
    """A notebook from Python with `# %%` between its cells; `# %% [markdown]` opens a cell of text."""
    cells: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if _is_cell_border(line):
            cells.append(("markdown" if "[markdown]" in line else "code", []))
            continue
        if not cells:
            cells.append(("code", []))
        kind, lines = cells[-1]
        lines.append(line.removeprefix("# ") if kind == "markdown" else line)
    return {"cells": [_cell(*cell) for cell in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, lines: list[str]) -> dict[str, object]:
    source = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
    cell: dict[str, object] = {"cell_type": kind, "metadata": {}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _write_parquet(text: str, target: Path) -> None:
    """A case writes the first rows of a Parquet file as CSV."""
    import io

    from pyarrow import csv, parquet

    parquet.write_table(csv.read_csv(io.BytesIO(text.encode())), target)


# --------------------------------------------------------------------------------------------------- running


def run(case: Case, folder: Path) -> list[str]:
    """Make the case's repository in an empty folder, check it as the command line would, previews too (a case looks at
    the rules that it names), and judge what was found."""
    write_files(case, folder)
    context = check.make_context("check", [str(folder), "--no-cache", "--jobs", "1", "--preview", *case.options])
    asked = {name: context.params[name] for name in inspect.signature(analyse).parameters}
    _, result = analyse(**asked)
    crashed = [f"crashed: {error.name}: {error.message}" for error in result.rule_errors]
    return [*crashed, *judge(case, result.findings, result.lineage.graph, result.problems)]


# --------------------------------------------------------------------------------------------------- judging


def judge(case: Case, findings: Iterable[Finding], graph: Graph, problems: Iterable[Problem] = ()) -> list[str]:
    """What is wrong, a sentence each; empty if the run read every file and found exactly what the case says."""
    left = [f for f in findings if {f.name, f.code} & case.rules]
    complaints = [f"not read: {p.path}:{p.line} {p.code} {p.message}" for p in problems]
    # the pickiest marks choose first, so that one without words does not take what another needs
    for mark in sorted(case.marks, key=lambda mark: (mark.kind != "error", not mark.words, len(mark.places))):
        if mark.kind == "ok":  # one that is not kept shows as a finding too many
            continue
        here = [f for f in left if mark.rule in (f.name, f.code) and _at(f) in mark.places and mark.words in f.message]
        if here:
            left.remove(here[0])
        match mark.kind, bool(here):
            case "error", False:
                complaints.append(f"missing: {mark}")
            case "todo-error", True:
                complaints.append(f"found at last, so make it `error`: {mark}")
            case "todo-ok", False:
                complaints.append(f"silent at last, so make it `ok`: {mark}")
    complaints += (f"too many: {_show(_at(f))} {f.code} {f.name}: {f.message}" for f in left)
    return complaints + [text for link in case.links if (text := _broken(link, graph))]


def _at(finding: Finding) -> Place:
    return finding.span.path, finding.span.cell, finding.span.line


def _broken(link: Link, graph: Graph) -> str:
    if not link.connected:
        joined = link.source in graph.nodes and link.target in graph.downstream([link.source])
        return f"connected: {link.source} -> {link.target}" if joined else ""
    absent = [end for end in (link.source, link.target) if end not in graph.nodes]
    if absent:
        return f"no node {' nor '.join(absent)}; there are {', '.join(sorted(graph.nodes)) or 'none'}"
    return "" if link.target in graph.downstream([link.source]) else f"not connected: {link.source} -> {link.target}"
