"""Code that works on data and stands in two files with small edits."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

import msgspec

from mllint.lineage.observations import Copy, Edit
from mllint.linker.project import Project
from mllint.linker.python.entries import is_test
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.shapes import Statement, statements_of
from mllint.linker.python.results.vocabulary import Vocabulary

LEAST = 8  # statements of a passage
SHARE = 0.8  # of them that are equal
WORK = 0.25  # of the equal ones that work on data by themselves
MOST_STATEMENTS = 60_000  # of a repository; what comes after them is not looked at
MOST_OF_FILE = 1_500
MOST_HOLDERS = 30  # files with one statement that are compared with each other
MOST_PAIRS = 3_000
MOST_EDITS = 8
MOST_WINDOWS = 20  # passages of two files that are looked at, the longest first
LEAST_COMMON = 3  # statements of two files that are looked at more closely, small ones left out
SMALL = 5  # tokens: `_ = 0`, `return _`

Window = list[tuple[int, int]]  # places of equal statements in both files


def observe_copies(project: Project, m: Machine) -> None:
    """One `Copy` for each pair of files, in path order: the longest passage that stands in both."""
    vocabulary = Vocabulary(m.library)
    shaped: dict[str, list[Statement]] = {}
    left = MOST_STATEMENTS
    for file in project.of_kind("python", "notebook"):
        module = file.python
        if module is None or is_test(file.path) or vocabulary.modules.isdisjoint(module.imports) or left <= 0:
            continue
        if posixpath.basename(posixpath.dirname(file.path)) == ".ipynb_checkpoints":
            continue
        found = statements_of(module, vocabulary, min(MOST_OF_FILE, left))
        left -= len(found)
        if sum(statement.is_data for statement in found) * 2 >= LEAST:
            shaped[file.path] = found
    for first, second in _candidates(shaped):
        copy = _compare(m, first, second, shaped[first], shaped[second])
        if copy is not None:
            project.observations.copies.append(copy)


def _candidates(shaped: dict[str, list[Statement]]) -> Iterator[tuple[str, str]]:
    """Pairs of files that have enough statements in common, small ones left out."""
    holders: dict[int, list[str]] = defaultdict(list)
    for path, statements in shaped.items():
        for shape in {each.shape for each in statements if _is_telling(each)}:
            holders[shape].append(path)
    common: Counter[tuple[str, str]] = Counter()
    for paths in holders.values():
        if len(paths) <= MOST_HOLDERS:
            common.update((a, b) for i, a in enumerate(paths) for b in paths[i + 1 :])
        else:
            common.update(pairwise(paths))
    enough = [pair for pair, count in common.items() if count >= LEAST_COMMON]
    yield from sorted(sorted(enough, key=lambda pair: (-common[pair], pair))[:MOST_PAIRS])


def _compare(m: Machine, first: str, second: str, ours: list[Statement], theirs: list[Statement]) -> Copy | None:
    longest = sorted(_windows(ours, theirs), key=len, reverse=True)[:MOST_WINDOWS]
    trimmed = (_trimmed(ours, _renamed(ours, theirs, window)) for window in longest)
    window = next((window for window in trimmed if _is_copy(ours, window)), None)
    if window is None:
        return None
    i, j = window[0]
    length = _length(window)
    edits = tuple(_edits(m, first, second, ours, theirs, window))
    places = [
        m.span(statement.definition or statement.at, path)
        for statement, path in ((ours[i], first), (theirs[j], second))
    ]
    starts = [msgspec.structs.replace(span, end_line=span.line, end_column=span.column) for span in places]
    return Copy(starts[0], starts[1], length, len(window), edits)


def _length(window: Window) -> int:
    (i, j), (last_i, last_j) = window[0], window[-1]
    return max(last_i - i, last_j - j) + 1


def _is_copy(ours: list[Statement], window: Window) -> bool:
    """Whether a passage is long enough, equal enough, and about data, some of which it works on itself."""
    if not window or _length(window) < LEAST or len(window) < SHARE * _length(window):
        return False
    data = sum(_is_telling(ours[place]) for place, _ in window)
    work = sum(ours[place].is_work for place, _ in window)
    return data * 2 >= len(window) and work >= WORK * len(window)


def _windows(ours: list[Statement], theirs: list[Statement]) -> Iterator[Window]:
    """Passages of which enough is equal, as long as can be, by the equal blocks that they begin with."""
    matcher = SequenceMatcher(None, [s.shape for s in ours], [s.shape for s in theirs], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    for start in range(len(blocks)):
        best, count = start, 0
        for end in range(start, min(len(blocks), start + 200)):
            count += blocks[end].size
            length = max(
                blocks[end].a + blocks[end].size - blocks[start].a, blocks[end].b + blocks[end].size - blocks[start].b
            )
            if count >= SHARE * length:
                best = end
        yield [(b.a + n, b.b + n) for b in blocks[start : best + 1] for n in range(b.size)]


def _renamed(ours: list[Statement], theirs: list[Statement], window: Window) -> Window:
    """The statements in which each name stands for the name that it mostly stands for."""
    met: dict[str, Counter[str]] = defaultdict(Counter)
    for i, j in window:
        for name, other in zip(ours[i].names, theirs[j].names, strict=True):
            met[name][other] += 1
    meant = {name: counts.most_common(1)[0][0] for name, counts in met.items()}
    return [
        (i, j) for i, j in window
        if all(meant[name] == other for name, other in zip(ours[i].names, theirs[j].names, strict=True))
    ]  # fmt: skip


def _is_telling(statement: Statement) -> bool:
    return statement.is_data and statement.size > SMALL


def _trimmed(ours: list[Statement], window: Window) -> Window:
    """Without small statements at both ends: `return df` of the function before."""
    sizes = [ours[i].size > SMALL for i, _ in window]
    if not any(sizes):
        return []
    return window[sizes.index(True) : len(sizes) - sizes[::-1].index(True)]


def _edits(
    m: Machine, first: str, second: str, ours: list[Statement], theirs: list[Statement], window: Window
) -> Iterator[Edit]:
    """What stands between equal statements, and differs: statement by statement where both sides have as many."""
    told = 0
    for (i, j), (next_i, next_j) in pairwise(window):
        mine, other = ours[i + 1 : next_i], theirs[j + 1 : next_j]
        for n in range(max(len(mine), len(other))):
            if told == MOST_EDITS:
                return
            a, b = (side[n] if n < len(side) else None for side in (mine, other))
            told += 1
            yield Edit(
                m.span(a.at, first) if a is not None else None,
                m.span(b.at, second) if b is not None else None,
                *(_change(a, b) if a is not None and b is not None else ("", "")),
            )


def _change(a: Statement, b: Statement) -> tuple[str, str]:
    """The literals that differ, if nothing else does."""
    if a.frame != b.frame:
        return "", ""
    pairs = [(x, y) for x, y in zip(a.literals, b.literals, strict=True) if (type(x), x) != (type(y), y)]
    return (repr(pairs[0][0])[:60], repr(pairs[0][1])[:60]) if len(pairs) == 1 else ("", "")
