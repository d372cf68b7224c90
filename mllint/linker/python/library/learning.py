"""Fitting, predicting, transforming, splitting."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Fit
from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.lineage.observations import Feature
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Pending, Table
from mllint.linker.python.abstract.traces import PREDICTION, without_traces
from mllint.linker.python.abstract.values import (
    Choice,
    Column,
    Constant,
    Tuple,
    Unknown,
    join_all,
    options_of,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.frames.frame_parts import table_of
from mllint.linker.python.library import batches, decisions, intakes, randomness, rows, stages, steps, trials
from mllint.linker.python.library.estimators import (
    alternatives,
    ends_unknown,
    inner_estimators,
    is_estimator,
    only_transforms,
    principal,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import network_of, prepare
from mllint.linker.python.machine import Machine

# ------------------------------------------------------------------------------------------------ fitting


def fit(call: Invocation, how: Fit) -> Any:
    """`model.fit(X, y)`: the data train the model."""
    m = call.m
    x, y = call.get(how.x), call.get(how.y) if how.y else None
    if y is None:
        x, y = batches.learned_from(x)
    label = text_of(call.get(how.label)) if how.label.startswith("self.") else how.label
    if label and isinstance(x, Cell) and x.kind == "frame":
        x, y = _apart(m, x, label, call.at)
    estimators = subject(call)
    known = [each for each in options_of(estimators) if isinstance(each, Cell) and each.kind == "object"]
    if not known:
        return _fit_unknown(call, x, y)
    if x is None and y is None and not call.arguments.args:
        return estimators
    for estimator in known:
        if "token" not in estimator.slots:
            prepare(m, estimator, call.at)
        if isinstance(x, Cell) and x.kind == "frame" and stages.stage_of(m, estimator) is not None:
            train(m, call, estimator, *stages.given_to(m, estimator, x, call.at))
        else:
            train(m, call, estimator, x, y)
    return estimators


def _apart(m: Machine, frame: Cell, label: str, at: facts.At) -> tuple[Cell, Any]:
    """A frame without the column that is the label, and that column."""
    table: Table = frame.slots["table"]
    rest = m.heap.new("frame", {**frame.slots, "table": table.drop([label])}, (m.now.path, at))
    return rest, table.column(label)


def subject(call: Invocation) -> Any:
    """The estimator that a call is about, or those that it may be about: its receiver, or the argument that the model
    of the call names."""
    if not call.entry.model:
        return call.receiver
    found = call.get(call.entry.model)
    return join_all([_network(call, option) for option in options_of(found)]) if found is not None else None


def _network(call: Invocation, model: Any) -> Any:
    """`Trainer(model=Net())`"""
    is_instance = isinstance(model, Cell) and model.kind == "instance"
    return (network_of(call.m, model, call.at) or model) if is_instance else model


def become(call: Invocation, loaded: Any) -> None:
    """The receiver is what was loaded from now on: `model.load_model(path)`."""
    receiver = call.receiver
    if isinstance(receiver, Cell) and receiver.kind == "object":
        call.m.heap.set(receiver, "origins", receiver.slots["origins"] | origins_of(loaded))
        for key in ("artifact", "token", "fitted", trials.FITS) if is_estimator(loaded) else ():
            if key in loaded.slots:
                call.m.heap.set(receiver, key, loaded.slots[key])


def _fit_unknown(call: Invocation, x: Any, y: Any) -> Any:
    """A fit of something of which the class is not known: still a model. A function that fits and returns the model
    (`xgb.train(params, dtrain)`) makes it."""
    m = call.m
    kind = call.entry.returns if call.m.library.holds(call.entry.returns) in ("estimator", "transformer") else ""
    slots: dict[Any, Any] = {
        "type": kind,
        "class": kind,
        "arguments": call.given,
        "origins": frozenset(),
    }
    estimator = m.heap.new("object", slots, (m.now.path, call.at))
    prepare(m, estimator, call.at)
    estimator.slots["origins"] = origins_of(call.receiver)
    train(m, call, estimator, x, y)
    return estimator


def train(m: Machine, call: Invocation, estimator: Cell, x: Any, y: Any) -> None:
    token, span = estimator.slots["token"], call.span
    classes = principal_classes(m, estimator)
    m.effects.mark(token, "model", span)
    for name in classes:
        m.effects.model(token, "class", name, span)
    if only_transforms(m, estimator):
        m.effects.model(token, "role", "transformer", span)
    for option in x.options if isinstance(x, Choice) else (x,):
        _train_on(m, estimator, token, option, span)
    for option in y.options if isinstance(y, Choice) else (y,):
        _label(m, token, option, span)
    for inner in inner_estimators(estimator):
        m.effects.model(token, "contains", inner.slots["token"], span)
        m.heap.set(inner, "origins", inner.slots["origins"] | {token})
    m.heap.set(estimator, "origins", estimator.slots["origins"] | {token})
    m.heap.set(estimator, "fitted", True)
    steps.fitted(m, estimator, trials.fitted(call, estimator, x, y, token))
    intakes.fitted(call, estimator, token, x, y, selection(m, estimator))


def _train_on(m: Machine, estimator: Cell, token: str, x: Any, span: Any) -> None:
    if x is None:
        return
    selected = selection(m, estimator)
    if isinstance(x, Cell) and x.kind == "frame":
        table: Table = x.slots["table"]
        if selected:
            chosen = table.select(selected)
            table = msgspec.structs.replace(chosen, origins=table.origins, indirect=table.indirect)
        m.effects.write_table(token, table, "trains", span)
        kind = m.library.types.get(x.slots["type"])
        nameless = kind is not None and kind.nameless
        note_features(m, token, table, "train", span, by_place=nameless)
        tell_features(m, token, table, span)
        return
    if isinstance(x, Cell) and x.kind == "object" and "held" not in x.slots and "arguments" in x.slots:
        # a data set object made of frames: `lgb.Dataset(X, label=y)`, `DMatrix(X)`
        inner = [
            v for k, v in x.slots["arguments"].items() if isinstance(v, Cell) and v.kind == "frame" and k != "label"
        ]
        for part in inner[:1]:
            _train_on(m, estimator, token, part, span)
        _label(m, token, x.slots["arguments"].get("label"), span)
    m.effects.link(origins_of(x) - {token}, token, "trains", span)


def tell_features(m: Machine, token: str, table: Table, span: Any) -> None:
    """The names of what a model is fitted with: all of them, or those that are known to be among them."""
    if table.listed:
        key = "some_features" if table.open or table.unsure or table.partial else "features"
        m.effects.model(token, key, tuple(table.listed), span)


def _label(m: Machine, token: str, y: Any, span: Any) -> None:
    if y is None:
        return
    if isinstance(y, Column) and y.name:
        m.effects.model(token, "label", y.name, span)
    elif isinstance(y, Cell) and y.kind == "frame" and not y.slots["table"].open:
        m.effects.model(token, "label", ", ".join(y.slots["table"].columns), span)
    m.effects.link(origins_of(y) - {token}, token, "trains", span)


def principal_classes(m: Machine, estimator: Cell, depth: int = 5) -> list[str]:
    """The class that a fitted object is known by: of a pipeline or search, its last or inner estimator, with those that
    may stand in its place."""
    inner = inner_estimators(estimator)
    kind = m.library.types.get(estimator.slots["type"])
    if not inner or kind is None or not kind.wraps or not depth or ends_unknown(estimator):
        return [estimator.slots["class"]]
    parts = alternatives(estimator, principal(m, inner))
    return [name for part in parts for name in principal_classes(m, part, depth - 1)]


def selection(m: Machine, estimator: Cell, depth: int = 4) -> list[str] | None:
    """The columns that an estimator takes by name: those its ColumnTransformer lists. `None` if it takes all."""
    if depth == 0:
        return None
    if m.library.holds(estimator.slots["type"]) == "selector":
        return None
    kind = m.library.types.get(estimator.slots["type"])
    if kind is not None and kind.selects:
        return _listed(estimator, kind.selects)
    for inner in inner_estimators(estimator):
        found = selection(m, inner, depth - 1)
        if found is not None:
            return found
    return None


def _listed(transformer: Cell, parameter: str) -> list[str] | None:
    """Column lists of `ColumnTransformer([(name, step, columns), ...])`; `None` if the rest passes through."""
    given = transformer.slots["arguments"]
    remainder = given.get("remainder")
    if isinstance(remainder, Constant) and remainder.value == "passthrough":
        return None
    steps: list[Any] = []
    for key in (parameter, "0"):
        value = given.get(key)
        if isinstance(value, Cell) and value.kind == "list":
            steps = list(value.slots["items"])
            break
    else:
        steps = [v for k, v in given.items() if k.isdigit()]  # make_column_transformer((step, columns), ...)
    result: list[str] = []
    for step in steps:
        if not isinstance(step, Tuple) or len(step.items) < 2:
            return None
        names = frames.names_of(step.items[-1])
        if names is None:
            return None
        result += [name for name in names if name not in result]
    return result or None


# --------------------------------------------------------------------------------------------- predicting


def predict(call: Invocation) -> Any:
    """Predictions: made from the model and from the rows."""
    m, x = call.m, call.get(call.entry.predicts)
    receiver = subject(call)
    own = model_origins(receiver)
    m.predictors |= own
    for option in x.options if isinstance(x, Choice) else (x,):
        note_serving(m, call, receiver, own, option)
    intakes.predicted(call, receiver, own, x)
    given = frozenset(o for o in origins_of(x) if not o.startswith(PREDICTION))
    origins = own | given | trials.predicted(call, receiver, x, own, decisions.classes_of(call, receiver))
    span = call.span
    m.effects.predicted(own, x, span)
    return Column(ex.Unresolved("a prediction"), origins, call.entry.gives, span, kind=m.library.usual.get("array", ""))


def model_origins(receiver: Any) -> frozenset[str]:
    """The nodes that a model is known by: itself where it was fitted in sight, and the file that it was restored from
    after that; else what it was loaded from."""
    result: frozenset[str] = frozenset()
    for option in receiver.options if isinstance(receiver, Choice) else (receiver,):
        if is_estimator(option) and "artifact" not in option.slots and option.slots.get("fitted"):
            result |= {option.slots["token"]} | option.slots.get("restored", frozenset())
        else:
            result |= origins_of(option)
    return result


def note_serving(m: Machine, call: Invocation, receiver: Any, own: frozenset[str], x: Any) -> None:
    """What is given to a model that was not fitted here: its features as serving computes them."""
    fitted_here = any(o.startswith("model@") for o in own)
    if not (isinstance(x, Cell) and x.kind == "frame"):
        return
    table: Table = x.slots["table"]
    if m.endpoint:
        m.effects.write_table(m.endpoint, msgspec.structs.replace(table, origins=frozenset()), "derives", call.span)
    if fitted_here:
        return
    kind = m.library.types.get(x.slots["type"])
    selected = selection(m, receiver) if is_estimator(receiver) else None
    if selected:
        table = table.select(selected)
    for model in sorted(own):
        if not model.startswith("column:"):
            by_place = kind is not None and kind.nameless
            note_features(m, model, table, "serve", call.span, by_place=by_place)


def note_features(m: Machine, model: str, table: Table, side: str, span: Any, by_place: bool = False) -> None:
    for place, (name, column) in enumerate(table.listed.items()):
        m.effects.feature(
            Feature(
                model,
                name,
                side,
                column.expression,
                column.span or span,
                m.effects.job,
                place if by_place and not table.open else None,
                column.function,
                not_null=tuple(sorted({c.name for c in ex.columns(column.expression) if _is_required(m, c)})),
            )
        )


def _is_required(m: Machine, column: ex.Column) -> bool:
    return column_id(column.dataset, column.name) in m.required


# ------------------------------------------------------------------------------------- transforms, splits


def transform(call: Invocation) -> Any:
    """Rows as a fitted transformer gives them back: made from the rows and from the transformer."""
    m, x = call.m, call.get(call.entry.transforms)
    receiver = call.receiver
    own = model_origins(receiver) | trials.fits_of(receiver)
    if not without_traces(origins_of(x)):
        own |= trials.rows_given(call, receiver, x)
    if x is None:
        return Unknown(call.origins())
    return join_all([_transformed(m, call, receiver, own, o) for o in (x.options if isinstance(x, Choice) else (x,))])


def _transformed(m: Machine, call: Invocation, receiver: Any, own: frozenset[str], x: Any) -> Any:
    kind = (
        m.library.types.get(receiver.slots["type"])
        if isinstance(receiver, Cell) and receiver.kind == "object"
        else None
    )
    keeps = kind is not None and kind.keeps
    name = receiver.slots["class"].rpartition(".")[2] if kind is not None else ""
    if isinstance(x, Column):
        expression = ex.apply("FITTED", ex.Constant(name), x.expression)
        return msgspec.structs.replace(x, expression=expression, origins=x.origins | own, span=call.span)
    table = table_of(x)
    selected = selection(m, receiver) if is_estimator(receiver) else None
    if selected:
        table = msgspec.structs.replace(table.select(selected), origins=table.origins, indirect=table.indirect)

    def fitted(column: Column) -> Column:
        expression = ex.apply("FITTED", ex.Constant(name), column.expression)
        return msgspec.structs.replace(column, expression=expression, origins=column.origins | own)

    columns = {n: fitted(c) for n, c in table.columns.items()}
    known = not table.open and keeps
    made = Table(
        columns,
        not known,
        table.base if keeps else frozenset(),
        table.dropped,
        table.origins | own,
        table.indirect,
        table.rows,
        pending=(*table.pending, Pending((call.name, call.span), fitted)) if table.open else (),
        partial=table.partial,
        unsure=table.unsure,
        some=table.some,
    )
    is_named = kind is not None and m.library.gives_frames(receiver.slots["class"])
    return frames.new(m, made, m.library.usual.get("frame" if is_named else "array", ""), call.at)


def split(call: Invocation) -> Any:
    """Two parts of each array: `train_test_split(X, y)`."""
    if isinstance(call.receiver, Cell) and call.receiver.kind == "frame":  # `df.randomSplit([0.7, 0.2, 0.1])`
        weights = call.get("weights")
        count = len(weights.slots["items"]) if isinstance(weights, Cell) and weights.kind == "list" else 2
        names = ("train", *(f"test {n}" if count > 2 else "test" for n in range(1, count)))
        return rows.halves(call.m, [call.receiver], call.at, rows.order_of_call(call), names)
    values = list(call.arguments.args)
    return rows.halves(call.m, values, call.at, rows.order_of_call(call)) if values else Unknown(call.origins())


def fold(call: Invocation) -> Any:
    """`KFold(5).split(X)`: indexes of the two sides of each fold."""
    receiver = call.receiver
    randomness.split_by(call.m, receiver, call.span)
    order = trials.order_of(receiver) or rows.order_of_call(call)
    return rows.folds(call.m, list(call.arguments.args[:1]), call.at, order)
