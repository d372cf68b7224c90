"""Stores of files by name and version: files go into a named artifact, and come back as a folder of them.

    artifact = wandb.Artifact("trips", type="dataset")      folder = run.use_artifact("trips:latest").download()
    artifact.add_file("trips.csv")                          pd.read_csv(f"{folder}/trips.csv")

What is kept so is known as `STORE-artifact://NAME/FILE`, whatever its version."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from mllint.libraries.models import Place
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Unknown, is_text, text_of
from mllint.linker.python.library import storage
from mllint.linker.python.library.invocation import Invocation


def _folder(call: Invocation, name: Any) -> str | None:
    """Where files of the artifact lie: `trips:latest` and `team/project/trips:v3` are versions of `trips`."""
    text = text_of(name)
    plain = posixpath.basename(text.rstrip("/")).partition(":")[0] if text else ""
    store = call.name.partition(".")[0]
    return f"{store}-artifact://{plain}" if plain and not plain.startswith("{") else None


def artifact_folder(call: Invocation) -> Any:
    """`artifact.download()`: the folder that its files come to."""
    folder = _folder(call, call.get("self.name|self.0"))
    return Constant(folder) if folder else Unknown(why="which artifact it is is not known", span=call.span)


def artifact_file(call: Invocation) -> Any:
    """`name`: one file of the artifact: `artifact.get_path("trips.csv").download()`."""
    folder = _folder(call, call.get("self.name|self.0"))
    if not folder:
        return Unknown(why="which artifact it is is not known", span=call.span)
    return texts.join_paths([Constant(folder), call.get("name", Unknown())])


def artifact_add(call: Invocation) -> Any:
    """`local_path`, `name`: a file goes into the receiver."""
    return _add(call, call.get("self.name|self.0"), call.get("local_path"), call.get("name"))


def artifact_log(call: Invocation) -> Any:
    """`artifact_or_path`, `name`: a file is kept as an artifact of its own; one that is made already has its files."""
    given = call.get("artifact_or_path")
    name = call.get("name", texts.base_name(given) if is_text(given) else None)
    return _add(call, name, given, None) if is_text(given) else given


def _add(call: Invocation, artifact: Any, path: Any, name: Any) -> Any:
    folder = _folder(call, artifact)
    if folder and is_text(path):
        inner = name if name is not None and is_text(name) else texts.base_name(path)
        kept = texts.join_paths([Constant(folder), inner])
        copied = call.with_given({"source": path, "target": kept})
        storage.transfer(copied, Place(file="source"), Place(file="target"))
    return call.receiver if isinstance(call.receiver, Cell) else Constant(None)


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function for function in (artifact_folder, artifact_file, artifact_add, artifact_log)
}
