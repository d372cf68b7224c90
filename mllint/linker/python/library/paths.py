"""Computations on paths: what `pathlib`, `os.path`, `glob` and `tempfile` make of the texts that name files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any

from mllint.libraries.models import Place
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Rest
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Hole, Text, Tuple, Unknown, text_of
from mllint.linker.python.library import handles, locate, storage
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import HERE


def path_join(call: Invocation) -> Any:
    """All positional arguments, after the receiver if there is one: `os.path.join`, `Path.joinpath`."""
    parts: list[Any] = [] if call.receiver is None else [call.receiver]
    for argument in call.arguments.args:
        parts.append(Unknown() if isinstance(argument, Rest) else argument)
    return texts.join_paths(parts) if parts else Constant(".")


def path_parent(call: Invocation) -> Any:
    return texts.parent(_path(call))


def path_name(call: Invocation) -> Any:
    return texts.base_name(_path(call))


def path_stem(call: Invocation) -> Any:
    return texts.without_ending(texts.base_name(_path(call)))


def path_suffix(call: Invocation) -> Any:
    return texts.ending(_path(call))


def path_with_suffix(call: Invocation) -> Any:
    suffix = call.get("suffix", Unknown())
    return texts.concatenate([(texts.without_ending(_path(call)), "path"), (suffix, "suffix")])


def path_with_stem(call: Invocation) -> Any:
    name = texts.concatenate([(call.get("stem", Unknown()), "stem"), (path_suffix(call), "suffix")])
    return texts.join_paths([texts.parent(_path(call)), name])


def path_with_name(call: Invocation) -> Any:
    return texts.join_paths([texts.parent(_path(call)), call.get("name", Unknown())])


def path_split(call: Invocation) -> Any:
    return Tuple((texts.parent(_path(call)), texts.base_name(_path(call))))


def path_split_extension(call: Invocation) -> Any:
    return Tuple((texts.without_ending(_path(call)), path_suffix(call)))


def path_normal(call: Invocation) -> Any:
    """The path itself: `abspath`, `resolve`, `expanduser`, `Path(p)`, `str(p)`."""
    value = _path(call)
    return value if value is not None else Constant("")


def path_relative(call: Invocation) -> Any:
    """A path as it is called from a folder: `path.relative_to(folder)`, `os.path.relpath(path, folder)`."""
    path, folder = _path(call), call.get("start")
    if folder is None or (text_of(folder) in (HERE, ".") and not (text_of(path) or HERE).startswith((HERE, "/"))):
        return path_normal(call)
    return texts.relative_path(path, folder)


def path_parents(call: Invocation) -> Any:
    """All folders above, nearest first."""
    value, found = _path(call), []
    for _ in range(8):
        value = texts.parent(value)
        found.append(value)
    return Tuple(tuple(found))


def working_folder(call: Invocation) -> Any:
    run = call.m.run
    return Constant(f"{HERE}/{run.folder}".rstrip("/") if run is not None else HERE)


def repository_root(call: Invocation) -> Any:
    """The root of the repository, wherever the program runs; with `path`, what lies below it."""
    path = call.get("path")
    return texts.join_paths([Constant(HERE), path]) if path is not None else Constant(HERE)


def _path(call: Invocation) -> Any:
    return call.receiver if call.receiver is not None else call.get("path|0")


def glob_paths(call: Invocation) -> Any:
    """`glob.glob(pattern)`, `folder.glob(pattern)`: a path of that pattern."""
    pattern = call.get("pattern|0", Unknown())
    root = call.receiver if call.receiver is not None else None
    below = [Constant("**")] if call.name.endswith(".rglob") else []
    value = texts.join_paths([root, *below, pattern]) if root is not None else pattern
    known = locate.matching(call.m, text_of(value) or "")
    if known:
        return call.m.heap.new("list", {"items": tuple(map(Constant, known))}, (call.m.now.path, call.at))
    return call.m.heap.new("list", {"items": (), "<rest>": value}, (call.m.now.path, call.at))


def listed_names(call: Invocation) -> Any:
    """`os.listdir(folder)`: the names of what lies in it: those that are known, else any name, written `*`."""
    folder = call.get("path|0", Constant("."))
    known = locate.inside(call.m, text_of(folder) or "")
    if known:
        return call.m.heap.new("list", {"items": tuple(map(Constant, known))}, (call.m.now.path, call.at))
    return call.m.heap.new("list", {"items": (), "<rest>": Text((Hole("*"),))}, (call.m.now.path, call.at))


def paths_inside(call: Invocation) -> Any:
    """`folder.iterdir()`, `os.scandir(folder)`: the paths of what lies in a folder."""
    folder = call.receiver if call.receiver is not None else call.get("path", Constant("."))
    names = locate.inside(call.m, text_of(folder) or "")
    items = tuple(texts.join_paths([folder, Constant(name)]) for name in names)
    rest = {} if items else {"<rest>": texts.join_paths([folder, Text((Hole("*"),))])}
    return call.m.heap.new("list", {"items": items, **rest}, (call.m.now.path, call.at))


def walked(call: Invocation) -> Any:
    """`os.walk(folder)`, `path.walk()`: folders at any depth, the names of the folders in each, and of the files."""
    folder = call.receiver if call.receiver is not None else call.get("top", Constant("."))
    at = (call.m.now.path, call.at)
    names = [call.m.heap.new("list", {"items": (), "<rest>": Text((Hole("*"),))}, at) for _ in ("folders", "files")]
    step = Tuple((texts.join_paths([folder, Constant("**")]), *names))
    return call.m.heap.new("list", {"items": (), "<rest>": step}, at)


_ENDINGS = {"gztar": "tar.gz", "bztar": "tar.bz2", "xztar": "tar.xz"}  # of others it is the format's name


def archived(call: Invocation) -> Any:
    """`shutil.make_archive(base, format, folder)`: what lies in the folder goes into a file, whose name comes back."""
    kind = text_of(call.get("format", Unknown()))
    suffix = Constant(f".{_ENDINGS.get(kind, kind)}") if kind else Unknown()
    path = texts.concatenate([(call.get("base_name", Unknown()), "base_name"), (suffix, "format")])
    packed = call.with_given({"source": call.get("root_dir|base_dir", Constant(".")), "target": path})
    storage.transfer(packed, Place(file="source"), Place(file="target"))
    return path


def listed_paths(call: Invocation) -> Any:
    """Paths of what lies in a folder, at any depth."""
    path = texts.join_paths([call.get("path|0", Constant(".")), Text((Hole("*"),))])
    return call.m.heap.new("list", {"items": (), "<rest>": path}, (call.m.now.path, call.at))


def is_absolute(call: Invocation) -> Any:
    """Known of what is: a path that `abspath` made so may look like a relative one here."""
    path = text_of(call.get("path") if "path" in call.given else call.receiver)
    return Constant(True) if path is not None and path.startswith((HERE, "/")) else Unknown()


_MARKERS = {"pyproject.toml", "setup.py", "setup.cfg", "dvc.yaml"}


def marks_root(call: Invocation, path: Any) -> Any:
    """Whether a file is there that marks the root of a project, `(folder / "pyproject.toml").exists()`: that is known,
    other than of data. Nothing for any other file."""
    folder, name = posixpath.split(posixpath.normpath(text_of(path) or ""))
    if not folder.startswith(HERE) or name not in {*_MARKERS, ".git"}:
        return None
    own = folder.removeprefix(HERE).lstrip("/")
    return Constant(not own if name == ".git" else call.m.project.exists(posixpath.join(own, name)))


def temporary_folder(call: Invocation) -> Any:
    """`tempfile.mkdtemp()`: a folder that each run makes anew, and that no other call names."""
    return _temporary(call)


def temporary_context(call: Invocation) -> Any:
    """`tempfile.TemporaryDirectory()`: what `with` binds is the path of the folder, and so is its `name`."""
    path = _temporary(call)
    slots = {"type": "python.context", "held": path, "path": path}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def temporary_path(call: Invocation) -> Any:
    """`tempfile.mkstemp()`: a number of the system, and the path of a file."""
    return Tuple((Unknown(), _temporary(call)))


def temporary_file(call: Invocation) -> Any:
    """`tempfile.NamedTemporaryFile()`: an open file, whose `name` is its path."""
    named = call.with_given({"mode": Constant("w+b"), **call.given, "file": _temporary(call)})
    return handles.open_handle(named, Place(file="file", mode="mode"))


def temporary_root(call: Invocation) -> Any:
    return Constant("/tmp")


def file_name(call: Invocation) -> Any:
    """The path that a file was opened by, or that a temporary folder has."""
    return call.receiver.slots.get("path", Unknown()) if isinstance(call.receiver, Cell) else Unknown()


def _temporary(call: Invocation) -> Any:
    span = call.span
    place = re.sub(r"\W+", ".", posixpath.splitext(span.path)[0]).strip(".")
    cell = f".{span.cell}" if span.cell else ""
    prefix = text_of(call.get("prefix")) or f"{place}{cell}.{span.line}-"
    folder, suffix = call.get("dir"), text_of(call.get("suffix")) or ""
    name = texts.make((prefix, Hole("run-id"), suffix))
    return texts.join_paths([Constant("/tmp") if folder is None or text_of(folder) is None else folder, name])


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (
        path_join, path_parent, path_name, path_stem, path_suffix, path_with_suffix, path_with_stem, path_with_name,
        path_split, path_split_extension, path_normal, path_relative, path_parents, working_folder, repository_root,
        glob_paths, listed_names, listed_paths, paths_inside, walked, archived, temporary_folder, temporary_context,
        temporary_path, temporary_file, temporary_root, file_name, is_absolute,
    )
}  # fmt: skip
