"""Stages that are told the names of the columns of one frame that they take, and of those that they add: Spark ML.

    StringIndexer(inputCol="sex", outputCol="sex_ix")               sex_ix, made of sex
    VectorAssembler(inputCols=["sex_ix", "age"], outputCol="x")     x, made of sex and age
    RandomForestClassifier(featuresCol="x", labelCol="sick")        learns from sex and age

A column that a stage made knows the columns of the frame that it was made of (`Column.parts`), through however many
stages: these are the features of a model that is given it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Stage
from mllint.lineage import expressions as ex
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.traces import FIT, ROWS, marked
from mllint.linker.python.abstract.values import Choice, Column, Tuple, options_of
from mllint.linker.python.frames import frames
from mllint.linker.python.library.estimators import ends_unknown, inner_estimators, is_estimator, principal
from mllint.linker.python.machine import Machine
from mllint.source import Span

_DEEPEST = 5


def stage_of(m: Machine, estimator: Cell) -> Stage | None:
    """What the type of an estimator says of the columns it takes; of one made of others, what its model says."""
    for _ in range(_DEEPEST):
        kind = m.library.types.get(estimator.slots["type"])
        if kind is None or not kind.wraps:
            return kind.stage if kind is not None else None
        inner = inner_estimators(estimator)
        if not inner:
            return kind.stage
        estimator = principal(m, inner)
    return None


def given_to(m: Machine, estimator: Cell, frame: Cell, at: facts.At) -> tuple[Any, Column | None]:
    """What a fit or a prediction takes of a frame: its features, and the label where the frame has it. Features of
    which not all are known are one column, made from whatever is known."""
    stage, table = stage_of(m, estimator), frame.slots["table"]
    *before, last = list(_steps(m, estimator)) or [estimator]
    for step in before:
        table = _after(m, step, table, frozenset(), m.span(at))
    stage = stage_of(m, last) or stage
    if stage is None:
        return frame, None
    label = _label(last, stage.label, table) if stage.label else None
    names = _names(last, stage.takes)
    columns = [column for name in names or () if (column := _column(table, name)) is not None]
    if table.partial and not table.columns.keys() >= set(names or ()):
        columns = []  # a stage of which nothing is known may have made it
    if not columns or len(columns) != len(names or ()) or not all(_is_known(column) for column in columns):
        origins = table.origins.union(*(column.origins for column in columns))
        return Column(ex.Unresolved("columns that are not all known"), origins, span=m.span(at), rows=table.rows), label
    through = frozenset().union(*(column.origins for column in columns))
    own = frozenset(origin for origin in table.origins if not origin.startswith("model@") or origin in through)
    chosen = msgspec.structs.replace(table.select([]), columns=_made_of(columns), origins=own, indirect=table.indirect)
    return m.heap.new("frame", {**frame.slots, "table": chosen}, (m.now.path, at)), label


def applied(m: Machine, estimator: Cell, table: Table, own: frozenset[str], made: Column, span: Span) -> Table:
    """The frame with all columns that a fitted object adds; `made` is what a prediction is."""
    for step in _steps(m, estimator, to_the_end=True):
        table = _after(m, step, table, own, span, made)
    if ends_unknown(estimator):
        table = _after(m, estimator, table, own, span, made)
    return table


def _steps(m: Machine, estimator: Cell, to_the_end: bool = False, depth: int = _DEEPEST) -> Iterator[Cell]:
    """The stages in turn, up to the one that is the model."""
    kind = m.library.types.get(estimator.slots["type"])
    inner = list(_made_with(estimator)) if kind is not None and kind.wraps and depth else []
    if not inner:
        yield estimator
        return
    last = principal(m, inner)
    for step in inner:
        yield from _steps(m, step, to_the_end, depth - 1)
        if step is last and not to_the_end:
            return


def _made_with(estimator: Cell) -> Iterator[Cell]:
    """Its stages. A loop makes several at one place, which are not one."""
    for value in estimator.slots["arguments"].values():
        yield from (step for step in _listed(value) if step is not estimator)


def _listed(value: Any, depth: int = 3) -> Iterator[Cell]:
    match value:
        case Cell(kind="object") if is_estimator(value):
            yield value
        case Tuple(items=items) | Choice(options=items) if depth:
            for item in items:
                yield from _listed(item, depth - 1)
        case Cell(kind="list") if depth:
            for item in (*value.slots["items"], value.slots.get("<rest>")):
                yield from _listed(item, depth - 1)


def _after(
    m: Machine, step: Cell, table: Table, own: frozenset[str], span: Span, prediction: Column | None = None
) -> Table:
    """The frame with the columns that one stage adds."""
    kind = m.library.types.get(step.slots["type"])
    if kind is None or kind.stage is None:
        return msgspec.structs.replace(table, open=True, partial=True)
    stage = kind.stage
    names, outputs = _names(step, stage.takes), _names(step, stage.adds, either=True)
    if not outputs:
        return msgspec.structs.replace(table, open=True, partial=True)
    if kind.holds == "estimator":
        if prediction is None:
            prediction = Column(ex.Unresolved("a prediction"), table.origins, span=span)
        made = msgspec.structs.replace(prediction, rows=table.rows)
        new = {name: msgspec.structs.replace(made, name=name) for name in outputs}
        table = table.with_columns(new)
        if not stage.may_add:
            return table
        hidden = table.dropped | set(stage.may_add) - set(
            table.columns
        )  # if there are any, they are not the frame's own
        return msgspec.structs.replace(table, dropped=hidden, partial=True)
    columns = (
        [_column(table, name) for name in names] if names is not None else [*_some(step, stage.takes, table), None]
    )
    groups: list[list[Column | None]]
    one_each = len(outputs) == len(columns) and _names(step, stage.adds) is not None
    groups = [[column] for column in columns] if one_each else [columns] * len(outputs)
    what = str(step.slots["class"]).rpartition(".")[2]
    return table.with_columns(
        {n: _made(n, what, group, table, own, span) for n, group in zip(outputs, groups, strict=True)}
    )


def _made(name: str, what: str, inputs: list[Column | None], table: Table, own: frozenset[str], span: Span) -> Column:
    known = [column for column in inputs if column is not None]
    origins = own.union(*(column.origins for column in known))
    if len(known) < len(inputs) or not known or not all(_is_known(column) for column in known):
        why = ex.Unresolved("a stage of columns that are not known")
        return Column(why, origins | table.origins, name, span, rows=table.rows)
    expression = ex.apply("FITTED", ex.Constant(what), *(column.expression for column in known))
    parts = tuple(
        msgspec.structs.replace(part, name=part_name, origins=part.origins | own)
        for part_name, part in _made_of(known).items()
    )
    return Column(expression, origins, name, span, rows=table.rows, parts=parts)


def _made_of(columns: list[Column]) -> dict[str, Column]:
    """The columns that others were made of, with the rows and fits that these have by now."""
    found: dict[str, Column] = {}
    for column in columns:
        traces = frozenset(origin for origin in column.origins if origin.startswith((ROWS, FIT)))
        for part in column.parts or (column,):
            origins = (part.origins - marked(part.origins, ROWS)) | traces
            found.setdefault(part.name, msgspec.structs.replace(part, origins=origins, rows=column.rows))
    return found


def _is_known(column: Column) -> bool:
    """Whether it is known which columns it is made of, or it is one that no stage made."""
    return bool(column.parts) or not (
        isinstance(column.expression, ex.Unresolved) and column.expression.reason.startswith("a stage of")
    )


def _names(step: Cell, parameters: tuple[str, ...], either: bool = False) -> list[str] | None:
    """The names that parameters give: `inputCols|inputCol`, `featuresCol=features` with what it is if not given. With
    `either`, where they are one or the other, both."""
    found: list[str] = []
    for parameter in parameters:
        keys, _, default = parameter.partition("=")
        given = next((v for k in keys.split("|") if (v := _argument(step, k)) is not None), None)
        if given is None:
            found += [default] if default else []
            continue
        options = [frames.names_of(option) for option in (options_of(given) if either else (given,))]
        if any(names is None for names in options):
            return None
        found += dict.fromkeys(name for names in options for name in names or ())
    return found


def _some(step: Cell, parameters: tuple[str, ...], table: Table) -> list[Column | None]:
    """The columns that lists of names are known to hold, where they may hold others."""
    keys = [key for parameter in parameters for key in parameter.partition("=")[0].split("|")]
    found: list[str] = []
    for given in (option for key in keys for option in options_of(_argument(step, key))):
        found += frames.names_of(given) or ()
        if isinstance(given, Cell) and given.kind == "list":  # `[c for c in wanted if c in df.columns]`
            maybe = [frames.names_of(option) for option in options_of(given.slots.get("<rest>"))]
            found += [*frames.listed_names(given), *(name for names in maybe for name in names or ())]
    return [_column(table, name) for name in dict.fromkeys(found)]


def _argument(step: Cell, name: str) -> Any:
    return step.slots["arguments"].get(name)


def _label(step: Cell, parameter: str, table: Table) -> Column | None:
    names = _names(step, (parameter,))
    return _column(table, names[0]) if names else None


def _column(table: Table, name: str) -> Column | None:
    """A column, by the name that a stage is told: it may have been renamed."""
    column = table.column(name)
    return column if column is None or column.name == name else msgspec.structs.replace(column, name=name)


__all__ = ["applied", "given_to", "stage_of"]
