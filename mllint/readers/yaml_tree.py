"""YAML as positioned values, from libyaml's events: no Python object of the document's choosing is ever made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

from mllint.facts.config import Entry, Value
from mllint.readers.budget import MAX_ALIASES, MAX_DEPTH, MAX_EVENTS, MAX_NODES, ReadingError, too_deep, too_many

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers
_CORE = "tag:yaml.org,2002:"
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]*\}\}")


def read_yaml(text: str) -> Iterator[Value]:
    """Each document of a YAML stream. Raises `ReadingError` where it stops being readable; the documents before that
    have been yielded by then. Resolves scalars as `yaml.safe_load` does, except that dates stay text."""
    if text.count("\n") + text.count(",") > MAX_EVENTS // 2:  # a key and a value each: not worth beginning
        raise too_many(1)
    builder = _Builder(text)
    try:
        loader = _Loader(text)
        while loader.check_event():
            document = builder.feed(loader.get_event())
            if document is not None:
                yield document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        hint = "; is it a Jinja template?" if "{{" in text or "{%" in text else ""
        raise ReadingError("ML001", line, f"YAML: {error.problem}{hint}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ReadingError("ML001", line, f"YAML: {error.reason}") from None
    except RecursionError:
        raise too_deep(1) from None


class _Frame(msgspec.Struct):
    """A collection that is still open. `size` counts its values, and those that its aliases stand for."""

    event: Any
    items: list[Value] = []
    entries: dict[str, Entry] = {}
    merged: list[Value] = []
    key: tuple[str, Any, bool] | None = None  # text, event, whether it is `<<`
    size: int = 1
    height: int = 1


class _Builder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.frames: list[_Frame] = []
        self.anchors: dict[str, tuple[Value, int, int]] = {}  # value, size, height
        self.events = self.nodes = self.aliases = 0

    def feed(self, event: Any) -> Value | None:
        """Take one event; the document's value when it was the last of one."""
        line = event.start_mark.line + 1
        self.events += 1
        if self.events > MAX_EVENTS:
            raise too_many(line)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(self.frames) >= MAX_DEPTH:
                raise too_deep(line)
            self.frames.append(_Frame(event))
            return None
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            return self._close(event)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self.anchors.clear()
        return None

    def _scalar(self, event: Any) -> Value | None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.key is None and isinstance(frame.event, MappingStartEvent):
            plain = event.implicit[0] and event.value == "<<"
            frame.key = (event.value, event, plain)
            if event.anchor:
                self.anchors[event.anchor] = (_scalar(event), 1, 0)
            return None
        return self._add(_scalar(event), 1, 0, event.anchor)

    def _alias(self, event: Any) -> Value | None:
        self.aliases += 1
        line = event.start_mark.line + 1
        if self.aliases > MAX_ALIASES:
            raise too_many(line)
        found = self.anchors.get(event.anchor)
        if found is None:
            raise ReadingError("ML001", line, f"YAML: alias `{event.anchor}` stands for no anchor before it")
        value, size, height = found
        if len(self.frames) + height > MAX_DEPTH:
            raise too_deep(line)
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.key is None and isinstance(frame.event, MappingStartEvent):
            frame.key = (str(value.value), event, False)
            return None
        return self._add(value, size, height, None)

    def _close(self, event: Any) -> Value | None:
        frame = self.frames.pop()
        value = self._collection(frame, event)
        parent = self.frames[-1] if self.frames else None
        if parent is not None and parent.key is None and isinstance(parent.event, MappingStartEvent):
            # `? [a, b] : c`: a key is text here, so it is what was written
            parent.key = (self.text[frame.event.start_mark.index : event.end_mark.index].strip(), frame.event, False)
            return None
        return self._add(value, frame.size, frame.height, frame.event.anchor)

    def _collection(self, frame: _Frame, end: Any) -> Value:
        start, tag = frame.event.start_mark, _own_tag(frame.event)
        if isinstance(frame.event, SequenceStartEvent):
            end_line, end_column = _end_of_block(frame.event, end, frame.items[-1] if frame.items else None)
            items = tuple(frame.items)
            return Value("sequence", start.line + 1, start.column + 1, end_line, end_column, None, items, (), tag)
        written = frame.entries
        last = next(reversed(written.values())).value if written else None
        end_line, end_column = _end_of_block(frame.event, end, last)
        placeholder = _PLACEHOLDER.fullmatch(self.text, start.index, end.end_mark.index)
        if placeholder:  # `path: {{ root }}` is a mapping in YAML, and a placeholder to whoever wrote it
            line, column = start.line + 1, start.column + 1
            return Value("scalar", line, column, end_line, end_column, placeholder.group(), (), (), tag)
        entries = tuple(self._merge(frame).values())
        return Value("mapping", start.line + 1, start.column + 1, end_line, end_column, None, (), entries, tag)

    def _merge(self, frame: _Frame) -> dict[str, Entry]:
        """Entries with those of `<<` put in front: what is written here wins, then the earlier of several."""
        if not frame.merged:
            return frame.entries
        result: dict[str, Entry] = {}
        sources = [each for value in frame.merged for each in (value.items if value.kind == "sequence" else [value])]
        for source in reversed(sources):
            result.update((entry.key, entry) for entry in source.entries)
        result.update(frame.entries)
        return result

    def _add(self, value: Value, size: int, height: int, anchor: str | None) -> Value | None:
        if anchor:
            self.anchors[anchor] = (value, size, height)
        if not self.frames:
            return value
        frame = self.frames[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > MAX_NODES:
            raise too_many(value.line)
        if isinstance(frame.event, SequenceStartEvent):
            frame.items.append(value)
            return None
        assert frame.key is not None  # libyaml gives a key before its value
        text, key, is_merge = frame.key
        frame.key = None
        if is_merge and (value.kind == "mapping" or value.kind == "sequence"):
            frame.merged.append(value)
        else:
            mark = key.start_mark
            end = key.end_mark.column if key.end_mark.line == mark.line else mark.column + len(text)
            frame.entries[text] = Entry(text, mark.line + 1, mark.column + 1, end + 1, value)
        return None


def _end_of_block(start: Any, end: Any, last: Value | None) -> tuple[int, int]:
    """The end of a collection. libyaml ends a block only where the next thing begins, so the last child decides."""
    if not start.flow_style and last is not None and last.line >= start.start_mark.line + 1:
        return last.end_line, last.end_column
    return end.end_mark.line + 1, end.end_mark.column + 1


def _scalar(event: Any) -> Value:
    start, end, tag = event.start_mark, event.end_mark, _own_tag(event)
    value = event.value if tag else _resolve(event)
    end_line, end_column = end.line + 1, end.column + 1
    if end.column == 0 and end.line > start.line and event.style in ("|", ">"):
        end_line, end_column = end.line, 1
    return Value("scalar", start.line + 1, start.column + 1, end_line, end_column, value, (), (), tag)


def _own_tag(event: Any) -> str:
    """`!Ref`, or `!!python/name:os.system`; empty for the tags of plain data."""
    tag: str = event.tag or ""
    if not tag.startswith(_CORE):
        return tag if tag != "!" else ""
    name = tag.removeprefix(_CORE)
    return "" if name in _PLAIN_TAGS else "!!" + name


_PLAIN_TAGS = {"null", "bool", "int", "float", "str", "timestamp", "seq", "map", "set", "omap", "pairs", "binary"}


def _resolve(event: Any) -> bool | int | float | str | None:
    text: str = event.value
    if event.tag and event.tag != "!":
        tag: str = event.tag
    elif not event.implicit[0]:
        return text
    else:
        candidates = _RESOLVERS.get(text[:1])
        if candidates is None:
            return text
        tag = next((tag for tag, pattern in candidates if pattern.match(text)), "")
    convert = _CONVERT.get(tag.removeprefix(_CORE))
    if convert is None:
        return text
    try:
        return convert(text)
    except (ValueError, OverflowError, KeyError, IndexError):
        return text


def _int(text: str) -> int | str:
    # 0o17, 0b1, 1_000 and 1:30 (90) are integers to YAML 1.1; one of thousands of digits is not worth its time
    if len(text) > 40:
        return text
    number: int = _CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode("", text))
    return number if -(2**63) <= number < 2**64 else text


def _float(text: str) -> float | str:
    if len(text) > 400:
        return text
    number: float = _CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode("", text))
    return number


_CONSTRUCTOR: Any = yaml.constructor.SafeConstructor()
_CONVERT: dict[str, Callable[[str], bool | int | float | str | None]] = {
    "null": lambda text: None,
    "bool": lambda text: yaml.constructor.SafeConstructor.bool_values[text.lower()],
    "int": _int,
    "float": _float,
}
