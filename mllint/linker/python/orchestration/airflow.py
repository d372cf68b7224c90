"""Airflow: operators run what they are given when they are made; what a task returns goes to `xcom:DAG.TASK`.

    train = PythonOperator(task_id="train", python_callable=fit, op_kwargs={"path": "{{ params.path }}"})
    PythonOperator(task_id="check", python_callable=check, op_kwargs=train.output)

A task that asks for the value of one that comes later in the file is interpreted again."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.lineage.ids import file_id
from mllint.linker.project import Flow
from mllint.linker.python import classes
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Constant,
    External,
    Function,
    Hole,
    Partial,
    Text,
    Unknown,
    join_all,
    text_of,
)
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import passing, templates


def dag(m: Machine, made: Cell, at: facts.At) -> None:
    """`with DAG("churn") as dag:` names the tasks that follow in the file."""
    given = made.slots["arguments"]
    m.plans["airflow dag"] = (m.entry, text_of(given.get("dag_id", given.get("0"))) or "")
    m.plans["airflow params"] = (m.entry, given.get("params"))


def _dag_name(m: Machine, given: dict[str, Any]) -> str:
    if isinstance(given.get("dag"), Cell):
        arguments = given["dag"].slots.get("arguments", {})
        name = text_of(arguments.get("dag_id", arguments.get("0")))
        if name:
            return name
    for activation in reversed(m.stack):
        if activation.function is not None:
            for decorator in activation.function.decorators:
                name = _dag_decorator(decorator)
                if name is not None:
                    return name or activation.function.facts.name
    entry, name = m.plans.get("airflow dag", ("", ""))
    stem = posixpath.basename(m.effects.path).removesuffix(".py")
    return name if entry == m.entry and name else stem


def _dag_decorator(decorator: Any) -> str | None:
    """What a DAG's decorator calls it: empty if it is named after its function; `None` if it is none."""
    if isinstance(decorator, External):
        return "" if decorator.name.endswith(".dag") else None
    if isinstance(decorator, Cell) and str(decorator.slots.get("class", "")).endswith(".dag"):
        given = decorator.slots["arguments"]
        return text_of(given.get("dag_id", given.get("0"))) or ""
    return None


def _node(m: Machine, given: dict[str, Any], task: str = "") -> str:
    name = task or text_of(given.get("task_id")) or "{task_id}"
    return f"xcom:{_dag_name(m, given)}.{name}"


# ----------------------------------------------------------------------------------------------- operators


def python(m: Machine, made: Cell, at: facts.At) -> None:
    """`PythonOperator(task_id=..., python_callable=f, op_kwargs={...}, op_args=[...])`"""
    given = made.slots["arguments"]
    node = made.slots["<node>"] = _node(m, given)
    keywords, rest = entries_of(given["op_kwargs"]) if "op_kwargs" in given else ({}, None)
    args = items_of(m, given["op_args"], at).known or [] if "op_args" in given else []
    context = _context(m, given, at)
    if "templates_dict" in given:
        context["templates_dict"] = _rendered(m, given["templates_dict"], given, at)
    filled = {name: _rendered(m, value, given, at) for name, value in keywords.items()}
    positional = tuple(_rendered(m, value, given, at) for value in args)
    function = given.get("python_callable", Unknown())
    result = _within(
        m, node, given, function, lambda: m.call(function, Arguments(positional, {**context, **filled}, rest), at)
    )
    passing.pass_on(m, node, result, at)
    declared(m, made, at)


def _within(m: Machine, node: str, given: dict[str, Any], function: Any, run: Callable[[], Any]) -> Any:
    """Run a task as a job of the file that its function stands in; what it pushes itself goes under its own name. What
    it returns goes to Airflow, and not to the module that puts the DAG together."""
    outer, job = m.plans.get("airflow task"), m.effects.job
    watch, depth = m.watch_return, len(m.stack)
    m.watch_return = lambda *told: watch(*told) if watch is not None and len(m.stack) > depth else None
    m.plans["airflow task"] = (node, given)
    m.effects.job = m.job = _file_of(function) or job
    try:
        return run()
    finally:
        m.watch_return = watch
        m.plans["airflow task"] = outer
        m.effects.job = m.job = job


def _file_of(function: Any) -> str:
    match function:
        case Function(path=path):
            return path
        case Bound(function=inner) | Partial(function=inner):
            return _file_of(inner)
        case Cell(kind="instance"):
            return str(function.slots["<class>"].path)
    return ""


def _context(m: Machine, given: dict[str, Any], at: facts.At) -> dict[str, Any]:
    """What Airflow passes to a task by name."""
    slots = {"type": "airflow.TaskInstance", "class": "airflow.TaskInstance", "arguments": {}, "origins": frozenset()}
    instance = m.heap.new("object", slots, (m.now.path, at))
    values: dict[str, Any] = {"ti": instance, "task_instance": instance}
    for name in ("ds", "ds_nodash", "ts", "ts_nodash", "run_id"):
        values[name] = Text((Hole(name),))
    for name in ("execution_date", "logical_date", "data_interval_start", "data_interval_end", "dag_run", "dag"):
        values[name] = Unknown(why=f"`{name}` is given by the run")
    values["params"] = given.get("params", m.heap.new("dict", {}, (m.now.path, at)))
    return values


def context(call: Invocation) -> Any:
    """`get_current_context()`"""
    _, given = call.m.plans.get("airflow task") or ("", {})
    return call.m.heap.new("dict", _context(call.m, given, call.at), (call.m.now.path, call.at))


def _rendered(m: Machine, value: Any, given: dict[str, Any], at: facts.At) -> Any:
    """A templated argument: `{{ ds }}` is an unknown part, `{{ ti.xcom_pull(...) }}` what the other task returned."""
    if isinstance(value, Cell) and value.slots.get("<node>", "").startswith("xcom:") and value.kind == "object":
        return passing.receive(m, value.slots["<node>"], at)  # an operator itself stands for its output
    params = _params(m, given)

    def pulled(task: str) -> Any:
        return passing.receive(m, _node(m, given, task), at)

    return templates.render(m, value, params, pulled, at)


def _params(m: Machine, given: dict[str, Any]) -> dict[str, Any]:
    """`params` of the DAG, and of the operator."""
    entry, of_dag = m.plans.get("airflow params", ("", None))
    params, _ = entries_of(of_dag) if of_dag is not None and entry == m.entry else ({}, None)
    return {**params, **entries_of(given["params"])[0]} if "params" in given else params


def command(m: Machine, made: Cell, at: facts.At) -> None:
    """`BashOperator(bash_command="python jobs/train.py --date {{ ds }}")`, containers and Spark jobs likewise."""
    given = made.slots["arguments"]
    made.slots["<node>"] = _node(m, given)
    templates.start_files(m, given, at)
    declared(m, made, at)


def sql(m: Machine, made: Cell, at: facts.At) -> None:
    """`PostgresOperator(task_id=..., sql="insert ...")`, or the path of a file of SQL."""
    given = made.slots["arguments"]
    node = made.slots["<node>"] = _node(m, given)
    rows = templates.run_sql(m, str(made.slots["class"]), given, _params(m, given), at)
    if rows is not None:
        passing.pass_on(m, node, rows, at)
    declared(m, made, at)


def plain(m: Machine, made: Cell, at: facts.At) -> None:
    """An operator that is not modelled for itself: one that copies, or that only declares its assets."""
    made.slots["<node>"] = _node(m, made.slots["arguments"])
    templates.transfer(m, str(made.slots["class"]), made.slots["arguments"], at)
    declared(m, made, at)


def own(m: Machine, made: Cell, at: facts.At, start: Callable[[Machine, Cell, facts.At], None]) -> None:
    """An operator class of the repository: its `execute(self, context)` is the task; without one of its own it does
    (`start`) what its base class does with its attributes."""
    execute = classes.find_method(m, made, "execute")
    if execute is not None:
        values = _context(m, {}, at)
        m.call(execute, Arguments((m.heap.new("dict", values, (m.now.path, at)),)), at)
        return
    slots = {"type": "", "class": made.slots["<class>"].name, "arguments": classes.instance_fields(made)}
    start(m, m.heap.new("object", {**slots, "origins": frozenset()}, (m.now.path, at)), at)


def declared(m: Machine, made: Cell, at: facts.At) -> None:
    """`inlets=[Asset(...)]`, `outlets=[Asset(...)]`: what people say that a task reads and writes."""
    given = made.slots["arguments"]
    ends = [_assets(m, given.get(name), at) for name in ("inlets", "outlets")]
    for node in (*ends[0], *ends[1]):
        m.effects.mark(node, "dataset", m.span(at))
    if ends[1]:
        m.project.flows[Flow(tuple(ends[0]), tuple(ends[1]), m.job, m.span(at))] = None


def _assets(m: Machine, value: Any, at: facts.At) -> list[str]:
    found = []
    for item in (items_of(m, value, at).known or []) if value is not None else ():
        arguments = item.slots.get("arguments", {}) if isinstance(item, Cell) else {"0": item}
        uri = text_of(arguments.get("uri", arguments.get("0", arguments.get("name"))))
        if uri:
            found.append(file_id(uri) if "://" in uri or "/" in uri else f"memory:{uri}")
    return found


# -------------------------------------------------------------------------------------------------- values


def output(call: Invocation) -> Any:
    """`operator.output`"""
    node = call.receiver.slots.get("<node>") if isinstance(call.receiver, Cell) else None
    return passing.receive(call.m, node, call.at) if node else Unknown()


def pull(call: Invocation) -> Any:
    """`ti.xcom_pull(task_ids="train", key="path")`"""
    given = {"dag": Constant(None)}
    other = text_of(call.get("dag_id"))
    key = text_of(call.get("key")) or "return_value"
    found = []
    tasks = call.get("task_ids")
    for task in passing.names_in(call.m, tasks, call.at):
        node = f"xcom:{other}.{task}" if other else _node(call.m, given, task)
        found.append(passing.receive(call.m, node if key == "return_value" else f"{node}.{key}", call.at))
    if not found:
        return Unknown(why="what another task returned is not known", span=call.span)
    if text_of(tasks) is None:
        return call.m.heap.new("list", {"items": tuple(found)}, (call.m.now.path, call.at))
    return join_all(found)


def push(call: Invocation) -> Any:
    """`ti.xcom_push(key="path", value=path)`"""
    node, _ = call.m.plans.get("airflow task") or ("", {})
    key = text_of(call.get("key"))
    if node and key:
        passing.pass_on(call.m, f"{node}.{key}", call.get("value", Unknown()), call.at)
    return Constant(None)


def variable(call: Invocation) -> Any:
    """`Variable.get("bucket", default_var="x")`: the default, or an unknown text of that name."""
    default = call.get("default_var|default")
    if default is not None:
        return default
    name = text_of(call.get("key|0"))
    return Text((Hole(name),)) if name else Unknown()


def _numbered(m: Machine, node: str, at: facts.At) -> str:
    """The second place that calls a task makes another task of it, `check__1`."""
    places = m.plans.setdefault("airflow calls", {}).setdefault(node, [])
    place = (m.now.path, at)
    if place not in places:
        places.append(place)
    index = places.index(place)
    return f"{node}__{index}" if index else node


def task(m: Machine, function: Function, by: Any, arguments: Arguments, at: facts.At, follow: Any) -> Any:
    """A function under `@task`: what it returns is told under its name."""
    given = by.slots.get("arguments", {}) if isinstance(by, Cell) else {}
    node = _numbered(m, _node(m, given, text_of(given.get("task_id")) or function.facts.name), at)
    named = {parameter.name for parameter in function.facts.parameters}
    takes_all = any(parameter.kind == "double star" for parameter in function.facts.parameters)
    context = {name: value for name, value in _context(m, given, at).items() if takes_all or name in named}
    positional = [p.name for p in function.facts.parameters if p.kind in ("plain", "positional")]
    for name in positional[: len(arguments.args)]:
        context.pop(name, None)
    args = tuple(_rendered(m, value, given, at) for value in arguments.args)
    keywords = {name: _rendered(m, value, given, at) for name, value in arguments.keywords.items()}
    every = Arguments(args, {**context, **keywords}, arguments.rest)
    result = _within(m, node, given, function, lambda: follow(m, function, every, at))
    passing.pass_on(m, node, result, at)
    ends = m.heap.new("object", {"arguments": given}, (m.now.path, at))
    declared(m, ends, at)
    return passing.receive(m, node, at) if m.is_stored(node) else result
