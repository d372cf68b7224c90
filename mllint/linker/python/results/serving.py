"""What entry points said of models in use, with the names that these turned out to have: what models are given, where
predictions go, what is decided by them, and what watches over them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mllint.lineage.observations import Action, Check, Decision, Intake, Output
from mllint.linker.project import Project
from mllint.linker.python.results.effects import is_model_token
from mllint.linker.python.results.records import Record


def observe_serving(project: Project, records: list[Record], rename: Callable[[str], str]) -> None:
    """Of models that are kept; several that are saved as one are told of once."""
    observations = project.observations
    observations.intakes += _intakes(records, rename)
    observations.outputs += _outputs(records, rename)
    observations.decisions += _decisions(records, rename)
    observations.checks += _checks(records, rename)
    observations.actions += _actions(records, rename)
    observations.told += {told: None for record in records for told in record.told}
    observations.watches += {watch: None for record in records for watch in record.watches}


def _intakes(records: list[Record], rename: Callable[[str], str]) -> dict[Intake, None]:
    found: dict[Intake, None] = {}
    for intake in (intake for record in records for intake in record.intakes):
        model = rename(intake.model)
        if not is_model_token(model):
            made_of = tuple(map(rename, intake.made_of))
            found[msgspec.structs.replace(intake, model=model, made_of=made_of)] = None
    return found


def _outputs(records: list[Record], rename: Callable[[str], str]) -> dict[Output, None]:
    found: dict[Output, None] = {}
    for output in (output for record in records for output in record.outputs):
        model = rename(output.model)
        if not is_model_token(model):
            found[msgspec.structs.replace(output, model=model, target=rename(output.target))] = None
    return found


def _actions(records: list[Record], rename: Callable[[str], str]) -> dict[Action, None]:
    found: dict[Action, None] = {}
    for action in (action for record in records for action in record.actions):
        model = rename(action.model)
        if not is_model_token(model):
            found[msgspec.structs.replace(action, model=model)] = None
    return found


def _checks(records: list[Record], rename: Callable[[str], str]) -> dict[Check, None]:
    checks = (check for record in records for check in record.data_checks)
    return {msgspec.structs.replace(c, data=tuple(sorted(set(map(rename, c.data))))): None for c in checks}


def _decisions(records: list[Record], rename: Callable[[str], str]) -> dict[Decision, None]:
    found: dict[Decision, None] = {}
    for record in records:
        for act in record.acts:
            cut = record.cuts.get(act.cut)
            if cut is None:
                continue
            for model in map(rename, cut.models):
                if not is_model_token(model):
                    given = (cut.span, cut.text, cut.values, cut.settings, cut.predicted, act.span)
                    found[Decision(model, *given, rename(act.target), cut.span.path)] = None
    return found
