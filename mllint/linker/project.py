"""What every part of the linker works on: the facts of all files, and the graph that is being built."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, ItemsView, Iterable, Iterator, ValuesView
from typing import Any

import msgspec

from mllint.errors import Problem
from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.lineage.declarations import Declarations
from mllint.lineage.expressions import Apply, Column, Expression, Unresolved, apply, is_known
from mllint.lineage.graph import Graph
from mllint.lineage.ids import column_id
from mllint.lineage.lineage import Coverage
from mllint.lineage.observations import Observations
from mllint.linker.containers import Container
from mllint.settings import Settings
from mllint.source import Span


class Run(msgspec.Struct, frozen=True):
    """A file of the repository, started with these arguments. Unknown words keep `{NAME}`; `folder` is the
    working directory, repo-relative; `job` names the stage, target or workflow that starts it.

    `entry` is the function or object that is started rather than the whole file: `app` of `uvicorn main:app`, the
    function of a `[project.scripts]` entry, `pytest` for tests. `by` is the kind of thing that starts it: see
    `observations.Start`. With `by_hand` somebody starts it elsewhere, without the environment: then only variables
    count that the code has no default for. With `is_open` people may give more arguments than are known. With
    `is_called` the entry is a function that is called, as installed commands do."""

    path: str
    arguments: tuple[str, ...]
    folder: str
    job: str
    span: Span
    module: bool = False  # started with `python -m`, or by its module's name
    language: str = "python"
    entry: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    by: str = ""
    by_hand: bool = False
    is_open: bool = False
    is_called: bool = False
    mounts: tuple[tuple[str, str], ...] = ()  # where a container does: its folders -> those of the repository


class NamedFunction(msgspec.Struct, frozen=True):
    """A function that a configuration names, for a platform to call it: its file, and what it answers.

    `library` is the model file that tells what the platform calls it with."""

    path: str
    function: str
    endpoint: str
    span: Span
    library: str


class Asked(msgspec.Struct, frozen=True):
    """A request of Python that names the model or service it asks."""

    endpoint: str
    path: str
    span: Span
    job: str


class Flow(msgspec.Struct, frozen=True):
    """What a pipeline says that goes into a step and comes out of it (node ids), whatever the code of the step does."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    job: str
    span: Span


class Files(dict[str, FileFacts]):
    """Facts by path. Who watches is told of each file whose facts are asked for, not of paths that are."""

    def watch(self, one: Callable[[str], None], every: Callable[[], None]) -> None:
        self._one, self._all = one, every

    _one: Callable[[str], None] | None = None
    _all: Callable[[], None] | None = None

    def __getitem__(self, path: str) -> FileFacts:
        if self._one is not None:
            self._one(path)
        return super().__getitem__(path)

    def get(self, path: str, default: None = None) -> FileFacts | None:  # type: ignore[override]
        if self._one is not None:
            self._one(path)
        return super().get(path)

    def values(self) -> ValuesView[FileFacts]:  # type: ignore[override]
        if self._all is not None:
            self._all()
        return super().values()

    def items(self) -> ItemsView[str, FileFacts]:  # type: ignore[override]
        if self._all is not None:
            self._all()
        return super().items()


class Project:
    def __init__(
        self, files: list[FileFacts], settings: Settings, declarations: Declarations, others: Iterable[str] = ()
    ) -> None:
        self.others = frozenset(others)  # paths of files that are not read: models, pictures
        self.files = Files({facts.path: facts for facts in sorted(files, key=lambda facts: facts.path)})
        self.kinds_of = {path: facts.kind for path, facts in self.files.items()}
        self._of_kinds: dict[tuple[str, ...], list[str]] = {}
        self.settings = settings
        self.declarations = declarations
        self.graph = Graph()
        self.observations = Observations()
        self.coverage = Coverage()
        self.problems: list[Problem] = []
        self.definitions: dict[str, Expression] = {}  # column id -> how it is computed where it is written
        self.in_sql: dict[str, Span] = {}  # those of them that SQL defines, and where
        self.rejoined: set[str] = set()  # datasets that join a table with itself: equal columns are of different rows
        self.runs: list[Run] = []
        self.installed: dict[str, Run] = {}  # what the package installs as commands, by their names
        self.containers: list[Container] = []  # that compose files and manifests describe
        self.shells: dict[str, set[str]] = {}  # shell scripts that commands call, and the kinds of what calls them
        self.named_functions: dict[tuple[str, str], list[NamedFunction]] = {}  # by path and name
        self.route_names: dict[str, set[str]] = {}  # the name of a route -> its endpoints
        self.asked: list[Asked] = []  # what Python asks of servers of models, by name
        self.flows: dict[Flow, None] = {}  # what pipelines written in Python say of their steps
        self.dbt: Any = None  # the memory of `sql.dbt.projects`
        self.taken: set[str] = set()  # SQL files whose text Python takes, to fill it in and run it
        self.folders = {""}
        for path in (*self.files, *self.others):
            folder = posixpath.dirname(path)
            while folder and folder not in self.folders:
                self.folders.add(folder)
                folder = posixpath.dirname(folder)

    def define(self, column: str, expression: Expression) -> None:
        """How a column of a dataset is computed by what writes it. Several ways are none that can be told."""
        known = self.definitions.get(column)
        same = known is None or known == expression
        self.definitions[column] = expression if same else Unresolved("written in several ways")

    def inlined(self, expression: Expression, depth: int = 6) -> Expression:
        """The expression over what nothing in the repository computes: columns that something in it writes are
        replaced by how they are computed."""
        match expression:
            case Column(dataset=dataset, name=name) if depth > 0:
                known = self.definitions.get(column_id(dataset, name))
                if known is None or known == expression or not is_known(known):
                    return expression
                return self.inlined(known, depth - 1)
            case Apply(operator=operator, arguments=arguments):
                return apply(operator, *(self.inlined(argument, depth) for argument in arguments))
        return expression

    def place_in_sql(self, expression: Expression) -> Span | None:
        """Where SQL computes a column, through views that pass it on."""
        place = None
        for _ in range(6):
            id = column_id(expression.dataset, expression.name) if isinstance(expression, Column) else ""
            if id not in self.in_sql or not is_known(self.definitions[id]):
                break
            place, expression = self.in_sql[id], self.definitions[id]
        return place

    def name_function(self, named: NamedFunction) -> None:
        self.named_functions.setdefault((named.path, named.function), []).append(named)

    def with_python(self) -> Iterator[FileFacts]:
        """Files that hold Python: of SQL, those with procedures that are written in it."""
        return (file for file in self.of_kind("python", "notebook", "sql") if file.python is not None)

    def of_kind(self, *kinds: str) -> Iterator[FileFacts]:
        paths = self._of_kinds.get(kinds)
        if paths is None:
            paths = self._of_kinds[kinds] = [path for path, kind in self.kinds_of.items() if kind in kinds]
        return map(self.files.__getitem__, paths)

    def exists(self, path: str) -> bool:
        """Whether a file or folder of the repository lies at a repo-relative path."""
        return path in self.files or path in self.folders or path in self.others

    def header(self, node: str) -> list[str] | None:
        """Columns of a data file that lies in the repository."""
        facts = self.files.get(node.removeprefix("file:"))
        return list(facts.data.columns) if facts is not None and facts.data is not None else None

    def config(self, path: str) -> Value | None:
        """The first document of the configuration file at a repo-relative path, if there is one."""
        facts = self.files.get(posixpath.normpath(path))
        if facts is None or facts.config is None or not facts.config.documents:
            return None
        return facts.config.documents[0]

    def named(self, *names: str) -> Iterator[FileFacts]:
        """Files of these base names, in path order."""
        for path in self.files:
            if posixpath.basename(path) in names:
                yield self.files[path]
