"""Reading and writing: files, tables, streams, and objects that are saved and loaded again."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Labels, Place
from mllint.lineage import expressions as ex
from mllint.lineage import ids
from mllint.lineage.graph import NodeKind
from mllint.lineage.observations import ModelLabel
from mllint.lineage.trials import RowSet
from mllint.linker.python.abstract import json_texts
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import told_loss
from mllint.linker.python.abstract.tables import Table, of_dataset, stored_in
from mllint.linker.python.abstract.traces import ROWS, without_traces
from mllint.linker.python.abstract.values import (
    KEYS,
    NOTHING,
    Bound,
    Choice,
    Column,
    Constant,
    Tuple,
    Unknown,
    as_measures,
    counted,
    is_text,
    join_all,
    options_of,
    origins_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.library import buffers, columns, delimited, fields, queries
from mllint.linker.python.library.circumstances import of_read, of_write
from mllint.linker.python.library.estimators import models_in, parts
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import chosen, nodes_of, revision_of, texts
from mllint.linker.python.library.requests import named_by_clients
from mllint.linker.python.library.rows import drawn, note_stored
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.records import KNOWN


def read(call: Invocation, place: Place) -> Any:
    """Rows of a file, table, query or URL: a frame with the columns that are known of it."""
    m, place = call.m, chosen(call, place)
    if place.query:
        return queries.read(call, place)
    call = named_by_clients(call, place)
    if place.instead and (files := call.get(place.instead)) is not None:
        return _read_files(call, files, place.instead)
    if place.file and _is_buffer(call.get(place.file)):
        return _frame(call, [_read_buffer(call, call.get(place.file))])
    tables = []
    argument = _argument(call, place)
    nodes = nodes_of(call, place)
    for node in nodes:
        note_read(call, node, place, argument)
        table, told_by = _table(call, m, node), without_traces(origins_of(argument))
        # data may tell which files are read: `imread(folder / row["name"])`
        tables.append(msgspec.structs.replace(table, origins=table.origins | told_by) if told_by else table)
    if not nodes:
        note_unknown(call, argument, is_read=True)
    return _frame(call, tables)


def _read_files(call: Invocation, files: Any, parameter: str) -> Any:
    """Rows of files that a parameter lists, or gives by name: `data_files={"train": "a.csv", "test": ["b.csv"]}`."""
    if isinstance(files, Cell) and files.kind == "dict":
        known = {key: value for key, value in files.slots.items() if key != "<span>"}
        parts = {key: _read_files(call, value, parameter) for key, value in known.items()}
        return call.m.heap.new("dict", parts, (call.m.now.path, call.at))
    if isinstance(files, Tuple) or (isinstance(files, Cell) and files.kind == "list"):
        files = join_all(files.items if isinstance(files, Tuple) else files.slots["items"])
    return read(call.with_given({**call.given, parameter: files}), Place(file=parameter))


def is_named(call: Invocation, place: Place) -> bool:
    """Whether what is read is given by its name, rather than as it is."""
    return any(is_text(option) for option in options_of(_argument(call, place)))


def _argument(call: Invocation, place: Place) -> Any:
    """What tells which: a value, or the first of a template's that is not known."""
    parameter = place.file or place.table or place.url or place.topic or place.collection or place.model
    if parameter:
        return call.get(parameter)
    values = [(name, call.get(name)) for name in re.findall(r"\{(\w+)\}", place.node) if name != "job"]
    missing = [Unknown(why=f"`{name}` is not given") for name, value in values if value is None]
    lost = [value for _, value in values if not isinstance(value, Constant) and value is not None]
    return next(iter(lost + missing), None)


def note_read(call: Invocation, node: str, place: Place, argument: Any = None) -> None:
    m = call.m
    kind: NodeKind = "model" if place.model else "dataset"
    holds_model = call.entry.loads is place and not place.model
    if node.startswith(ids.LOGGED) or (holds_model and m.library.holds(call.entry.returns) == "estimator"):
        kind = "artifact"  # `AutoModel.from_pretrained("bert-base-uncased")`
    m.effects.mark(node, kind, call.span)
    loss = KNOWN if ids.is_named(node) else told_loss(argument)
    how = of_read(call, node, revision_of(argument) if place.model else "")
    m.effects.access(node, call.span, m.now.path, True, loss, how=how)


def note_unknown(call: Invocation, argument: Any, is_read: bool, data: Any = None) -> None:
    """A read or write of which nothing is known but its place; `data` is what is written."""
    origins = origins_of(data) if data is not None else NOTHING
    call.m.effects.access("", call.span, call.m.now.path, is_read, told_loss(argument), origins)


def _table(call: Invocation, m: Machine, node: str) -> Table:
    stored = m.recall(node)
    rows = f"{node}"
    if isinstance(stored, Cell) and stored.kind == "frame":
        return stored_in(node, stored.slots["table"], rows)
    header = m.project.header(node)
    names = _given_names(call)
    if call.entry.columns is not None and call.entry.columns.names and stored is not None:
        names = delimited.columns_read(call, node, stored, names) or names
    if names is not None:
        return of_dataset(node, names, rows)
    table = of_dataset(node, header if _has_header(call) else None, rows)
    only = (
        frames.names_of(call.get(call.entry.columns.only)) if call.entry.columns and call.entry.columns.only else None
    )
    return table.select(only) if only else table


def _given_names(call: Invocation) -> list[str] | None:
    if call.entry.columns is None or not call.entry.columns.names:
        return None
    given = call.get(call.entry.columns.names)
    return frames.schema_names(given) if given is not None else None


def _has_header(call: Invocation) -> bool:
    """Whether the first line of a file may hold names: `spark.read.option("header", "true").csv(path)`."""
    if call.entry.columns is None or not call.entry.columns.header:
        return True
    given = call.get(call.entry.columns.header, Constant(False))
    return not isinstance(given, Constant) or str(given.value).lower() == "true"


def _frame(call: Invocation, tables: list[Table]) -> Any:
    table = frames.merge_all(tables) if tables else Table(origins=call.origins())
    if not table.origins and not call.m.in_test:  # of a file whose name is not known
        table = msgspec.structs.replace(table, origins=drawn(call))
    library = call.m.library
    if call.entry.rows:
        return frames.new(call.m, table, call.entry.rows, call.at)
    kind = call.entry.returns if library.holds(call.entry.returns) == "frame" else library.usual.get("frame", "")
    if call.entry.returns and library.holds(call.entry.returns) not in ("frame", ""):
        return Unknown(table.origins, "", call.span)
    if call.entry.returns == "unknown":
        return Unknown(table.origins, "", call.span)
    return frames.new(call.m, table, kind, call.at)


def _is_buffer(value: Any) -> bool:
    """Something to read from that is no path: an open file, a response, a buffer."""
    if isinstance(value, Bound):  # `upload.file`
        return isinstance(value.receiver, Column)
    if isinstance(value, Cell) and value.kind == "list":  # of paths: `spark.read.parquet(["a", "b"])`
        return not any(is_text(item) for item in (*value.slots["items"], value.slots.get("<rest>")))
    if isinstance(value, Cell):
        return value.kind in ("object", "frame", "dict")
    return isinstance(value, Unknown | Column) and bool(without_traces(value.origins))


def _read_buffer(call: Invocation, buffer: Any) -> Table:
    nodes = buffer.slots["nodes"] if isinstance(buffer, Cell) and "path" in buffer.slots else buffers.nodes_held(buffer)
    if nodes:
        return frames.merge_all([_table(call, call.m, node) for node in nodes])
    held = buffers.content(call.m, buffer)
    if isinstance(held, Cell) and held.kind == "frame":  # written a moment ago, into memory
        table: Table = held.slots["table"]
        return table
    return Table(open=True, base=_single(origins_of(buffer)), origins=origins_of(buffer))


def _single(origins: frozenset[str]) -> frozenset[str]:
    datasets = frozenset(o for o in origins if not o.startswith(("column:", "model@", "@")))
    return datasets if len(datasets) == 1 else frozenset()


# ------------------------------------------------------------------------------------------------ writing


def write(call: Invocation, place: Place) -> None:
    """Data goes into a file, table or topic, or to a consumer outside."""
    m, place = call.m, chosen(call, place)
    value = call.get(place.value) if place.value else call.receiver
    if place.value == "*":
        value = Tuple(tuple(call.arguments.values()))
    if call.constant("index", True) is not False:
        value = with_index(m, value, call.at)
    target = call.get(place.file) if place.file else None
    if is_returned(call, place):
        return
    if place.query:
        queries.execute(call, place)
        return
    value = buffers.content(m, value)
    if buffers.takes(target):
        buffers.hold(m, target, value)
        return
    nodes = nodes_named(call, place, target)
    if not nodes and not place.consumer:
        note_unknown(call, target if target is not None else _argument(call, place), is_read=False, data=value)
    for node in nodes:
        if place.consumer:
            m.effects.mark(node, "consumer", call.span)
            m.effects.link(origins_of(value), node, "consumes", call.span)
            continue
        put(call, node, value, _argument(call, place))


def with_index(m: Machine, value: Any, at: facts.At) -> Any:
    """A frame as it is written unless somebody says otherwise: its index comes first."""
    if isinstance(value, Cell) and value.kind == "frame" and value.slots["table"].index:
        return m.heap.new("frame", {**value.slots, "table": value.slots["table"].without_index()}, (m.now.path, at))
    return value


def is_returned(call: Invocation, place: Place) -> bool:
    """Whether a method that writes its receiver to a file gives it back as text instead: `df.to_csv()`."""
    no_path = place.file and not place.default and call.get(place.file) is None
    return bool(no_path and place.value in ("", "self") and call.receiver is not None and place.file != "self")


def nodes_named(call: Invocation, place: Place, target: Any) -> list[str]:
    if isinstance(target, Cell) and "nodes" in target.slots:
        return list(target.slots["nodes"])
    return nodes_of(call, place)


def _note_packages(call: Invocation, model: Cell) -> None:
    """What has to be installed, in a version that understands it, to load the model: steps of a pipeline included.
    Numbers by name, as `state_dict()` gives them, any version reads."""
    for part in parts(model):
        packages = call.m.library.packages(part.slots["type"], part.slots["class"]) if "token" in part.slots else ()
        if packages:
            call.m.effects.model(model.slots["token"], "packages", packages, call.span)


def put(call: Invocation, node: str, value: Any, argument: Any = None) -> None:
    """A value goes into a dataset or artifact."""
    m, span = call.m, call.span
    models = models_in(value)
    if call.entry.writes is not None and call.entry.writes.as_text:
        m.effects.link([model.slots["token"] for model in models], node, "writes", span)
        models = []
    loss = KNOWN if ids.is_named(node) else told_loss(argument)
    m.effects.access(node, span, m.now.path, False, loss, how=of_write(call, node, value))
    in_memory = node.startswith(("memory:", "xcom:"))
    is_export = call.entry.saves is not None and call.entry.saves.portable
    is_artifact = ((models or is_export) and not in_memory) or node.startswith(ids.LOGGED)
    m.effects.mark(node, "artifact" if is_artifact else "dataset", span)
    for model in models:
        token = model.slots["token"]
        m.effects.link([token], node, "saves", span)
        if node.startswith("model:"):
            m.effects.model(token, "registered", node.removeprefix("model:"), span)
        elif not in_memory:
            m.effects.model(token, "artifact", node, span)
        if not in_memory and not is_export and "taken apart" not in model.slots:
            _note_packages(call, model)
        held = {o for o in model.slots.get("origins", frozenset()) - {token} if counted(o) == o}
        held -= m.effects.taught(token)  # a network made with a size of what it is trained on does not hold that
        m.effects.link([o for o in held if o.startswith(("file:", "model:")) or "://" in o], node, "saves", span)
    tokens = {model.slots["token"] for model in models}
    for option in value.options if isinstance(value, Choice) else (value,):
        _put_data(m, node, option, tokens, span, set())
    m.store(node, value)
    note_stored(m, node, value, span)


def _networks_of(value: Cell) -> set[str]:
    return {model.slots["token"] for model in models_in(value)}


def _put_data(
    m: Machine,
    node: str,
    value: Any,
    tokens: set[str],
    span: Any,
    seen: set[tuple[int, str]],
    is_entry: bool = False,
    key: str = "",
) -> None:
    """`key`: the field of a written dictionary that the value stands in; it is a column of what is written. `seen`:
    what was put under which key; many dictionaries hold the same ones."""
    if isinstance(value, Constant) and not value.origins:
        return
    if isinstance(value, Cell) and value.kind in ("list", "dict"):
        if (id(value), key) in seen:
            return
        seen.add((id(value), key))
    match value:
        case Cell(kind="frame"):
            kind = m.library.types.get(value.slots["type"])
            table = value.slots["table"]
            m.effects.write_table(node, table, "writes", span)
            if kind is not None and kind.nameless:
                origins = frozenset().union(*(c.origins for c in table.columns.values()))
                m.effects.link(origins, node, "writes", span)
        # what lies beside a network tells how it did: `{"model": net.state_dict(), "accuracy": right / total}`
        case Column() if columns.is_statistic(value) or (is_entry and tokens):
            m.effects.link(as_measures(value.origins), node, "writes", span)
            _put_field(m, node, key, value, as_measures(value.origins), span)
        case Column():
            m.effects.link(value.origins, node, "writes", span)
            if key or value.name:
                m.effects.write_column(node, key or value.name, value, span)
        case Tuple(items=items):
            for item in items:
                _put_data(m, node, item, tokens, span, seen, key=key)
        case Cell(kind="list"):
            for item in (*value.slots["items"], value.slots.get("<rest>")):
                _put_data(m, node, item, tokens, span, seen, key=key)
        case Cell(kind="dict"):
            has_fields = fields.has(node) and not tokens
            for name, item in value.slots.items():
                if name == KEYS and isinstance(
                    item, Column | Unknown
                ):  # `{item: i for i, item in enumerate(df["item"])}`
                    m.effects.link(origins_of(item), node, "writes", span)
                elif name not in ("<span>", KEYS):
                    own = key or (fields.named(name) if has_fields else "")
                    _put_data(m, node, item, tokens, span, seen, is_entry=True, key=own)
        case Choice(options=options):
            for option in options:
                _put_data(m, node, option, tokens, span, seen, is_entry, key)
        case Cell(kind="object") if value.slots.get("token") in tokens:
            pass
        case Cell(kind="object") if json_texts.is_json(value):
            _put_data(m, node, value.slots["held"], tokens, span, seen, is_entry, key)
        case Cell(kind="object") if buffers.is_bytes_of(value) or (handles_of(value) and not is_entry):
            m.effects.link(origins_of(value), node, "writes", span, is_copy=True)
        case Cell(kind="instance") if _networks_of(value) & tokens:
            pass  # a network of a class of the repository: what it was made with is not what is written
        case Cell(kind="instance"):  # an object that holds a model is that model, and no prediction of it
            m.effects.link(origins_of(value) - tokens, node, "writes", span, is_copy=True)
        case None:
            pass
        case _:
            origins = origins_of(value) - tokens
            # an entry that is no column (a count, a note of how a run went) holds predictions no more; a text may
            origins = as_measures(origins) if is_entry else origins
            m.effects.link(origins, node, "writes", span)
            _put_field(m, node, key, value, origins, span)


def handles_of(value: Cell) -> tuple[str, ...]:
    """The places that an open file is read from: written as it is, it is copied."""
    nodes: tuple[str, ...] = value.slots.get("nodes", ())
    return nodes if value.slots.get("origins", frozenset()) >= set(nodes) else ()


def _put_field(m: Machine, node: str, key: str, value: Any, origins: frozenset[str], span: Any) -> None:
    """A value that is no column goes into a field of what is written: a count, a score."""
    if key and without_traces(origins):
        expression = value.expression if isinstance(value, Column) else ex.Unresolved("computed")
        m.effects.write_column(node, key, Column(expression, origins, key, span), span)


def save(call: Invocation, place: Place) -> None:
    """An object is saved as it is: `joblib.dump(model, path)`."""
    write(call, place)


def nodes_told(call: Invocation) -> list[str]:
    """The nodes that a call saves to, or copies to."""
    places = [call.entry.saves, call.entry.copies.target if call.entry.copies else None]
    return [node for place in places if place is not None for node in nodes_of(call, place)]


def transfer(call: Invocation, source: Place, target: Place) -> None:
    """What one place holds goes into another as it is: a download, an upload, a copy."""
    m, held, into = call.m, _buffer(call, source), _buffer(call, target)
    if held is not None:
        for node in nodes_of(call, target):
            put(call, node, buffers.content(m, held))
        return
    sources = nodes_named(call, source, call.get(source.file) if source.file else None)
    for node in sources:
        note_read(call, node, source, _argument(call, source))
        if into is not None:
            buffers.hold(m, into, buffers.reference(m, node, call.at))
    if into is not None:
        return
    for node in nodes_named(call, target, call.get(target.file) if target.file else None):
        if target.consumer:
            m.effects.mark(node, "consumer", call.span)
            m.effects.link(sources, node, "consumes", call.span)
            continue
        loss = KNOWN if ids.is_named(node) else told_loss(_argument(call, target))
        m.effects.access(node, call.span, m.now.path, False, loss, how=of_write(call, node))
        m.effects.mark(node, _kind_of(target, node), call.span)
        m.effects.link(sources, node, "saves" if target.model else "writes", call.span, is_copy=True)
        for origin in sources:
            carry(m, origin, node, call.span)


def _kind_of(target: Place, node: str) -> NodeKind:
    return "model" if target.model else "artifact" if node.startswith(ids.LOGGED) else "dataset"


def carry(m: Machine, source: str, target: str, span: Any) -> None:
    """What is known of a place is known of its copy."""
    if source != target and ids.is_named(source) and ids.is_named(target) and not target.startswith("model:"):
        m.effects.row_set(RowSet(f"{ROWS}{target}", "stored", (f"{ROWS}{source}",), span))
    stored = m.recall(source) if source != target else None
    if stored is None or source.startswith("model:") or target.startswith("model:"):
        return
    if isinstance(stored, Cell) and stored.kind == "frame" and not stored.slots["table"].open:
        m.effects.write_table(target, of_dataset(source, list(stored.slots["table"].columns)), "writes", span)
    m.store(target, stored)


def _buffer(call: Invocation, place: Place) -> Cell | None:
    """The buffer that stands where a place may be given by its name: `upload_fileobj(buffer, ...)`."""
    given = call.get(place.file) if place.file else None
    return given if buffers.is_buffer(given) else None


def check(call: Invocation, place: Place) -> None:
    """`os.path.exists(path)`: what is read may not be there, and the code knows."""
    for node in nodes_of(call, place):
        call.m.effects.checked(node)


def label(call: Invocation, labels: Labels) -> None:
    """`client.set_registered_model_alias("eta", "champion", 3)`"""
    for name in texts(call.get(labels.model)):
        for word in texts(call.get(labels.label)):
            call.m.effects.labelled(ModelLabel(ids.model_id(name), word, call.span, call.m.effects.job))
