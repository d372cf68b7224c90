"""Where execution begins: scripts and notebooks as commands run them, handlers of routes, and functions that nothing
in the repository calls, which somebody outside may."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from mllint.errors import Problem
from mllint.facts.file import FileFacts
from mllint.facts.python import Attribute, Call, Define, DefineClass, Literal, Module, Name, Stmt
from mllint.lineage.ids import endpoint_id, split_endpoint
from mllint.linker.project import Run
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Constant,
    External,
    Function,
    Unknown,
    join,
    origins_of,
)
from mllint.linker.python.calls import enter, load_module
from mllint.linker.python.classes import bind_parameters, construct
from mllint.linker.python.frames import usage
from mllint.linker.python.ghosts import Ghost, GhostFunction
from mllint.linker.python.library import answering, commands, randomness, requests, telling
from mllint.linker.python.library.routing import answered
from mllint.linker.python.library.services import Handler, functions_of
from mllint.linker.python.library.web import answered_by
from mllint.linker.python.machine import HERE, Machine
from mllint.linker.python.orchestration.processes import with_parameters
from mllint.linker.python.reads import Needed
from mllint.linker.python.replay import Replays
from mllint.linker.python.results.defined import functions_in
from mllint.linker.python.results.definitions import calls_in
from mllint.linker.systems.inventory import is_entry, takes_arguments
from mllint.source import Span

_MOST_WAYS = 6
_MOST_COMMANDS = 12
_ANYWHERE = Span("", 0, 0)
_TESTS = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|tests?|conftest)\.py$")


class Entry(msgspec.Struct, frozen=True):
    """A script with a run (or none that is known), an uncalled function, or a handler of a route."""

    name: str
    path: str
    job: str
    run: Run | None = None
    function: Any = None
    handler: Handler | None = None
    action: Callable[[Machine], None] | None = None  # a step of a pipeline


def is_test(path: str) -> bool:
    return bool(_TESTS.search(path))


def entries_of(m: Machine) -> list[Entry]:
    """Scripts and notebooks: once for each way in which commands run them, else once. Tests come last."""
    runs: dict[str, list[Run]] = {}
    for run in m.project.runs:
        runs.setdefault(run.path, []).append(run)
    result = []
    for file in m.project.with_python():
        known = _ways(_by_command(m, file, runs.get(file.path, [])))
        for index, run in enumerate(known):
            result.append(Entry(f"{file.path}#{index}", file.path, file.path, run))
        if not known:
            result.append(Entry(file.path, file.path, file.path))
    return sorted(result, key=lambda entry: (is_test(entry.path), entry.path.endswith(".ipynb")))


def _by_command(m: Machine, file: FileFacts, runs: list[Run]) -> list[Run]:
    """The runs, and one for each command that a file declares and no run names, if people are to give the rest:
    `commands.add_parser("train")`. What one command is given, another one does not get."""
    whole = [run for run in runs if not run.is_open]
    if file.python is None or (not runs and not is_entry(file.python)) or not takes_arguments(file.python):
        return runs
    names = _commands(m, file.python)
    if not names:
        return runs
    by_people = next((run for run in runs if run.is_open), Run(file.path, (), "", file.path, _ANYWHERE, is_open=True))
    told = {word for run in whole for word in run.arguments}
    further = [msgspec.structs.replace(by_people, arguments=(name,)) for name in names if name not in told]
    return whole + further[:_MOST_COMMANDS]


def _commands(m: Machine, module: Module) -> list[str]:
    declaring = {name.rpartition(".")[2] for name, entry in m.library.calls.items() if entry.computes == "add_parser"}
    found = (
        call.args[0].value
        for call in calls_in(module.body)
        if isinstance(call.function, Attribute) and call.function.name in declaring and call.args
        and isinstance(call.args[0], Literal)
    )  # fmt: skip
    return sorted({name for name in found if isinstance(name, str)})


def _ways(runs: list[Run]) -> list[Run]:
    """The different ways in which a file is started. What is started with an environment only may be started without:
    the defaults of the code are meant as well. Then comes last, since what comes later looks into it."""
    different: dict[Run, Run] = {}
    for run in runs:
        different.setdefault(msgspec.structs.replace(run, job="", span=_ANYWHERE), run)
    by_people = [run for run in different.values() if run.is_open]
    plain = [run for run in different.values() if not run.environment and not run.is_open][:_MOST_WAYS]
    ways = [run for run in different.values() if run.environment and not run.is_open][: _MOST_WAYS - len(plain)]
    if ways and not plain:
        plain = [msgspec.structs.replace(ways[0], by_hand=True)]
    return ways + plain + by_people


def run_entry(m: Machine, replays: Replays, entry: Entry) -> None:
    """Interpret an entry point, unless the last run tells what it says."""
    _begin(m, entry)
    with m.own_modules():
        replays.run(m, entry.name, entry.path, _identity(entry), lambda: _interpret(m, entry))


def _identity(entry: Entry) -> bytes:
    """What tells that an entry point is that of the last run."""
    if isinstance(entry.function, GhostFunction):
        return entry.function.identity
    owner, function = entry.function or (None, None)
    said: list[Any] = [entry.name, entry.path, entry.job, entry.run]
    if function is not None:
        said += [function.path, function.qualified, function.facts.at]
    if entry.handler is not None:
        _, function, _ = _parts(entry.handler)
        said += [entry.handler.endpoint, entry.handler.span, function.path, function.qualified, function.facts.at]
    if owner is not None:
        said += [owner.path, owner.qualified, owner.at]
    return msgspec.msgpack.encode(said)


def _begin(m: Machine, entry: Entry) -> None:
    m.effects.start(entry.name, entry.job, entry.path)
    m.spent += m.steps if m.from_outside else 0
    m.in_test = is_test(entry.path)
    m.from_outside = entry.function is not None
    m.entry, m.job, m.run, m.steps = entry.name, entry.job, entry.run, 0
    m.reloading = set(m.loaded.pop(entry.name, ()))  # of an entry point that runs again
    m.asked[entry.name] = {}
    m.written, m.mapped = set(), {}
    m.memo.clear()
    m.heap.journal.clear()
    m.heap.exits, m.heap.leaving = [], ""
    m.unrolled, m.loops, m.rounds, m.circling = 1, 0, [], []
    m.endpoint = entry.handler.endpoint if entry.handler else ""
    m.application = entry.handler.router if entry.handler else None
    m.stack.clear()
    m.call_places.clear()


def _interpret(m: Machine, entry: Entry) -> None:
    """Whatever goes wrong in an entry point costs only what it would have said."""
    if isinstance(entry.function, GhostFunction):
        raise Needed([entry.path])  # its function was not made, when the script was replayed
    if entry.action is not None:
        m.tracker.everything()
    if entry.handler is not None:
        _, function, receiver = _parts(entry.handler)
        owner = entry.handler.owner
        for made in (entry.handler.router, function.scope, receiver, getattr(owner, "scope", owner)):
            m.tracker.touch_made(made)
    if m.from_outside:
        m.tracker.read("budget:", str(m.most_steps()).encode())
    randomness.begin(m, entry.path)
    try:
        with m.activation(*outermost(m, entry)):
            if entry.handler is not None:
                _answer(m, entry.handler)
            elif entry.action is not None:
                entry.action(m)
            elif entry.function is not None:
                _call_from_outside(m, entry.function)
            elif entry.run is None and not does_something(m, entry.path):
                load_module(m, entry.path)  # it only defines things: as others import it
            else:
                _run_script(m, m.project.files[entry.path])
                m.seeds_of_module[entry.path] = list(dict.fromkeys(m.seed_calls))
    except RecursionError:
        m.effects.cut()
        m.effects.now.makings.clear()  # what came of them was not seen
        m.tracker.must_run()
    except Exception as error:  # a defect of ours: it costs this entry point, and is told, not the run
        if os.environ.get("MLLINT_DEBUG"):
            raise
        m.tracker.must_run()
        m.effects.now.makings.clear()
        where = m.call_places[-1].line if m.call_places else 1
        reason = f"could not be followed: {type(error).__name__}: {error}"
        m.project.problems.append(Problem(entry.path, where, "ML006", reason))


def does_something(m: Machine, path: str) -> bool:
    module = m.project.files[path].python
    return module is not None and is_entry(module)


def outermost(m: Machine, entry: Entry) -> tuple[Cell, Cell, str, None]:
    """The activation from which an entry point is called: its module."""
    is_inside = entry.function is not None or entry.handler is not None or entry.action is not None
    script = m.script(entry.path) if is_inside and entry.path not in m.modules else None
    scope = m.modules.get(entry.path) or script or m.heap.new("scope", {}, (entry.path, 0))
    return scope, scope, entry.path, None


def _run_script(m: Machine, file: FileFacts) -> None:
    assert file.python is not None
    scope = m.heap.new("scope", {}, (file.path, 0))
    scope.slots["__name__"] = Constant("__main__")
    scope.slots["__file__"] = Constant(f"{HERE}/{file.path}")
    m.scripts[file.path] = scope
    m.ghosts.pop(file.path, None)
    m.tracker.makes(scope)
    m.tracker.file(file.path)
    with m.activation(scope, scope, file.path, None):
        body, run = file.python.body, m.run
        m.execute(with_parameters(body, run.arguments) if run is not None and run.entry == "papermill" else body)
        if run is not None and run.is_called:
            _start_installed(m, scope, run.entry, body)


def _start_installed(m: Machine, scope: Cell, name: str, body: tuple[Stmt, ...]) -> None:
    """`train = "package.module:main"`: what the installed command calls, unless the script has called it itself."""
    target = scope.slots.get(name)
    functions = list(commands.below(target))
    if functions and not any(isinstance(call.function, Name) and call.function.id == name for call in _outside(body)):
        m.call(target, Arguments(), functions[0].facts.at)


def _outside(body: tuple[Stmt, ...]) -> Iterator[Call]:
    """The calls of a script, without those inside its functions and classes."""
    return calls_in(tuple(part for part in body if not isinstance(part, Define | DefineClass)))


# ---------------------------------------------------------------------------------------- uncalled functions


def uncalled(m: Machine) -> list[Entry]:
    """Functions and methods that no interpreted code called: each is called once, from outside."""
    handled = {(f.path, f.facts.at) for handler in m.handlers.values() for f in functions_of(m, handler)}
    result: list[Entry] = []
    namespaces = m.namespaces()
    for path in sorted(namespaces.keys() | m.ghosts.keys()):
        if path in m.ghosts:
            result += _uncalled_of(m, m.ghosts[path], path, handled)
            continue
        for owner, function in functions_in(namespaces[path], path):
            if function.path == path and _is_wanted(m, handled, (path, function.facts.at), function.facts.name):
                result.append(Entry(f"{path}:{function.qualified}", path, path, None, (owner, function)))
    return sorted(result, key=lambda entry: (is_test(entry.path), not _is_startup(entry), entry.path))


def _uncalled_of(m: Machine, ghost: Ghost, path: str, handled: set[tuple[str, int]]) -> Iterator[Entry]:
    for function in ghost.functions:
        if _is_wanted(m, handled, (path, function.at), function.name):
            yield Entry(function.entry, path, path, None, function)


def _is_wanted(m: Machine, handled: set[tuple[str, int]], key: tuple[str, int], name: str) -> bool:
    return key not in m.called and key not in handled and name.encode() in m.relevant


def _is_startup(entry: Entry) -> bool:
    """What an application runs before it answers: it loads the models that handlers use."""
    return bool(re.search(r"startup|lifespan|load|init|setup", name_of(entry)))


def name_of(entry: Entry) -> str:
    """The name of an uncalled function."""
    function = entry.function
    return str(function.name if isinstance(function, GhostFunction) else function[1].facts.name)


def _call_from_outside(m: Machine, target: tuple[Any, Function]) -> None:
    owner, function = target
    if (function.path, function.facts.at) in m.called:
        return
    m.from_outside = not commands.is_command(function)
    given: list[Any] = []
    decorators = {d.name.rpartition(".")[2] for d in function.decorators if isinstance(d, External)}
    if owner is not None and "staticmethod" not in decorators:
        given.append(owner if "classmethod" in decorators else construct(m, owner, Arguments(), owner.at))
    values = bind_parameters(m, function, Arguments(tuple(given)), function.facts.at)
    for name, value in values.items():  # `bind_parameters` knows only that they are not given
        if type(value) is Unknown:
            why = f"nothing in the repository calls `{function.facts.name}`, which takes it as `{name}`"
            values[name] = Unknown(value.origins, why, m.span(function.facts.at, function.path))
    values.update(commands.called_from_outside(m, function, function.facts.at))
    for parameter in function.facts.parameters if m.from_outside else ():
        # a default is what is known; but whoever calls from outside may give something else
        if parameter.default is not None and parameter.name in values:
            values[parameter.name] = join(
                values[parameter.name],
                Unknown(why=f"whoever calls it may give another `{parameter.name}`", is_alternative=True),
            )
    result = enter(m, function, values, function.facts.at)
    m.pass_on(result)
    telling.passed_on(m, result)
    usage.used(m, result, *values.values())  # who calls it may use it


# ----------------------------------------------------------------------------------------------- handlers


def handler_entries(m: Machine) -> list[Entry]:
    handlers = {f"{handler.endpoint} {handler.path}": handler for handler in answered(m)}
    return [Entry(name, handler.path, handler.path, None, None, handler) for name, handler in handlers.items()]


def _parts(handler: Handler) -> tuple[tuple[Any, ...], Function, Any]:
    """Its first arguments, its function, and the object whose method that is."""
    if isinstance(handler.function, Bound):
        return (handler.function.receiver,), handler.function.function, handler.function.receiver
    return (), handler.function, None


def _answer(m: Machine, handler: Handler) -> None:
    """Call a route's handler with a request: every parameter is a field of it; what it returns is served."""
    _, function, _ = _parts(handler)
    m.called.add((function.path, function.facts.at))
    m.effects.mark(handler.endpoint, "endpoint", handler.span)
    m.store(handler.endpoint, Constant(True))
    route = endpoint_id(*split_endpoint(handler.endpoint)) if " /" in handler.endpoint else handler.endpoint
    m.store(route, Constant(True))
    m.store(answered_by(route), Constant(handler.path))
    result = _of_function(m, handler) if handler.service is None else answering.answer(m, handler)
    origins = origins_of(result)
    served = frozenset(o for o in origins if not o.startswith(f"column:{handler.endpoint}#") and o != handler.endpoint)
    m.effects.link(served, handler.endpoint, "serves", handler.span)
    m.effects.answered(handler.endpoint, function.qualified)


def _of_function(m: Machine, handler: Handler) -> Any:
    first, function, _ = _parts(handler)
    if not first and function.scope.kind == "class":  # a route over a method of a class that the library makes
        made = function.scope.slots.get("<made>")  # with these arguments, as code of the repository says
        first = (made or construct(m, function.scope.slots["<self>"], Arguments(), function.facts.at),)
    values = bind_parameters(m, function, Arguments(first), function.facts.at)
    with m.activation(
        m.heap.new("scope", {"<parent>": function.scope}), m.module_scope_of(function.scope), function.path, None
    ):
        for index, parameter in enumerate(function.facts.parameters):
            if index < len(first) or parameter.kind in ("star", "double star"):
                continue
            values[parameter.name] = requests.field(m, handler.endpoint, parameter, values[parameter.name])
    return enter(m, function, values, function.facts.at)
