"""What is fitted, predicted and scored on which rows: the evidence for leakage, see `lineage/trials.py`."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage.trials import Fitting, Measuring, Selection, is_window
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.traces import (
    FIT,
    PREDICTION,
    ROWS,
    SCORE,
    learned_of,
    marked,
    rows_in,
    rows_of,
    without_traces,
)
from mllint.linker.python.abstract.values import Choice, Constant, Tuple, Unknown, origins_of
from mllint.linker.python.library import randomness, rows
from mllint.linker.python.library.estimators import ends_unknown, inner_estimators
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.predictions import PredictedRows
from mllint.source import Span

FITS = "fits"  # slot of an estimator: the ids of the fits that made it what it is


def data_of(value: Any) -> Any:
    """The features in what a fit is given: those of `DMatrix(X, label=y)`, of `(X, y)`, of what lies in a list."""
    for _ in range(3):
        match value:
            case Cell(kind="object") if isinstance(value.slots.get("items"), Cell):  # batches
                value = value.slots["items"].slots.get("<rest>")
            case Cell(kind="object") if "arguments" in value.slots and "held" not in value.slots:
                given = value.slots["arguments"]
                found = next((v for k, v in given.items() if k != "label" and origins_of(v)), None)
                if found is None:
                    return value
                value = found
            case Tuple(items=(first, *_)):
                value = first
            case Cell(kind="list") if value.slots["items"] and isinstance(value.slots["items"][0], Tuple):
                value = value.slots["items"][0]
            case _:
                return value
    return value


# ---------------------------------------------------------------------------------------------------- fits


def fitted(call: Invocation, estimator: Cell, x: Any, y: Any, model: str) -> Fitting:
    """A fit: of cross-validation, on the training side of each fold, and scored on the other."""
    m, entry = call.m, call.entry
    x = data_of(x)
    own = rows_of(x)
    if not own and entry.transforms:  # whatever they are, they are the rows of what comes back
        own = rows.drawn(call)
    learns = what_it_learns(m, estimator)
    if entry.folds and learns == "model":
        return cross_validated(call, estimator, x, y, model)
    fitting = _note_fit(call, estimator, x, y, own, learns, model)
    m.heap.set(estimator, FITS, frozenset({fitting.id}))
    watched(call, fitting)
    kind = m.library.types.get(estimator.slots["type"])
    if kind is not None and kind.validates and learns == "model":
        test = rows.note(m, call.at, "part", own, "test")
        rows.note(m, call.at, "part", own, "train")
        id = f"{SCORE}{rows.place_id(m, call.span)}:search"
        given = (id, m.effects.tick(), call.span, m.effects.job, "search", (fitting.id,), tuple(test))
        m.effects.measuring(Measuring(*given, fitting.learned, call.span, fitting.sure, in_loop(m)))
    return fitting


def rows_given(call: Invocation, receiver: Any, x: Any) -> frozenset[str]:
    """The rows of what is transformed, where it has no origins that tell."""
    own = rows_of(x)
    if not own and call.entry.fits is not None:
        fits = [call.m.effects.now.fittings[id] for id in fits_of(receiver) if id in call.m.effects.now.fittings]
        own = frozenset(row for fit in fits for row in fit.rows)
    return own


def _note_fit(
    call: Invocation, estimator: Cell, x: Any, y: Any, own: frozenset[str], learns: str, model: str
) -> Fitting:
    m = call.m
    id = f"{FIT}{model}:{rows.place_id(m, call.span)}"
    label = rows.inputs_of(y)
    inputs = rows.inputs_of(x) + (rows.whole_of(x, label[0]) if len(label) == 1 else [])
    fitting = Fitting(
        id,
        m.effects.tick(),
        call.span,
        m.effects.job,
        model,
        estimator.slots["class"].rpartition(".")[2] or ".".join(call.name.split(".")[-2:]),
        learns,
        tuple(sorted(own)),
        tuple(sorted(learned_of(x) - {id})),
        tuple(inputs),
        label[0] if len(label) == 1 else None,
        y is not None and not (isinstance(y, Constant) and y.value is None),
        not isinstance(x, Choice),
        predictions_in(m, (x, y), model),
        m.library.holds(estimator.slots["type"]) == "estimator",
        goes_on=call.entry.goes_on,
        labelled=tuple(sorted(rows_of(y))) if y is not None else (),
    )
    m.effects.fitting(fitting)
    randomness.fitted(m, estimator, id, call.span)
    return fitting


def predictions_in(m: Machine, data: tuple[Any, ...], own: str) -> tuple[tuple[str, Span], ...]:
    """The models whose predictions are among the data of a fit; clusters and embeddings are none."""
    origins: set[str] = set()
    for value in data:
        origins |= origins_of(value) if value is not None else frozenset()
        if isinstance(value, Cell) and value.kind == "frame":
            for column in value.slots["table"].columns.values():
                origins |= column.origins
    made = [m.effects.now.predicted.get(mark) for mark in sorted(marked(frozenset(origins), PREDICTION))]
    known = {(model, p.span) for p in made if p is not None and p.gives == "prediction" for model in p.models}
    return tuple(sorted((model, span) for model, span in known if model != own and not model.startswith("@")))


def cross_validated(call: Invocation, estimator: Cell, x: Any, y: Any, model: str) -> Fitting:
    """`cross_val_score(model, X, y, cv=...)`: fitted on one side of each fold, scored on the other."""
    m = call.m
    order = order_of(call.get("cv"))
    randomness.split_by(m, call.get("cv"), call.span)
    train, test = (rows.note(m, call.at, "part", rows_of(x), part, order, _windows(x)) for part in ("train", "test"))
    fitting = _note_fit(call, estimator, x, y, train, "model", model)
    if not call.entry.evaluates:
        return fitting
    id = f"{SCORE}{rows.place_id(m, call.span)}"
    measuring = Measuring(
        id, m.effects.tick(), call.span, m.effects.job, "folds", (fitting.id,), tuple(test),
        tuple(sorted(learned_of(x))), call.span, fitting.sure, in_loop(m),
    )  # fmt: skip
    m.effects.measuring(measuring)
    return fitting


def _windows(x: Any) -> tuple[Any, ...]:
    return tuple(w for w in rows.inputs_of(x) if is_window(w.expression))


def order_of(splitter: Any) -> str:
    """How the folds are drawn: what the splitter's type says, `random` for a number where rows may be mixed."""
    if isinstance(splitter, Cell) and splitter.kind == "object":
        return str(splitter.slots.get("order", ""))
    return ""


def what_it_learns(m: Machine, estimator: Cell, depth: int = 5) -> str:
    """`model`; of transformers what their type says, of those made of others the most telling."""
    kind = m.library.types.get(estimator.slots["type"])
    inner = inner_estimators(estimator)
    if depth and kind is not None and (kind.wraps or kind.selects or kind.joins) and inner:
        learnt = [what_it_learns(m, part, depth - 1) for part in inner]
        if kind.wraps and ("model" in learnt or ends_unknown(estimator)):
            return "model"
        return next((what for what in ("label", "data", "rows", "codes") if what in learnt), learnt[-1])
    if kind is not None and kind.learns:
        return kind.learns
    if m.library.holds(estimator.slots["type"]) == "transformer":
        return "data"
    return "model"


# ------------------------------------------------------------------------------------------------ watching


def watched(call: Invocation, fitting: Fitting) -> None:
    """Validation data of a fit: a score that is watched, or one that decides when to stop."""
    m = call.m
    given = call.get(call.entry.watches) if call.entry.watches else None
    if given is None:
        return
    if isinstance(given, Constant):  # a share of the rows is held out: `validation_split=0.2`
        given = Unknown(rows.note(m, call.at, "part", frozenset(fitting.rows), "test")) if given.value else None
    for number, part in enumerate(_sets(given)):
        own = rows_of(data_of(part))
        if not own or own == set(fitting.rows):
            continue
        id = f"{SCORE}{rows.place_id(m, call.span)}:{number}"
        measuring = Measuring(
            id, m.effects.tick(), call.span, m.effects.job, "watch", (fitting.id,), tuple(sorted(own)),
            tuple(sorted(learned_of(data_of(part)))), call.span, fitting.sure, in_loop(m),
        )  # fmt: skip
        m.effects.measuring(measuring)
        if decides(call):
            what = "early stopping"
            m.effects.selection(Selection(m.effects.tick(), call.span, m.effects.job, what, measuring.rows, (id,)))


def _sets(given: Any) -> list[Any]:
    """`(X, y)`, `[(X, y), ...]`, `[(dvalid, "valid"), ...]`, a data set."""
    if isinstance(given, Cell) and given.kind == "list":
        return list(given.slots["items"])
    return [given]


def decides(call: Invocation) -> bool:
    """Whether what is watched decides: a parameter for early stopping, or a callback of a type that does."""
    if call.entry.decides == "always":
        return True
    return has_chooser(call, call.entry.decides)


def has_chooser(call: Invocation, parameters: str) -> bool:
    """Whether one of the parameters is given and decides: a number of rounds, a callback of a type that chooses."""
    for name in parameters.split("|") if parameters else ():
        value = call.get(name)
        if value is None or (isinstance(value, Constant) and not value.value):
            continue
        if isinstance(value, Constant) or _has_chooser(call.m, value):
            return True
    return False


def _has_chooser(m: Machine, value: Any) -> bool:
    match value:
        case Cell(kind="list"):
            return any(_has_chooser(m, item) for item in value.slots["items"])
        case Cell(kind="object"):
            kind = m.library.types.get(value.slots["type"])
            if kind is None or not kind.chooses:
                return False
            given = value.slots["arguments"].get(kind.chooses)
            return kind.chooses == "always" or bool(getattr(given, "value", False))
        case Tuple(items=items) | Choice(options=items):
            return any(_has_chooser(m, item) for item in items)
    return False


# ----------------------------------------------------------------------------------------------- predictions


def predicted(call: Invocation, receiver: Any, x: Any, models: frozenset[str], labels: bool | None) -> frozenset[str]:
    """A predict call: the mark that its predictions carry."""
    m = call.m
    x = data_of(x)
    fits = fits_of(receiver)
    own = rows_of(x)
    if call.entry.folds:  # `cross_val_predict(model, X, y)`: each row by a fit on other rows
        place = rows.place_id(m, call.span)
        fits = (
            frozenset(f"{FIT}{token}:{place}" for token in (receiver.slots.get("token"),) if token)
            if isinstance(receiver, Cell)
            else fits
        )
        own = frozenset({f"{ROWS}{place}:test"})
    id = f"{PREDICTION}{'+'.join(sorted(fits))}:{rows.place_id(m, call.span)}"
    sure = not isinstance(x, Choice) and not isinstance(receiver, Choice) and len(fits) == 1
    m.effects.predicted_rows(
        PredictedRows(
            id,
            call.span,
            tuple(sorted(fits)),
            tuple(sorted(own)),
            tuple(sorted(learned_of(x))),
            sure,
            tuple(sorted(models)),
            call.entry.gives,
            labels,
        )
    )
    return frozenset({id})


def fits_of(receiver: Any) -> frozenset[str]:
    match receiver:
        case Choice(options=options):
            return frozenset().union(*(fits_of(option) for option in options))
        case Cell(kind="object"):
            found: frozenset[str] = receiver.slots.get(FITS, frozenset())
            return found
    return frozenset()


def in_loop(m: Machine) -> bool:
    return m.unrolled > 1 or m.loops > 0


def went_over(m: Machine, item: Any, began: int) -> None:
    """After a loop: one in which nothing was fitted, over rows themselves, went over batches. What was scored in it
    was scored once."""
    now, origins = m.effects.now, origins_of(item)
    if in_loop(m) or marked(origins, PREDICTION) or marked(origins, SCORE) or not rows_in(origins):
        return
    if any(fit.order > began and fit.learns == "model" for fit in now.fittings.values()):
        return
    for id, score in now.measurings.items():
        if score.order > began:
            now.measurings[id] = msgspec.structs.replace(score, in_loop=False)


def measured(call: Invocation, origins: frozenset[str]) -> frozenset[str]:
    """A score of predictions: origins of the score, which holds no rows any more."""
    m = call.m
    scores: set[str] = set()
    for mark in sorted(marked(origins, PREDICTION)):
        made = m.effects.now.predicted.get(mark)
        if made is None or not made.rows:
            continue
        id = f"{SCORE}{rows.place_id(m, call.span)}:{mark.removeprefix(PREDICTION)}"
        measuring = Measuring(
            id, m.effects.tick(), call.span, m.effects.job, "metric", made.fits, made.rows, made.learned, made.span,
            made.sure, in_loop(m), tuple(sorted(marked(origins, SCORE))), tuple(sorted(marked(origins, ROWS))),
        )  # fmt: skip
        m.effects.measuring(measuring)
        m.lessons[id] = origins
        scores.add(id)
    return without_traces(origins) | scores | marked(origins, SCORE)


# ------------------------------------------------------------------------------------------------- choosing


def scores_several(m: Machine, value: Any) -> bool:
    """Whether a value holds scores of more than one fit."""
    known = m.effects.now.measurings
    return len({fit for id in marked(origins_of(value), SCORE) if id in known for fit in known[id].fits}) > 1


def chosen(m: Machine, value: Any, what: str, span: Any) -> None:
    """A score decides what is kept: `if score > best: best = score`, `models[np.argmax(scores)]`."""
    scores = sorted(marked(origins_of(value), SCORE))
    known = [m.effects.now.measurings[id] for id in scores if id in m.effects.now.measurings]
    own = sorted({row for measuring in known for row in measuring.rows})
    if own:
        m.effects.selection(Selection(m.effects.tick(), span, m.effects.job, what, tuple(own), tuple(scores)))
