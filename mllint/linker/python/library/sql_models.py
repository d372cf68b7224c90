"""Models that SQL trains and asks, where Python runs it: client.query("CREATE MODEL d.eta AS SELECT ...")"""

from __future__ import annotations

from mllint.lineage.ids import column_id
from mllint.lineage.observations import Feature
from mllint.lineage.trials import Fitting, Input, Measuring, RowSet
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.sql.statements import OutputColumn, Scored, Statement, dataset_id


def train(call: Invocation, statement: Statement) -> None:
    """A statement trains its target on the rows of its query."""
    m, span, training = call.m, call.span, statement.training
    assert training is not None
    model = statement.target
    token = f"model@sql:{model}"
    m.effects.mark(model, "model", span)
    m.effects.model(token, "registered", model.removeprefix("model:"), span)
    m.effects.model(token, "class", training.what, span)
    m.effects.model(token, "label", training.label, span)
    given = [c for c in statement.columns if c.name not in ("*", training.label, *training.left)]
    if not statement.open:
        m.effects.model(token, "features", tuple(column.name for column in given), span)
    origins = [id for column in statement.columns for id in _origins(column)]
    origins += [dataset_id(read.name) for read in statement.reads]
    for read in statement.reads:
        m.effects.mark(dataset_id(read.name), "dataset", span)
        m.effects.access(dataset_id(read.name), span, m.now.path, True)
    m.effects.link(origins, token, "trains", span)
    chosen = [column_id(dataset_id(table), name) for table, name in statement.indirect]
    m.effects.link(chosen, token, "derives", span, "indirect")
    _features(call, model, given, "train")
    label = next((column for column in statement.columns if column.name == training.label), None)
    fit = Fitting(
        _fit_id(model), m.effects.tick(), span, m.effects.job, model, training.what, "model", _rows(call, statement),
        inputs=tuple(_input(call, column) for column in given),
        label=_input(call, label) if label is not None else None, supervised=bool(training.label),
    )  # fmt: skip
    m.effects.fitting(fit)


def ask(call: Invocation, statement: Statement) -> None:
    """A statement predicts with models, or measures them."""
    m, span = call.m, call.span
    for scored in statement.scored:
        if scored.how == "predict":
            _features(call, scored.model, list(scored.columns), "serve")
        elif scored.how == "measure":
            m.effects.evaluated("metric", span)
            _measure(call, statement, scored)


def _measure(call: Invocation, statement: Statement, scored: Scored) -> None:
    m, span = call.m, call.span
    on_rows = any(not read.name.startswith("model:") for read in statement.reads)
    id = f"@score:sql:{span.path}:{span.line}:{span.column}"
    rows = _rows(call, statement) if on_rows else ()
    kind = "metric" if on_rows else "search"
    given = (id, m.effects.tick(), span, m.effects.job, kind, (_fit_id(scored.model),), rows)
    m.effects.measuring(Measuring(*given))


def _features(call: Invocation, model: str, columns: list[OutputColumn], side: str) -> None:
    m = call.m
    for column in columns:
        if column.name not in ("", "*"):
            m.effects.feature(Feature(model, column.name, side, column.expression, call.span, m.effects.job))


def _rows(call: Invocation, statement: Statement) -> tuple[str, ...]:
    """The rows that a query yields: those of the one table that it reads whole, else some that nobody knows."""
    tables = tuple(dict.fromkeys(dataset_id(r.name) for r in statement.reads if not r.name.startswith("model:")))
    if len(tables) == 1 and not statement.indirect:
        return tables
    span = call.span
    made = RowSet(f"@rows:sql:{span.path}:{span.line}:{span.column}", "some", tables, span)
    call.m.effects.row_set(made)
    return (made.id,)


def _input(call: Invocation, column: OutputColumn) -> Input:
    return Input(column.name, column.expression, call.span, tuple(_origins(column)))


def _origins(column: OutputColumn) -> list[str]:
    return [column_id(dataset_id(table), name) for table, name in column.sources if name != "*"]


def _fit_id(model: str) -> str:
    return f"@fit:sql:{model}"
