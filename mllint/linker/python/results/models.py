"""Fitted models in the graph: their ids (the registered name, else the artifact's path, else the class) and nodes."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from mllint.lineage.graph import Graph
from mllint.lineage.ids import LOGGED, model_id, split_column
from mllint.linker.python.entries import is_test
from mllint.linker.python.library.learners import place_of
from mllint.linker.python.library.locate import registered_name
from mllint.linker.python.results.records import Record


class _Told(msgspec.Struct):
    """What was said about models, by their tokens."""

    registered: dict[str, str] = {}
    artifacts: dict[str, list[tuple[bool, str]]] = {}  # with whether a test saves it there
    classes: dict[str, str] = {}
    outer: dict[str, str] = {}  # the pipeline or search that contains it


def spoken_of(records: list[Record]) -> set[str]:
    """The tokens of models of which more is known than that something was put into them: no layer that another network
    calls, and no network whose weights were saved elsewhere."""
    ends = [mark.id for record in records for mark in record.marks]
    ends += [end for record in records for link in record.links for end in (link.source, link.target)]
    ends += [end for record in records for passing in record.passings for end in (passing.target, *passing.sources)]
    spoken = {split_column(end)[0] if end.startswith("column:") else end for end in ends}
    facts = [fact for record in records for fact in record.models]
    return spoken | {fact.token for fact in facts if fact.key != "class"}


def model_names(records: list[Record], spoken: set[str]) -> dict[str, str]:
    """An id for each token, numbered first for those that are `spoken` of.

    What a pipeline or search contains is the same model as what contains it."""
    told = _told(records)
    everything = {*told.classes, *told.registered, *told.artifacts}
    tokens = sorted(everything, key=lambda token: (token not in spoken, is_test(_file_of(token)), token))
    names = _kept(told, tokens)
    names |= _by_class(told, [token for token in tokens if token not in names])
    for inner, token in sorted(told.outer.items()):
        seen = {inner}
        while token in told.outer and told.outer[token] not in seen:  # two estimators may hold each other
            seen.add(token)
            token = told.outer[token]
        if inner not in told.registered and inner not in told.artifacts and token in names:
            names[inner] = names[token]
    return names


def _told(records: list[Record]) -> _Told:
    told = _Told()
    for record in records:
        by_test = all(is_test(link.job) for link in record.links)
        for fact in record.models:
            match fact.key:
                case "registered":
                    told.registered.setdefault(fact.token, fact.value)
                case "artifact":
                    told.artifacts.setdefault(fact.token, []).append((by_test, fact.value))
                case "class":
                    told.classes.setdefault(fact.token, fact.value)
                case "contains":
                    told.outer.setdefault(fact.value, fact.token)
                    told.classes.setdefault(fact.token, "")
    return told


def _kept(told: _Told, tokens: list[str]) -> dict[str, str]:
    """The names of those that are registered or saved."""
    names: dict[str, str] = {}
    loggers: dict[str, list[str]] = defaultdict(list)  # the files whose models are logged to runs under a name
    for token in tokens:
        if token in told.registered:
            names[token] = model_id(told.registered[token])
        elif token in told.artifacts:
            _, path = min(
                told.artifacts[token],
                key=lambda saved: (saved[0], saved[1].startswith(LOGGED), "{" in saved[1], saved[1]),
            )
            if path.startswith(LOGGED):  # `model` is in the runs of each script another one
                files = loggers[path]
                files += [] if _file_of(token) in files else [_file_of(token)]
                number = files.index(_file_of(token)) + 1
                names[token] = model_id(registered_name(path) + (f"#{number}" if number > 1 else ""))
            else:
                names[token] = model_id(path.removeprefix("file:"))
    return names


def _by_class(told: _Told, tokens: list[str]) -> dict[str, str]:
    """The names of those that nobody keeps. What one place makes time and again is one model."""
    names: dict[str, str] = {}
    taken: dict[str, int] = defaultdict(int)
    known: dict[tuple[str, str], str] = {}
    for token in tokens:
        if token in told.outer and token not in told.classes:
            continue
        place, name = place_of(token), told.classes.get(token, "").rpartition(".")[2] or "unknown"
        if (place, name) not in known:
            taken[name] += 1
            known[place, name] = model_id(name if taken[name] == 1 else f"{name}#{taken[name]}")
        names[token] = known[place, name]
    return names


def _file_of(token: str) -> str:
    return token.partition("@")[2].partition(":")[0]


def add_models(graph: Graph, records: list[Record], names: dict[str, str], spoken: set[str]) -> None:
    told = [fact for record in records for fact in record.models if fact.token in spoken]
    transformers = {fact.token for fact in told if fact.key == "role"}
    # what a scaler learned before it became a step tells nothing of the model that the whole is
    steps = {fact.value for fact in told if fact.key == "contains" and fact.value in transformers}
    wholes = {names.get(fact.token) for fact in told if fact.key == "class" and fact.token not in steps}
    of_wholes = ("class", "label", "role", "features", "some_features")
    for fact in told:
        id = names.get(fact.token)
        if id is None or fact.key == "contains" or (fact.token in steps and fact.key in of_wholes and id in wholes):
            continue
        node = graph.add_node(id, "model", fact.span)
        match fact.key:
            case "artifact":
                node.attributes.setdefault("artifact", fact.value)
            case "features" | "some_features":
                _add_features(node.attributes, list(fact.value), fact.key == "features")
            case "packages":
                needed = node.attributes.setdefault("packages", [])
                if list(fact.value) not in needed:
                    needed.append(list(fact.value))
            case "class" | "label" | "role":
                _add_attribute(node.attributes, fact.key, fact.value)


def _add_features(attributes: dict[str, object], names: list[str], are_all: bool) -> None:
    """Keep the first list that is complete, else the first of all."""
    if "features" not in attributes or (are_all and attributes.pop("has_more_features", False)):
        attributes["features"] = names
        if not are_all:
            attributes["has_more_features"] = True


def _add_attribute(attributes: dict[str, object], key: str, value: object) -> None:
    """Keep the first value; further classes of one model (the best of several) are listed beside it."""
    if not value:
        return
    first = attributes.setdefault(key, value)
    if first != value and key == "class":
        others = attributes.setdefault("classes", [first])
        if isinstance(others, list) and value not in others:
            others.append(value)
