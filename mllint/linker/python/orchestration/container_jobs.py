"""Scripts that a platform runs in containers of its own: what they find in their folders, and what they leave there.

ProcessingStep(code="prepare.py", inputs=[ProcessingInput(source=RAW, destination="/opt/ml/processing/input")],
               outputs=[ProcessingOutput(output_name="train", source="/opt/ml/processing/train")])
TrainingStep(estimator=PyTorch(entry_point="train.py"), inputs={"train": TrainingInput(s3_data=TRAIN)})

A script is interpreted with its folders mounted: what it reads of its inputs is what was given to the job. What a step
leaves is known to later ones by the folder that it was left in, unless the job says where it goes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from mllint.lineage.ids import is_telling
from mllint.linker.project import Run
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Unknown, is_text, text_of
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library import boxes, locate
from mllint.linker.python.library.invocation import Invocation

_CHANNELS = "/opt/ml/input/data"
_MODEL = "/opt/ml/model"
_ARCHIVE = "model.tar.gz"
Mounts = list[tuple[str, str]]


def processing_job(call: Invocation) -> Any:
    """`code`, `inputs`, `outputs`, `arguments`: a script that reads and writes folders; or `step_args`, what such a
    call has given."""
    if (given := call.get("step_args")) is not None:
        return given
    outputs = [_output(each) for each in _items(call, call.get("outputs"))]
    mounts = [
        mount
        for each in _items(call, call.get("inputs"))
        for mount in _mounted(_part(each, "destination", 1), _part(each, "source", 0))
    ]
    mounts += [(source, target) for _, source, target in outputs if source and target != source]
    words = [text_of(word) or "{argument}" for word in _items(call, call.get("arguments"))]
    _start(call, call.get("code"), call.get("source_dir"), words, mounts)
    left = [(name, {"OutputName": Constant(name), "S3Output": {"S3Uri": Constant(at)}}) for name, _, at in outputs]
    return _job(
        call,
        {"ProcessingOutputConfig": {"Outputs": dict(left)}},
        {"ProcessingOutputConfig": {"Outputs": [entry for _, entry in left]}},
    )


def training_job(call: Invocation) -> Any:
    """`estimator`, `inputs`: its script finds each of the inputs in a folder of that name, and leaves a model in
    another, which is packed."""
    if (given := call.get("step_args")) is not None:
        return given
    estimator, inputs = call.get("estimator|self"), call.get("inputs")
    channels, _ = entries_of(inputs) if isinstance(inputs, Cell) and inputs.kind == "dict" else ({}, None)
    if not channels and inputs is not None:
        channels = {"training": inputs}
    given_data = {name: _part(value, "s3_data", 0) or value for name, value in channels.items()}
    mounts = [mount for name, data in given_data.items() for mount in _mounted(f"{_CHANNELS}/{name}", data)]
    settings, _ = entries_of(_part(estimator, "hyperparameters"))
    words = [word for name, value in settings.items() for word in (f"--{name}", text_of(value) or "{value}")]
    script = _part(estimator, "entry_point")
    _start(call, script, _part(estimator, "source_dir"), words, mounts)
    folder = next(iter(locate.texts(_part(estimator, "output_path"))), _MODEL)
    archive = f"{_MODEL if '{unknown}' in folder else folder.rstrip('/')}/{_ARCHIVE}"
    # without a script it is an algorithm of the platform, which learns from all that it is given
    made_of = [f"file:{_MODEL}"] if script is not None else [locate.locate(call.m, source) for _, source in mounts]
    _pack(call, [node for node in made_of if is_telling(node)], locate.locate(call.m, archive))
    packed = Constant(archive)
    if isinstance(estimator, Cell) and estimator.kind == "object":
        call.m.heap.set(estimator, ("attribute", "model_data"), packed)
    told = {"ModelArtifacts": {"S3ModelArtifacts": packed}}
    return _job(call, told, told)


def registered_package(call: Invocation) -> Any:
    """`group`, `model`, `model_data`, `estimator`: a package of one model or of several that are called in turn."""
    m = call.m
    data = [call.get("model_data"), *(_data_of(each) for each in (*_models(call), call.get("estimator")))]
    artifacts = [locate.locate(m, name) for value in data if value is not None for name in locate.texts(value)]
    artifacts = [node for node in dict.fromkeys(artifacts) if is_telling(node)]
    for node in (f"model:{name}" for name in locate.texts(call.get("group")) if is_telling(f"model:{name}")):
        m.effects.mark(node, "model", call.span)
        for artifact in artifacts:
            m.effects.mark(artifact, "artifact", call.span)
            m.effects.access(artifact, call.span, m.now.path, True)
            m.effects.link([artifact], node, "saves", call.span, is_copy=True)
    return Unknown(call.origins())


def _data_of(model: Any) -> Any:
    """What a model was made with, or an estimator has left."""
    given = _part(model, "model_data")
    return given if given is not None or not isinstance(model, Cell) else model.slots.get(("attribute", "model_data"))


def _models(call: Invocation) -> list[Any]:
    model = call.get("model|self")
    held = _part(model, "models", 0)
    return _items(call, held) if held is not None and not is_text(held) else [model]


def _pack(call: Invocation, sources: list[str], archive: str) -> None:
    """What a job makes of these becomes one file: of the folder in which a script leaves its model, it is a copy."""
    m, is_copy = call.m, sources == [f"file:{_MODEL}"]
    for source in sources:
        m.effects.mark(source, "dataset", call.span)
        m.effects.access(source, call.span, m.now.path, True)
    if sources:
        m.effects.mark(archive, "artifact", call.span)
        m.effects.access(archive, call.span, m.now.path, False)
        m.effects.link(sources, archive, "writes" if is_copy else "saves", call.span, is_copy=is_copy)


def _output(value: Any) -> tuple[str, str, str]:
    """Name, folder in the container, and the place where it goes: where only the platform knows it, that folder."""
    source = text_of(_part(value, "source", 0)) or ""
    target = text_of(_part(value, "destination", 1)) or ""
    name = text_of(_part(value, "output_name", 2)) or posixpath.basename(source)
    return name, source, target.rstrip("/") if "://" in target and "{" not in target else source


def _mounted(folder: Any, data: Any) -> Iterator[tuple[str, str]]:
    """A folder of the container and what is put there: a folder, or one file, which keeps its name."""
    inside = (folder if isinstance(folder, str) else text_of(folder) or "").rstrip("/")
    for source in locate.texts(data)[:1] if data is not None else ():
        if inside and "{unknown}" not in source:
            name = posixpath.basename(source)
            is_file = "." in name.strip(".") and "{" not in name
            yield (f"{inside}/{name}" if is_file else inside), source.rstrip("/")


def _start(call: Invocation, script: Any, folder: Any, words: list[str], mounts: Mounts) -> None:
    m = call.m
    name, base, own = text_of(script) or "", text_of(folder) or "", posixpath.dirname(m.now.path)
    places = [posixpath.join(at, name) for at in (base, posixpath.join(own, base), own, "") if name]
    paths = [locate.locate(m, place).removeprefix("file:") for place in places]
    path = next((path for path in (*paths, *map(posixpath.normpath, places)) if path in m.python), None)
    if path is None or m.in_test:
        return
    run = Run(path, tuple(words), "", m.job, call.span, by="stage", mounts=tuple(mounts))
    m.plans.setdefault("runs", {})[run] = None


def _job(call: Invocation, properties: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """What later steps ask of a step: its properties, or what it was made with."""
    slots: dict[Any, Any] = {"type": "", "class": "", "arguments": {}, "origins": frozenset()}
    slots["attribute", "properties"] = boxes.boxed(call, _value(call, properties))
    slots["attribute", "arguments"] = _value(call, arguments)
    slots["attribute", "name"] = call.get("name", Unknown())
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def _value(call: Invocation, tree: Any) -> Any:
    place = (call.m.now.path, call.at)
    match tree:
        case dict():
            return call.m.heap.new("dict", {name: _value(call, entry) for name, entry in tree.items()}, place)
        case list():
            return call.m.heap.new("list", {"items": tuple(_value(call, entry) for entry in tree)}, place)
    return tree


def _items(call: Invocation, value: Any) -> list[Any]:
    return (items_of(call.m, value, call.at).known or []) if value is not None else []


def _part(value: Any, name: str, place: int = -1) -> Any:
    """An argument that an object of the platform's library was made with."""
    made = value.slots.get("arguments", {}) if isinstance(value, Cell) and value.kind == "object" else {}
    return made.get(name, made.get(str(place)))
