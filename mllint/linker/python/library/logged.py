"""What a run of a tracker keeps beside models, and who asks for it again.

    mlflow.log_artifact("out/metrics.json")             path = mlflow.artifacts.download_artifacts(
                                                            run_id=run, artifact_path="metrics.json")
                                                        json.load(open(path))

It is shown as an artifact of a run where somebody in the repository asks for it; else it is for people to look at."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from mllint.libraries.models import Place
from mllint.lineage import ids
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.values import Constant, Unknown, is_text, text_of
from mllint.linker.python.library import locate, storage
from mllint.linker.python.library.invocation import Invocation

_MOST_FOLDERS = 6


def logged_path(call: Invocation) -> Any:
    """`artifact_path` or `artifact_uri`, `dst_path`: the place that the artifact comes to. Where that is a folder of
    the tracker's own, it goes by the artifact's name."""
    node = _asked_for(call)
    if not node:
        return Unknown(call.origins(), "which artifact it is is not known", call.span)
    call.m.store(_request(node), Constant(True))
    own, folder = texts.word(node), call.get("dst_path")
    if folder is None or folder == Constant(None):
        return own
    path = texts.join_paths([folder, Constant(posixpath.basename(node))])
    storage.transfer(call.with_given({"source": own, "target": path}), Place(file="source"), Place(file="target"))
    return path


def _asked_for(call: Invocation) -> str:
    path = text_of(call.get("artifact_path"))
    if path is None:
        found = locate.texts(call.get("artifact_uri"))
        path = found[0].removeprefix(ids.LOGGED).lstrip("/").partition("/")[2] if _is_of_run(found) else ""
    node = locate.logged_id(path) if path else ""
    return node if node and ids.is_telling(path) else ""


def _is_of_run(found: list[str]) -> bool:
    return len(found) == 1 and found[0].startswith(ids.LOGGED)


def logged_artifact(call: Invocation) -> Any:
    """`local_path` goes under `artifact_path`, or `data` under `artifact_file`, where somebody asks for it."""
    given = call.get("local_path|local_dir")
    name = call.get("artifact_file")
    if name is None:
        inner = [Constant("")] if call.get("local_dir") is not None else [texts.base_name(given or Unknown())]
        folder = call.get("artifact_path")
        name = texts.join_paths([*([folder] if folder is not None and is_text(folder) else []), *inner])
    path = text_of(name)
    if not path or not ids.is_telling(path) or not _is_asked_for(call, node := locate.logged_id(path)):
        return Constant(None)
    if call.get("artifact_file") is not None:
        storage.put(call, node, call.get("data", Unknown()))
    else:
        copied = call.with_given({"source": given, "target": texts.word(node)})
        storage.transfer(copied, Place(file="source"), Place(file="target"))
    return Constant(None)


def _is_asked_for(call: Invocation, node: str) -> bool:
    """Whether somebody asks for it, or for a folder that it lies in."""
    asked = False
    for _ in range(_MOST_FOLDERS):
        asked = call.m.knows(_request(node)) or asked
        node = posixpath.dirname(node)
        if "/" not in node.removeprefix(ids.LOGGED):
            break
    return asked


def _request(node: str) -> str:
    return f"asked for {node}"


TABLE: dict[str, Callable[[Invocation], Any]] = {"logged_path": logged_path, "logged_artifact": logged_artifact}
