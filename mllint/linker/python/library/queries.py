"""SQL in Python: the tables a query reads, the columns it gives, the tables a statement writes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mllint.libraries.models import Place
from mllint.lineage.ids import column_id, is_telling, table_id
from mllint.lineage.observations import Limit
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import told_loss
from mllint.linker.python.abstract.tables import Table, dataset_origins, of_dataset
from mllint.linker.python.abstract.traces import rows_in
from mllint.linker.python.abstract.values import NOTHING, Column, Loss, Unknown, options_of, origins_of, text_of
from mllint.linker.python.frames import frames
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import connections, local_frames, parameters, rows, sql_functions, sql_models
from mllint.linker.python.library.circumstances import adds
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.reloading import reload
from mllint.linker.python.machine import HERE
from mllint.linker.python.results.records import KNOWN, How
from mllint.linker.sql.namespaces import settled, within
from mllint.linker.sql.schema import table_name
from mllint.linker.sql.statements import Statement, dataset_id

_TABLE = re.compile(r"[\w.$\"`\[\]-]+")
_NAMED_QUERY = re.compile(r"\s*\(.*\)\s*(?:as\s+)?\w+\s*", re.DOTALL | re.IGNORECASE)  # what JDBC takes for a table


def read(call: Invocation, place: Place) -> Any:
    """The frame that a query yields: one column for each select item, from the columns of the tables it reads."""
    m, tables = call.m, []
    value = call.get(place.query)
    if isinstance(value, Cell) and "tables" in value.slots:  # `pd.read_sql(select(User), engine)`
        return call.m.run_statement(call, value)
    texts = _texts(call, value)
    for text in texts:
        if _TABLE.fullmatch(text.strip()):  # `read_sql("trips", con)` names a table
            tables.append(_read_table(call, text))
            continue
        is_file = _run_file(call, text)
        text = f"SELECT * FROM {text}" if _NAMED_QUERY.fullmatch(text) else parameters.spelt_out(text)
        statements = _statements(call, text, place)
        selects = [statement for statement in statements if statement.kind == "select"]
        for statement in statements:
            if statement.kind != "select" and not is_file:
                _write(call, statement, place)
        if selects:
            tables.append(_table_of(call, selects[-1], place))
            _write_into(call, place, selects[-1])
    if not tables and not _texts(call, value) and not (call.entry.duck and isinstance(call.receiver, Unknown)):
        _note_unknown(call, value)
    if call.entry.rows:
        return frames.new(m, frames.merge_all(tables) if tables else Table(), call.entry.rows, call.at)
    kind = call.entry.returns if m.library.holds(call.entry.returns) == "frame" else "pandas.DataFrame"
    table = frames.merge_all(tables) if tables else Table(origins=frozenset())
    return frames.new(m, _asked_for(call, table, texts), kind, call.at)


def _asked_for(call: Invocation, table: Table, texts: list[str]) -> Table:
    """`load(engine, start, split)` and `load(engine, split, end)`, with `WHERE dt >= :start AND dt < :end`: a query
    that is filled in gives other rows at each call."""
    is_filled = call.get("params") is not None or any("{" in text for text in texts)
    known = rows_in(table.origins) if is_filled else frozenset()
    return rows.table_of_rows(table, rows.note(call.m, call.at, "some", known)) if known else table


def execute(call: Invocation, place: Place) -> Any:
    """A statement that runs in a database: it may write tables; what it selects is a cursor of rows."""
    value = call.get(place.query)
    texts = _texts(call, value)
    if not texts:
        _note_unknown(call, value)
        return Unknown(call.origins(), "the query is not known", call.span)
    tables = []
    for text in texts:
        is_file = _run_file(call, text)
        for statement in _statements(call, text, place):
            if statement.kind == "select":
                tables.append(_table_of(call, statement, place))
            elif not is_file:
                _write(call, statement, place)
    if tables:
        return frames.new(call.m, frames.merge_all(tables), "python.rows", call.at)
    return Unknown(frozenset(), "the statement yields no rows", call.span)


def _run_file(call: Invocation, text: str) -> bool:
    """Whether a text is that of a SQL file of the repository: its statements are in the graph already, and now it is
    known who runs them."""
    m = call.m
    path = m.sql_file(text)
    if path is not None:
        m.effects.ran(path)
    return path is not None


def _texts(call: Invocation, value: Any) -> list[str]:
    found = []
    options = list(options_of(value)) if value is not None else []
    for option in options:
        if isinstance(option, Cell) and option.kind == "list":  # `batch_execute_statement(Sqls=[...])`
            options += items_of(call.m, option, call.at).known or ()
        if isinstance(option, Cell) and option.kind == "object":  # `text("select ...")`
            given = option.slots.get("arguments", {})
            options += options_of(given.get("text", given.get("0")))
        text = text_of(option)
        if text is not None and re.search(r"\w", re.sub(r"\{[^{}]*\}", "", text)):
            found.append(text.replace(f"{HERE}/", ""))  # `read_parquet('<repository>/data/x.parquet')`
    return found


def _statements(call: Invocation, text: str, place: Place) -> list[Statement]:
    """What a text says, with its tables in the schema that the connection is in."""
    dialect = _dialect(call, place)
    found = call.m.query(text, dialect)
    now = connections.namespace_of(call)
    connections.ran(call, text, dialect)
    if place.variables:  # a bare name may be that of a frame
        return found
    return [settled(statement, now, frozenset()) for statement in found]


def _dialect(call: Invocation, place: Place) -> str:
    return place.dialect or call.m.sql_dialect(call.m.now.path)


def _note_unknown(call: Invocation, value: Any) -> None:
    call.m.effects.access("", call.span, call.m.now.path, True, told_loss(value))


def _read_table(call: Invocation, name: str) -> Table:
    node = table_id(within(table_name(name), connections.namespace_of(call)))
    call.m.effects.mark(node, "dataset", call.span)
    call.m.effects.access(node, call.span, call.m.now.path, True)
    return of_dataset(node, call.m.columns_of_table(name))


def _loss(node: str) -> Loss:
    return KNOWN if is_telling(node) else Loss(f"nothing of the name {node.partition(':')[2]} is known")


def _table_of(call: Invocation, statement: Statement, place: Place) -> Table:
    """The rows of a SELECT as a frame."""
    m, span = call.m, call.span
    sql_models.tell(call, statement)
    held = _held(call, statement) if place.variables else {}
    named = [(dataset_id(table), name) for column in statement.columns for table, name in column.sources]
    read = sorted({dataset_id(read.name) for read in statement.reads})
    origins = frozenset(filter(is_telling, read))  # what else is read would be one with all whose name is not known
    for node in read:
        if node in held:
            continue
        own = () if statement.open else tuple(sorted({column_id(d, name) for d, name in named if d == node}))
        if node in origins:
            m.effects.mark(node, "dataset", span)
        m.effects.access(node if node in origins else "", span, m.now.path, True, _loss(node), columns=own)
    for table, name, operator, value in statement.limits:
        m.effects.limited(Limit(dataset_id(table), name, operator, value, span, m.job))
    columns = {}
    for column in statement.columns:
        if column.name == "*":
            continue
        told = [(dataset_id(table), name) for table, name in column.sources if name != "*"]
        sources = frozenset(column_id(table, name) for table, name in told if table in origins)
        held_too = sql_functions.held_by(m, column, call.at)
        sources, origins = sources | held_too, origins | held_too
        columns[column.name] = Column(column.expression, sources, column.name, span, any_case=True)
    chosen = [(dataset_id(table), name) for table, name in statement.indirect]
    indirect = frozenset(column_id(table, name) for table, name in chosen if table in origins)
    data = frozenset(origin for origin in origins if not origin.startswith("model:"))
    base = data if statement.open and len(data) == 1 == len(statement.reads) else frozenset()
    made = Table(columns, statement.open, base, origins=origins, indirect=indirect)
    held = held or {node: known for node in base if (known := _written(call, node)) is not None}
    return local_frames.in_place(made, held) if held else made


def _written(call: Invocation, node: str) -> Table | None:
    """What the repository writes into a table, or calls so: `df.createOrReplaceTempView("trips")`. Its columns are
    those of `SELECT *`."""
    stored = call.m.recall(node)
    if stored is None:
        return None
    again = [reload(call.m, each, node, call.at, {}) for each in options_of(stored)]
    if not all(isinstance(each, Cell) and each.kind == "frame" for each in again):
        return None
    return frames.merge_all([each.slots["table"] for each in again])


def _held(call: Invocation, statement: Statement) -> dict[str, Table]:
    """Frames of the program that the statement reads: variables, and what the call is given by name."""
    made_with = (
        call.receiver.slots["arguments"] if isinstance(call.receiver, Cell) and call.receiver.kind == "object" else {}
    )
    given = local_frames.given_names(call.get("env"), made_with.get("frames"), made_with.get("0"))
    given.update({name: value for name, value in made_with.items() if not name.isdigit()})
    if isinstance(call.receiver, Cell) and call.receiver.kind == "frame":
        given["self"] = call.receiver
    return local_frames.named_in(call.m, statement, given)


def _write(call: Invocation, statement: Statement, place: Place) -> None:
    """`insert into t select ...`, `create table t as select ...` run by Python."""
    if not statement.target or statement.kind in ("ddl", "drop", "other"):
        return
    m, span, target = call.m, call.span, dataset_id(statement.target)
    if statement.training is not None:
        sql_models.train(call, statement)
        return
    if statement.kind == "export":
        m.effects.mark(target, "artifact", span)
        m.effects.link([read.name for read in statement.reads], target, "saves", span)
        return
    is_more = statement.kind not in ("create", "view")
    if not is_telling(target):
        m.effects.access("", span, m.now.path, False, _loss(target), how=How(adds=is_more))
        _table_of(call, statement, place)
        return
    m.effects.mark(target, "dataset", span)
    m.effects.access(target, span, m.now.path, False, how=How(adds=is_more))
    values = [
        value
        for name, value in call.given.items()
        if name not in ("0", "sql", "query", "operation", place.query, place.into.partition(".")[0])
    ]
    table, is_whole = _filled(_table_of(call, statement, place), parameters.bound(values))
    m.effects.language = "sql"
    m.effects.write_table(target, table, "writes", span)
    m.effects.language = "python"
    for value in values if not is_whole else ():  # `execute("insert into t values (?, ?)", row)`
        m.effects.link(origins_of(value), target, "writes", span)


def _write_into(call: Invocation, place: Place, statement: Statement) -> None:
    """`client.query(sql, job_config=QueryJobConfig(destination="ml.rides"))`: the rows go into a table too."""
    for name in _texts(call, call.get(place.into)) if place.into else ():
        kind = "insert" if adds(call, place) else "create"
        _write(call, msgspec.structs.replace(statement, kind=kind, target=table_name(name)), place)


def _filled(table: Table, given: dict[str, Any]) -> tuple[Table, bool]:
    """The rows of a statement with the values of its parameters, and whether all of those are known by column."""
    asked = {name for column in table.columns.values() for name in parameters.asked(column.expression)}
    columns = {name: parameters.filled(column, given) for name, column in table.columns.items()}
    came = frozenset().union(*(column.origins for column in columns.values()), NOTHING)
    filled = msgspec.structs.replace(table, columns=columns, origins=table.origins | dataset_origins(came))
    return filled, bool(asked) and asked <= given.keys()
