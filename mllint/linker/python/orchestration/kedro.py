"""Kedro: nodes call functions with datasets by name, pipelines hold nodes.

    node(split_data, ["model_input_table", "params:model_options"], ["X_train", "X_test"])

What `create_pipeline` functions put together is collected while they are interpreted; afterwards each node's function
is called with what its names mean, and what it returns goes to the names of its outputs."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Entry, Place
from mllint.lineage.ids import table_id
from mllint.linker.project import Flow
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Constant,
    Function,
    Partial,
    Unknown,
    join_all,
    options_of,
    text_of,
)
from mllint.linker.python.frames import usage
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library import loading, storage
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import passing
from mllint.linker.python.orchestration.job import Job
from mllint.linker.python.orchestration.kedro_catalog import Dataset, project_of
from mllint.source import Span

Names = tuple[tuple[str, str], ...]  # parameter or key of the result (empty: by position), and the dataset's name
Options = tuple[tuple[str, list[str]], ...]  # the same, and each name that it may be


class Node(msgspec.Struct, frozen=True, eq=False):
    function: Any
    inputs: Names
    outputs: Names
    single: bool  # the outputs are one text: the result is not taken apart
    at: facts.At
    path: str
    span: Span

    @property
    def key(self) -> str:
        shown = [",".join(f"{key}={name}" for key, name in names) for names in (self.inputs, self.outputs)]
        return f"kedro {self.path}:{self.span.line}:{self.span.column} {' -> '.join(shown)}"


def node(call: Invocation) -> Any:
    """`node(func, inputs, outputs)`. Names that are one of several, `f"{market}_trips"`, make as many nodes: what one
    name is told with the first market, the others are told with it, too."""
    m, outputs = call.m, call.get("outputs")
    inputs, given = _names(m, call.get("inputs"), call.at), _names(m, outputs, call.at)
    most = max((len(options) for _, options in (*inputs, *given)), default=1)
    made = [
        Node(
            call.get("func", Unknown()),
            _one_each(inputs, variant),
            _one_each(given, variant),
            all(text_of(option) is not None for option in options_of(outputs)) and outputs is not None,
            call.at,
            m.now.path,
            call.span,
        )
        for variant in range(most)
    ]
    return join_all([_cell(m, each, (call.at, i) if i else call.at) for i, each in enumerate(made)])


def _one_each(names: Options, variant: int) -> Names:
    return tuple((key, options[variant % len(options)]) for key, options in names)


def _cell(m: Machine, made: Node, at: Any) -> Cell:
    slots = {"type": "kedro.Node", "class": "kedro.Node", "arguments": {}, "origins": frozenset(), "<node>": made}
    return m.heap.new("object", slots, (m.now.path, at))


def _names(m: Machine, value: Any, at: facts.At) -> Options:
    if texts := _texts(value):
        return (("", texts),)
    if isinstance(value, Cell) and value.kind == "dict":
        known, _ = entries_of(value)
        return tuple((key, texts) for key, item in known.items() if (texts := _texts(item)))
    if value is None or isinstance(value, Constant):
        return ()
    return tuple(("", _texts(item) or [""]) for item in items_of(m, value, at).known or ())


def _texts(value: Any) -> list[str]:
    """Each text that a name may be; none if it may be something else."""
    found = [text_of(option) for option in options_of(value)] if value is not None else []
    return [text for text in found if text is not None] if None not in found else []


# --------------------------------------------------------------------------------------------- pipelines


def pipeline(call: Invocation) -> Any:
    """`pipeline([...])`, `Pipeline([...])`, `pipeline(other, namespace="x", inputs={"a": "b"})`"""
    m = call.m
    nodes = _nodes(m, call.get("pipe|nodes"), call.at)
    waiting = _waiting(m)
    rename = _renaming(call)
    if rename is not None:
        for each in nodes:
            waiting.pop(each.key, None)
        nodes = [_renamed(each, rename) for each in nodes]
    if not m.in_test:
        for each in nodes:
            waiting.setdefault(each.key, each)
    cells = tuple(_cell(m, each, call.at) for each in nodes)
    held = m.heap.new("list", {"items": cells}, (m.now.path, call.at))
    slots = {"type": "kedro.Pipeline", "class": "kedro.Pipeline", "arguments": {}, "origins": frozenset()}
    return m.heap.new("object", {**slots, "items": held}, (m.now.path, call.at))


def _waiting(m: Machine) -> dict[str, Node]:
    found: dict[str, Node] = m.plans.setdefault("kedro nodes", {})
    return found


def _nodes(m: Machine, value: Any, at: facts.At, depth: int = 6) -> list[Node]:
    """The nodes in a pipeline, a list of nodes and pipelines, or what may be one of several."""
    if depth == 0 or value is None:
        return []
    if isinstance(value, Cell) and "<node>" in value.slots:
        return [value.slots["<node>"]]
    found: list[Node] = []
    for option in options_of(value):
        if isinstance(option, Cell) and "<node>" in option.slots:
            found.append(option.slots["<node>"])
        elif isinstance(option, Cell | tuple) or hasattr(option, "items"):
            items = items_of(m, option, at)
            for item in items.known if items.known is not None else options_of(items.any):
                found += _nodes(m, item, at, depth - 1)
    return list({each.key: each for each in found}.values())


class _Renaming(msgspec.Struct, frozen=True):
    prefix: str
    names: dict[str, str]

    def __call__(self, name: str) -> str:
        """A dataset's name in the outer pipeline. Its transcoding (`@pandas`) stays."""
        base, mark, variant = name.partition("@")
        if base in self.names:
            return self.names[base] + mark + variant
        if not self.prefix or base == "parameters":
            return name
        if base.startswith("params:"):
            return f"params:{self.prefix}.{base[len('params:') :]}"
        return f"{self.prefix}.{base}{mark}{variant}"


def _renaming(call: Invocation) -> _Renaming | None:
    prefix = text_of(call.get("namespace")) or ""
    names: dict[str, str] = {}
    for parameter in ("inputs", "outputs", "parameters"):
        value = call.get(parameter)
        if isinstance(value, Cell) and value.kind == "dict":
            known = {old: text_of(new) or old for old, new in entries_of(value)[0].items()}
        else:
            known = {name: name for name in passing.names_in(call.m, value, call.at)}
        if parameter == "parameters":
            known = {_parameter(old): _parameter(new) for old, new in known.items()}
        names.update(known)
    return _Renaming(prefix, names) if prefix or names else None


def _parameter(name: str) -> str:
    return name if name.startswith("params:") or name == "parameters" else f"params:{name}"


def _renamed(each: Node, rename: _Renaming) -> Node:
    inputs = tuple((key, rename(name)) for key, name in each.inputs)
    outputs = tuple((key, rename(name)) for key, name in each.outputs)
    return msgspec.structs.replace(each, inputs=inputs, outputs=outputs)


# ----------------------------------------------------------------------------------------------- running


def jobs(m: Machine) -> list[Job]:
    """All nodes, producers first."""
    nodes = sorted(_waiting(m).values(), key=lambda each: each.key)
    makers: dict[str, list[Node]] = {}
    for each in nodes:
        for _, name in each.outputs:
            makers.setdefault(name.partition("@")[0], []).append(each)
    ordered: dict[str, Node] = {}

    def visit(each: Node, above: frozenset[str]) -> None:
        if each.key in ordered or each.key in above or len(above) > 200:
            return
        for _, name in each.inputs:
            for maker in makers.get(name.partition("@")[0], ()):
                visit(maker, above | {each.key})
        ordered[each.key] = each

    for each in nodes:
        visit(each, frozenset())
    return [Job(each.key, each.path, _runner(each)) for each in ordered.values()]


def _runner(each: Node) -> Any:
    return lambda m: run(m, each)


def run(m: Machine, each: Node) -> None:
    """Call a node's function with its inputs and put what it returns where its outputs say."""
    args, keywords, read = [], {}, []
    for key, name in each.inputs:
        value, place = _input(m, each, name)
        read += [place] if place else []
        if key:
            keywords[key] = value
        else:
            args.append(value)
    result = m.call(each.function, Arguments(tuple(args), keywords), each.at)
    if _is_generator(each.function):
        result = items_of(m, result, each.at).any
    outputs = list(each.outputs)
    if each.single:
        values = [result]
    elif outputs and outputs[0][0]:
        values = [m.item(result, Constant(key), each.at) for key, _ in outputs]
    else:
        values = passing.parts(m, result, len(outputs), each.at)
    written = [_output(m, each, name, value) for (_, name), value in zip(outputs, values, strict=True) if name]
    m.project.flows[Flow(tuple(read), tuple(written), m.job, each.span)] = None


def _is_generator(function: Any) -> bool:
    match function:
        case Function(facts=known) | Bound(function=Function(facts=known)) | Partial(function=Function(facts=known)):
            return bool(known.is_generator)
    return False


def _input(m: Machine, each: Node, name: str) -> tuple[Any, str]:
    """What a name gives to the function, and the node that is read (none for parameters)."""
    project = project_of(m, each.path)
    if name == "parameters":
        return project.parameters.value(project.parameters.root), ""
    if name.startswith("params:"):
        value = project.parameters.at_path(name[len("params:") :])
        return (value if value is not None else Unknown(why=f"no configuration in sight sets `{name}`")), ""
    dataset = project.dataset(name)
    place = _place(m, name, dataset)
    if dataset is None or place.startswith("memory:"):
        return passing.take(m, place, each.at), place
    return _load(m, each, dataset), place


def _place(m: Machine, name: str, dataset: Dataset | None) -> str:
    """The id of a dataset. What nobody describes, or describes as memory, is a value that nodes hand on."""
    if dataset is not None:
        if dataset.table:
            return table_id(dataset.table)
        target = text_of(dataset.file) or text_of(dataset.url)
        if target:
            return locate(m, target)
        if dataset.sql is not None:
            return ""
    return "memory:" + name.partition("@")[0]


_FRAMES = {
    "pandas": "pandas.DataFrame", "polars": "polars.DataFrame", "spark": "pyspark.sql.DataFrame",
    "dask": "pandas.DataFrame", "geopandas": "pandas.DataFrame", "databricks": "pyspark.sql.DataFrame",
    "snowflake": "snowflake.snowpark.DataFrame", "ibis": "ibis.Table", "modin": "pandas.DataFrame",
}  # fmt: skip


def _load(m: Machine, each: Node, dataset: Dataset) -> Any:
    """A catalog entry as its dataset class loads it."""
    words = dataset.kind.removeprefix("kedro_datasets.").removeprefix("kedro.extras.datasets.").split(".")
    kind = _FRAMES.get(words[0], "")
    kind = kind if m.library.holds(kind) == "frame" else "pandas.DataFrame" if kind else ""
    given = {"file": dataset.file, "sql": dataset.sql, "url": dataset.url, "table": Constant(dataset.table)}
    key = next(
        key for key in ("table", "sql", "file", "url") if given[key] is not None and (key != "table" or dataset.table)
    )
    place = {
        "table": Place(table="table"),
        "sql": Place(query="sql"),
        "file": Place(file="file"),
        "url": Place(file="url"),
    }[key]
    if key == "sql":
        given["sql"] = _statement(m, dataset.sql)
    arguments = Arguments((), {name: value for name, value in given.items() if value is not None})
    if kind and "Partitioned" not in dataset.kind:
        invocation = Invocation(m, "kedro.load", Entry(reads=place, returns=kind), None, arguments, each.at)
        return usage.read(m, storage.read(invocation, place), each.at)
    return loading.load(Invocation(m, "kedro.load", Entry(loads=place), None, arguments, each.at), place)


def _statement(m: Machine, value: Any) -> Any:
    """The text of a query, also where it is that of a file."""
    text = text_of(value) or ""
    if text.endswith(".sql"):
        file = m.project.files.get(locate(m, text).removeprefix("file:"))
        if file is not None and file.sql is not None:
            return Constant(file.sql.text)
    return value


def _output(m: Machine, each: Node, name: str, value: Any) -> str:
    place = _place(m, name, project_of(m, each.path).dataset(name))
    if place:
        passing.put(m, place, value, each.at)
    return place
