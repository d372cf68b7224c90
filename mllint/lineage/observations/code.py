"""Scripts, what starts and imports them, what they define, and passages that stand twice."""

from __future__ import annotations

import msgspec

from mllint.source import Span


class Script(msgspec.Struct, frozen=True):
    """A Python file that can be run: who runs it (`runners`: CI jobs, stages, Dockerfiles ...), who imports it
    (`importers`), and whether it takes arguments. `is_entry` if it does anything when run; `is_mentioned` if a text
    for people tells how to run it, or a text in code names its file."""

    path: str
    lines: int
    is_entry: bool
    takes_arguments: bool
    runners: tuple[Span, ...]
    importers: tuple[str, ...]
    is_mentioned: bool = False
    is_page: bool = False  # it draws a page for people: streamlit, gradio, dash ...


class Start(msgspec.Struct, frozen=True):
    """Something that starts the file `path`, and where it says so. `by`: `container`, `stage` (of DVC, MLflow projects,
    a task of a DAG, a workflow with a timetable), `service` (a route, a Procfile), `installed` (a script of the
    package), `dag` (a scheduler runs the file, since it holds a DAG), `process` (other code), `job` (CI), `command`
    (make, a shell script). `parametrised`: a notebook that is given its parameters."""

    path: str
    span: Span
    by: str
    parametrised: bool = False


class Import(msgspec.Struct, frozen=True):
    """A file of the repository imports another one, `target`, at `span`."""

    span: Span
    target: str


class Dealing(msgspec.Struct, frozen=True):
    """How one module deals with the types of one package, imported at `span`. `types` are those that it names; at
    `conversions`, some of its `statements`, an object of them is made of something plain, or the other way round."""

    package: str
    span: Span
    types: tuple[str, ...]
    statements: int
    conversions: tuple[Span, ...] = ()


class Definition(msgspec.Struct, frozen=True):
    """A class or method of the repository, and how many files name it (its own body left out).

    `dynamic`: it can be picked up without its name being written: `__init_subclass__`, `getattr(module, name)`,
    a Hydra `_target_`, an entry point, `__all__`."""

    span: Span
    name: str
    qualified: str  # module path, dot, name
    kind: str  # function, class, method
    bases: tuple[str, ...]  # of a class, dotted library names where known
    decorated: bool
    references: int
    lines: int
    dynamic: bool = False


class Edit(msgspec.Struct, frozen=True):
    """A statement of a copy that is another one, or stands on one side alone. `before` and `after` are the literals
    that differ, if that is all."""

    first: Span | None
    second: Span | None
    before: str = ""
    after: str = ""


class Copy(msgspec.Struct, frozen=True):
    """A passage that works on data stands in two files: where each begins (the `def` that it is in, or its first
    statement), how many statements it has, and how many of them are equal but for the names of variables."""

    first: Span
    second: Span
    statements: int
    equal: int
    edits: tuple[Edit, ...]


class Dependency(msgspec.Struct, frozen=True):
    """A package that a list asks for, and with which versions. `pinned`: to one version, there, by a lock file or by
    another list of this folder or one above. It holds for the files below `folder`."""

    span: Span
    package: str
    wanted: str
    pinned: bool
    folder: str
