"""Two models, or two configuration files, side by side: what only one of them has, and what is different in both."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from mllint.errors import UsageError
from mllint.lineage import names
from mllint.lineage.algebra import equal, show
from mllint.lineage.configurations import config_differences, config_leaves
from mllint.lineage.expressions import is_known
from mllint.lineage.ids import split_column
from mllint.lineage.inputs import by_name, known_names
from mllint.lineage.lineage import Lineage
from mllint.lineage.models import Model, by_member, models
from mllint.lineage.observations import Component, Config, Feature, Given, Key
from mllint.source import Span


class Entry(msgspec.Struct, frozen=True):
    """What one side has: its text, and where it is written."""

    text: str
    spans: tuple[Span, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """One difference. A side that is None does not have it. `readers` are the places of code that read a setting,
    `reaches` the models that its value goes into."""

    name: str
    first: Entry | None
    second: Entry | None
    readers: tuple[Span, ...] = ()
    reaches: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True):
    """`same` counts what is the same on both sides."""

    title: str
    same: int
    rows: list[Row]


class Comparison(msgspec.Struct, frozen=True):
    kind: str  # models, configurations
    first: str
    second: str
    sections: list[Section]


def compare(lineage: Lineage, first: str, second: str) -> Comparison:
    """What the words mean is a configuration file by its path, or a model by an id or a name that only it has. Raises
    UsageError for anything else, with the nearest right words."""
    left, right = _meant(lineage, first), _meant(lineage, second)
    if isinstance(left, Config) and isinstance(right, Config):
        return _of_configs(lineage, left, right)
    if isinstance(left, Model) and isinstance(right, Model):
        return _of_models(lineage, left, right)
    model, config = (first, second) if isinstance(left, Model) else (second, first)
    raise UsageError(f"{model!r} is a model and {config!r} a configuration: two models can be compared, or two files")


# ------------------------------------------------------------------------------------------------ what is meant


def _meant(lineage: Lineage, word: str) -> Model | Config:
    configs = lineage.observations.configs
    path = posixpath.normpath(word.removeprefix("file:"))
    named = [config for config in configs if config.path == path]
    named = named or [config for config in configs if posixpath.basename(config.path) == path]
    if len(named) == 1:
        return named[0]
    found = models(lineage.graph)
    called = [model for model in found if model.is_called(word)]
    if len(called) == 1:
        return called[0]
    known = sorted({config.path for config in named} or {model.id for model in called})
    if known:
        raise UsageError(f"{word!r} may be {' or '.join(map(repr, known[:4]))}: which one?")
    if word in lineage.graph.nodes or len(names.called(lineage.graph, word)) == 1:
        id = names.find(lineage.graph, word)
        if id in (members := by_member(found)):
            return members[id]
        kind = lineage.graph.nodes[id].kind
        raise UsageError(f"{id!r} is a {kind}; `compare` takes two models or two configuration files{_known(lineage)}")
    near = names.nearest(word, [*(model.id for model in found), *(config.path for config in configs)])
    meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else _known(lineage)
    raise UsageError(f"no model or configuration file {word!r}{meant}")


def _known(lineage: Lineage) -> str:
    shown = [repr(model.id) for model in models(lineage.graph)[:4]]
    return f"; models are {', '.join(shown)}" if shown else "; the graph has no model"


# ------------------------------------------------------------------------------------------------ configurations


def _of_configs(lineage: Lineage, first: Config, second: Config) -> Comparison:
    ours, theirs = config_leaves(first), config_leaves(second)
    uses = _Uses(lineage)
    rows: dict[str, list[Row]] = {"settings": [], f"only in {first.path}": [], f"only in {second.path}": []}
    for keys in config_differences(ours, theirs):
        mine, other = ours.get(keys), theirs.get(keys)
        title = "settings" if mine and other else f"only in {first.path if mine else second.path}"
        found = [key for key in (mine, other) if key is not None]
        readers = tuple(sorted({span for key in found for span in key.readers}))
        reached = tuple(sorted({id for key in found for id in uses.of(key)}))
        rows[title].append(Row(".".join(keys), _of_key(mine), _of_key(other), readers, reached))
    same = len(ours.keys() & theirs.keys()) - len(rows["settings"])
    sections = [Section(title, same if title == "settings" else 0, found) for title, found in rows.items()]
    return Comparison("configurations", first.path, second.path, [s for s in sections if s.rows or s.same])


def _of_key(key: Key | None) -> Entry | None:
    return None if key is None else Entry(_shown(key.value) if key.is_scalar else key.content or "[]", (key.span,))


class _Uses:
    """Models that values of configuration files go into: as arguments, thresholds, and names of data."""

    def __init__(self, lineage: Lineage) -> None:
        graph, observations = lineage.graph, lineage.observations
        members = by_member(models(graph))
        self._models: dict[Span, set[str]] = defaultdict(set)
        for component in observations.components:
            for given in component.given:
                node = f"file:{given.value}" if component.kind == "data" else component.model
                near = {node, *(graph.downstream([node]) if node in graph.nodes else ())}
                found = {members[id].id for id in near if id in members}
                for place in given.settings:
                    self._models[place].update(found)
        for decision in observations.decisions:
            for place in decision.settings:
                id = members[decision.model].id if decision.model in members else decision.model
                self._models[place].add(id)

    def of(self, key: Key) -> set[str]:
        return set().union(*(self._models.get(place, ()) for place in key.places))


# ------------------------------------------------------------------------------------------------ models


def _of_models(lineage: Lineage, first: Model, second: Model) -> Comparison:
    pair = (first, second)
    parts = {
        "model": [_about(lineage, model) for model in pair],
        "sources": [_sources(lineage, model) for model in pair],
        "settings": _settings(lineage, pair),
        "thresholds": [_thresholds(lineage, model) for model in pair],
    }
    sections = [_section(title, *sides) for title, sides in parts.items()]
    sections.insert(2, _features(lineage, first, second))
    return Comparison("models", first.id, second.id, [s for s in sections if s.rows or s.same])


def _section(title: str, first: Mapping[str, Entry], second: Mapping[str, Entry]) -> Section:
    rows, same = [], 0
    for name in sorted(first.keys() | second.keys()):
        mine, other = first.get(name), second.get(name)
        if mine is not None and other is not None and mine.text == other.text:
            same += 1
        else:
            rows.append(Row(name, mine, other))
    return Section(title, same, rows)


def _about(lineage: Lineage, model: Model) -> dict[str, Entry]:
    nodes = [lineage.graph.nodes[id] for id in model.members]
    fitted = [node for node in nodes if node.kind == "model"]
    found = {}
    for key in ("class", "label"):
        told = [(str(node.attributes[key]), node.spans) for node in fitted if node.attributes.get(key)]
        if told:
            found[key] = Entry(", ".join(dict.fromkeys(text for text, _ in told)), tuple(told[0][1][:1]))
    edges = [edge for id in model.members for edge in lineage.graph.in_edges(id) if edge.kind == "trains"]
    jobs = sorted({edge.job for edge in edges if edge.job})
    if jobs:
        found["trained by"] = Entry(", ".join(jobs), tuple(sorted({edge.span for edge in edges if edge.span})[:1]))
    return found


def _sources(lineage: Lineage, model: Model) -> dict[str, Entry]:
    """Data that it is trained on and that nothing in the repository makes."""
    graph = lineage.graph
    above = graph.upstream(id for id in model.members if any(e.kind == "trains" for e in graph.in_edges(id)))
    nodes = [graph.nodes[id] for id in sorted(above - set(model.members))]
    kept = [node for node in nodes if node.kind in ("source", "dataset") and not graph.in_edges(node.id)]
    return {node.id: Entry("read", tuple(node.spans[:1])) for node in kept}


def _settings(lineage: Lineage, pair: tuple[Model, Model]) -> list[dict[str, Entry]]:
    """What the class and the fit of each are given, by parameter, so that two classes stand side by side; with the
    class before it where one model has several parts that take such a parameter (the steps of a pipeline)."""
    given = [
        [
            (component.what.rpartition(".")[2], each.parameter, Entry(_given(each), _places(component, each)))
            for component in lineage.observations.components
            if component.model in model.members and component.kind in ("estimator", "fit")
            for each in component.given
        ]
        for model in pair
    ]
    several = {
        parameter for side in given for what, parameter, _ in side
        if any(other == parameter and part != what for part, other, _ in side)
    }  # fmt: skip
    sides: list[dict[str, Entry]] = []
    for side in given:
        found: dict[str, Entry] = {}
        for what, parameter, entry in side:
            name = f"{what}.{parameter}" if parameter in several else parameter
            found[name] = _joined(found[name], entry) if name in found else entry
        sides.append(found)
    return sides


def _given(given: Given) -> str:
    return "several values" if given.value is None else _shown(given.value)


def _places(component: Component, given: Given) -> tuple[Span, ...]:
    return given.settings[:1] or (given.literal or component.span,)


def _joined(known: Entry, entry: Entry) -> Entry:
    texts = dict.fromkeys((*known.text.split(" or "), entry.text))
    return Entry(" or ".join(texts), tuple(dict.fromkeys((*known.spans, *entry.spans)))[:4])


def _thresholds(lineage: Lineage, model: Model) -> dict[str, Entry]:
    """The comparisons of its predictions, in the order of their places."""
    found: dict[str, Entry] = {}
    for decision in sorted(lineage.observations.decisions, key=lambda decision: decision.span):
        if decision.model in model.members:
            entry = Entry(decision.text, (*decision.settings[:1], decision.span))
            if entry not in found.values():
                found["threshold" if not found else f"threshold {len(found) + 1}"] = entry
    return found


def _features(lineage: Lineage, first: Model, second: Model) -> Section:
    """By name: those of one model alone, and those that the two compute differently."""
    ours, theirs = (_computed(lineage, model) for model in (first, second))
    known = known_names(lineage.graph, (f.expression for f in (*ours.values(), *theirs.values()) if f is not None))
    rows, same = [], 0
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        if name in ours and name in theirs and (mine is None or other is None or _is_same(mine, other, known)):
            same += 1
            continue
        rows.append(Row(name, _feature(mine, name in ours), _feature(other, name in theirs)))
    return Section("features", same, rows)


def _is_same(mine: Feature, other: Feature, known: Mapping[str, str]) -> bool:
    return equal(by_name(mine.expression, known), by_name(other.expression, known)) is not False


def _feature(feature: Feature | None, has_it: bool) -> Entry | None:
    if feature is None:
        return Entry("as it is read") if has_it else None
    text = show(feature.expression) if is_known(feature.expression) else "computed"
    text = "as it is read" if text == feature.name else text
    return Entry(text, (feature.span,))


def _computed(lineage: Lineage, model: Model) -> dict[str, Feature | None]:
    """Its features, with how training computes them where that is known."""
    graph = lineage.graph
    labels = {str(graph.nodes[id].attributes.get("label", "")) for id in model.members}
    listed = [name for id in model.members for name in _texts(graph.nodes[id].attributes.get("features"))]
    computed: dict[str, Feature | None] = {}
    for feature in lineage.observations.features:
        if feature.model in model.members and feature.side == "train" and feature.name:
            computed.setdefault(feature.name, feature)
    edges = [edge for id in model.members for edge in graph.in_edges(id) if edge.kind == "trains"]
    read = [split_column(e.source)[1] for e in edges if e.strength == "direct" and e.source.startswith("column:")]
    return {name: computed.get(name) for name in listed or computed or read if name not in labels}


def _texts(value: object) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _shown(value: object) -> str:
    """As configuration files write it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value) if isinstance(value, str) else str(value)
