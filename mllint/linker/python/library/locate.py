"""Which node a path, table name, URL or topic means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from mllint.globs import Globs
from mllint.libraries.models import Place
from mllint.lineage import expressions as ex
from mllint.lineage.ids import LOGGED, RUN_PART, file_id, is_telling, model_id, table_id
from mllint.linker.containers import outside
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.texts import concatenate, named_by
from mllint.linker.python.abstract.values import Column, Constant, Tuple, Unknown, join_all, options_of, text_of
from mllint.linker.python.library import connections
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import HERE, Machine
from mllint.linker.sql.namespaces import NOWHERE, within
from mllint.linker.sql.schema import table_name

MOST_FILES = 40
_HOLE = re.compile(r"\{[^{}]*\}")
_OF_NONE = re.compile(r"\bNone\b")  # in a name that is made of what may not be given


_KINDS = ("file", "table", "query", "url", "topic", "collection", "model")


def chosen(call: Invocation, place: Place) -> Place:
    """A place that may be of several kinds, as the one whose parameter is given."""
    kinds = [kind for kind in _KINDS if getattr(place, kind)]
    given = next((kind for kind in kinds if call.get(getattr(place, kind)) is not None), kinds[0] if kinds else "")
    if given == "file" and place.tables:
        parameter, _, formats = place.tables.partition("=")
        if text_of(call.get(parameter)) in formats.split("|"):  # `spark.read.format("bigquery").load("sales.rides")`
            return msgspec.structs.replace(place, **{**dict.fromkeys(kinds, ""), "table": place.file})
    others = {kind: "" for kind in kinds if kind != given}
    return msgspec.structs.replace(place, **others) if others else place


def nodes_of(call: Invocation, place: Place) -> list[str]:
    """Node ids that the place of a call names. A name of which nothing is known is no node (it would be one with
    every other unknown name); it is counted in the coverage."""
    return [node for node in _nodes_of(call, place) if is_telling(node)]


def _nodes_of(call: Invocation, place: Place) -> list[str]:
    m = call.m
    for kind in ("file", "table", "topic", "collection", "url", "model"):
        parameter = getattr(place, kind)
        if not parameter:
            continue
        value = call.get(parameter)
        if value is None and place.default:
            value = Constant(place.default)
        names = texts(_as_one(value) if place.parts else value)
        if kind == "table" and place.schema and call.get(place.schema) is not None:
            schemas = texts(call.get(place.schema))
            names = [f"{s}.{n}" if s not in ("", "None") and "." not in n else n for s in schemas for n in names]
        if kind == "model" and place.node and (value is None or value == Constant(None)):
            break  # registered under no name: it is where the run keeps it
        if kind == "file" and place.node:  # a local path or, if no such file is known, a name in some hub
            local = [_local(m, name) for name in names]
            return [id for found in local for id in ([found] if found else filled(call, place.node))]
        if kind == "file":
            # before the folder that the program runs in is put before it
            return [locate(m, name) for name in names if is_telling(f"file:{name}")]
        if kind == "table":
            return [table_id(name) for name in _placed(call, names)]
        if kind == "url":
            return [file_id(name) if "://" in name else f"{kind}:{name}" for name in names]
        if kind == "model":
            return [_registered(m, name) for name in names]
        return [f"{kind}:{name}" for name in names]
    if place.node:
        return filled(call, place.node)
    return []


def _as_one(value: Any) -> Any:
    """The name whose parts a list holds; anything else as it is."""
    whole = []
    for option in options_of(value) if value is not None else ():
        parts: tuple[Any, ...] = option.items if isinstance(option, Tuple) else ()
        if isinstance(option, Cell) and option.kind == "list":
            parts = tuple(option.slots["items"])
        spaced = [(each, "name") for part in parts for each in (Constant("."), part)][1:]
        whole.append(concatenate(spaced) if spaced else option)
    return join_all(whole) if whole else value


def _placed(call: Invocation, names: list[str]) -> list[str]:
    """Names of tables in the schema that their connection is in."""
    namespace = connections.namespace_of(call)
    return [within(table_name(name), namespace) for name in names] if namespace != NOWHERE else names


def _local(m: Machine, name: str) -> str:
    """The file that a name means; empty if it is no path and no such file is known."""
    node = locate(m, name)
    known = m.project.exists(node.removeprefix("file:")) or m.knows(node)
    # names in a hub are `NAME` or `OWNER/NAME`
    is_path = name.startswith((".", "/", "~", "{")) or name.count("/") > 1 or re.match(r"[A-Za-z]:[\\/]", name)
    return node if known or is_path else ""


def filled(call: Invocation, template: str) -> list[str]:
    """Node ids, or texts, of a template with `{parameter}` in it, such as `topic:fluentd:{label}`, for each text that
    these may be; `{job}` is the file that runs. A parameter that is a whole URL needs nothing before it."""

    def each(rest: str) -> Iterator[str]:
        hole = _HOLE.search(rest)
        if hole is None:
            yield rest
            return
        for text in _texts_of(call, hole.group(0)):
            for after in each(rest[hole.end() :]):
                yield f"{rest[: hole.start()]}{text}{after}"

    return [re.sub(r"^\w+://.*?(?=(?<!\w)\w+://)", "", id) for id in islice(each(template), MOST_FILES)]


def _texts_of(call: Invocation, hole: str) -> list[str]:
    if hole == "{job}":
        return [call.m.effects.job]
    found = call.get(hole[1:-1])
    if found is None or found == Constant(None):
        return [hole]
    known = texts(found)
    fewest = min((text.count("{") for text in known), default=0)
    known = [text for text in known if text.count("{") == fewest]
    return [text for text in known if not _OF_NONE.search(text)] or known


def _registered(m: Machine, uri: str) -> str:
    """A model of a registry; what is given by a path or URL, or by a pipeline, is the artifact there:
    `load_model("s3://models/eta")`."""
    hit = _REGISTRY.fullmatch(uri)
    if hit is None and ("/" in uri or uri.startswith("memory:")):
        return locate(m, uri)
    if hit is not None and hit[2]:
        return logged_id(hit[2])
    return model_id(registered_name(uri))


_REGISTRY = re.compile(r"(?:models:/+([^/@]+)(?:[/@].*)?|runs:/+[^/]+/(.+))")


_TAG = re.compile(r"(?<=[^:/]):[\w.-]+$")  # of a version in a store: `eta:latest`


def registered_name(uri: str) -> str:
    """The name of a model in a registry, whatever version, stage or alias is asked for; of one that was logged with a
    run, the path it was logged under.

    >>> registered_name("models:/eta@champion"), registered_name("runs:/{run_id}/model"), registered_name("eta:v2")
    ('eta', 'model', 'eta')
    """
    hit = _REGISTRY.fullmatch(uri)
    return (hit[1] or hit[2]) if hit else _TAG.sub("", uri)


def logged_id(path: str) -> str:
    """The artifact that a run logs under a path. Which run, only the run knows, also where a text names one: who
    registers `runs:/{run_id}/model` means what a script has logged as `model`."""
    return f"{LOGGED}{{{RUN_PART}id}}/{path.strip('/')}"


def revision_of(value: Any) -> str:
    """The version, stage or alias that a URI of a registry asks for; empty if none, or none that is known."""
    found = {hit[1] for text in texts(value) if (hit := _REVISION.fullmatch(text))}
    return found.pop() if len(found) == 1 else ""


_REVISION = re.compile(r"models:/+[^/@{}]+[/@]([^/{}]+)")


def texts(value: Any) -> list[str]:
    """The texts that a value may be. Options with unknown parts count only if there is none without."""
    found: list[str] = []
    for option in options_of(value) if value is not None else ():
        if isinstance(option, Cell) and option.kind == "object" and "path" in option.slots:
            found += texts(option.slots["path"])
            continue
        if isinstance(option, Tuple) or (isinstance(option, Cell) and option.kind == "list"):  # `subscribe(["a", "b"])`
            items = option.items if isinstance(option, Tuple) else option.slots["items"]
            if not items and isinstance(option, Cell):  # `tf.data.Dataset.list_files("rows/*.tfrecord")`
                items = (option.slots.get("<rest>", Unknown()),)
            found += [text for item in items if not isinstance(item, Tuple | Cell) for text in texts(item)]
            continue
        named = named_by(option)
        made = [text_of(option) if not isinstance(option, Column) else _text_of_column(option)]
        for text in map(text_of, named) if named else made:
            if text is not None and text.strip() and text != "None":  # `Path(str(args.out))` where no `--out` is given
                found.append(text)
    whole = [text for text in found if not _HOLE.search(text)]
    chosen = list(dict.fromkeys(whole or found))
    return chosen or ["{unknown}"]


def _text_of_column(column: Column) -> str | None:
    """A text that is put together with values of a column: `"out/" + town + ".csv"`, which is `out/{town}.csv`."""
    expression = column.expression
    whole = isinstance(expression, ex.Apply) and expression.operator in _JOINING
    text = _text_of_expression(expression) if whole else None
    return text if text is not None and _HOLE.sub("", text) else None


def _text_of_expression(expression: ex.Expression, depth: int = 20) -> str:
    match expression:
        case ex.Constant(value=str() as text):
            return text
        case ex.Column(name=name):
            return "{" + name + "}"
        case ex.Apply(operator=operator, arguments=arguments) if operator in _JOINING and depth:
            return "".join(_text_of_expression(argument, depth - 1) for argument in arguments)
        case ex.Apply(arguments=arguments) if depth:  # `town.lower()`, `CALL('unique', town)`
            first = next((argument for argument in arguments if not isinstance(argument, ex.Constant)), None)
            made = _text_of_expression(first, depth - 1) if first is not None else ""
            return made if _HOLE.fullmatch(made) else "{value}"
    return "{value}"


_JOINING = ("ADD", "CONCAT")


def locate(m: Machine, path: str) -> str:
    """`file:PATH` of a path as code writes it: relative to where the code runs, which may be the root, the working
    folder of a stage, the folder of the script, or that of the notebook. The one under which the file exists wins, then
    the one that other code speaks of."""
    if "://" in path:
        return file_id(path)
    if path.startswith(("memory:", LOGGED)):  # a place that a pipeline gives to a step, or that a tracker keeps
        return path
    path = path.replace("\\", "/").strip().removeprefix("file:")
    if path.startswith(HERE):
        return file_id(posixpath.normpath(path.removeprefix(HERE).lstrip("/") or "."))
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:/", path):
        return _absolute(m, path)
    folders = _folders(m, path)
    for folder in dict.fromkeys([*folders, *m.folders(), *_above(m.effects.path)]):
        candidate = posixpath.normpath(posixpath.join(folder, path))
        if not candidate.startswith("../") and m.project.exists(candidate):
            _note_root(m, candidate, path)
            return file_id(candidate)
    candidates = [posixpath.normpath(posixpath.join(folder, path)) for folder in folders]
    inside = [candidate for candidate in candidates if not candidate.startswith("..")] or [path]
    spoken_of = [candidate for candidate in inside if candidate in m.located]
    chosen = spoken_of[0] if spoken_of else inside[0]
    m.located.add(chosen)
    return file_id(chosen)


def _above(path: str) -> Iterator[str]:
    """The folders above a file, nearest first: one of them is the root of a project in a larger repository."""
    while path := posixpath.dirname(path):
        yield path


def _folders(m: Machine, path: str) -> list[str]:
    """Where a relative path may be meant, likeliest first. A script that no command starts runs in its own folder if
    it reads `../../data/trips.csv`, which from the root would lie outside, or another one there does, and none there
    finds `config.yaml` in the root."""
    folders, own = m.folders(), posixpath.dirname(m.effects.path)
    if not _tells_folder(m):
        return folders
    only_here = path.startswith("../") and not posixpath.normpath(posixpath.join(own, path)).startswith("..")
    if only_here:
        _note(m, f"{m.effects.path} runs in its folder")
        _note(m, f"runs in {own}")
    if m.knows(f"{m.effects.path} runs in its folder"):
        return [own]
    return [own] if m.knows(f"runs in {own}") and not m.knows(f"some in {own} run in the root") else folders


def _tells_folder(m: Machine) -> bool:
    """Whether the paths of what runs tell where it runs: a script in a folder that no command starts."""
    own = posixpath.dirname(m.effects.path)
    is_there = posixpath.dirname(m.now.path) == own and not m.effects.path.endswith(".ipynb")
    return m.run is None and bool(own) and is_there and not m.in_test


def _note_root(m: Machine, found: str, path: str) -> None:
    """A script that reads `config.yaml`, which lies in the root and not beside it, runs in the root."""
    if found == posixpath.normpath(path) and _tells_folder(m):
        _note(m, f"some in {posixpath.dirname(m.effects.path)} run in the root")


def _note(m: Machine, node: str) -> None:
    if not m.is_stored(node):
        m.store(node, Constant(True))


def matching(m: Machine, pattern: str) -> list[str]:
    """Files of the repository that a glob finds, as paths from its root; none if there are too many to tell apart."""
    if "{" in pattern or "*" not in pattern:
        return []
    wanted = Globs(["/" + locate(m, pattern).removeprefix("file:")])  # a star stays within its folder
    known = [path for path in m.project.files if wanted.verdict(tuple(path.split("/")), False)]
    return [f"{HERE}/{path}" for path in known] if len(known) <= MOST_FILES else []


def inside(m: Machine, folder: str) -> list[str]:
    """The names of data that lie in a folder of the repository; none if there are too many to tell apart."""
    if "{" in folder or "*" in folder or not folder:
        return []
    start = locate(m, folder).removeprefix("file:").rstrip("/") + "/"
    names = [path.removeprefix(start) for path in m.project.files if path.startswith(start)]
    names = [name for name in names if "/" not in name]
    return names if len(names) <= MOST_FILES else []


def _absolute(m: Machine, path: str) -> str:
    """A container's path is the repository's where it was brought from there, or where a file of the repository lies
    under its last parts: the folder before these is where the repository lies on somebody's machine."""
    if m.run is not None and m.run.mounts and (found := outside(m.run.mounts, path)):
        return found if "://" in found else file_id(found)
    parts = path.lstrip("/~").split("/")
    for start in range(1, len(parts)):
        tail = "/".join(parts[start:])
        if "/" in tail and m.project.exists(tail):
            if start >= _DEEP:
                _note(m, _checkout(path.removesuffix(tail)))
            return file_id(tail)
    for start in range(_DEEP, len(parts)):
        tail = "/".join(parts[start:])
        if m.knows(_checkout(path.removesuffix(tail))):
            return file_id(tail)
    return "file:" + posixpath.normpath(path)


_DEEP = 3  # parts of a folder that is somebody's own: `/data/raw` may be anything


def _checkout(folder: str) -> str:
    """Where code says that the repository lies is remembered under this name."""
    return f"the root is {folder.rstrip('/')}"
