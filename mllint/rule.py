"""The public API that rules are written against.

A rule is one module with a `RULE`; a pack of rules is a package with an entry point in the group `mllint.rules` that
names an explicit list of them. A rule sees the lineage of the whole repository, never a file or a syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from mllint.lineage.algebra import Disagreement, equal, show, witness
from mllint.lineage.configurations import config_differences, config_leaves
from mllint.lineage.declarations import Declarations, Declared, Window
from mllint.lineage.expressions import Apply, Column, Constant, Expression, Unresolved, columns, is_known
from mllint.lineage.graph import Edge, Graph, Node
from mllint.lineage.ids import dataset_of, split_column
from mllint.lineage.inputs import by_name, is_ambiguous, known_names, plain
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.loops import Leg, cycles, is_explored, legs
from mllint.lineage.models import Model, by_member, declared_ids, job_path, models, place
from mllint.lineage.nearness import nearness
from mllint.lineage.observations import (
    Absent,
    Access,
    Action,
    Branch,
    Check,
    Component,
    Computed,
    Config,
    Copy,
    Dealing,
    Decision,
    Definition,
    Dependency,
    Deployment,
    Draw,
    Evaluation,
    Feature,
    Given,
    Handover,
    Import,
    Intake,
    Key,
    Limit,
    Loading,
    Mention,
    MissingKey,
    ModelLabel,
    Observations,
    Output,
    Override,
    Reading,
    Route,
    Script,
    Start,
    Told,
    Watch,
)
from mllint.lineage.ownership import consumer_of, is_report, is_test, owner_of, reads_any, same_name, top_folder
from mllint.lineage.production import Chain, is_apart, is_in_production, production
from mllint.lineage.ranges import admits, unusable
from mllint.lineage.trails import certainty, ends, is_seen, name, paths_to, told
from mllint.lineage.trials import WHOLE_FRAMES, Fitting, Input, Measuring, RowSet, Selection, Trials, is_window
from mllint.source import Span

__all__ = [
    "WHOLE_FRAMES", "Absent", "Access", "Action", "Apply", "Branch", "Chain", "Check", "Column", "Component",
    "Computed", "Confidence", "Config", "Constant", "Context", "Copy", "Coverage", "Dealing", "Decision",
    "Declarations", "Declared", "Definition", "Dependency", "Deployment", "Disagreement", "Draw", "Edge",
    "Evaluation", "Expression", "Feature", "Finding", "Fitting", "Given", "Graph", "Handover", "Import", "Input",
    "Intake", "Key", "Label", "Leg", "Limit", "Lineage", "Loading", "Measuring", "Mention", "MissingKey", "Model",
    "ModelLabel", "Node", "Observations", "Output", "Override", "Reading", "Route", "RowSet", "Rule", "Script",
    "Selection", "Severity", "Span", "Start", "Told", "Trials", "Unresolved", "Watch", "Window", "Witness",
    "admits", "by_member", "by_name", "certainty", "columns", "config_differences", "config_leaves", "consumer_of",
    "cycles", "dataset_of", "declared_ids", "ends", "equal", "is_ambiguous", "is_apart", "is_explored",
    "is_in_production", "is_known", "is_report", "is_seen", "is_test", "is_window", "job_path", "known_names",
    "legs", "models", "name", "nearness", "owner_of", "paths_to", "place", "plain", "production", "reads_any",
    "same_name", "show", "split_column", "told", "top_folder", "trail", "unusable", "witness",
]  # fmt: skip

Severity = Literal["error", "warning", "info"]
Confidence = Literal["proven", "likely"]


class Label(msgspec.Struct, frozen=True):
    """A further place of a finding, with what is to be seen there."""

    span: Span
    message: str


class Witness(msgspec.Struct, frozen=True):
    """A row on which two computations differ: the values of the inputs, and what each side makes of them."""

    inputs: dict[str, Any]
    training: Any
    serving: Any


class Finding(msgspec.Struct):
    """One debt, at the place where the reader would edit. `label` is what is to be seen at `span` itself."""

    message: str
    help: str
    span: Span
    label: str = ""
    related: list[Label] = []
    nodes: list[str] = []  # ids on the path that proves it, in order
    witness: Witness | None = None
    reaches: list[str] = []  # ids that it reaches, for the reader's judgement of weight
    deletes: list[Span] = []  # what could be deleted with it, whole lines
    confidence: Confidence = "proven"
    severity: Severity | None = None  # None: the rule's own
    code: str = ""  # filled in by the session, with `name` and `fingerprint`
    name: str = ""
    fingerprint: str = ""


class Context(msgspec.Struct):
    """What a rule may ask besides the lineage: its options, the run's date for anything that expires, and the policy
    of the repository: which annotations every source needs. What a rule puts into `notes` goes to standard error."""

    options: Mapping[str, Any]
    today: str  # ISO date
    required_annotations: tuple[str, ...] = ("owner",)
    notes: list[str] = []


def trail(graph: Graph, path: Iterable[Edge]) -> list[Label]:
    """Each step of a path that has a place, as a label of a finding."""
    return [Label(span, words) for span, words in told(graph, path)]


CheckFunction = Callable[[Lineage, Context], Iterable[Finding] | Iterator[Finding]]


class Rule(msgspec.Struct, frozen=True):
    """A rule's metadata and its check. `options` are the settings it takes, with their defaults."""

    code: str
    name: str
    summary: str
    check: CheckFunction
    severity: Severity = "warning"
    stable: bool = True
    options: Mapping[str, Any] = {}

    def answers_to(self, word: str) -> bool:
        """Whether a code, a name or a prefix of codes (`ML7`) speaks of this rule."""
        return answers_to(word, self.code, self.name)


def answers_to(word: str, code: str, name: str) -> bool:
    return word in (code, name) or (_PREFIX.fullmatch(word) is not None and code.startswith(word))


_PREFIX = re.compile(r"[A-Z]+\d*")
