"""What rules are told of the models that SQL trains and asks: features on both sides, fits, scores, predictions."""

from __future__ import annotations

from collections.abc import Callable

from mllint.lineage.ids import column_id
from mllint.lineage.observations import Evaluation, Feature
from mllint.lineage.observations import Output as Predicted
from mllint.lineage.trials import Fitting, Input, Measuring, RowSet
from mllint.linker.project import Project
from mllint.linker.sql.statements import OutputColumn, Scored, Statement, TableRead, dataset_id
from mllint.source import Span

Place = Callable[[int, int], Span]  # from a line and a column of the text to the file


def looked_at(statement: Statement, model: str) -> bool:
    """Whether a model is only measured, or its weights are read."""
    hows = {scored.how for scored in statement.scored if scored.model == model}
    return bool(hows) and "predict" not in hows


def observe_models(project: Project, statement: Statement, place: Place, path: str) -> None:
    span = place(statement.line, statement.column)
    if statement.training is not None:
        _observe_training(project, statement, place, path)
    for scored in statement.scored:
        at = place(scored.line, scored.column)
        if scored.how == "predict":
            _features(project, scored.model, scored.columns, "serve", place, at, path)
            if statement.target:
                project.observations.outputs.append(Predicted(scored.model, dataset_id(statement.target), span, path))
        elif scored.how == "measure":
            project.observations.evaluations.append(Evaluation(path, at, "metric"))
            _measure(project, statement, scored, at, path)


def _observe_training(project: Project, statement: Statement, place: Place, path: str) -> None:
    training, span = statement.training, place(statement.line, statement.column)
    assert training is not None
    model = statement.target
    attributes = project.graph.nodes[model].attributes
    attributes["class"] = training.what
    if training.label:
        attributes["label"] = training.label
    given = [c for c in statement.columns if c.name not in ("*", training.label, *training.left)]
    if not statement.open:
        attributes["features"] = [column.name for column in given]
    _features(project, model, tuple(given), "train", place, span, path)
    label = next((column for column in statement.columns if column.name == training.label), None)
    trials, rows = project.observations.trials, _rows(project, statement, span)
    trials.fittings[_fit_id(model)] = Fitting(
        _fit_id(model), 0, span, path, model, training.what, "model", rows,
        inputs=tuple(_input(column, place, span) for column in given),
        label=_input(label, place, span) if label is not None else None,
        supervised=bool(training.label),
    )  # fmt: skip


def _features(
    project: Project,
    model: str,
    columns: tuple[OutputColumn, ...],
    side: str,
    place: Place,
    span: Span,
    path: str,
) -> None:
    for column in columns:
        if column.name not in ("", "*"):
            at = place(column.line, column.column) if column.line else span
            feature = Feature(model, column.name, side, project.inlined(column.expression), at, path)
            project.observations.features.append(feature)


def _input(column: OutputColumn, place: Place, span: Span) -> Input:
    at = place(column.line, column.column) if column.line else span
    origins = tuple(column_id(dataset_id(table), name) for table, name in column.sources)
    return Input(column.name, column.expression, at, origins)


def _rows(project: Project, statement: Statement, span: Span) -> tuple[str, ...]:
    """The rows that a query yields: those of the one table that it reads whole, else some that nobody knows."""
    tables = tuple(dict.fromkeys(dataset_id(read.name) for read in statement.reads if _is_data(read)))
    if len(tables) == 1 and not statement.indirect:
        return tables
    id = f"@rows:sql:{span.path}:{span.line}:{span.column}"
    project.observations.trials.row_sets[id] = RowSet(id, "some", tables, span)
    return (id,)


def _is_data(read: TableRead) -> bool:
    return not read.name.startswith("model:")


def _measure(project: Project, statement: Statement, scored: Scored, span: Span, path: str) -> None:
    """ML.EVALUATE(MODEL d.eta, (SELECT ...)); without rows, on those that training has held out."""
    trials, id = project.observations.trials, f"@score:sql:{span.path}:{span.line}:{span.column}"
    on_rows = any(_is_data(read) for read in statement.reads)
    rows = _rows(project, statement, span) if on_rows else ()
    kind = "metric" if on_rows else "search"
    trials.measurings[id] = Measuring(id, 1, span, path, kind, (_fit_id(scored.model),), rows)
    trials.scores_of.setdefault(_fit_id(scored.model), []).append(id)


def _fit_id(model: str) -> str:
    return f"@fit:sql:{model}"
