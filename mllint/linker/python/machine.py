"""The state of one interpretation: heap, modules, the stack of calls, and the budget of work."""

from __future__ import annotations

import math
import posixpath
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from mllint.facts import python as facts
from mllint.libraries.models import Library
from mllint.lineage.ids import is_named
from mllint.linker.project import Project, Run
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell, Heap
from mllint.linker.python.abstract.settings import HOLDERS, KINDS, Settings
from mllint.linker.python.abstract.shapes import shape
from mllint.linker.python.abstract.texts import HERE as HERE
from mllint.linker.python.abstract.values import Function, Unknown, join, join_all
from mllint.linker.python.ghosts import GHOST, Ghost
from mllint.linker.python.imports import Imports
from mllint.linker.python.noted import Noted
from mllint.linker.python.reads import Needed, Tracker
from mllint.linker.python.relevance import relevant_functions
from mllint.linker.python.results.effects import Effects
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement
from mllint.source import Span

MOST_STEPS = 60_000  # expressions per entry point; beyond it calls are no longer followed
DEEPEST_CALL = 28
MOST_STEPS_FROM_OUTSIDE = 8_000
MOST_SPENT = 100_000  # by all functions that nothing calls, of a small repository
SMALL_BODY = 1_000  # bytes of encoded facts: some ten lines
MOST_TEST_STEPS = 1_500
DEEPEST_TEST_CALL = 5
MOST_SELF_CALLS = 2


class Outcomes:
    """What the tests of one `if` came to, and where the settings are written that they depend on."""

    __slots__ = ("known", "settings")

    def __init__(self) -> None:
        self.known: set[bool | None] = set()
        self.settings: dict[Span, None] = {}


class Activation:
    """One call in progress (or one module): where names live, and what it has returned so far."""

    __slots__ = (
        "born",
        "forks",
        "function",
        "given",
        "globals",
        "module_scope",
        "path",
        "paused",
        "returns",
        "scope",
        "yielded",
        "yields",
    )

    def __init__(
        self,
        scope: Cell,
        module_scope: Cell,
        path: str,
        function: Function | None,
        born: int,
        forks: int,
        given: Mapping[str, Any],
    ) -> None:
        self.scope = scope
        self.module_scope = module_scope
        self.path = path
        self.function = function
        self.returns: Any = None
        self.yields: Any = None
        self.yielded: list[Any] | None = []  # in order, as long as each is certain to be yielded, once
        self.globals: set[str] = set()
        self.paused: int | None = None  # how long the journal was when it first yielded, if that was certain
        self.born = born
        self.forks = forks  # paths, of which not all are taken, that led to it
        self.given = given  # by parameter, whatever is assigned to its name later


class Machine:
    def __init__(
        self, project: Project, library: Library, schema: Schema, digests: Mapping[str, bytes] | None = None
    ) -> None:
        self.project = project
        self.library = library
        self.schema = schema
        self.heap = Heap()
        self.tracker = Tracker(self.heap, dict(digests or {}), schema.state())
        self.python = {f.path: f.python for f in project.of_kind("python", "notebook")}
        self.python.update((f.path, f.python) for f in project.with_python())
        project.files.watch(self.tracker.file, self.tracker.everything)
        self.sql_files = {f.sql.text: f.path for f in project.of_kind("sql") if f.sql is not None}
        self.tracker.know_sql(self.sql_files)
        self.imports = Imports(project, library.modules)
        self.imports.note = self.tracker.imported
        self.effects = Effects(project)
        self.deadline = math.inf  # after it no call is followed
        self.cut_short = False  # whether one was not, in the present entry point
        self.stack: list[Activation] = []
        self.composing: set[str] = set()  # paths of files with functions that put pipelines together
        self.call_places: list[Span] = []
        self.steps = 0
        self.run: Run | None = None  # what is being run: its arguments and folder
        self.job = ""
        self.in_test = False
        self.spent = 0  # steps of functions that nothing calls
        self.allowance = MOST_SPENT + sum(file.lines for file in project.files.values())
        self.from_outside = False  # whether the entry point is a function that nothing calls
        self.modules: dict[str, Cell] = {}  # namespaces of imported modules, by path
        self.apart: dict[str, Cell] = {}  # the same, loaded in an environment of its own, where no other is known
        self.loaded: dict[str, dict[str, None]] = {}  # entry -> modules that it was the first to load
        self.reloading: set[str] = set()  # modules to load again, since what was said of them is forgotten
        self.ghosts: dict[str, Ghost] = {}  # of scripts that were replayed, by path
        self.scripts: dict[str, Cell] = {}  # namespaces of files that ran as scripts, by path
        self.called: Noted[tuple[str, int]] = Noted(self.tracker, "called")  # functions entered, by path and place
        self.memo: dict[Any, Any] = {}
        self.bodies: dict[int, tuple[facts.Stmt, ...]] = {}
        self.kept: list[Any] = []  # keeps alive what `bodies` knows by identity
        self.stored: dict[str, Any] = {}  # what was written to a dataset or artifact, by node id
        self.writers: dict[str, dict[str, Any]] = {}  # the same, by the entry point that wrote it
        self.written: set[str] = set()  # nodes that the present entry point has written
        self.shapes: dict[str, str] = {}  # the shape of what was stored, to tell whether it changed
        self.asked: dict[str, dict[str, str]] = {}  # entry -> what it asked for, with the shape it got
        self.entry = ""
        self.endpoint = ""  # the endpoint whose handler is interpreted
        self.seeds = self.heap.new("seeds", {}, ("", 0))  # global generators of random numbers that are seeded
        self.seed_calls: list[tuple[str, Span]] = []  # every seeding of this entry point, also on other paths
        self.seeds_of_module: dict[str, list[tuple[str, Span]]] = {}  # what importing a module, or running it, seeds
        self.gates = self.heap.new("gates", {}, ("", 0))  # tests that can prevent what is being run
        self.mapped: dict[str, Any] = {}  # table -> the class whose objects are its rows, as this entry point knows it
        self.networks: dict[str, Cell] = {}  # token -> the network of a class of the repository
        self.pupils: dict[str, str] = {}  # prediction -> the network that made it, be it fitted here or loaded
        self.lessons: dict[str, frozenset[str]] = {}  # score -> all that it was worked out from
        self.figures = Cell(
            "figures", {}, None, 0
        )  # what pyplot draws on, by the namespace that draws; of one entry point
        self.required: Noted[str] = Noted(
            self.tracker, "required"
        )  # columns of endpoints that cannot be null: declared, and not as optional
        self.predictors: Noted[str] = Noted(
            self.tracker, "predictors"
        )  # nodes and tokens that something predicted with
        self.seeded: Noted[str] = Noted(self.tracker, "seeded")  # global generators that anything seeds
        self.relevant = relevant_functions(project, library)
        self.discards: dict[tuple[str, facts.At], facts.Expr] = {}  # calls in progress whose result nobody takes
        # loops that are being gone through, how many calls were in progress when they began, and their file
        self.circling: list[tuple[facts.For | facts.While, int, str]] = []
        self.statement: facts.Stmt | None = None  # that is being run
        self.rounds: list[int] = []  # of loops of known length, which round it is
        self.unrolled = 1  # rounds of the loops of known length that are being gone through
        self.tolerant = 0  # attempts in progress whose failure the code survives
        self.loops = 0  # loops of unknown length that are being gone through
        self.located: Noted[str] = Noted(
            self.tracker, "located"
        )  # paths that code speaks of and that do not exist in the repository
        self._handlers: dict[Any, Any] = {}
        self._mounts: dict[Any, dict[Any, Any]] = {}  # router (the place that made it) -> prefix and what it is part of
        self.application: Any = None  # the application whose handler is interpreted
        self.branches: dict[tuple[str, int], Outcomes] = {}
        self._plans: dict[str, Any] = {}  # what orchestrators were told, see orchestration/
        has_settings = bool(project.of_kind(*KINDS))
        self.settings = Settings(self.effects.setting, has_settings)  # what is asked of configuration files
        # the parts of the interpreter that call each other in circles; interpreter.py joins them
        self.evaluate: Callable[[facts.Expr], Any]
        self.execute: Callable[[tuple[facts.Stmt, ...]], bool]
        self.call: Callable[[Any, Arguments, facts.At], Any]
        self.attribute: Callable[[Any, str, facts.At], Any]
        self.item: Callable[[Any, Any, facts.At], Any]
        self.truth: Callable[[Any], bool | None]
        self.bind: Callable[[facts.Expr, Any], None]
        self.load_module: Callable[[str], Any]
        self.new_object: Callable[[str, str, dict[str, Any], facts.At], Any]
        self.apply: Callable[[Any], Any]
        self.apply_entry: Callable[[str, Any, Any, facts.At], Any]  # an attribute that a model speaks of
        self.run_statement: Callable[[Any, Cell], Any]
        self.started: Callable[[str, Cell, facts.At, Arguments], None]
        self.stands_for: Callable[[Any], Any]
        self.watch_return: Callable[[Function, Any, dict[str, Any]], None] | None = None

    @property
    def now(self) -> Activation:
        return self.stack[-1]

    # -------------------------------------------------------------------------------------------- places

    def span(self, at: facts.At, path: str | None = None) -> Span:
        """The span of a packed place in the module that is being interpreted."""
        path = path or self.now.path
        line, column, end_line, end_column = facts.unpack_at(at)
        module = self.python.get(path)
        if module is None or not module.cells:
            return Span(path, line, column, end_line, end_column)
        index = max(bisect_right(module.cells, line) - 1, 0)
        shift = module.cells[index] - 1
        return Span(path, line - shift, column, end_line - shift, end_column, module.cell_numbers[index])

    def ask(self, cell: Any, key: Any, at: facts.At, is_tolerant: bool = False) -> None:
        """The program asks a dictionary for a key: of interest if a configuration file became it."""
        if self.settings.has_any:
            self.settings.asked(cell, key, self.span(at), is_tolerant or self.tolerant > 0 or self.in_test)

    def pass_on(self, *values: Any) -> None:
        """Values go to where nobody follows them."""
        if self.settings.has_any:
            for value in values:
                if type(value) in HOLDERS:
                    self.settings.passed(value)

    # -------------------------------------------------------------------------------------------- bodies

    def body(self, function: facts.Function) -> tuple[facts.Stmt, ...]:
        found = self.bodies.get(id(function))
        if found is None:
            found = self.bodies[id(function)] = facts.body_of(function)
            self.kept.append(function)
        return found

    # ----------------------------------------------------------------------------------------------- SQL

    def query(self, text: str, dialect: str) -> list[Statement]:
        from mllint.linker.sql.embedded import query

        self.tracker.query(text, dialect)
        before = self.schema.changes
        statements = query(text, dialect, self.schema)
        if self.schema.changes != before:
            self.tracker.defined(text)
        return statements

    def sql_file(self, text: str) -> str | None:
        """The SQL file of the repository that holds just this text."""
        self.tracker.sql_file(text, found := self.sql_files.get(text))
        return found

    def take(self, path: str) -> None:
        """The text of a SQL file is taken, to be filled in and run."""
        self.project.taken.add(path)
        self.tracker.taken(path)

    def sql_dialect(self, path: str) -> str:
        from mllint.linker.sql.dialects import configured

        return configured(self.project.settings, path)

    def columns_of_table(self, name: str) -> list[str] | None:
        self.tracker.asks_schema()
        columns = self.schema.columns(name)
        return list(columns) if columns else None

    # ------------------------------------------------------------------------------------------- storage

    def folders(self) -> list[str]:
        """Folders against which a relative path may be meant, likeliest first."""
        base = self.run.folder if self.run is not None else ""
        script = self.effects.path
        own = posixpath.dirname(script)
        if script.endswith(".ipynb"):  # Jupyter starts a notebook in its own folder
            return list(dict.fromkeys([own, base, ""]))
        return list(dict.fromkeys([base, "", own, posixpath.dirname(own)]))

    def variable(self, name: str, has_default: bool) -> str | None:
        """What the run gives an environment variable. Who starts a file by hand leaves what has a default."""
        if self.run is None or (self.run.by_hand and has_default):
            return None
        return dict(self.run.environment).get(name)

    def store(self, node: str, value: Any) -> None:
        """Remember what was written to a node, for those who read it."""
        if not is_named(node):
            return
        writers = self.writers.setdefault(node, {})
        self.tracker.node(node, writers)
        self._no_ghosts(writers)
        self.tracker.stores(node)
        again = node in self.written  # an entry point that runs anew replaces what it wrote before
        writers[self.entry] = join(writers[self.entry], value) if again and self.entry in writers else value
        self.written.add(node)
        self.stored[node] = join_all(writers.values())
        self.shapes[node] = shape(self.stored[node])

    def recall(self, node: str) -> Any:
        self.asked.setdefault(self.entry, {})[node] = self.shapes.get(node, "")
        writers = self.writers.get(node, {})
        self.tracker.node(node, writers)
        if self.stored.get(node) is GHOST:
            self._no_ghosts(writers)
        return self.stored.get(node)

    def knows(self, node: str) -> bool:
        """Whether anything was written to a node; whoever asks runs again if that changes."""
        self.asked.setdefault(self.entry, {})[node] = self.shapes.get(node, "")
        return self.is_stored(node)

    def is_stored(self, node: str) -> bool:
        self.tracker.node(node, self.writers.get(node, ()))
        return node in self.stored

    def _no_ghosts(self, writers: dict[str, Any]) -> None:
        """Values that replayed entry points stored are not at hand: whoever needs one needs its maker to run."""
        if ghosts := [entry for entry, value in writers.items() if value is GHOST and entry != self.entry]:
            raise Needed(ghosts)

    # ---------------------------------------------------------------------- what entry points leave to others

    @property
    def plans(self) -> dict[str, Any]:
        self.tracker.everything()
        return self._plans

    @property
    def handlers(self) -> dict[Any, Any]:
        self.tracker.says()
        return self._handlers

    @property
    def mounts(self) -> dict[Any, dict[Any, Any]]:
        self.tracker.says()
        return self._mounts

    def namespaces(self) -> dict[str, Cell]:
        """Of every module and script that was interpreted, by path."""
        ghosts = self.ghosts.keys()
        found = {**self.apart, **self.modules, **self.scripts}
        return {path: scope for path, scope in found.items() if path not in ghosts}

    @contextmanager
    def own_modules(self) -> Iterator[None]:
        """A run with an environment loads its modules itself: `DATA = os.environ["DATA"]` of a `settings.py` is what
        this run gives it."""
        if not self.is_apart:
            yield
            return
        self.modules, shared = {}, self.modules
        try:
            yield
        finally:
            self.apart = {**self.modules, **self.apart}
            self.modules = shared

    @property
    def is_apart(self) -> bool:
        return self.run is not None and bool(self.run.environment) and not self.run.by_hand

    def script(self, path: str) -> Cell | None:
        """The namespace of a file that ran as a script."""
        if path in self.ghosts:
            raise Needed([self.ghosts[path].entry])
        return self.scripts.get(path)

    def is_stale(self, entry: str) -> bool:
        """Whether something that the entry asked for has changed its shape since."""
        return any(self.shapes.get(node, "") != seen for node, seen in self.asked.get(entry, {}).items())

    @contextmanager
    def outside_branches(self) -> Iterator[None]:
        """What runs inside stays, also when the branch that led to it is undone: the import of a module."""
        journal, exits = self.heap.journal, self.heap.exits
        self.heap.journal, self.heap.exits = [], []
        try:
            yield
        finally:
            self.heap.journal, self.heap.exits, self.heap.leaving = journal, exits, ""

    # --------------------------------------------------------------------------------------------- names

    def lookup(self, name: str) -> Any:
        """The value of a name, `None` if it is bound nowhere."""
        now = self.stack[-1]
        scope: Cell | None = now.scope
        if name in now.globals:
            scope = now.module_scope
        while scope is not None:
            if name in scope.slots:
                return scope.slots[name]
            scope = scope.slots.get("<parent>")
        return None

    def assign(self, name: str, value: Any) -> None:
        scope = self.now.scope
        if name in self.now.globals:
            owner = scope.slots.get("<parent>")
            while owner is not None and name not in owner.slots and "<parent>" in owner.slots:
                owner = owner.slots["<parent>"]
            scope = owner if owner is not None else self.now.module_scope
        self.heap.set(scope, name, value)

    def module_scope_of(self, scope: Cell) -> Cell:
        """The namespace of the module that a scope lies in."""
        while "<parent>" in scope.slots:
            scope = scope.slots["<parent>"]
        return scope

    def returns(self, value: Any) -> None:
        self.now.returns = join(self.now.returns, value)

    # --------------------------------------------------------------------------------------------- calls

    @contextmanager
    def activation(
        self,
        scope: Cell,
        module_scope: Cell,
        path: str,
        function: Function | None,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> Iterator[Activation]:
        self.tracker.touch(module_scope)
        entered = Activation(scope, module_scope, path, function, self.heap.clock, self.heap.forks, given)
        self.stack.append(entered)
        try:
            yield entered
        finally:
            self.stack.pop()

    def refusal(self, function: Function) -> str:
        """Why not to follow one more call: it is too deep, too often in itself, or over the budget. Empty if it may
        be followed."""
        name = function.facts.name
        if self.endpoint and self._is_too_much(function):  # whatever it does with a request stays unseen
            self.effects.watched(self.endpoint, self.span_of_call())
        if len(self.stack) >= (DEEPEST_TEST_CALL if self.in_test else DEEPEST_CALL):
            return f"the call of `{name}` is too deep to follow"
        if time.monotonic() > self.deadline:
            self.cut_short = True
            return f"the call of `{name}` came when the time was up"
        if self.in_test and self.steps > MOST_TEST_STEPS:
            # tests give values to what they call; what their made-up data flows into is of no interest
            return f"the call of `{name}` is over the budget of a test"
        if self.steps > self.most_steps():
            self.effects.cut()
            return f"the call of `{name}` is over the budget of `{self.job}`"
        if self.from_outside and not self.is_worth_following(function):
            return f"`{name}`, called by code that nothing calls, is not followed"
        again = [d for d, a in enumerate(self.stack) if a.function is not None and a.function.facts is function.facts]
        if again and self.tracker.loading and again[0] < self.tracker.depth:
            self.tracker.must_run()  # what the module does depends on who imports it
        return "" if len(again) < MOST_SELF_CALLS else f"`{name}` calls itself"

    def _is_too_much(self, function: Function) -> bool:
        return len(self.stack) >= DEEPEST_CALL or self.steps > self.most_steps()

    def now_returned(self, function: Function, result: Any, given: dict[str, Any]) -> None:
        """A call of `function` from the present activation has returned: a value may have crossed modules."""
        if self.now.path != function.path and self.watch_return is not None:
            self.watch_return(function, result, given)

    def span_of_call(self) -> Span:
        """The place of the call that is in progress."""
        return self.call_places[-1] if self.call_places else Span(self.now.path, 1)

    def most_steps(self) -> int:
        """The budget of the present entry point. Functions that nothing calls share one that grows with the
        repository; when it is used up, each is still looked at, but no call in it is followed."""
        if not self.from_outside:
            return MOST_STEPS
        return MOST_STEPS_FROM_OUTSIDE if self.spent < self.allowance else 0

    def least_budget(self) -> int:
        """So many steps limit nothing."""
        return MOST_TEST_STEPS if self.in_test else self.most_steps()

    def is_worth_following(self, function: Function) -> bool:
        """In a call from outside, with arguments that nobody knows: what leads to data, and small helpers, which may
        give a path."""
        name = function.facts.name.encode()
        if name == b"__init__" or len(bytes(function.facts.body)) < SMALL_BODY:
            return True
        is_relevant = name in self.relevant
        self.tracker.read(f"relevant:{function.facts.name}", b"1" if is_relevant else b"0")
        return is_relevant

    def unknown(self, why: str, at: facts.At, origins: frozenset[str] = frozenset()) -> Unknown:
        return Unknown(origins, why, self.span(at))
