"""What is read of configuration files, what is asked of them in vain, and what overrides what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, encode
from mllint.libraries.tooling import is_tooling
from mllint.lineage.observations import Config, Key
from mllint.linker.project import Project
from mllint.linker.python.entries import is_test
from mllint.linker.python.library.config import span_of
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.settings_said import Places, Said, order
from mllint.source import Span

_FORMATS = ("yaml", "json", "toml", "ini", "gin")
MOST_CONTENT = 4000  # characters of a list that are compared
MOST_VALUES = 20  # of a list, whose places are kept
MOST_KEYS = 2_000  # of one file; a larger one is data


def observe_settings(project: Project, m: Machine) -> None:
    said = Said(project, m.effects)
    made = {edge.target.removeprefix("file:") for edge in project.graph.edges() if edge.strength != "declared"}
    made |= {access.id.removeprefix("file:") for access in project.observations.accesses if not access.is_read}
    words = _Words(project)
    places = said.places()
    bases = said.bases()
    checked = said.checked()
    readers = said.readers()
    for facts in project.of_kind(*_FORMATS):
        root = project.config(facts.path)
        if root is None or root.kind != "mapping" or facts.path in made or is_test(facts.path):
            continue
        opened = [each for each in said.known.values() if facts.path in each.files]
        jobs = {job for each in opened for job in each.jobs}
        keys = _keys_of(facts, root, places if jobs else None, words, readers)
        if keys:
            tooling = is_tooling(facts.path, {entry.key for entry in root.entries})
            loads = tuple(sorted({span for each in opened for span in each.loads}, key=order))
            base, is_checked = bases.get(facts.path, ()), facts.path in checked
            config = Config(facts.path, tuple(sorted(jobs)), keys, base, tooling, loads, is_checked)
            project.observations.configs.append(config)
    project.observations.missing_keys = sorted(said.missing(made), key=lambda each: order(each.span))
    project.observations.overrides = list(said.overrides())


def _keys_of(
    facts: FileFacts, root: Value, places: Places | None, words: _Words, readers: Mapping[Span, set[Span]]
) -> tuple[Key, ...]:
    """All keys of a file in its order; without `places` nobody is known to load it."""
    found: list[Key] = []

    def add(value: Value, keys: tuple[str, ...]) -> set[str]:
        """The states of all values below."""
        states: set[str] = set()
        for entry in value.entries:
            if len(found) > MOST_KEYS:
                break
            own, place = (*keys, entry.key), len(found)
            if entry.value.kind == "mapping" and entry.value.entries:
                below = add(entry.value, own)
            else:
                spans = {span_of(each, facts.path) for each in _scalars(entry.value)}
                below = {places.state(spans) if places is not None else "unsure"} if spans else set()
            state = next((word for word in ("read", "unsure", "unread") if word in below), "unsure")
            if places is None or (state == "unread" and words.mention(_asked_as(facts, entry.key))):
                state = "unsure"
            if state == "unsure":  # who may read the section may read it whole
                found[place:] = [replace(key, state="unsure") for key in found[place:]]
            span = Span(facts.path, entry.line, entry.column, entry.line, entry.end_column)
            is_scalar = entry.value.kind == "scalar"
            content = "" if is_scalar else repr([each.value for each in _scalars(entry.value)])[:MOST_CONTENT]
            values = (
                () if entry.value.kind == "mapping" else tuple(span_of(v, facts.path) for v in _scalars(entry.value))
            )
            asking = sorted({span for value in values for span in readers.get(value, ())}, key=order)
            key = Key(
                own,
                span,
                state,
                is_scalar,
                entry.value.value,
                content[:MOST_CONTENT],
                values[:MOST_VALUES],
                tuple(asking),
            )
            found.insert(place, key)
            if below:  # an empty list has no value whose reading could be seen
                states |= {"unread"} if below == {"unread"} else {state}  # a name alone does not read it
        return states

    add(root, ())
    return tuple(found) if len(found) <= MOST_KEYS else ()


def _asked_as(facts: FileFacts, key: str) -> str:
    """The name of a key in code: that of the parameter where a key names the function as well."""
    return key.rpartition(".")[2].rpartition("/")[2] if facts.kind == "gin" else key


def _scalars(value: Value) -> Iterator[Value]:
    if value.kind == "scalar":
        yield value
    for item in (*value.items, *(entry.value for entry in value.entries)):
        yield from _scalars(item)


class _Words:
    """Every word of code, queries, commands and templates: a key that is one of them may be read in some way that is
    not followed."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._words: set[bytes] | None = None
        self._is_whole = not any(facts.problems for facts in project.of_kind("python", "notebook"))

    def mention(self, key: str) -> bool:
        if not self._is_whole:
            return True  # code that could not be read may name any key
        if not re.search(r"[A-Za-z]", key):
            return True  # an entry of a table of numbers: which one is asked for is computed
        if self._words is None:
            self._words = set()
            for facts in self._project.files.values():
                if facts.config is None:
                    self._words.update(_words_of(encode(facts)))
                else:
                    for text in _references(facts):
                        self._words.update(re.findall(rb"\w+", text.encode()))
        return any(word in self._words for word in (key.encode(), key.replace("-", "_").encode()))


def _words_of(data: bytes) -> set[bytes]:
    """Words, and whole short texts, of encoded facts: before one of these its length stands (msgpack)."""
    starts = [hit.start() for hit in _SHORT_TEXT.finditer(data)]
    return {*_WORD.findall(data), *[data[at + 1 : at + 1 + data[at] - 0xA0] for at in starts]}


_WORD = re.compile(rb"[A-Za-z0-9_]+")
_SHORT_TEXT = re.compile(rb"[\xa1-\xbf]")


def _references(facts: FileFacts) -> Iterator[str]:
    """Texts of a configuration that refer to other keys: `${data.root}/x.csv`, `{{ var("x") }}`, `params:x`, `%X`."""
    for document in facts.config.documents if facts.config is not None else ():
        for value in _scalars(document):
            text = value.value
            if isinstance(text, str) and (value.tag == "!macro" or "$" in text or "{" in text or "params:" in text):
                yield text
