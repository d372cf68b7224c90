"""What the linker saw on the way that is no node or edge, yet evidence for a rule."""

from __future__ import annotations

import msgspec

from mllint.lineage.declarations import Declared
from mllint.lineage.observations.code import (
    Copy,
    Dealing,
    Definition,
    Dependency,
    Edit,
    Import,
    Script,
    Start,
)
from mllint.lineage.observations.data import (
    Absent,
    Access,
    Check,
    Computed,
    Feature,
    Limit,
    Mention,
    Reading,
)
from mllint.lineage.observations.models import (
    Action,
    Decision,
    Deployment,
    Draw,
    Evaluation,
    Handover,
    Intake,
    Loading,
    ModelLabel,
    Output,
    Told,
)
from mllint.lineage.observations.serving import (
    Route,
    Watch,
)
from mllint.lineage.observations.settings import (
    Branch,
    Component,
    Config,
    Given,
    Key,
    MissingKey,
    Override,
    Setting,
)
from mllint.lineage.trials import Trials
from mllint.source import Span

__all__ = [
    "Absent",
    "Access",
    "Action",
    "Branch",
    "Check",
    "Component",
    "Computed",
    "Config",
    "Copy",
    "Dealing",
    "Decision",
    "Definition",
    "Dependency",
    "Deployment",
    "Draw",
    "Edit",
    "Evaluation",
    "Feature",
    "Given",
    "Handover",
    "Import",
    "Intake",
    "Key",
    "Limit",
    "Loading",
    "Mention",
    "MissingKey",
    "ModelLabel",
    "Observations",
    "Output",
    "Override",
    "Reading",
    "Route",
    "Script",
    "Setting",
    "Start",
    "Told",
    "Watch",
]


class Observations(msgspec.Struct):
    branches: list[Branch] = []
    scripts: list[Script] = []
    starts: list[Start] = []
    imports: list[Import] = []
    dealings: list[Dealing] = []  # with packages whose types several folders name
    definitions: list[Definition] = []
    features: list[Feature] = []
    decisions: list[Decision] = []
    checks: list[Check] = []
    watches: list[Watch] = []
    actions: list[Action] = []
    told: list[Told] = []
    notebooks: list[str] = []  # also those that are kept as Python files, with a mark before each cell
    recording: list[str] = []  # files that import, or name, what records runs
    log_files: list[str] = []  # files that tell a logger to write into a file
    intakes: list[Intake] = []
    outputs: list[Output] = []
    functions: dict[str, Span] = {}  # where those stand that compute features, by qualified name
    tests: list[str] = []  # files that hold tests of code
    tested: list[str] = []  # those of `functions` that tests may reach
    handovers: list[Handover] = []
    evaluations: list[Evaluation] = []
    accesses: list[Access] = []
    configs: list[Config] = []
    components: list[Component] = []
    copies: list[Copy] = []
    missing_keys: list[MissingKey] = []
    overrides: list[Override] = []
    mentions: list[Mention] = []
    labels: list[ModelLabel] = []
    supplied: list[str] = []  # names of files that commands bring: `COPY model.pkl /app`, `curl -o data.csv`
    draws: list[Draw] = []
    routes: list[Route] = []
    gateways: list[Span] = []  # policies before services of the repository that ask for a credential
    deployments: list[Deployment] = []
    score_tests: list[Span] = []  # where a score decides what is done next
    loadings: list[Loading] = []
    makings: list[Computed] = []
    readings: list[Reading] = []
    limits: list[Limit] = []
    absent: list[Absent] = []
    dependencies: list[Dependency] = []
    declared: list[Declared] = []  # in code: tags of features in a feature store
    trials: Trials = msgspec.field(default_factory=Trials)  # what was fitted and scored on which rows
    runners: list[Span] = []  # every command, stage or service that starts something of the repository
