"""Models that SQL trains and asks, where Python runs it: client.query("CREATE MODEL d.eta AS SELECT ...")"""

from __future__ import annotations

from mllint.lineage.ids import column_id
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.sql.modelling import Teller, inputs_of
from mllint.linker.sql.statements import Statement, dataset_id


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
    if not statement.open:
        m.effects.model(token, "features", tuple(column.name for column in inputs_of(statement)), span)
    named = [source for column in statement.columns for source in column.sources if source[1] != "*"]
    origins = [column_id(dataset_id(table), name) for table, name in named]
    origins += [dataset_id(read.name) for read in statement.reads]
    for read in statement.reads:
        m.effects.mark(dataset_id(read.name), "dataset", span)
        m.effects.access(dataset_id(read.name), span, m.now.path, True)
    m.effects.link(origins, token, "trains", span)
    chosen = [column_id(dataset_id(table), name) for table, name in statement.indirect]
    m.effects.link(chosen, token, "derives", span, "indirect")
    tell(call, statement)


def tell(call: Invocation, statement: Statement) -> None:
    """What the statement trains, asks and measures: all of it stands where it is run."""
    effects, span = call.m.effects, call.span
    told = Teller(lambda line, column: span, effects.job, effects.tick, lambda expression: expression).told(statement)
    for feature in told.features:
        effects.feature(feature)
    for made in told.row_sets:
        effects.row_set(made)
    for fitting in told.fittings:
        effects.fitting(fitting)
    for at in told.measured:
        effects.evaluated("metric", at)
    for measuring in told.measurings:
        effects.measuring(measuring)
