"""ML103: a deployment or consumer loads a model by a name that moves.

model = joblib.load("model.pkl")                     # the finding: every training run overwrites that file
model = mlflow.pyfunc.load_model("models:/eta/Production")
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Label,
    Lineage,
    Loading,
    Model,
    Rule,
    by_member,
    is_report,
    is_seen,
    is_test,
    job_path,
    models,
)

_MOVES = {
    "stage": "whoever promotes another version to that stage changes what is loaded",
    "latest": "whoever registers another version changes what is loaded",
}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each model and job that loads it, if its predictions go somewhere from there."""
    found = by_member(models(lineage.graph))
    training = {edge.job for id in found for edge in lineage.graph.in_edges(id) if edge.kind == "trains"}
    told: dict[tuple[str, str], Finding] = {}
    for loading in lineage.observations.loadings:
        model = found.get(loading.node)
        if model is None or is_test(loading.span.path) or is_test(loading.job):
            continue
        if loading.job in training or not _is_used(lineage, model, loading.job):
            continue  # what training loads, right after a fit or to go on from there, is its own
        key = (loading.job, model.id)
        if loading.version in _MOVES:
            told.setdefault(key, _of_name(loading, model))
        elif not loading.version and not loading.node.startswith("model:"):
            writer = _overwrites(lineage, loading)
            if writer is not None:
                told.setdefault(key, _of_path(loading, model, writer))
    by_place = {finding.span: finding for finding in told.values()}
    for span in sorted(by_place):
        yield by_place[span]


def _is_used(lineage: Lineage, model: Model, job: str) -> bool:
    """Whether predictions are served, stored or shown there: an evaluation that only measures them is no consumer."""
    if _TELLS.search(posixpath.basename(job)) and not _serves(lineage, model, job):
        return False
    out = [edge for id in model.members for edge in lineage.graph.out_edges(id) if edge.job == job and not edge.measure]
    kept = [e for e in out if e.kind in ("predicts", "serves") and e.target not in model.members]
    shown = [e for e in out if e.kind == "consumes"]
    measures = any(e.job == job and e.what == "metric" for e in lineage.observations.evaluations)
    return any(not is_report(edge.target) for edge in kept) or (bool(shown) and not measures)


# how scripts are called that look at a model, rather than use it
_TELLS = re.compile(
    r"(?:^|_)(?:eval\w*|benchmark\w*|compar\w*|analy\w*|expla\w*|sensitivity|ablation|shap|plot\w*|visuali\w*|report\w*"
    r"|diagnos\w*|export\w*|convert\w*|parity|profile\w*)(?=[_.])"
)


def _serves(lineage: Lineage, model: Model, job: str) -> bool:
    edges = (edge for id in model.members for edge in lineage.graph.out_edges(id))
    return any(edge.kind == "serves" and edge.job == job for edge in edges)


def _overwrites(lineage: Lineage, loading: Loading) -> Edge | None:
    """The save of another job into the path that is loaded, unless git, DVC, LFS or its name keep versions of it."""
    node = lineage.graph.nodes[loading.node]
    is_committed = node.id.removeprefix("file:") in lineage.shipped
    if node.attributes.get("versioned") or is_committed or "{" in node.id:
        return None
    saves = [e for e in lineage.graph.in_edges(node.id) if e.kind == "saves" and is_seen(e) and e.span is not None]
    spared = {each.job for each in lineage.observations.accesses if each.id == node.id and each.adds}
    saves = [e for e in saves if e.job != loading.job and e.job not in spared and not is_test(job_path(e))]
    return min(saves, key=lambda edge: (edge.job, str(edge.span)), default=None)


def _of_name(loading: Loading, model: Model) -> Finding:
    return Finding(
        message=f"`{loading.name}` names no version of model `{model.name}`: {_MOVES[loading.version]}, without a "
        "change of this code",
        help=f"load a fixed version (`models:/{model.name}/3`) or an alias that only a deployment sets"
        if loading.name.startswith("models:")
        else "load a fixed version or an alias that only a deployment sets",
        span=loading.span,
        label="which version this is changes",
        nodes=[model.id],
    )


def _of_path(loading: Loading, model: Model, writer: Edge) -> Finding:
    path = loading.node.partition(":")[2]
    at = writer.span
    return Finding(
        message=f"`{path}` is overwritten by every run of `{job_path(writer)}`: which model is loaded here depends on "
        "who trained last, and the one before is gone",
        help="keep versions apart: a registry with a fixed version or alias, DVC, or the version in the file's name",
        span=loading.span,
        label="loads whatever was trained last",
        related=[Label(at, f"each run writes `{path}` here")] if at is not None else [],
        nodes=[writer.source, loading.node, *(id for id in model.members if id not in (writer.source, loading.node))],
    )


RULE = Rule(
    code="ML103",
    name="unversioned-model",
    summary="a deployment or consumer loads a model by a name that moves",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
