"""What all entry points together do with configuration files (`abstract/settings.py`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from mllint.lineage.observations import MissingKey, Override
from mllint.linker.project import Project
from mllint.linker.python.abstract.settings import Checked, Found, Keys, Lost, Opened, Replaced, Tested, Used
from mllint.linker.python.library.omega import tree_of, written
from mllint.linker.python.results.effects import Effects
from mllint.source import Span


def order(span: Span) -> tuple[str, int, int, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column, span.end_line, span.end_column)


class Places(msgspec.Struct):
    """Places of the values that the program reads, of those that code which is not followed may read, and of all that
    it was given: what composing takes for itself (a list of defaults) is none of them."""

    read: set[Span]
    unsure: set[Span]
    inside: set[Span]

    def state(self, spans: set[Span]) -> str:
        """Of a key whose values stand there."""
        if spans & self.read:
            return "read"
        return "unsure" if spans & self.unsure or not spans <= self.inside else "unread"


class Configuration:
    """What one file, or several that were merged, became, and what was asked of it."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.jobs: set[str] = set()
        self.loads: set[Span] = set()
        self.reads: set[Keys] = set()
        self.whole: set[Keys] = set()
        self.readers: dict[Keys, set[Span]] = defaultdict(set)  # by keys, who asks for them
        self.below: dict[Keys, set[Span]] = defaultdict(set)  # by keys, the places of all values that they lead to
        self.sections: set[Keys] = set()  # keys that lead to further ones

    def add(self, values: Iterable[tuple[Keys, Span]]) -> None:
        for keys, span in values:
            for length in range(len(keys) + 1):
                self.below[keys[:length]].add(span)
            self.sections.update(keys[:length] for length in range(len(keys)))

    def at(self, keys: Keys) -> set[Span]:
        return self.below.get(keys, set())


class Said:
    def __init__(self, project: Project, effects: Effects) -> None:
        self.known: dict[str, Configuration] = defaultdict(Configuration)
        self._tested: set[tuple[str, Keys]] = set()
        self._checked: set[tuple[str, str]] = set()
        self._lost: dict[Span, set[tuple[str, Keys]]] = defaultdict(set)
        self._found: set[Span] = set()
        self._replaced: dict[Span, dict[Span, set[bool]]] = defaultdict(lambda: defaultdict(set))
        self._cut = {job for record in effects.records.values() for job in record.cut}
        for record in effects.records.values():
            for note in record.settings:
                self._take(project, note)

    def _take(self, project: Project, note: object) -> None:
        match note:
            case Opened(name=name, job=job, files=files, span=span, values=values):
                configuration = self.known[name]
                if not values and name not in configuration.files and (root := project.config(name)) is not None:
                    values = written(tree_of(root, name))
                configuration.add(values)
                configuration.files.update(files)
                configuration.jobs.add(job)
                configuration.loads.add(span)
            case Used(name=name, keys=keys, whole=whole, span=span):
                (self.known[name].whole if whole else self.known[name].reads).add(keys)
                if span is not None:
                    self.known[name].readers[keys].add(span)
            case Tested(name=name, keys=keys):
                self._tested.add((name, keys))
            case Checked(name=name, job=job):
                self._checked.add((name, job))
            case Lost(span=span, name=name, keys=keys):
                self._lost[span].add((name, keys))
            case Found(span=span):
                self._found.add(span)
            case Replaced(over=over, base=base, same=same):
                self._replaced[over][base].add(same)

    def places(self) -> Places:
        places = Places(set(), set(), set())
        for each in self.known.values():
            everything = each.at(())
            places.inside |= everything
            deeper = {keys[:length] for keys in each.reads | each.whole for length in range(1, len(keys))}
            for keys in each.reads:
                if keys not in each.sections:
                    places.read |= each.at(keys)
                elif keys not in deeper:
                    places.unsure |= each.at(keys)
            for keys in each.whole:
                places.read |= each.at(keys)
            if each.jobs & self._cut or not each.reads:
                places.unsure |= everything
        return places

    def readers(self) -> dict[Span, set[Span]]:
        """By the place of a value, who asks for it, or for a section that it is in without asking for less."""
        found: dict[Span, set[Span]] = defaultdict(set)
        for each in self.known.values():
            for keys, spans in each.readers.items():
                if keys not in each.sections or keys in each.whole:
                    for place in each.at(keys):
                        found[place] |= spans
        return found

    def checked(self) -> set[str]:
        """The files whose values something may hold against what they should be: with one value, the file counts."""
        names = {name for name, _ in self._checked} | {name for name, _ in self._tested}
        jobs = {job for name, job in self._checked if not name}
        found = {each for name, each in self.known.items() if name in names or each.jobs & jobs}
        return names | {path for each in found for path in each.files}

    def missing(self, made: set[str]) -> Iterator[MissingKey]:
        """Keys that every run of a place asks in vain; `made` are files that code writes."""
        for span, lost in self._lost.items():
            if span in self._found or lost & self._tested:
                continue
            files = {path for name, _ in lost for path in self.known[name].files}
            jobs = {job for name, _ in lost for job in self.known[name].jobs}
            if len({keys for _, keys in lost}) == 1 and not jobs & self._cut and not files & made:
                (keys,) = {keys for _, keys in lost}
                yield MissingKey(span, keys, tuple(sorted(files)))

    def overrides(self) -> Iterator[Override]:
        for over in sorted(self._replaced, key=order):
            replaced = self._replaced[over]
            yield Override(over, min(replaced, key=order), all(all(same) for same in replaced.values()))

    def bases(self) -> dict[str, tuple[str, ...]]:
        """By file, the files that it is laid on."""
        found: dict[str, set[str]] = defaultdict(set)
        for over, replaced in self._replaced.items():
            found[over.path].update(base.path for base in replaced if base.path != over.path)
        return {path: tuple(sorted(bases)) for path, bases in found.items()}
