"""What the interpreted code does to data: collected for each entry point, and turned into the graph at the end.

A fitted object is known by the place that made it until its name is known: `model@src/train.py:12:5`. An entry point
that runs again (because it reads what another one turned out to write) replaces what it said before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mllint.lineage.expressions import Expression, brief
from mllint.lineage.graph import EdgeKind, NodeKind, Strength
from mllint.lineage.ids import column_id, is_named
from mllint.lineage.observations import (
    Absent,
    Action,
    Check,
    Component,
    Deployment,
    Draw,
    Evaluation,
    Feature,
    Handover,
    Intake,
    Limit,
    Loading,
    ModelLabel,
    Output,
    Told,
    Watch,
)
from mllint.lineage.trials import Fitting, Measuring, RowSet, Selection
from mllint.linker.project import Project
from mllint.linker.python.abstract.settings import Note
from mllint.linker.python.abstract.tables import Table, dataset_origins
from mllint.linker.python.abstract.traces import CUT, MADE, PREDICTION, SCORE, marked, without_traces
from mllint.linker.python.abstract.values import NOTHING, Column, Loss, as_measures, counted
from mllint.linker.python.frames.levels import shown
from mllint.linker.python.results.predictions import Act, Cut, PredictedRows, joined
from mllint.linker.python.results.records import (
    KNOWN,
    PLAIN,
    Access,
    How,
    Link,
    Making,
    Mark,
    ModelFact,
    Passing,
    Prediction,
    Record,
    Request,
)
from mllint.linker.sql.namespaces import Namespace
from mllint.source import Span


class Effects:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.records: dict[str, Record] = {}
        self.now = Record()
        self.job = ""
        self.path = ""
        self.language = "python"  # of what is being said: SQL text that Python runs says "sql"
        self.has_made = False  # whether any entry point has computed a column
        self.clock = 0  # counts what is fitted and scored
        self.namespaces: dict[str, Namespace] = {}  # by library: the schema that a session of it has chosen
        self.spares = False  # whether this entry point raises where what it would write is there

    def start(self, entry: str, job: str, path: str) -> None:
        """Begin an entry point; what it said in an earlier round is forgotten."""
        self.now = self.records[entry] = Record()
        self.job = job
        self.path = path
        self.namespaces = {}
        self.spares = False

    # ------------------------------------------------------------------------------------------- saying

    def mark(self, id: str, kind: NodeKind, span: Span, **attributes: Any) -> None:
        if id.startswith("column:"):
            kind = "column"
        self.now.marks[Mark(id, kind, span, tuple(sorted(attributes.items())))] = None

    def access(
        self,
        id: str,
        span: Span,
        path: str,
        is_read: bool,
        loss: Loss = KNOWN,
        data: frozenset[str] = NOTHING,
        columns: tuple[str, ...] = (),
        how: How = PLAIN,
    ) -> None:
        self.used(marked(data, MADE))
        self._kept(data, span)
        data = without_traces(data)
        resolved = bool(id) and is_named(id) and not loss.why
        known = (how.called, how.guarded, how.adds, how.revision, how.made)
        self.now.accesses[Access(id, is_read, resolved, span, path, self.job, loss, data, columns, *known)] = None

    def setting(self, note: Note) -> None:
        self.now.settings[note] = None

    def component(self, component: Component) -> None:
        self.now.components[component] = None

    def taught(self, token: str) -> set[str]:
        """What a model was trained on in this entry point, as far as it is no file that a model was loaded from."""
        return {link.source for link in self.now.links if link.kind == "trains" and link.target == token}

    def cut(self) -> None:
        self.now.cut[self.job] = None

    def checked(self, id: str) -> None:
        """The code asks whether this is there."""
        self.now.checks[id] = None

    def labelled(self, label: ModelLabel) -> None:
        self.now.labels[label] = None

    def link(
        self,
        origins: Iterable[str],
        target: str,
        kind: EdgeKind,
        span: Span,
        strength: Strength = "direct",
        expression: Expression | None = None,
        is_copy: bool = False,
    ) -> None:
        """Edges from all origins to a target; a column's dataset is linked along with it."""
        origins = frozenset(origins)
        shown = brief(expression) if expression is not None else ""
        self._kept(origins, span)
        origins = _scored(frozenset(origins))
        if self.has_made:
            self.used(marked(origins, MADE))
        self._outputs(origins, target, span)
        for origin in sorted(without_traces(origins)):
            real = counted(origin)
            if real == target and not real.startswith(("file:", "table:")):
                continue
            self.now.links[
                Link(real, target, kind, span, self.job, strength, shown, self.language, real != origin, is_copy)
            ] = None
        if not target.startswith("column:"):
            columns = frozenset(origin for origin in origins if counted(origin).startswith("column:"))
            for origin in sorted(dataset_origins(columns)):
                real = counted(origin)
                if real != target and origin not in origins:
                    link = Link(real, target, kind, span, self.job, strength, "", self.language, real != origin)
                    self.now.links[link] = None

    def write_table(self, target: str, table: Table, kind: EdgeKind, span: Span) -> None:
        """A frame goes into a dataset (whose columns it makes) or into something without columns (a model)."""
        direct = dataset_origins(table.origins)
        self.link(direct, target, kind, span)
        self.link(table.indirect - direct, target, kind, span, "indirect")
        has_columns = target.startswith(("file:", "table:", "view:", "topic:", "collection:", "memory:", "endpoint:"))
        has_columns = has_columns or "://" in target
        for name, column in table.listed.items():
            if has_columns:
                self.write_column(target, shown(name), column, span)
            else:
                self.link(column.origins, target, kind, span)
        if table.open and table.base and not table.some:
            known, dropped = frozenset(table.columns), table.dropped
            if table.folds:
                known, dropped = frozenset(map(str.lower, known)), frozenset(map(str.lower, dropped))
            passing = Passing(table.base, target, dropped, known, kind, span, self.job)
            self.now.passings[passing] = None

    def compared(self, cut: Cut) -> None:
        known = self.now.cuts.get(cut.id)
        self.now.cuts[cut.id] = joined(known, cut) if known is not None else cut

    def data_checked(self, data: Iterable[str], span: Span) -> None:
        known = tuple(sorted(id for id in without_traces(data) if counted(id) == id))
        if known:
            self.now.data_checks[Check(known, span, self.job, self.clock)] = None

    def watched(self, endpoint: str, span: Span) -> None:
        self.now.watches[Watch(endpoint, span)] = None

    def action(self, action: Action) -> None:
        self.now.actions[action] = None

    def told(self, scores: frozenset[str], span: Span, how: str) -> None:
        self.now.told[Told(tuple(sorted(scores)), span, self.job, how)] = None

    def acted(self, id: str, span: Span, target: str) -> None:
        self.now.acts[Act(id, span, target)] = None

    def _kept(self, origins: frozenset[str], span: Span) -> None:
        if self.now.measurings and (scores := marked(origins, SCORE)):
            self.told(scores, span, "kept")

    def _outputs(self, origins: frozenset[str], target: str, span: Span) -> None:
        """Predictions among what goes into a target."""
        for id in sorted(marked(origins, CUT)):
            if not target.startswith(("model@", "consumer:")):
                self.acted(id, span, target)
        for id in sorted(marked(origins, PREDICTION)):
            made = self.now.predicted.get(id)
            for model in made.predictors if made is not None else ():
                if model in origins:  # not if only a count or a score of them is left
                    self.now.outputs[Output(model, target, span, self.job)] = None

    def write_column(self, target: str, name: str, column: Column, span: Span, job: str = "") -> None:
        """A column of a target is made; by another job than the present one, if the target tells more than who wrote it
        did."""
        id = column_id(target, name)
        if self.has_made:
            self.used(marked(column.origins, MADE))
        self.mark(id, "column", column.span or span)
        self.now.definitions[id, column.expression] = None
        self._outputs(column.origins, id, column.span or span)
        self._kept(column.origins, span)
        for origin in sorted(without_traces(_scored(column.origins))):
            shown = brief(column.expression)
            at, real = column.span or span, counted(origin)
            by = job or self.job
            link = Link(real, id, "derives", at, by, "direct", shown, self.language, real != origin)
            self.now.links[link] = None

    def made(self, making: Making) -> None:
        self.has_made = True
        self.now.makings[making.id] = making

    def used(self, marks: Iterable[str]) -> None:
        self.now.used.update(dict.fromkeys(sorted(marks)))

    def asked(self, names: Iterable[str]) -> None:
        self.now.asked.update(dict.fromkeys(names))

    def limited(self, limit: Limit) -> None:
        self.now.limits[limit] = None

    def absent(self, absent: Absent) -> None:
        self.now.absent[absent] = None

    def left(self, marks: Iterable[str], span: Span, names_them: bool = False) -> None:
        self.now.left.update(dict.fromkeys((mark, span, names_them) for mark in sorted(marks)))

    def model(self, token: str, key: str, value: Any, span: Span) -> None:
        self.now.models[ModelFact(token, key, value, span)] = None

    def feature(self, feature: Feature) -> None:
        self.now.features[feature] = None

    def intake(self, intake: Intake) -> None:
        self.now.intakes[intake] = None

    def request(self, method: str, url: str, span: Span, path: str) -> None:
        self.now.requests[Request(method, url, span, path, self.job)] = None

    def ran(self, path: str) -> None:
        """The present job runs a SQL file."""
        self.now.scripts[path] = self.job

    def evaluated(self, what: str, span: Span) -> None:
        self.now.evaluations[Evaluation(self.job, span, what)] = None

    def answered(self, endpoint: str, function: str) -> None:
        self.now.answers[endpoint, function] = None

    def predicted(self, models: frozenset[str], rows: Any, span: Span) -> None:
        known = tuple(sorted(without_traces(models)))
        self.now.predictions[Prediction(known, span, self.job, span.path)] = None

    def handover(self, handover: Handover) -> None:
        self.now.handovers[handover] = None

    # -------------------------------------------------------------------------------- what is fitted on what

    def loading(self, node: str, span: Span, name: str, version: str) -> None:
        self.now.loadings[Loading(node, span, self.job, name, version)] = None

    def deployed(self, node: str, span: Span, gates: tuple[str, ...], fits: tuple[str, ...]) -> None:
        self.now.deployments[Deployment(node, span, self.job, self.tick(), gates, fits)] = None

    def drew(self, draw: Draw) -> None:
        self.now.draws[draw] = None

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def row_set(self, made: RowSet) -> None:
        """A set that is made again (in a loop, by a helper) has the parents of both."""
        known = self.now.row_sets.get(made.id)
        if known is not None:
            parents = tuple(sorted({*known.parents, *made.parents}))
            made = msgspec.structs.replace(made, parents=parents, windows=made.windows or known.windows)
        self.now.row_sets[made.id] = made

    def row_set_of(self, id: str) -> RowSet | None:
        return self.now.row_sets.get(id)

    def fitting(self, fitting: Fitting) -> None:
        known = self.now.fittings.get(fitting.id)
        if known is not None and known.rows != fitting.rows:  # on the same place, in another round
            rows = tuple(sorted({*known.rows, *fitting.rows}))
            fitting = msgspec.structs.replace(fitting, rows=rows, sure=False)
        self.now.fittings[fitting.id] = fitting

    def measuring(self, measuring: Measuring) -> None:
        known = self.now.measurings.get(measuring.id)
        if known is not None and known.rows != measuring.rows:
            rows = tuple(sorted({*known.rows, *measuring.rows}))
            measuring = msgspec.structs.replace(measuring, rows=rows, sure=False)
        self.now.measurings[measuring.id] = measuring

    def selection(self, selection: Selection) -> None:
        self.now.selections[selection.span, selection.what] = selection

    def predicted_rows(self, made: PredictedRows) -> None:
        known = self.now.predicted.get(made.id)
        if known is not None:  # a helper predicts with one model, then with another one
            made = msgspec.structs.replace(made, models=tuple(sorted({*known.models, *made.models})))
        self.now.predicted[made.id] = made


def _scored(origins: frozenset[str]) -> frozenset[str]:
    """What holds scores of a model and none of its predictions, holds a measure of the model."""
    if not marked(origins, SCORE) or marked(origins, PREDICTION):
        return origins
    models = frozenset(origin for origin in origins if origin.startswith(("model:", "model@")))
    return (origins - models) | as_measures(models)


def is_model_token(id: str) -> bool:
    return id.startswith("model@")
