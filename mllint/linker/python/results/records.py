"""What an entry point was seen to do to data, piece by piece: `Effects` collects it, `finish` makes the graph of it."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.lineage.expressions import Expression
from mllint.lineage.graph import EdgeKind, NodeKind, Strength
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
from mllint.linker.python.abstract.settings import Note
from mllint.linker.python.abstract.values import NOTHING, Loss
from mllint.linker.python.results.predictions import Act, Cut, PredictedRows
from mllint.source import Span


class Mark(msgspec.Struct, frozen=True):
    """A node that code speaks of, at a place."""

    id: str
    kind: NodeKind
    span: Span
    attributes: tuple[tuple[str, Any], ...] = ()


class Link(msgspec.Struct, frozen=True):
    source: str
    target: str
    kind: EdgeKind
    span: Span
    job: str
    strength: Strength = "direct"
    expression: str = ""
    language: str = "python"
    measure: bool = False  # the target holds only a count or a score of the source
    is_copy: bool = False


class Passing(msgspec.Struct, frozen=True):
    """A frame whose columns are not all known went from datasets into a target: whatever column of these datasets
    turns out to exist, and was not dropped, went with it (into a column of that name, if the target has columns)."""

    sources: frozenset[str]
    target: str
    dropped: frozenset[str]
    known: frozenset[str]
    kind: EdgeKind
    span: Span
    job: str


class Access(msgspec.Struct, frozen=True):
    """One read or write: which node, by which file; `resolved` if its name is wholly known. `columns` are the ids of
    those that are read, where a query names them all; the rest are its circumstances (`library/circumstances.py`)."""

    id: str
    is_read: bool
    resolved: bool
    span: Span
    path: str
    job: str
    loss: Loss = Loss()  # why it is not resolved
    data: frozenset[str] = NOTHING  # of a write into something unknown: what the data were made from
    columns: tuple[str, ...] = ()
    called: Span | None = None
    guarded: bool = False
    adds: bool = False
    revision: str = ""
    made: str = ""


class How(msgspec.Struct, frozen=True):
    """`called` is the call in which the name is known: that of a generic helper rather than the line inside it.
    `guarded`: a failure is expected and survived. `adds`: what is there stays. `revision` is the version, stage or
    alias of a registered model that is asked for. `made` tells where what is written is made."""

    called: Span | None = None
    guarded: bool = False
    adds: bool = False
    revision: str = ""
    made: str = ""


class ModelFact(msgspec.Struct, frozen=True):
    """One thing known about a model, by its token: class, artifact, registered name, features, label, span."""

    token: str
    key: str
    value: Any
    span: Span


class Request(msgspec.Struct, frozen=True):
    """An HTTP call of a URL by a file."""

    method: str
    url: str
    span: Span
    path: str
    job: str


class Prediction(msgspec.Struct, frozen=True):
    """A predict call: the models (ids or tokens) and where."""

    models: tuple[str, ...]
    span: Span
    job: str
    path: str


class Making(msgspec.Struct, frozen=True):
    """A column that code computed and gave a name, or rows that it read of `dataset`: `id` is the mark they carry."""

    id: str
    name: str
    span: Span
    job: str
    function: str = ""
    dataset: str = ""


class Record(msgspec.Struct):
    """What one entry point said."""

    row_sets: dict[str, RowSet] = {}
    fittings: dict[str, Fitting] = {}
    measurings: dict[str, Measuring] = {}
    selections: dict[tuple[Span, str], Selection] = {}
    predicted: dict[str, PredictedRows] = {}
    cuts: dict[str, Cut] = {}
    acts: dict[Act, None] = {}
    data_checks: dict[Check, None] = {}
    watches: dict[Watch, None] = {}
    actions: dict[Action, None] = {}
    told: dict[Told, None] = {}
    evaluations: dict[Evaluation, None] = {}
    draws: dict[Draw, None] = {}
    loadings: dict[Loading, None] = {}
    deployments: dict[Deployment, None] = {}
    score_tests: dict[Span, None] = {}
    makings: dict[str, Making] = {}
    used: dict[str, None] = {}  # marks of makings
    asked: dict[str, None] = {}  # names that calls are given which know no frame: `Window.orderBy("day")`
    limits: dict[Limit, None] = {}
    absent: dict[Absent, None] = {}
    # marks of columns that a selection leaves behind, where, and whether it names them
    left: dict[tuple[str, Span, bool], None] = {}
    definitions: dict[tuple[str, Expression], None] = {}  # column id and how it is computed
    scripts: dict[str, str] = {}  # SQL files that are run, and the job that runs them
    marks: dict[Mark, None] = {}
    links: dict[Link, None] = {}
    passings: dict[Passing, None] = {}
    accesses: dict[Access, None] = {}
    models: dict[ModelFact, None] = {}
    features: dict[Feature, None] = {}
    intakes: dict[Intake, None] = {}
    outputs: dict[Output, None] = {}
    handovers: dict[Handover, None] = {}
    requests: dict[Request, None] = {}
    predictions: dict[Prediction, None] = {}
    answers: dict[tuple[str, str], None] = {}
    checks: dict[str, None] = {}  # what the code asks whether it is there
    labels: dict[ModelLabel, None] = {}
    settings: dict[Note, None] = {}  # what is done with configuration files
    components: dict[Component, None] = {}
    cut: dict[str, None] = {}  # jobs in which not every call was followed, for lack of steps


KNOWN = Loss()
PLAIN = How()
